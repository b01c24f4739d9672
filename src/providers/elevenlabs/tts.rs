//! Text to speech over the multi-context socket: connected before it is needed, one context a turn.

use super::{
    Options,
    link::Link,
    turn::{State, Turn},
    wire::{self, FromElevenLabs, ToElevenLabs},
};
use crate::{
    base::{clock, ids::TurnId},
    dialogue::spoken::Locale,
    net::ws::Message,
    ports::{
        self,
        tts::{COMMANDS_WAITING, SpeechCommand, SpeechEvent, TextToSpeech, TtsSession, TtsSpec},
    },
};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, time::sleep_until};

/// Events that wait for the call: 1 s of sound; then the socket is no longer read.
const EVENTS_WAITING: usize = 4;
/// Contexts on one socket. ElevenLabs allows 5 and closes the socket at the sixth; closing one takes a while.
const CONTEXTS: usize = 4;
/// A loop without a deadline looks again after this long.
const FAR: Duration = Duration::from_hours(1);

/// ElevenLabs' voices.
#[derive(Debug)]
pub struct ElevenLabs {
    options: Arc<Options>,
}

impl ElevenLabs {
    /// A voice; connects when a call opens it.
    pub fn new(options: Options) -> Self {
        Self { options: Arc::new(options) }
    }
}

impl TextToSpeech for ElevenLabs {
    fn name(&self) -> &'static str {
        "elevenlabs"
    }

    fn signature(&self, spec: &TtsSpec) -> String {
        let Options { voice, model, settings, .. } = &*self.options;
        let voice = if spec.voice.is_empty() { voice } else { &spec.voice };
        format!("elevenlabs {voice} {model} {} {settings:?}", spec.language)
    }

    fn open(&self, spec: TtsSpec) -> TtsSession {
        let (commands, asked) = mpsc::channel(COMMANDS_WAITING);
        let (events, told) = mpsc::channel(EVENTS_WAITING);
        let speaking = Speaking {
            link: Link::new(&self.options, &spec),
            locale: spec.locale,
            options: Arc::clone(&self.options),
            events,
            waiting: VecDeque::new(),
            turns: Vec::new(),
            failed: None,
            lost: None,
        };
        // The task ends by itself when either end of the session goes, after a farewell of at most `closing`.
        drop(tokio::spawn(Box::new(speaking).run(asked)));
        TtsSession { commands, events: ports::events(told, ()) }
    }
}

/// One call's voice.
struct Speaking {
    options: Arc<Options>,
    link: Link,
    locale: Locale,
    events: mpsc::Sender<SpeechEvent>,
    /// Events that the call has not taken yet: of one message at most.
    waiting: VecDeque<SpeechEvent>,
    turns: Vec<Turn>,
    /// The newest turn that failed: what still comes for it is not spoken.
    failed: Option<TurnId>,
    /// Why the socket was lost, until that is dealt with.
    lost: Option<String>,
}

impl Speaking {
    async fn run(mut self: Box<Self>, mut commands: mpsc::Receiver<SpeechCommand>) {
        let closed = self.events.clone();
        tokio::select! {
            () = self.serve(&mut commands) => {}
            () = closed.closed() => {}
        }
        self.link.close(&self.options).await;
    }

    async fn serve(&mut self, commands: &mut mpsc::Receiver<SpeechCommand>) {
        let events = self.events.clone();
        // So that the first turn has no handshake in it. A failure is told when a turn needs the voice.
        if let Err(reason) = Box::pin(self.link.connect(&self.options)).await {
            tracing::debug!(provider = "elevenlabs", reason, "No voice yet");
        }
        loop {
            if let Some(reason) = self.lost.take() {
                Box::pin(self.recover(reason)).await;
            }
            let free = self.waiting.is_empty();
            let deadline = self.deadline(free);
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                place = events.reserve(), if !free => match place {
                    Ok(place) => {
                        if let Some(event) = self.waiting.pop_front() {
                            place.send(event);
                        }
                        self.forgive();
                    }
                    Err(_) => return,
                },
                message = self.link.next(), if free => match message {
                    Ok(Message::Text(text)) => self.take(FromElevenLabs::read(&text)).await,
                    Ok(_) => {}
                    Err(reason) => self.lost = Some(reason),
                },
                () = sleep_until(deadline.into()) => self.tick(free).await,
            }
        }
    }

    async fn obey(&mut self, command: SpeechCommand) {
        match command {
            SpeechCommand::Say { turn, .. } | SpeechCommand::Finish { turn } if self.failed == Some(turn) => {
            }
            SpeechCommand::Say { turn, piece, text } => self.say(turn, piece, &text).await,
            SpeechCommand::Finish { turn } => match self.turns.iter_mut().find(|known| known.id == turn) {
                None => self.waiting.push_back(SpeechEvent::Done { turn }),
                Some(known) if known.state != State::Open => {}
                Some(known) => {
                    known.state = State::Closing;
                    known.expect(clock::now(), self.options.first_audio, self.options.stall);
                    let context = known.context.clone();
                    self.send(ToElevenLabs::close(&context)).await;
                }
            },
            SpeechCommand::Cancel { turn } => self.cancel(turn).await,
        }
    }

    async fn say(&mut self, turn: TurnId, piece: u32, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if !self.turns.iter().any(|known| known.id == turn) {
            if self.turns.len() >= CONTEXTS {
                // A new socket is quicker than waiting for the old contexts to end.
                self.link.drop_socket(None);
                self.turns.retain(Turn::is_wanted);
                self.lost = Some("too many contexts".to_owned());
            }
            self.turns.push(Turn::new(turn));
        }
        let (first, stall) = (self.options.first_audio, self.options.stall);
        let Some(known) = self.turns.iter_mut().find(|known| known.id == turn) else { return };
        if known.state != State::Open {
            return;
        }
        let is_first = known.is_new();
        let text = known.say(piece, text, self.locale);
        known.expect(clock::now(), first, stall);
        if !self.link.is_open() {
            // Recovering connects, and says again what has not been heard.
            self.lost.get_or_insert_with(|| "not connected".to_owned());
            return;
        }
        let context = known.context.clone();
        let settings = self.options.settings.clone();
        let opened = !is_first || self.send(ToElevenLabs::open(&context, &settings)).await;
        if opened && self.send(ToElevenLabs::say(&context, &text)).await {
            self.send(ToElevenLabs::flush(&context)).await;
        }
    }

    async fn cancel(&mut self, turn: TurnId) {
        self.waiting.retain(|event| event.turn() != turn);
        let Some(known) = self.turns.iter_mut().find(|known| known.id == turn) else { return };
        let closes = known.state == State::Open;
        known.state = State::Cancelled;
        known.deadline = None;
        let context = known.context.clone();
        if !self.link.is_open() {
            self.turns.retain(|known| known.id != turn);
        } else if closes {
            self.send(ToElevenLabs::close(&context)).await;
        }
    }

    async fn take(&mut self, message: FromElevenLabs) {
        match message {
            FromElevenLabs::Audio { context, audio, alignment, is_final } => {
                let Some(place) = self.turns.iter().position(|known| known.context == context) else {
                    return;
                };
                let Some(known) = self.turns.get_mut(place).filter(|known| known.is_wanted()) else {
                    if is_final {
                        self.turns.remove(place);
                    }
                    return;
                };
                let turn = known.id;
                if !audio.is_empty() {
                    match known.hear(Bytes::from(audio), alignment, clock::now(), self.options.stall) {
                        Ok(events) => self.waiting.extend(events),
                        Err(wrong) => {
                            tracing::warn!(provider = "elevenlabs", code = "TTS_FORMAT", %wrong, "the voice's sound is refused");
                            self.fail(turn, wrong.to_string());
                            self.send(ToElevenLabs::close(&context)).await;
                            return;
                        }
                    }
                }
                if is_final {
                    self.end(place);
                }
            }
            FromElevenLabs::Error { name } => {
                let lasting = wire::is_lasting(&name);
                self.link.drop_socket(lasting.then_some(&name));
                self.lost = Some(name);
            }
            FromElevenLabs::Unknown => {}
        }
    }

    /// `isFinal` came for a turn that is wanted.
    fn end(&mut self, place: usize) {
        let mut known = self.turns.remove(place);
        let turn = known.id;
        self.waiting.extend(known.rest());
        if known.state == State::Open || known.is_silent() {
            self.failed = Some(turn);
            let reason = if known.is_silent() { "no sound at all" } else { "the context ended early" };
            self.waiting.push_back(SpeechEvent::Failed { turn, reason: reason.to_owned() });
        } else {
            self.waiting.push_back(SpeechEvent::Done { turn });
        }
    }

    fn fail(&mut self, turn: TurnId, reason: String) {
        self.disown(turn);
        self.failed = Some(turn);
        self.waiting.push_back(SpeechEvent::Failed { turn, reason });
    }

    /// Nobody wants the turn any more; its context lives on until its `isFinal`.
    fn disown(&mut self, turn: TurnId) {
        if let Some(known) = self.turns.iter_mut().find(|known| known.id == turn) {
            (known.state, known.deadline) = (State::Cancelled, None);
        }
    }

    /// The socket is gone: turns that nobody has heard are said again once, the others have failed.
    async fn recover(&mut self, reason: String) {
        tracing::debug!(provider = "elevenlabs", reason, "Voice lost");
        self.turns.retain(Turn::is_wanted);
        let hopeless = |known: &Turn| known.again || !known.is_silent();
        let failed: Vec<TurnId> =
            self.turns.iter().filter(|known| hopeless(known)).map(|known| known.id).collect();
        for turn in failed {
            self.fail(turn, reason.clone());
        }
        self.turns.retain(Turn::is_wanted);
        if self.turns.is_empty() && (self.link.refused().is_some() || !self.link.was_settled(&self.options)) {
            return;
        }
        if let Err(reason) = self.link.connect(&self.options).await {
            let failed: Vec<TurnId> = self.turns.drain(..).map(|known| known.id).collect();
            for turn in failed {
                self.fail(turn, reason.clone());
            }
            return;
        }
        let settings = self.options.settings.clone();
        for place in 0..self.turns.len() {
            let Some(known) = self.turns.get_mut(place) else { break };
            known.again = true;
            let (context, texts) = (known.context.clone(), known.texts.clone());
            let closing = known.state == State::Closing;
            let mut sent = self.send(ToElevenLabs::open(&context, &settings)).await;
            for text in &texts {
                sent = sent && self.send(ToElevenLabs::say(&context, text)).await;
            }
            sent = sent && self.send(ToElevenLabs::flush(&context)).await;
            if !sent || (closing && !self.send(ToElevenLabs::close(&context)).await) {
                return; // lost again, which the loop sees
            }
        }
    }

    async fn tick(&mut self, free: bool) {
        let now = clock::now();
        let missed = |known: &Turn| known.deadline.is_some_and(|at| clock::was_missed(at, now));
        if free && self.turns.iter().any(missed) {
            // We did not read it: what it has said waits.
            self.forgive();
        } else if free {
            let late = |known: &&Turn| known.deadline.is_some_and(|at| at <= now);
            let late: Vec<(TurnId, String, bool, bool)> = (self.turns.iter().filter(late))
                .map(|known| (known.id, known.context.clone(), known.state == State::Open, known.is_whole()))
                .collect();
            for (turn, context, open, whole) in late {
                if whole && !open {
                    // Every word was heard; only the farewell is missing.
                    self.disown(turn);
                    self.waiting.push_back(SpeechEvent::Done { turn });
                    continue;
                }
                self.fail(turn, "the voice gives no sound".to_owned());
                if open {
                    self.send(ToElevenLabs::close(&context)).await;
                }
            }
        }
        if self.link.keep_alive_at(&self.options).is_some_and(|at| at <= now) {
            let open: Vec<String> = (self.turns.iter().filter(|known| known.state == State::Open))
                .map(|known| known.context.clone())
                .collect();
            for context in &open {
                self.send(ToElevenLabs::keep_alive(Some(context))).await;
            }
            if open.is_empty() {
                self.send(ToElevenLabs::keep_alive(None)).await;
            }
        }
    }

    /// When to look again; patience with the voice counts only while it is being read.
    fn deadline(&self, free: bool) -> Instant {
        let patience = self.turns.iter().filter_map(|known| known.deadline).filter(|_| free);
        let times = patience.chain(self.link.keep_alive_at(&self.options));
        times.min().unwrap_or_else(|| clock::now() + FAR)
    }

    /// The call took an event: while it did not, the voice could not be heard, which is not its fault.
    fn forgive(&mut self) {
        if self.waiting.is_empty() {
            let earliest = clock::now() + self.options.stall;
            self.turns
                .iter_mut()
                .filter_map(|known| known.deadline.as_mut())
                .for_each(|at| *at = (*at).max(earliest));
        }
    }

    /// Sends a message; `false` when that lost the socket, which the loop deals with.
    async fn send(&mut self, message: ToElevenLabs<'_>) -> bool {
        match self.link.send(message, &self.options).await {
            Ok(()) => true,
            Err(reason) => {
                self.lost = Some(reason);
                false
            }
        }
    }
}
