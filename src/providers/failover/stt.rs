//! Recognisers in order: the next one hears again what no final covers, and then goes on with the live sound.

use super::{InOrder, Order, echo::Echo, ring::Ring};
use crate::{
    base::{
        clock,
        queue::Reader,
        units::{PHONE_RATE, Samples},
    },
    ports::{
        next_of,
        stt::{HearingCommand, SpeechToText, SttEvent, SttSession, SttSpec},
        until,
    },
    telemetry::metrics,
};
use futures_util::{StreamExt as _, stream};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a recogniser may be away, until the next one takes its place: it has tried twice to come back by then, and the
/// caller is told of trouble after 3 s.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A streaming recogniser has told words of what it was told again before so much more sound has come, in samples: 2 s. It
/// tells them up to 1.25 s apart, and the way there and back takes time too.
const WORDS_DUE: u64 = 2 * PHONE_RATE as u64;

/// Recognisers in the place of one: the next one takes over where one is away for 1.5 s.
pub type Recognisers = InOrder<dyn SpeechToText>;

impl Recognisers {
    /// The recognisers in the order in which they are wanted. Calls share what is learnt of them.
    pub fn new(recognisers: impl IntoIterator<Item = Arc<dyn SpeechToText>>) -> Self {
        let named = recognisers.into_iter().map(|recogniser| (recogniser.name(), recogniser));
        Self::of("stt", PATIENCE, named)
    }
}

impl SpeechToText for Recognisers {
    fn name(&self) -> &'static str {
        self.order.name(0)
    }

    fn by_utterance(&self) -> bool {
        self.order.members.first().is_some_and(|member| member.provider.by_utterance())
    }

    fn open(&self, spec: SttSpec) -> SttSession {
        let (commands, heard) = SttSession::queue();
        let mut untried: Vec<usize> = (0..self.order.members.len()).collect();
        let place = self.order.take(&mut untried).unwrap_or_default();
        let mut listening = Listening {
            order: Arc::clone(&self.order),
            patience: self.patience,
            spec,
            commands: heard,
            place,
            recogniser: None,
            untried,
            ring: Ring::default(),
            away_at: None,
            losses: 0,
            words_due: None,
            by_utterance: self.by_utterance(),
            vouched: false,
            repeats: None,
            unfinished: false,
            ready: VecDeque::new(),
        };
        listening.open(place);
        // The session lives in the stream: polling drives it, dropping ends it. No task of its own.
        let events =
            stream::unfold(listening, async |mut listening| Some((listening.next().await?, listening)));
        SttSession { commands, events: events.boxed() }
    }
}

/// One call's recognition.
struct Listening {
    order: Arc<Order<dyn SpeechToText>>,
    patience: Duration,
    spec: SttSpec,
    commands: Reader<HearingCommand>,
    place: usize,
    /// `None` once it gave up.
    recogniser: Option<SttSession>,
    untried: Vec<usize>,
    ring: Ring,
    /// When the recogniser has been away for too long.
    away_at: Option<Instant>,
    /// How often it was lost since its last final.
    losses: u32,
    /// It was lost and came back, and has told no word since: how much sound may come before one is overdue.
    words_due: Option<u64>,
    /// What the call knows of how its recogniser listens.
    by_utterance: bool,
    /// The order knows that it works.
    vouched: bool,
    /// What was final before a takeover and is heard again, and how much sound may come before it is.
    repeats: Option<(Echo, u64)>,
    /// The call was told a partial that no final followed.
    unfinished: bool,
    ready: VecDeque<SttEvent>,
}

impl Listening {
    /// The next event; `None` once the call has dropped its end, or when nobody is left.
    async fn next(&mut self) -> Option<SttEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.recogniser.as_ref()?;
            let away_at = self.away_at.filter(|_| !self.untried.is_empty());
            tokio::select! {
                biased;
                event = next_of(self.recogniser.as_mut().map(|open| &mut open.events)) => match event {
                    Some(event) => self.take(event),
                    None => self.failed(true, "the recogniser gave up".to_owned()),
                },
                command = self.commands.recv() => {
                    let command = command?;
                    let asked = command == HearingCommand::TurnOver;
                    self.ring.push(command.clone());
                    if asked && self.is_deaf() {
                        self.failed(false, "it gives no words".to_owned());
                    } else {
                        self.tell(command);
                    }
                }
                () = until(away_at) => self.failed(false, format!("away for {:?}", self.patience)),
            }
        }
    }

    fn tell(&self, command: HearingCommand) {
        let lost = self.recogniser.as_ref().and_then(|recogniser| recogniser.commands.push(command));
        if let Some(HearingCommand::Audio(lost) | HearingCommand::Quiet(lost)) = lost {
            metrics::stt_dropped(Samples(lost.len() as u64).duration());
        }
    }

    fn take(&mut self, event: SttEvent) {
        match event {
            SttEvent::Ready => {
                self.away_at = None;
                let by_utterance = self.is_by_utterance();
                if std::mem::replace(&mut self.by_utterance, by_utterance) != by_utterance {
                    self.ready.push_back(SttEvent::Listener { by_utterance });
                }
                if !by_utterance {
                    let due = self.ring.end() + WORDS_DUE;
                    self.words_due = (self.losses > 0).then_some(due);
                    if let Some((_, until)) = &mut self.repeats {
                        *until = due;
                    }
                }
                self.ready.push_back(event);
            }
            SttEvent::Lost { fatal, reason } => {
                self.losses += 1;
                if fatal || (self.losses > 1 && !self.untried.is_empty()) {
                    return self.failed(fatal, reason);
                }
                self.words_due = None;
                self.away_at.get_or_insert_with(|| clock::now() + self.patience);
                self.ready.push_back(SttEvent::Lost { fatal, reason });
            }
            SttEvent::Partial { text } => {
                self.words_due = None;
                let text = self.new_words(text);
                if !text.is_empty() {
                    self.unfinished = true;
                    self.ready.push_back(SttEvent::Partial { text });
                }
            }
            SttEvent::Final { text, end_of_turn } => {
                (self.losses, self.words_due) = (0, None);
                // Who failed before may be well again; breakers keep those last that are not.
                self.untried = self.order.but(self.place);
                if !std::mem::replace(&mut self.vouched, true) {
                    // Once: that this session goes on does not tell whether another one could begin.
                    self.order.succeeded(self.place);
                }
                self.made_final(text, end_of_turn);
            }
            SttEvent::EagerEnd { text } => {
                self.words_due = None;
                let text = self.new_words(text);
                if !text.is_empty() {
                    self.unfinished = true;
                    self.ready.push_back(SttEvent::EagerEnd { text });
                }
            }
            SttEvent::UtteranceEnd => {
                self.unfinished = false;
                self.ring.turn_over(false);
                self.ready.push_back(event);
            }
            SttEvent::Resumed | SttEvent::Listener { .. } => self.ready.push_back(event),
        }
    }

    fn is_by_utterance(&self) -> bool {
        self.order.members.get(self.place).is_some_and(|member| member.provider.by_utterance())
    }

    /// Whether it takes sound and gives no words: neither before it was lost nor since.
    fn is_deaf(&self) -> bool {
        !self.untried.is_empty() && self.words_due.is_some_and(|due| self.ring.end() >= due)
    }

    /// Tells what a final brings that was not final before.
    fn made_final(&mut self, text: String, end_of_turn: bool) {
        let (by_utterance, due) = (self.is_by_utterance(), self.ring.end() + WORDS_DUE);
        let (text, more) = match self.echo() {
            None => (text, false),
            Some((echo, until)) => {
                let (text, more) = echo.hear_final(&text);
                *until = due;
                (text, more)
            }
        };
        if !more {
            self.repeats = None;
        }
        // Where words of the same turn are still to come again, it is over only for who was asked to end it.
        let end_of_turn = end_of_turn && (by_utterance || !more);
        if end_of_turn {
            self.ring.turn_over(by_utterance);
        } else {
            self.ring.made_final(&text);
        }
        let takes_back = std::mem::take(&mut self.unfinished);
        if end_of_turn || takes_back || !text.is_empty() {
            self.ready.push_back(SttEvent::Final { text, end_of_turn });
        }
    }

    /// Without what the recogniser before has made final already.
    fn new_words(&mut self, text: String) -> String {
        let Some((echo, until)) = self.echo() else { return text };
        // From its first word to its final it is one utterance.
        *until = u64::MAX;
        echo.hear(&text)
    }

    /// What is heard again, unless more sound has come than that takes.
    fn echo(&mut self) -> Option<&mut (Echo, u64)> {
        let end = self.ring.end();
        self.repeats.take_if(|(_, until)| end > *until);
        self.repeats.as_mut()
    }

    /// The next recogniser takes over; without one, the call learns of it.
    fn failed(&mut self, fatal: bool, reason: String) {
        let from = self.place;
        self.order.failed(from, if fatal { "refused" } else { "busy" });
        self.away_at = None;
        let next = self.order.take(&mut self.untried);
        if let Some(place) = next {
            self.order.replaced(from, place, &reason);
            self.open(place);
            self.repeats = Echo::of(&self.ring.finals()).map(|echo| (echo, u64::MAX));
            for command in self.ring.commands() {
                self.tell(command);
            }
        } else {
            self.recogniser = None;
        }
        self.ready.push_back(SttEvent::Lost { fatal: fatal && next.is_none(), reason });
    }

    fn open(&mut self, place: usize) {
        self.place = place;
        (self.losses, self.words_due, self.vouched, self.unfinished) = (0, None, false, false);
        self.away_at = Some(clock::now() + self.patience);
        self.recogniser = self.order.members.get(place).map(|member| member.provider.open(self.spec.clone()));
    }
}
