//! Holds one call: listens, decides when the agent has finished, speaks.

use super::{sound::Mouth, tell::Teller};
use crate::{
    base::clock,
    ports::stt::{HearingCommand, SttEvent, SttSession},
    testbed::{
        caller::{Interruption, Mind, Move},
        phone::{Call, CallRecord, Ended, HangUpStyle, PhoneEvent},
    },
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc,
    time::{sleep_until, timeout},
};

/// The caller asks again when the agent has said nothing useful for so long.
const LOST_AFTER: Duration = Duration::from_secs(6);
/// The same while the caller has not spoken yet: whoever answered has said something at least.
const OPEN_AFTER: Duration = Duration::from_millis(2_500);
/// A scripted caller hangs up after its last line was answered by so much silence.
const LAST_WORD: Duration = Duration::from_secs(4);
/// No call of this command lasts longer.
const LONGEST: Duration = Duration::from_mins(6);
/// How long the last words may take to be decoded.
const LAST_DECODING: Duration = Duration::from_secs(20);

/// A sentence with its sound.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) audio: Bytes,
}

/// Where the caller's words come from.
#[derive(Debug)]
pub(super) enum Wit {
    /// A simulated caller.
    Scenario(Box<Mind>),
    /// One line after the other.
    Lines(VecDeque<Line>),
    /// Whoever writes to standard input.
    Typed {
        lines: mpsc::Receiver<String>,
        /// A person, who may interrupt; lines of a file or a pipe wait for their turn.
        at_once: bool,
    },
}

impl Wit {
    /// Reads lines from standard input on a thread of its own, which ends with the process. Blank ones say nothing.
    pub(super) fn typed() -> Self {
        let (lines, typed) = mpsc::channel(16);
        drop(std::thread::spawn(move || {
            for line in io::stdin().lines().map_while(Result::ok) {
                if !line.trim().is_empty() && lines.blocking_send(line).is_err() {
                    return;
                }
            }
        }));
        Self::Typed { lines: typed, at_once: io::stdin().is_terminal() }
    }
}

/// What remains of a call.
#[derive(Debug)]
pub(super) struct Held {
    /// What happened.
    pub(super) told: Value,
    /// The server took the call, however it ended.
    pub(super) was_taken: bool,
}

enum Step {
    Phone(Option<PhoneEvent>),
    Heard(Option<SttEvent>),
    Typed(Option<String>),
    Due,
    TooLong,
}

/// What waits for its time.
#[derive(Debug)]
enum Later {
    Interrupt(String),
    Lost,
    HangUp,
}

/// A call and all that takes part in it.
pub(super) struct Talk {
    call: Call,
    ear: SttSession,
    mouth: Mouth,
    wit: Wit,
    teller: Teller,
    began: Instant,
    /// The agent has finished, and the caller has said nothing since.
    our_turn: bool,
    /// Heard since the caller spoke last.
    heard: String,
    /// The caller's sentences so far; a decoding that began before the last one comes too late to be answered.
    said: u32,
    decoding: VecDeque<u32>,
    speaking: bool,
    agent_speaks: bool,
    later: Option<(Instant, Later)>,
    interrupting: Option<Instant>,
    spoke_until: Option<Instant>,
}

impl Talk {
    pub(super) fn new(call: Call, ear: SttSession, mouth: Mouth, wit: Wit, teller: Teller) -> Self {
        Self {
            call,
            ear,
            mouth,
            wit,
            teller,
            began: clock::now(),
            our_turn: false,
            heard: String::new(),
            said: 0,
            decoding: VecDeque::new(),
            speaking: false,
            agent_speaks: false,
            later: None,
            interrupting: None,
            spoke_until: None,
        }
    }

    /// Holds the call to its end.
    pub(super) async fn hold(mut self) -> Held {
        if matches!(self.wit, Wit::Typed { at_once: true, .. }) {
            self.teller.tell("", "Type what the caller says, a line at a time; ctrl-D hangs up.");
        }
        loop {
            match self.step().await {
                Step::Phone(None) => break,
                Step::Phone(Some(event)) => self.phone(event),
                Step::Heard(Some(SttEvent::Final { text, end_of_turn })) => {
                    self.text(&text, end_of_turn).await;
                }
                Step::Heard(_) => {}
                Step::Typed(Some(line)) => self.say(&line).await,
                Step::Typed(None) => {
                    self.wit = Wit::Lines(VecDeque::new());
                    self.wait(LAST_WORD, Later::HangUp);
                }
                Step::Due => self.due().await,
                Step::TooLong => {
                    self.teller.tell("gave up", "the call lasted too long");
                    self.call.hang_up(HangUpStyle::Stop).await;
                    self.began = clock::now();
                }
            }
        }
        self.last_words().await;
        self.finish().await
    }

    async fn step(&mut self) -> Step {
        let due = self.later.as_ref().map(|(at, _)| *at);
        let limit = self.began + LONGEST;
        let typed = async {
            match &mut self.wit {
                Wit::Typed { lines, at_once } if *at_once || self.our_turn => lines.recv().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            event = self.call.next() => Step::Phone(event),
            event = self.ear.events.next() => Step::Heard(event),
            line = typed => Step::Typed(line),
            () = sleep_until(due.unwrap_or(limit).into()), if due.is_some() => Step::Due,
            () = sleep_until(limit.into()) => Step::TooLong,
        }
    }

    fn phone(&mut self, event: PhoneEvent) {
        match event {
            PhoneEvent::Heard(audio) => drop(self.ear.commands.push(HearingCommand::Audio(audio))),
            PhoneEvent::AgentSpeaks { at } => self.agent_speaks(at),
            PhoneEvent::AgentSilent => {
                self.agent_speaks = false;
                self.decode();
            }
            PhoneEvent::CallerSilent => {
                self.speaking = false;
                self.spoke_until = Some(clock::now());
            }
            PhoneEvent::Clear => {
                if let Some(since) = self.interrupting.take() {
                    let ms = clock::now().duration_since(since).as_millis();
                    self.teller.tell(
                        "interrupted",
                        &format!("the agent fell silent {ms} ms after my first word began"),
                    );
                }
            }
            PhoneEvent::StreamEnded => self.decode(),
            PhoneEvent::NetworkSays(text) => self.teller.tell("network says", &text),
            PhoneEvent::Warning(text) => self.teller.tell("warning", &text),
            _ => {}
        }
    }

    fn agent_speaks(&mut self, at: Instant) {
        self.agent_speaks = true;
        if !matches!(self.later, Some((_, Later::Interrupt(_)))) {
            self.later = None;
        }
        if let Some(spoke) = self.spoke_until.take()
            && !self.teller.is_json()
        {
            self.teller.tell("", &format!("(answered after {} ms)", at.duration_since(spoke).as_millis()));
        }
        if let Wit::Scenario(mind) = &mut self.wit
            && let Some(Interruption { after, line }) = mind.interrupts()
        {
            self.later = Some((at + after, Later::Interrupt(line)));
        }
    }

    fn decode(&mut self) {
        self.decoding.push_back(self.said);
        drop(self.ear.commands.push(HearingCommand::TurnOver));
    }

    fn wait(&mut self, time: Duration, what: Later) {
        self.later = Some((clock::now() + time, what));
    }

    /// The recogniser has decoded a stretch of the agent's speech.
    async fn text(&mut self, text: &str, whole: bool) {
        // A very long stretch comes in several parts; only the last one is its end.
        let when = if whole { self.decoding.pop_front() } else { None };
        if !text.is_empty() {
            self.teller.tell("heard", text);
        }
        if self.speaking || when.is_some_and(|said| said != self.said) {
            return;
        }
        if !self.heard.is_empty() && !text.is_empty() {
            self.heard.push(' ');
        }
        self.heard.push_str(text);
        if self.agent_speaks || !whole || self.heard.is_empty() {
            return;
        }
        let next = match &mut self.wit {
            Wit::Scenario(mind) => mind.hear(&self.heard),
            Wit::Lines(lines) => {
                if let Some(Line { text, audio }) = lines.pop_front() {
                    self.speak(&text, audio).await;
                } else {
                    self.wait(LAST_WORD, Later::HangUp);
                }
                return;
            }
            Wit::Typed { .. } => {
                self.our_turn = true;
                self.heard.clear();
                return;
            }
        };
        self.carry_out(next).await;
    }

    async fn carry_out(&mut self, next: Move) {
        match next {
            Move::Say(line) => self.say(&line).await,
            Move::Wait => self.wait(if self.said == 0 { OPEN_AFTER } else { LOST_AFTER }, Later::Lost),
            Move::GiveUp => {
                self.teller.tell("gave up", "the conversation does not advance");
                self.call.hang_up(HangUpStyle::Stop).await;
            }
        }
    }

    async fn due(&mut self) {
        match self.later.take() {
            Some((_, Later::Interrupt(line))) => {
                self.say(&line).await;
                self.interrupting = Some(clock::now());
            }
            Some((_, Later::Lost)) => {
                if let Wit::Scenario(mind) = &mut self.wit {
                    let next = mind.lost();
                    self.carry_out(next).await;
                }
            }
            Some((_, Later::HangUp)) => self.call.hang_up(HangUpStyle::Stop).await,
            None => {}
        }
    }

    async fn say(&mut self, line: &str) {
        match self.mouth.say(line).await {
            Ok(audio) => self.speak(line, audio).await,
            Err(error) => self.teller.tell("failed", &format!("`{line}` could not be spoken: {error:#}")),
        }
    }

    async fn speak(&mut self, line: &str, audio: Bytes) {
        self.heard.clear();
        self.our_turn = false;
        self.said += 1;
        self.speaking = true;
        self.later = None;
        self.teller.tell("said", line);
        self.call.say(audio).await;
    }

    /// What the agent said last may still be being decoded.
    async fn last_words(&mut self) {
        while !self.decoding.is_empty() {
            match timeout(LAST_DECODING, self.ear.events.next()).await {
                Ok(Some(SttEvent::Final { text, end_of_turn })) => {
                    if end_of_turn {
                        self.decoding.pop_front();
                    }
                    if !text.is_empty() {
                        self.teller.tell("heard", &text);
                    }
                    if let Wit::Scenario(mind) = &mut self.wit {
                        mind.hear(&text);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    async fn finish(self) -> Held {
        let Self { call, mut teller, wit, .. } = self;
        let record = call.end().await;
        let goodbye = match &wit {
            Wit::Scenario(mind) => mind.goodbye_heard(),
            Wit::Lines(_) | Wit::Typed { .. } => false,
        };
        if goodbye {
            teller.tell("goodbye", "the agent's goodbye was heard");
        }
        teller.tell("ended", &ending(&record));
        let was_taken = !matches!(record.ended, Ended::Rejected | Ended::Failed(_));
        Held { told: result(&record, goodbye, &teller.finish()), was_taken }
    }
}

fn ending(record: &CallRecord) -> String {
    let how = match &record.ended {
        Ended::ByCaller => "the caller hung up".to_owned(),
        Ended::ByRest => "the server hung up by REST".to_owned(),
        Ended::ByTwiml => "the server hung up".to_owned(),
        Ended::Rejected => return "the server is busy: it rejected the call".to_owned(),
        Ended::Failed(why) => return why.clone(),
    };
    format!("{how} after {:.1} s", record.lasted.as_secs_f64())
}

fn result(record: &CallRecord, goodbye: bool, events: &[Value]) -> Value {
    let responses: Vec<u128> = record.measured.responses.iter().map(Duration::as_millis).collect();
    let interruptions: Vec<Value> = record
        .measured
        .interruptions
        .iter()
        .map(|one| {
            let stopped = one.cleared.map(|at| at.duration_since(one.first_voiced).as_millis());
            json!({"clear_ms": stopped.and_then(|ms| u64::try_from(ms).ok())})
        })
        .collect();
    let responses: Vec<u64> = responses.into_iter().filter_map(|ms| u64::try_from(ms).ok()).collect();
    json!({
        "goodbye_heard": goodbye,
        "responses_ms": responses,
        "interruptions": interruptions,
        "events": events,
    })
}
