//! Voices in order: what the one that fails has not spoken yet is spoken by the next one, from the next whole word.

use super::{
    InOrder, Order,
    speech::{Pace, Speech},
};
use crate::{
    base::clock,
    ports::{
        next_of,
        tts::{COMMANDS_WAITING, SpeechCommand, SpeechEvent, TextToSpeech, TtsSession, TtsSpec},
        until,
    },
};
use futures_util::{StreamExt as _, stream};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// From the first text of an answer to its first sound, where somebody else could speak: ten times what the vendors take,
/// and early enough that the next one sounds within 4 s (reliability LB3).
const PATIENCE: Duration = Duration::from_millis(1_500);
/// A deadline that is noticed so much later was not waited for: while the call has enough sound it takes no events.
const UNHEARD: Duration = Duration::from_millis(250);

/// Voices in the place of one: the next one speaks where an answer is without sound for 1.5 s.
pub type Voices = InOrder<dyn TextToSpeech>;

impl Voices {
    /// The voices in the order in which they are wanted. Calls share what is learnt of them. The voice that an agent names
    /// is the first one's; the others speak with their own.
    pub fn new(voices: impl IntoIterator<Item = Arc<dyn TextToSpeech>>) -> Self {
        Self::of("tts", PATIENCE, voices.into_iter().map(|voice| (voice.name(), voice)))
    }
}

impl TextToSpeech for Voices {
    fn name(&self) -> &'static str {
        self.order.name(0)
    }

    /// The first one's: it speaks as the agent is meant to sound.
    fn signature(&self, spec: &TtsSpec) -> String {
        self.order.members.first().map(|member| member.provider.signature(spec)).unwrap_or_default()
    }

    fn open(&self, spec: TtsSpec) -> TtsSession {
        let (commands, asked) = mpsc::channel(COMMANDS_WAITING);
        let mut untried: Vec<usize> = (0..self.order.members.len()).collect();
        let place = self.order.take(&mut untried).unwrap_or_default();
        let mut speaking = Speaking {
            order: Arc::clone(&self.order),
            patience: self.patience,
            spec,
            asked,
            place,
            voice: None,
            speech: None,
            pace: Pace::default(),
            untried,
            late_at: None,
            ready: VecDeque::new(),
        };
        speaking.open(place);
        // The session lives in the stream: polling drives it, dropping ends it. No task of its own.
        let events = stream::unfold(speaking, async |mut speaking| Some((speaking.next().await?, speaking)));
        TtsSession { commands, events: events.boxed() }
    }
}

/// One call's voice.
struct Speaking {
    order: Arc<Order<dyn TextToSpeech>>,
    patience: Duration,
    spec: TtsSpec,
    asked: mpsc::Receiver<SpeechCommand>,
    /// Who speaks: whoever took over stays, since a change of voice is heard.
    place: usize,
    /// `None` once it gave up.
    voice: Option<TtsSession>,
    /// The present answer.
    speech: Option<Speech>,
    /// How fast the present voice has spoken so far.
    pace: Pace,
    /// Who has not failed in it.
    untried: Vec<usize>,
    /// When the first sound of its next piece is overdue.
    late_at: Option<Instant>,
    ready: VecDeque<SpeechEvent>,
}

impl Speaking {
    /// The next event; `None` once the call has dropped its end.
    async fn next(&mut self) -> Option<SpeechEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let late_at = self.late_at.filter(|_| !self.untried.is_empty());
            tokio::select! {
                biased;
                command = self.asked.recv() => self.obey(command?),
                event = next_of(self.voice.as_mut().map(|open| &mut open.events)) => match event {
                    Some(event) => self.take(event),
                    None => self.gone(),
                },
                () = until(late_at) => self.late(),
            }
        }
    }

    fn obey(&mut self, command: SpeechCommand) {
        match &command {
            SpeechCommand::Say { turn, .. } | SpeechCommand::Finish { turn } => {
                if self.speech.as_ref().is_none_or(|speech| speech.turn != *turn) {
                    self.untried = self.order.but(self.place);
                    self.speech = Some(Speech::new(*turn, self.pace));
                    self.late_at = None;
                }
            }
            SpeechCommand::Cancel { turn } => {
                self.ready.retain(|event| event.turn() != *turn);
                if self.speech.take_if(|speech| speech.turn == *turn).is_some() {
                    self.late_at = None;
                }
            }
        }
        let Some(speech) = &mut self.speech else { return self.tell(command) };
        if speech.failed {
            return;
        }
        match &command {
            SpeechCommand::Say { piece, text, .. } => {
                speech.say(*piece, text);
                if speech.awaits_sound() {
                    self.late_at.get_or_insert_with(|| clock::now() + self.patience);
                }
            }
            SpeechCommand::Finish { .. } => speech.finished = true,
            SpeechCommand::Cancel { .. } => {}
        }
        self.tell(command);
    }

    /// A voice that takes nothing more has failed.
    fn tell(&mut self, command: SpeechCommand) {
        let taken = self.voice.as_ref().is_some_and(|voice| voice.commands.try_send(command).is_ok());
        if !taken {
            self.failed("it takes no more text");
        }
    }

    fn take(&mut self, event: SpeechEvent) {
        let Some(speech) = self.speech.as_mut().filter(|speech| speech.turn == event.turn()) else { return };
        match event {
            SpeechEvent::Audio { turn, piece, audio, text } => {
                self.late_at = None;
                speech.hear(piece, audio.len() as u64, text.as_deref());
                let text = text.filter(|_| !speech.resumed);
                self.ready.push_back(SpeechEvent::Audio { turn, piece, audio, text });
            }
            SpeechEvent::PieceDone { piece, .. } => {
                speech.complete(piece);
                self.late_at = speech.awaits_sound().then(|| clock::now() + self.patience);
                self.ready.push_back(event);
            }
            SpeechEvent::Switched { .. } => self.ready.push_back(event),
            SpeechEvent::Done { .. } if speech.owes_sound() => self.failed("no sound at all"),
            SpeechEvent::Done { .. } => {
                self.order.succeeded(self.place);
                self.late_at = None;
                self.pace = speech.pace;
                self.speech = None;
                self.ready.push_back(event);
            }
            SpeechEvent::Failed { reason, .. } => self.failed(&reason),
        }
    }

    /// The next sound has not come in time; a voice that nobody listened to has its time anew.
    fn late(&mut self) {
        let now = clock::now();
        if self.late_at.is_some_and(|at| now > at + UNHEARD) {
            self.late_at = Some(now + self.patience);
        } else {
            self.failed(&format!("no sound within {:?}", self.patience));
        }
    }

    /// The voice gave up for good.
    fn gone(&mut self) {
        self.voice = None;
        if self.speech.is_some() {
            self.failed("the voice is gone");
        }
    }

    /// The next voice speaks what is left of the answer.
    fn failed(&mut self, reason: &str) {
        self.late_at = None;
        let Some(speech) = self.speech.as_mut().filter(|speech| !speech.failed) else { return };
        let (turn, from) = (speech.turn, self.place);
        self.order.failed(from, "failed");
        let Some(place) = self.order.take(&mut self.untried) else {
            speech.failed = true;
            return self.ready.push_back(SpeechEvent::Failed { turn, reason: reason.to_owned() });
        };
        let left = speech.resume();
        self.order.replaced(from, place, reason);
        self.ready.push_back(SpeechEvent::Switched { turn });
        if left.iter().any(|command| matches!(command, SpeechCommand::Say { .. })) {
            self.late_at = Some(clock::now() + self.patience);
        }
        self.open(place);
        for command in left {
            self.tell(command);
        }
    }

    fn open(&mut self, place: usize) {
        self.place = place;
        self.pace = Pace::default();
        let voice = if place == 0 { self.spec.voice.clone() } else { String::new() };
        let spec = TtsSpec { voice, ..self.spec.clone() };
        self.voice = self.order.members.get(place).map(|member| member.provider.open(spec));
    }
}
