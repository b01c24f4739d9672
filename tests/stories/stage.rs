//! The stage of a story: a telephone network, a model and a voice that do what the script says, in virtual time.

pub(crate) use crate::script::{VoiceActs, heard, hearing};
pub(crate) use log::head;

mod caller;
mod keys;
mod log;
mod voice;

use crate::script::{Reply, clip};
use centralita::{
    base::{clock, ids::TurnId, language::Language, units::Decibels},
    dialogue::{
        agent::{EndOfTurn, Patience},
        call::{Call, Clips, Setup},
        input::{Input, Voice},
        message::{Message, ToolCall},
        output::{Output, Outputs},
        record::Entry,
        stats::{TurnReport, Waste},
    },
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

/// So many milliseconds of silence end every turn, and nothing is begun before.
pub(crate) fn plain(silence_ms: u64) -> Patience {
    let end_of_turn = EndOfTurn::fixed(Duration::from_millis(silence_ms));
    Patience { end_of_turn, speculation: false, ..Patience::default() }
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the stage")]
pub(crate) struct Stage {
    pub(crate) call: Call,
    setup: Setup,
    log: Option<log::Logged>,
    start: Instant,
    now_ms: u64,
    next_frame_ms: u64,
    out: Outputs,
    later: BTreeMap<(u64, u32), Input>,
    serial: u32,
    speaking: bool,
    /// Whether there is a noise that passes for speech.
    pub(crate) noise: bool,
    pub(crate) frames_flow: bool,
    pub(crate) replies: VecDeque<Reply>,
    pub(crate) voice: VoiceActs,
    pub(crate) voice_takes_ms: u64,
    voice_done_at: u64,
    /// Whether the network echoes marks.
    pub(crate) echoes: bool,
    /// How late it echoes those of sound that was thrown away.
    pub(crate) flush_takes_ms: u64,
    asked: Vec<(TurnId, u32, String)>,
    /// Sound that the voice has given to the call, in bytes.
    given: usize,
    /// Sound at Twilio: bytes with the marks between them.
    network: VecDeque<Result<u8, String>>,
    played_until_ms: u64,
    story: Vec<String>,
    pub(crate) record: Vec<Entry>,
    pub(crate) reports: Vec<TurnReport>,
    /// Drafts that were dropped.
    pub(crate) wasted: Vec<Waste>,
    /// First byte of each frame sent, with its time.
    pub(crate) sent: Vec<(u64, u8)>,
    pub(crate) questions: Vec<Vec<Message>>,
    pub(crate) tools: Vec<(TurnId, ToolCall)>,
    pub(crate) tool_delay_ms: Option<u64>,
    /// When the recogniser was told that the caller pauses.
    pub(crate) pauses: Vec<u64>,
    pub(crate) ended: bool,
}

impl Stage {
    /// A Spanish call whose stream opens at 0 ms; the greeting takes its usual way.
    pub(crate) fn open(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::open_with(Patience::default(), replies)
    }

    pub(crate) fn open_with(patience: Patience, replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::set_up(patience, false, replies)
    }

    /// As [`Stage::open`], with a recogniser by utterance.
    pub(crate) fn by_utterance(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::set_up(Patience::default(), true, replies)
    }

    pub(crate) fn set_up(
        patience: Patience,
        by_utterance: bool,
        replies: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let clips = Clips::new(Language::Es, |each, _| clip(each));
        let setup = Setup {
            patience,
            system: "Sistema.".to_owned(),
            clips: Arc::new(clips),
            by_utterance,
            ..Setup::default()
        };
        let start = clock::now();
        Self {
            call: Call::new(setup.clone(), start),
            setup,
            log: None,
            start,
            now_ms: 0,
            next_frame_ms: 20,
            out: Outputs::default(),
            later: BTreeMap::new(),
            serial: 0,
            speaking: false,
            noise: false,
            frames_flow: true,
            replies: replies.into_iter().collect(),
            voice: VoiceActs::Well,
            voice_takes_ms: 100,
            voice_done_at: 0,
            echoes: true,
            flush_takes_ms: 0,
            asked: Vec::new(),
            given: 0,
            network: VecDeque::new(),
            played_until_ms: 0,
            story: Vec::new(),
            record: Vec::new(),
            reports: Vec::new(),
            wasted: Vec::new(),
            sent: Vec::new(),
            questions: Vec::new(),
            tools: Vec::new(),
            tool_delay_ms: Some(300),
            pauses: Vec::new(),
            ended: false,
        }
    }

    /// A call that the network can hold by turns.
    pub(crate) fn else_by_turns(mut self) -> Self {
        self.setup.else_by_turns = true;
        self.call = Call::new(self.setup.clone(), self.start);
        self
    }

    /// A call whose greeting ("Hola.", 500 ms) is over and whose caller has the floor, at 1000 ms.
    pub(crate) fn greeted(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::open(replies).greet()
    }

    /// As [`Stage::greeted`], from a call that is open.
    pub(crate) fn greet(mut self) -> Self {
        self.now(Input::Begin { opening: "Hola.".to_owned() });
        self.until(1_000);
        assert_eq!(self.call.floor(), "listening");
        self.story.clear();
        self
    }

    /// Lets everything happen up to `ms`.
    pub(crate) fn until(&mut self, ms: u64) -> &mut Self {
        let mut spins = 0;
        loop {
            let mut next = ms;
            if self.frames_flow {
                next = next.min(self.next_frame_ms);
            }
            let due = self.next_due();
            if let Some(at) = due {
                next = next.min(at);
            }
            let deadline = self.call.next_deadline().map(|at| self.ms_of(at));
            if let Some(at) = deadline {
                next = next.min(at);
            }
            // What was held back is due since long ago.
            next = next.max(self.now_ms);
            if next >= ms && deadline.is_none_or(|at| at > ms) && due.is_none_or(|at| at > ms) {
                let frame_due = self.frames_flow && self.next_frame_ms <= ms;
                if !frame_due {
                    self.now_ms = ms;
                    return self;
                }
            }
            spins = if next == self.now_ms { spins + 1 } else { 0 };
            assert!(spins < 1_000, "time stands still at {next} ms: {:?}", self.call);
            self.now_ms = next;
            self.step(deadline);
        }
    }

    fn step(&mut self, deadline: Option<u64>) {
        self.play_network();
        if let Some(input) = self.take_due() {
            self.feed(input);
        } else if self.frames_flow && self.next_frame_ms <= self.now_ms {
            self.next_frame_ms += 20;
            self.frame();
        } else if deadline.is_some_and(|at| at <= self.now_ms) {
            self.feed(Input::Tick);
        }
    }

    fn frame(&mut self) {
        let (level, speech) = if self.speaking || self.noise { (-20.0, 0.95) } else { (-70.0, 0.02) };
        self.feed(Input::Frame(Voice { level: Decibels(level), speech }));
    }

    /// The deadline in whole milliseconds, rounded up as a timer does.
    fn ms_of(&self, at: Instant) -> u64 {
        let passed = at.saturating_duration_since(self.start);
        u64::try_from(passed.as_micros().div_ceil(1_000)).unwrap()
    }

    /// Makes `input` happen now.
    pub(crate) fn now(&mut self, input: Input) -> &mut Self {
        self.feed(input);
        self
    }

    /// Makes `input` happen at `ms`.
    pub(crate) fn at(&mut self, ms: u64, input: Input) -> &mut Self {
        self.until(ms);
        self.feed(input);
        self
    }

    /// Makes `input` happen at `ms`, without waiting for it.
    pub(crate) fn later(&mut self, ms: u64, input: Input) {
        self.serial += 1;
        self.later.insert((ms, self.serial), input);
    }

    fn feed(&mut self, input: Input) {
        self.play_network();
        let now = self.start + Duration::from_millis(self.now_ms);
        let mut out = std::mem::take(&mut self.out);
        if let Some(log) = &mut self.log {
            log.told(now, &input);
        }
        self.given += voice::length(&input);
        self.call.handle(now, input, &mut out);
        let outputs: Vec<Output> = out.drain().collect();
        if let Some(log) = &mut self.log {
            log.decided(&outputs);
        }
        self.out = out;
        for output in outputs {
            self.act(output);
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Play(frame) => {
                assert_eq!(frame.len(), 160);
                self.sent.push((self.now_ms, frame[0]));
                self.network.push_back(Ok(frame[0]));
                let ahead = self.network.iter().filter(|sent| sent.is_ok()).count() * 20;
                assert!(ahead <= 200, "{ahead} ms are ahead of their playing");
                if self.network.len() == 1 {
                    self.played_until_ms = self.played_until_ms.max(self.now_ms);
                }
            }
            Output::Mark(name) => {
                self.network.push_back(Err(name));
                self.play_network();
            }
            Output::Clear => {
                self.tell("clear");
                // The quirk that everyone trips on: marks of sound that was thrown away are echoed too.
                for entry in std::mem::take(&mut self.network) {
                    if let Err(name) = entry {
                        self.echo(name, self.flush_takes_ms);
                    }
                }
                self.played_until_ms = self.now_ms;
            }
            Output::AskModel { turn, messages } => {
                let said = match messages.last() {
                    Some(Message::User { content }) => format!("“{content}”"),
                    Some(Message::Tool { content, .. }) => format!("tool {content}"),
                    other => format!("{other:?}"),
                };
                self.tell(&format!("ask {turn}: {said}"));
                let asked = matches!(messages.last(), Some(Message::User { .. } | Message::Tool { .. }));
                assert!(asked, "nothing was asked: {messages:?}");
                self.questions.push(messages);
                for (delay, event) in self.replies.pop_front().unwrap_or_default() {
                    let input = match event {
                        Ok(event) => Input::Answer { turn, event },
                        Err(again) => Input::AnswerFailed { turn, again },
                    };
                    self.later(self.now_ms + delay, input);
                }
            }
            Output::CancelModel { turn } => self.tell(&format!("cancel model {turn}")),
            Output::Say { turn, piece, text } => self.voice_says(turn, piece, text),
            Output::FinishSpeech { turn } => self.voice_finishes(turn),
            Output::CancelSpeech { turn } => self.tell(&format!("cancel speech {turn}")),
            Output::RunTool { turn, call } => {
                self.tell(&format!("run {}", call.name));
                if let Some(delay) = self.tool_delay_ms {
                    let reply =
                        Input::ToolReplied { turn, id: call.id.clone(), reply: r#"{"ok":1}"#.to_owned() };
                    self.later(self.now_ms + delay, reply);
                }
                self.tools.push((turn, call));
            }
            Output::CallerPaused => self.pauses.push(self.now_ms),
            Output::CallerTurnOver => self.tell("turn over?"),
            Output::Record(entry) => {
                match &entry {
                    Entry::Clip { clip, .. } => self.tell(&format!("clip {clip:?}")),
                    Entry::Recovered { .. } => panic!("nobody had the floor: {:?}", self.call),
                    _ => {}
                }
                self.record.push(entry);
            }
            Output::Report(report) => self.reports.push(*report),
            Output::Wasted(waste) => self.wasted.push(waste),
            Output::HangUp(ending) => {
                self.tell(&format!("hang up: {ending}"));
                self.ended = true;
            }
        }
    }

    /// Twilio plays a frame every 20 ms and echoes a mark when it is reached.
    fn play_network(&mut self) {
        loop {
            match self.network.front() {
                Some(Ok(_)) if self.played_until_ms + 20 <= self.now_ms => {
                    self.network.pop_front();
                    self.played_until_ms += 20;
                }
                Some(Err(_)) => {
                    if let Some(Err(name)) = self.network.pop_front() {
                        self.echo(name, 0);
                    }
                }
                _ => return,
            }
        }
    }

    fn echo(&mut self, name: String, takes_ms: u64) {
        if self.echoes {
            self.later(self.now_ms + takes_ms, Input::Mark(name));
        }
    }

    fn tell(&mut self, what: &str) {
        self.story.push(format!("{:5} {what}", self.now_ms));
    }

    /// What happened, a line each, with its millisecond.
    pub(crate) fn story(&self) -> String {
        self.story.join("\n")
    }

    /// When the story says `what` for the first time.
    pub(crate) fn when(&self, what: &str) -> u64 {
        let line = self.story.iter().find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("“{what}” never happened:\n{}", self.story()));
        line[..5].trim().parse().unwrap()
    }

    /// What the caller heard of each answer so far, and whether they interrupted it.
    pub(crate) fn answers(&self) -> Vec<(&str, bool)> {
        let answers = self.record.iter().filter_map(|entry| match entry {
            Entry::Agent { heard, interrupted, .. } => Some((heard.as_str(), *interrupted)),
            _ => None,
        });
        answers.collect()
    }

    /// When the first frame that sounds like `sound` was sent, at or after `from`.
    pub(crate) fn first_sound(&self, sound: u8, from: u64) -> u64 {
        self.sent.iter().find(|(at, byte)| *at >= from && *byte == sound).unwrap().0
    }

    pub(crate) const fn ms(&self) -> u64 {
        self.now_ms
    }
}
