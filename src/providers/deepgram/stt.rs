//! Speech to text by `/v1/listen` (Nova) or `/v2/listen` (Flux): one socket a call, opened again by itself when it breaks.
//!
//! Per 20 ms frame: one wake-up, one write. The one timer is armed again only when it fires.

use super::{
    Options, query,
    replay::Replay,
    watch::{Deafness, Turn},
    wire::{self, FromDeepgram},
};
use crate::{
    base::{backoff::Backoff, clock, queue::Reader},
    net::ws::{self, ConnectError, Limits, Message, Socket},
    ports::{
        self,
        stt::{HEARD_AGAIN, HearingCommand, SpeechToText, SttEvent, SttSession, SttSpec},
    },
};
use futures_util::{SinkExt as _, StreamExt as _};
use http::Uri;
use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Sleep, sleep, sleep_until, timeout},
};

/// Events that wait for the call before the recogniser is no longer read.
const EVENTS_WAITING: usize = 64;

/// How Deepgram listens. Durations are limits of our own unless said otherwise.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// The model: `nova-3`, or one of Flux, such as `flux-general-multi`, which decides itself when a turn is over.
    pub model: String,
    /// The language by Deepgram's code, such as `multi`; `None` follows the agent's tag.
    pub language: Option<String>,
    /// Silence that makes a result `speech_final`, in steps of 1 ms; 300 ms suits the telephone.
    pub endpointing: Duration,
    /// No new word for this long gives `UtteranceEnd`; Deepgram wants at least 1 s.
    pub utterance_end: Duration,
    /// Numbers, dates and e-mail addresses written as one would.
    pub smart_format: bool,
    /// Punctuation and capitals.
    pub punctuate: bool,
    /// Words to be expected, such as names of doctors; 500 tokens in total, nova-3 and later.
    pub keyterms: Vec<String>,
    /// Whether Deepgram may not train on the audio (changes the price).
    pub no_training: bool,
    /// The socket's limits: 2 s to connect, 4 MiB a message.
    pub socket: Limits,
    /// After this long without audio a keep-alive is sent; Deepgram closes after 10 s.
    pub keep_alive: Duration,
    /// Speech without any result for this long reconnects, once until the next result.
    pub patience: Duration,
    /// A write that is blocked for this long breaks the connection; meanwhile the oldest audio is lost.
    pub stalled: Duration,
    /// What no final covers is kept for a new connection, up to this much.
    pub keep: Duration,
    /// The first pause before connecting again; doubles.
    pub first_pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
    /// How long the farewell may take.
    pub closing: Duration,
}

impl ListenOptions {
    pub(super) fn is_flux(&self) -> bool {
        self.model.starts_with("flux-")
    }
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            model: "nova-3".to_owned(),
            language: None,
            endpointing: Duration::from_millis(300),
            utterance_end: Duration::from_secs(1),
            smart_format: true,
            punctuate: true,
            keyterms: Vec::new(),
            no_training: false,
            // A megabyte of transcript is cut, not refused: the connection would break at it again and again.
            socket: Limits { message: 4 << 20, ..Limits::default() },
            keep_alive: Duration::from_secs(4),
            patience: Duration::from_secs(5),
            stalled: Duration::from_secs(5),
            keep: HEARD_AGAIN,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(2),
            closing: Duration::from_secs(1),
        }
    }
}

/// Deepgram's recogniser.
#[derive(Debug)]
pub struct Listen {
    options: Arc<Options>,
}

impl Listen {
    /// A recogniser; connects when a call opens it.
    pub fn new(options: Options) -> Self {
        Self { options: Arc::new(options) }
    }
}

impl SpeechToText for Listen {
    fn name(&self) -> &'static str {
        "deepgram"
    }

    fn open(&self, spec: SttSpec) -> SttSession {
        let (commands, heard) = SttSession::queue();
        let (events, told) = mpsc::channel(EVENTS_WAITING);
        let listening = Listening::new(Arc::clone(&self.options), &spec, heard, events);
        // The task ends by itself when either end of the session goes, after a farewell of at most `closing`.
        drop(tokio::spawn(listening.run()));
        SttSession { commands, events: ports::events(told, ()) }
    }
}

/// Why a stretch of listening ended.
enum End {
    /// The call closed the session.
    Closed,
    /// The connection broke.
    Lost(String),
}

/// One call's recognition.
struct Listening {
    options: Arc<Options>,
    address: Option<Uri>,
    commands: Reader<HearingCommand>,
    events: mpsc::Sender<SttEvent>,
    replay: Replay,
    turn: Turn,
    deafness: Deafness,
    backoff: Backoff,
    refusals: u32,
}

impl Listening {
    fn new(
        options: Arc<Options>,
        spec: &SttSpec,
        commands: Reader<HearingCommand>,
        events: mpsc::Sender<SttEvent>,
    ) -> Self {
        let listen = &options.listen;
        Self {
            address: query::address(&options, spec),
            commands,
            events,
            replay: Replay::new(listen.keep),
            turn: Turn::default(),
            deafness: Deafness::new(listen.patience),
            backoff: Backoff::new(listen.first_pause, listen.longest_pause),
            refusals: 0,
            options,
        }
    }

    async fn run(mut self) {
        loop {
            let (fatal, reason) = match self.connect().await {
                None => return,
                Some(Err(refusal)) => refusal,
                Some(Ok(socket)) => match Box::pin(self.converse(socket)).await {
                    End::Closed => return,
                    End::Lost(reason) => (false, reason),
                },
            };
            tracing::debug!(provider = "deepgram", fatal, reason, "Recogniser lost");
            if self.events.send(SttEvent::Lost { fatal, reason }).await.is_err() || fatal {
                return;
            }
            let pause = self.backoff.pause(rand::random());
            if self.keeping(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Waits for `other` while caller audio goes on being kept; `None` when the session was closed.
    async fn keeping<T>(&mut self, other: impl Future<Output = T>) -> Option<T> {
        let mut other = pin!(other);
        loop {
            tokio::select! {
                done = &mut other => return Some(done),
                () = self.events.closed() => return None,
                command = self.commands.recv() => match command? {
                    HearingCommand::Audio(frame) => self.replay.push(frame),
                    HearingCommand::Paused | HearingCommand::TurnOver => {}
                },
            }
        }
    }

    /// A socket, or whether the refusal is fatal and why; `None` when the session was closed.
    async fn connect(&mut self) -> Option<Result<Socket, (bool, String)>> {
        let Some(address) = self.address.clone() else {
            return Some(Err((true, "the address cannot be used".to_owned())));
        };
        let headers = self.options.headers();
        let limits = self.options.listen.socket;
        let opening = async move { ws::connect(&address, headers, limits).await };
        Some(match self.keeping(opening).await? {
            Ok(socket) => Ok(socket),
            Err(ConnectError::Unreachable(reason)) => Err((false, reason)),
            Err(ConnectError::Answered { status, body }) => {
                let reason = format!("HTTP {status} {}", wire::error_name(&body)).trim_end().to_owned();
                // Too many streams (429), a time-out (408) and server errors pass; anything else is about us.
                let refused = (400..500).contains(&status) && !matches!(status, 408 | 429);
                self.refusals += u32::from(refused);
                Err((refused && self.refusals >= 2, reason))
            }
        })
    }

    async fn converse(&mut self, mut socket: Socket) -> End {
        self.replay.restart();
        self.deafness.reconnected();
        self.refusals = 0;
        if self.events.send(SttEvent::Ready).await.is_err() {
            return End::Closed;
        }
        let mut spoke = clock::now();
        let mut timer = pin!(sleep_until((spoke + self.options.listen.keep_alive).into()));
        loop {
            while let Some(frame) = self.replay.next() {
                spoke = clock::now();
                self.deafness.sent(&frame, spoke);
                if let Err(reason) = self.write(&mut socket, Message::Binary(frame)).await {
                    return End::Lost(reason);
                }
            }
            let outcome = tokio::select! {
                command = self.commands.recv() => self.obey(command, &mut socket).await,
                message = socket.next() => self.hear(message).await,
                () = timer.as_mut() => {
                    let now = clock::now();
                    let idle = now >= spoke + self.options.listen.keep_alive;
                    if idle {
                        spoke = now;
                    }
                    self.tick(timer.as_mut(), idle, spoke, &mut socket).await
                }
            };
            if let Some(end) = outcome {
                return end;
            }
        }
    }

    async fn obey(&mut self, command: Option<HearingCommand>, socket: &mut Socket) -> Option<End> {
        match command {
            Some(HearingCommand::Audio(frame)) => self.replay.push(frame),
            // Deepgram ends turns by itself; it only helps to ask for words that are still partial.
            Some(HearingCommand::TurnOver) if self.turn.has_unfinished() => {
                return self.write(socket, Message::text(wire::FINALIZE)).await.err().map(End::Lost);
            }
            Some(HearingCommand::Paused | HearingCommand::TurnOver) => {}
            None => {
                let farewell = timeout(self.options.listen.closing, farewell(socket)).await;
                tracing::trace!(polite = farewell.is_ok(), "Recogniser closed");
                return Some(End::Closed);
            }
        }
        None
    }

    async fn hear(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Option<End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                return None;
            }
            last => return Some(End::Lost(ws::ending(last))),
        };
        let message = FromDeepgram::read(&text);
        match &message {
            FromDeepgram::Results(results) => {
                self.answered();
                if results.is_final {
                    self.replay.cover(results.end);
                }
            }
            FromDeepgram::TurnInfo(info) => {
                self.answered();
                if info.is_over {
                    self.replay.cover(info.end);
                }
            }
            FromDeepgram::Trouble(kind) => {
                tracing::debug!(provider = "deepgram", kind, "Recogniser complains");
            }
            _ => {}
        }
        match self.turn.read(message) {
            Some(event) => self.events.send(event).await.is_err().then_some(End::Closed),
            None => None,
        }
    }

    /// The service works again only when it answers: a server that accepts and closes is not hammered.
    fn answered(&mut self) {
        self.deafness.answered();
        let listen = &self.options.listen;
        self.backoff = Backoff::new(listen.first_pause, listen.longest_pause);
    }

    async fn tick(
        &mut self,
        timer: Pin<&mut Sleep>,
        idle: bool,
        spoke: std::time::Instant,
        socket: &mut Socket,
    ) -> Option<End> {
        if self.deafness.fires(clock::now()) {
            return Some(End::Lost(format!("no result for {:?} of speech", self.options.listen.patience)));
        }
        if self.events.is_closed() {
            return Some(End::Closed);
        }
        let next = spoke + self.options.listen.keep_alive;
        timer.reset(self.deafness.deadline().map_or(next, |deaf| next.min(deaf)).into());
        // Flux knows no keep-alive; the telephone never pauses.
        if idle && !self.options.listen.is_flux() {
            return self.write(socket, Message::text(wire::KEEP_ALIVE)).await.err().map(End::Lost);
        }
        None
    }

    /// One message out. While the server does not read, caller audio waits in its queue, which drops the oldest.
    async fn write(&self, socket: &mut Socket, message: Message) -> Result<(), String> {
        match timeout(self.options.listen.stalled, socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the recogniser has not read for {:?}", self.options.listen.stalled)),
        }
    }
}

/// Tells Deepgram that the audio is over, so that it stops charging, and waits for its close.
async fn farewell(socket: &mut Socket) {
    if socket.send(Message::text(wire::CLOSE_STREAM)).await.is_ok() {
        ws::drain(socket).await;
    }
}
