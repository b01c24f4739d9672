//! A phone and its calls, as their users hold them.

use super::{
    network::Caller,
    options::{CallRecord, Ended, HangUpStyle, Oddity, PhoneError, PhoneEvent, PhoneOptions},
};
use crate::base::clock;
use bytes::Bytes;
use rustls::crypto::{CryptoProvider, ring};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Commands that wait for a call.
const COMMANDS: usize = 64;

/// Events that wait to be taken; later ones are lost and counted.
const EVENTS: usize = 1_024;

/// Twilio waits 15 s for TwiML (its documentation, "total timeout").
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);

/// What a call is told to do.
#[derive(Debug)]
pub(super) enum Command {
    Say(Bytes),
    Hush,
    Background(Bytes),
    Press(char),
    Inject(Oddity),
    HangUp(HangUpStyle),
}

/// Places calls. The frames of all its calls lie on one grid of 20 ms, spread over its phases.
#[derive(Debug)]
pub struct Phone {
    client: reqwest::Client,
    epoch: Instant,
    placed: AtomicU32,
}

impl Phone {
    /// A phone. Installs the process's crypto provider where there is none yet.
    ///
    /// # Errors
    /// When no HTTP client can be built.
    pub fn new() -> Result<Self, PhoneError> {
        if CryptoProvider::get_default().is_none() {
            // An error says that another thread was faster.
            drop(ring::default_provider().install_default());
        }
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(WEBHOOK_TIMEOUT)
            // Whoever spreads requests over servers decides anew with each.
            .pool_max_idle_per_host(0)
            .user_agent("TwilioProxy/1.1")
            .redirect(reqwest::redirect::Policy::limited(5))
            .build()
            .map_err(PhoneError::Client)?;
        Ok(Self { client, epoch: clock::now(), placed: AtomicU32::new(0) })
    }

    /// Places a call; must be called within a tokio runtime. Dropping the call breaks its connections.
    pub fn dial(&self, options: PhoneOptions) -> Call {
        let (commands, orders) = mpsc::channel(COMMANDS);
        let (tell, events) = mpsc::channel(EVENTS);
        // Seven is coprime with twenty: a few calls spread as well as many.
        let phase = self.placed.fetch_add(7, Ordering::Relaxed) % 20;
        let grid = self.epoch + Duration::from_millis(u64::from(phase));
        let caller = Caller::new(self.client.clone(), options, orders, tell, grid);
        Call { commands, events, task: AbortOnDropHandle::new(tokio::spawn(caller.run())) }
    }
}

/// A call that goes on.
#[derive(Debug)]
pub struct Call {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<PhoneEvent>,
    task: AbortOnDropHandle<CallRecord>,
}

impl Call {
    /// Says mu-law sound (8 kHz), after what was said before.
    pub async fn say(&self, audio: impl Into<Bytes>) {
        self.command(Command::Say(audio.into())).await;
    }

    /// Stops speaking at once.
    pub async fn hush(&self) {
        self.command(Command::Hush).await;
    }

    /// From now on the microphone picks this mu-law sound up, over and over, while nothing is said; silence where it is empty.
    pub async fn background(&self, audio: impl Into<Bytes>) {
        self.command(Command::Background(audio.into())).await;
    }

    /// Presses a key: `0-9*#A-D`.
    pub async fn press(&self, digit: char) {
        self.command(Command::Press(digit)).await;
    }

    /// Does what no network should.
    pub async fn inject(&self, oddity: Oddity) {
        self.command(Command::Inject(oddity)).await;
    }

    /// Hangs up; [`Call::end`] waits for it to be done.
    pub async fn hang_up(&self, style: HangUpStyle) {
        self.command(Command::HangUp(style)).await;
    }

    async fn command(&self, command: Command) {
        if self.commands.send(command).await.is_err() {
            tracing::debug!("the call is already over");
        }
    }

    /// The next event; `None` after [`PhoneEvent::Ended`] was taken. Cancel-safe.
    pub async fn next(&mut self) -> Option<PhoneEvent> {
        self.events.recv().await
    }

    /// Waits for an event that `wanted` chooses, dropping those before it; `None` when the call ends first. Cancel-safe.
    pub async fn until(&mut self, wanted: impl Fn(&PhoneEvent) -> bool) -> Option<PhoneEvent> {
        loop {
            let event = self.next().await?;
            if wanted(&event) {
                return Some(event);
            }
        }
    }

    /// Waits for the end of the call and returns what remains of it.
    pub async fn end(self) -> CallRecord {
        let Self { commands, mut events, task } = self;
        while events.recv().await.is_some() {}
        drop(commands);
        match task.await {
            Ok(record) => record,
            Err(error) => CallRecord {
                ended: Ended::Failed(format!("the phone broke: {error}")),
                lasted: Duration::ZERO,
                measured: super::Measured::default(),
                heard: Vec::new(),
                network_said: Vec::new(),
                events_lost: 0,
                status_answer: None,
            },
        }
    }
}
