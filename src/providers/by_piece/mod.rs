//! A voice that is one HTTP request a piece, whoever the vendor: the next one is under way while a piece sounds.

mod fetch;
mod sound;

pub(super) use sound::Coding;

use crate::{
    base::ids::TurnId,
    dialogue::spoken::{Locale, say::text},
    net::http::Timeouts,
    ports::{
        self,
        tts::{COMMANDS_WAITING, SpeechCommand, SpeechEvent, TtsSession},
    },
};
use fetch::Fetch;
use reqwest::{Client, Request};
use std::{collections::VecDeque, time::Duration};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Events that wait for the call: 1 s of sound.
const EVENTS_WAITING: usize = 4;
/// Pieces under way at once: the one that sounds and the one after it.
const AT_ONCE: usize = 2;
/// Pieces that may wait; an answer has a handful.
const PIECES_WAITING: usize = 256;

/// The time limits of such a voice.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Connection limits.
    pub http: Timeouts,
    /// From the request to the first byte of sound, a second try included.
    pub first_byte: Duration,
    /// Between two chunks of sound.
    pub stall: Duration,
    /// Before the only second try, after an overload or a broken connection.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            http: Timeouts::default(),
            first_byte: Duration::from_secs(4),
            stall: Duration::from_secs(1),
            pause: Duration::from_millis(250),
        }
    }
}

/// The vendor's side of one call's voice.
pub(super) trait Speaker: Send + 'static {
    /// Its name in logs.
    const NAME: &'static str;
    /// How its sound is coded.
    const CODING: Coding;
    /// Asks for one piece.
    ///
    /// # Errors
    /// When it cannot be built, which no text causes.
    fn request(&self, client: &Client, text: &str) -> reqwest::Result<Request>;
    /// The short name that the body of a refusal gives it, fit for logs; empty where it gives none.
    fn refusal(body: &[u8]) -> String;
    /// Whether a refusal of this name lasts although its status says that it may pass.
    fn lasts(_name: &str) -> bool {
        false
    }
}

/// Opens the voice for one call.
pub(super) fn open<V: Speaker>(vendor: V, locale: Locale, client: Client, patience: Patience) -> TtsSession {
    let (commands, asked) = mpsc::channel(COMMANDS_WAITING);
    let (events, told) = mpsc::channel(EVENTS_WAITING);
    let (waiting, items, failed) = (None, VecDeque::new(), None);
    let speaking = Speaking { vendor, locale, client, patience, events, waiting, items, failed };
    let task = AbortOnDropHandle::new(tokio::spawn(speaking.run(asked)));
    TtsSession { commands, events: ports::events(told, task) }
}

/// What is to be done, in order.
struct Item {
    turn: TurnId,
    work: Work,
}

enum Work {
    Piece { piece: u32, text: String, fetch: Option<Fetch> },
    Finish,
}

/// One call's voice.
struct Speaking<V> {
    vendor: V,
    locale: Locale,
    client: Client,
    patience: Patience,
    events: mpsc::Sender<SpeechEvent>,
    /// The event that the call has not taken yet.
    waiting: Option<SpeechEvent>,
    items: VecDeque<Item>,
    /// The newest turn that failed: what still comes for it is not spoken.
    failed: Option<TurnId>,
}

impl<V: Speaker> Speaking<V> {
    async fn run(mut self, mut commands: mpsc::Receiver<SpeechCommand>) {
        let closed = self.events.clone();
        loop {
            self.fetch_ahead();
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                () = self.step() => {}
                () = closed.closed() => return,
            }
        }
    }

    fn obey(&mut self, command: SpeechCommand) {
        match command {
            SpeechCommand::Say { turn, .. } | SpeechCommand::Finish { turn } if self.failed == Some(turn) => {
            }
            SpeechCommand::Say { turn, .. } if self.items.len() >= PIECES_WAITING => {
                self.fail(turn, "too many pieces wait".to_owned());
            }
            SpeechCommand::Say { turn, piece, text } => {
                let text = text::words(&text, self.locale);
                self.items.push_back(Item { turn, work: Work::Piece { piece, text, fetch: None } });
            }
            SpeechCommand::Finish { turn } => self.items.push_back(Item { turn, work: Work::Finish }),
            SpeechCommand::Cancel { turn } => {
                self.forget(turn);
                self.waiting.take_if(|event| event.turn() == turn);
            }
        }
    }

    /// Starts the requests of the first pieces.
    fn fetch_ahead(&mut self) {
        let works = self.items.iter_mut().map(|item| &mut item.work);
        let pieces = works.filter_map(|work| match work {
            Work::Piece { text, fetch, .. } => Some((text, fetch)),
            Work::Finish => None,
        });
        for (text, fetch) in pieces.take(AT_ONCE).filter(|(_, fetch)| fetch.is_none()) {
            match self.vendor.request(&self.client, text) {
                Ok(request) => *fetch = Some(Fetch::start::<V>(self.client.clone(), request, self.patience)),
                Err(error) => {
                    tracing::warn!(provider = V::NAME, %error, "A speech request cannot be built");
                }
            }
        }
    }

    /// Moves one event on. Cancel-safe: nothing is taken before it can be kept.
    async fn step(&mut self) {
        if self.waiting.is_some() {
            match self.events.reserve().await {
                Ok(place) => {
                    if let Some(event) = self.waiting.take() {
                        place.send(event);
                    }
                }
                Err(_) => self.waiting = None, // the session was dropped; `run` sees it too
            }
            return;
        }
        let Some(Item { turn, work }) = self.items.front_mut() else {
            return std::future::pending().await;
        };
        let turn = *turn;
        let Work::Piece { piece, fetch, .. } = work else {
            self.items.pop_front();
            self.waiting = Some(SpeechEvent::Done { turn });
            return;
        };
        let piece = *piece;
        let Some(fetch) = fetch else {
            return self.fail(turn, "the request could not be built".to_owned());
        };
        match fetch.next().await {
            Some(Ok(audio)) => self.waiting = Some(SpeechEvent::Audio { turn, piece, audio, text: None }),
            Some(Err(reason)) => self.fail(turn, reason),
            None => {
                self.items.pop_front();
                self.waiting = Some(SpeechEvent::PieceDone { turn, piece });
            }
        }
    }

    fn fail(&mut self, turn: TurnId, reason: String) {
        self.failed = Some(turn);
        self.forget(turn);
        self.waiting = Some(SpeechEvent::Failed { turn, reason });
    }

    fn forget(&mut self, turn: TurnId) {
        self.items.retain(|item| item.turn != turn);
    }
}
