//! Recognisers in order: the next one hears again what no final covers, and then goes on with the live sound.

use super::{InOrder, Order, ring::Ring, seam::Seam};
use crate::{
    base::{clock, queue::Reader},
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

    /// Where one of them is, each may be taken for one: it costs a streaming recogniser a few hints, while one by utterance
    /// would never be asked.
    fn by_utterance(&self) -> bool {
        self.order.members.iter().any(|member| member.provider.by_utterance())
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
            vouched: false,
            repeats: None,
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
    /// The order knows that it works.
    vouched: bool,
    /// The final before a takeover, of which the next one may hear the end again.
    repeats: Option<String>,
    ready: VecDeque<SttEvent>,
}

impl Listening {
    /// The next event; `None` once the call has dropped its end, or when nobody is left.
    async fn next(&mut self) -> Option<SttEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let away_at = self.away_at.filter(|_| !self.untried.is_empty());
            tokio::select! {
                biased;
                event = next_of(self.recogniser.as_mut().map(|open| &mut open.events)) => match event {
                    Some(event) => self.take(event),
                    None => self.failed(true, "the recogniser gave up".to_owned()),
                },
                command = self.commands.recv() => {
                    let command = command?;
                    self.ring.push(command.clone());
                    self.tell(command);
                }
                () = until(away_at) => self.failed(false, format!("away for {:?}", self.patience)),
            }
        }
    }

    fn tell(&self, command: HearingCommand) {
        let lost = self.recogniser.as_ref().and_then(|recogniser| recogniser.commands.push(command));
        if lost.is_some() {
            metrics::stt_frames_dropped(1);
        }
    }

    fn take(&mut self, event: SttEvent) {
        match event {
            SttEvent::Ready => {
                self.away_at = None;
                self.ready.push_back(event);
            }
            SttEvent::Lost { fatal, reason } => {
                self.losses += 1;
                if fatal || (self.losses > 1 && !self.untried.is_empty()) {
                    return self.failed(fatal, reason);
                }
                self.away_at.get_or_insert_with(|| clock::now() + self.patience);
                self.ready.push_back(SttEvent::Lost { fatal, reason });
            }
            SttEvent::Partial { text } => {
                let text = self.new_words(text);
                if !text.is_empty() {
                    self.ready.push_back(SttEvent::Partial { text });
                }
            }
            SttEvent::Final { text, end_of_turn } => {
                self.losses = 0;
                if !std::mem::replace(&mut self.vouched, true) {
                    // Once: that this session goes on does not tell whether another one could begin.
                    self.order.succeeded(self.place);
                }
                self.ring.cover(&text);
                let text = self.new_words(text);
                self.repeats = None;
                if end_of_turn || !text.is_empty() {
                    self.ready.push_back(SttEvent::Final { text, end_of_turn });
                }
            }
            SttEvent::UtteranceEnd | SttEvent::EagerEnd { .. } | SttEvent::Resumed => {
                self.ready.push_back(event);
            }
        }
    }

    /// Without what the recogniser before has made final already.
    fn new_words(&self, text: String) -> String {
        let Some(before) = &self.repeats else { return text };
        let mut seam = Seam::new(before);
        seam.push(&text) + &seam.finish()
    }

    /// The next recogniser takes over; without one, the call learns of it.
    fn failed(&mut self, fatal: bool, reason: String) {
        let from = self.place;
        self.order.failed(from, if fatal { "refused" } else { "busy" });
        self.away_at = None;
        let next = self.order.take(&mut self.untried);
        if let Some(place) = next {
            self.order.replaced(from, place, &reason);
            self.repeats = self.ring.last_final();
            self.open(place);
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
        (self.losses, self.vouched) = (0, false);
        self.away_at = Some(clock::now() + self.patience);
        self.recogniser = self.order.members.get(place).map(|member| member.provider.open(self.spec.clone()));
    }
}
