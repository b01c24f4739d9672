//! A recogniser over one WebSocket a call, whoever the vendor: opened again by itself when it breaks, and then told again
//! what no final covers.
//!
//! Per 20 ms frame: one wake-up, one write. The one timer is armed again only when it fires.

mod deafness;
mod lenient;
mod listener;
mod replay;
mod text;

pub(super) use lenient::{flag, number, number_of, text};
pub(super) use listener::{Covered, Listener, Refusal, Said, SignOfLife};
pub(super) use text::clean;

use crate::{
    base::{backoff::Backoff, clock, queue::Reader},
    net::{
        refused::Refused,
        ws::{self, ConnectError, Limits, Message, Socket},
    },
    ports::{
        self,
        stt::{self, HEARD_AGAIN, HearingCommand, SttEvent, SttSession},
    },
};
use deafness::Deafness;
use futures_util::{SinkExt as _, StreamExt as _};
use replay::Replay;
use std::{
    pin::{Pin, pin},
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc,
    time::{Sleep, sleep, sleep_until, timeout},
};

/// Events that wait for the call before the recogniser is no longer read.
const EVENTS_WAITING: usize = 64;

/// Samples of silence that keep a line alive: 100 ms.
const SIGN_OF_LIFE: usize = 800;

/// How a recogniser's connection is kept. Durations are limits of our own.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The socket's limits: 2 s to connect, 4 MiB a message.
    pub socket: Limits,
    /// After this long without audio a sign of life is sent.
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

impl Default for Line {
    fn default() -> Self {
        Self {
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

/// Opens the recognition for one call.
pub(super) fn open<V: Listener>(vendor: V, line: Line) -> SttSession {
    let (commands, heard) = SttSession::queue();
    let (events, told) = mpsc::channel(EVENTS_WAITING);
    let listening = Listening {
        vendor,
        commands: heard,
        events,
        replay: Replay::new(line.keep),
        deafness: Deafness::new(line.patience, V::SOUND),
        backoff: Backoff::new(line.first_pause, line.longest_pause),
        refusals: 0,
        line,
    };
    // The task ends by itself when either end of the session goes, after a farewell of at most `closing`.
    drop(tokio::spawn(Box::new(listening).run()));
    SttSession { commands, events: ports::events(told, ()) }
}

/// Why a stretch of listening ended.
enum End {
    /// The call closed the session.
    Closed,
    /// The connection broke, or is of no more use.
    Lost(Refusal),
}

impl End {
    fn broke(reason: String) -> Self {
        Self::Lost(Refusal { reason, ours: false })
    }
}

/// One call's recognition.
struct Listening<V> {
    vendor: V,
    line: Line,
    commands: Reader<HearingCommand>,
    events: mpsc::Sender<SttEvent>,
    replay: Replay,
    deafness: Deafness,
    backoff: Backoff,
    /// Since the last result.
    refusals: u32,
}

impl<V: Listener> Listening<V> {
    async fn run(mut self: Box<Self>) {
        loop {
            let Refusal { reason, ours } = match Box::pin(self.connect()).await {
                None => return,
                Some(Err(refusal)) => refusal,
                Some(Ok(socket)) => match Box::pin(self.converse(socket)).await {
                    End::Closed => return,
                    End::Lost(refusal) => refusal,
                },
            };
            self.refusals += u32::from(ours);
            let fatal = ours && self.refusals >= 2;
            tracing::debug!(provider = V::NAME, fatal, reason, "Recogniser lost");
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
                    HearingCommand::Quiet(frame) => self.replay.push_quiet(frame),
                    HearingCommand::Paused | HearingCommand::TurnOver => {}
                },
            }
        }
    }

    /// A socket, or why there is none; `None` when the session was closed.
    async fn connect(&mut self) -> Option<Result<Socket, Refusal>> {
        let Some(address) = self.vendor.address() else {
            return Some(Err(Refusal { reason: "the address cannot be used".to_owned(), ours: true }));
        };
        let (headers, limits) = (self.vendor.headers(), self.line.socket);
        let opening = async move { ws::connect(&address, headers, limits).await };
        Some(self.keeping(opening).await?.map_err(|error| match error {
            ConnectError::Unreachable(reason) => {
                tracing::warn!(
                    provider = V::NAME,
                    code = "STT_CONNECT",
                    reason,
                    "the recogniser can't be reached"
                );
                Refusal { reason, ours: false }
            }
            ConnectError::Answered { status, body } => {
                let refused = Refused { status, name: V::refusal(&body) };
                Refusal { reason: refused.to_string(), ours: !refused.passes() }
            }
        }))
    }

    async fn converse(&mut self, mut socket: Socket) -> End {
        self.replay.restart();
        self.deafness.reconnected();
        if let Some(event) = self.vendor.connected()
            && self.events.send(event).await.is_err()
        {
            return End::Closed;
        }
        let mut spoke = clock::now();
        let mut timer = pin!(sleep_until((spoke + self.line.keep_alive).into()));
        loop {
            while let Some(frame) = self.replay.next() {
                spoke = clock::now();
                self.deafness.sent(&frame, spoke);
                let message = self.vendor.audio(frame);
                if let Err(end) = self.write(&mut socket, message).await {
                    return end;
                }
            }
            let outcome = tokio::select! {
                command = self.commands.recv() => self.obey(command, &mut socket).await,
                message = socket.next() => self.hear(message).await,
                () = timer.as_mut() => {
                    let now = clock::now();
                    let idle = now >= spoke + self.line.keep_alive;
                    if idle {
                        spoke = now;
                    }
                    self.tick(timer.as_mut(), idle, spoke, &mut socket).await
                }
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    async fn obey(&mut self, command: Option<HearingCommand>, socket: &mut Socket) -> Result<(), End> {
        match command {
            Some(HearingCommand::Audio(frame)) => self.replay.push(frame),
            Some(HearingCommand::Quiet(frame)) => self.replay.push_quiet(frame),
            // These vendors end turns by themselves; it only helps to ask for words that are still partial.
            Some(HearingCommand::TurnOver) => {
                if let Some(message) = self.vendor.turn_over() {
                    return self.write(socket, message).await;
                }
            }
            Some(HearingCommand::Paused) => {}
            None => {
                let farewell = timeout(self.line.closing, farewell::<V>(socket)).await;
                tracing::trace!(polite = farewell.is_ok(), "Recogniser closed");
                return Err(End::Closed);
            }
        }
        Ok(())
    }

    async fn hear(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<(), End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                return Ok(());
            }
            last => return Err(End::broke(ws::ending(last))),
        };
        let Said { events, result, covered, refusal } = self.vendor.read(&text);
        if result {
            self.answered();
        }
        match covered {
            Some(Covered::To(seconds)) => self.replay.cover(seconds),
            Some(Covered::SentBut(rest)) => self.replay.may_cover_all_but(rest),
            None => {}
        }
        for event in events {
            if self.events.send(event).await.is_err() {
                return Err(End::Closed);
            }
        }
        refusal.map_or(Ok(()), |refusal| Err(End::Lost(refusal)))
    }

    /// The service works again only when it answers: a server that accepts and closes is not hammered.
    fn answered(&mut self) {
        self.deafness.answered();
        self.refusals = 0;
        self.backoff = Backoff::new(self.line.first_pause, self.line.longest_pause);
    }

    async fn tick(
        &mut self,
        timer: Pin<&mut Sleep>,
        idle: bool,
        spoke: Instant,
        socket: &mut Socket,
    ) -> Result<(), End> {
        if self.deafness.fires(clock::now()) {
            return Err(End::broke(format!("no result for {:?} of speech", self.line.patience)));
        }
        if self.events.is_closed() {
            return Err(End::Closed);
        }
        let next = spoke + self.line.keep_alive;
        timer.reset(self.deafness.deadline().map_or(next, |deaf| next.min(deaf)).into());
        match self.vendor.sign_of_life() {
            SignOfLife::Message(message) if idle => return self.write(socket, message).await,
            SignOfLife::Silence if idle => self.replay.push(stt::silence(SIGN_OF_LIFE)),
            SignOfLife::Message(_) | SignOfLife::Silence => {}
        }
        Ok(())
    }

    /// One message out. While the server does not read, caller audio waits in its queue, which drops the oldest.
    async fn write(&self, socket: &mut Socket, message: Message) -> Result<(), End> {
        match timeout(self.line.stalled, socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| End::broke(error.to_string())),
            Err(_) => Err(End::broke(format!("the recogniser has not read for {:?}", self.line.stalled))),
        }
    }
}

/// Tells the vendor that the audio is over, so that it stops charging, and waits for its close.
async fn farewell<V: Listener>(socket: &mut Socket) {
    let told = match V::farewell() {
        Some(message) => socket.send(message).await,
        None => socket.as_mut().close(None).await,
    };
    if told.is_ok() {
        ws::drain(socket).await;
    }
}
