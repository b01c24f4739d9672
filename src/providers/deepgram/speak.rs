//! Text to speech by `POST /v1/speak`: one request a piece, the next one already under way while a piece sounds.

use super::{
    Options,
    fetch::{Fetch, Patience},
    wire,
};
use crate::{
    base::{ids::TurnId, language::Language},
    net::http::{self, NoClient, Timeouts},
    ports::{
        self,
        tts::{COMMANDS_WAITING, SpeechCommand, SpeechEvent, TextToSpeech, TtsSession, TtsSpec},
    },
};
use reqwest::{Client, Url};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Events that wait for the call: 1 s of sound.
const EVENTS_WAITING: usize = 4;
/// Pieces under way at once: the one that sounds and the one after it.
const AT_ONCE: usize = 2;
/// Pieces that may wait; an answer has a handful.
const PIECES_WAITING: usize = 256;

/// How `/v1/speak` is used.
#[derive(Clone, Debug)]
pub struct SpeakOptions {
    /// The voice where the agent names none and speaks Spanish.
    pub voice_es: String,
    /// The voice where the agent names none and speaks English.
    pub voice_en: String,
    /// Whether Deepgram may not train on the text (changes the price).
    pub no_training: bool,
    /// Connection limits.
    pub http: Timeouts,
    /// From the request to the first byte of sound.
    pub first_byte: Duration,
    /// Between two chunks of sound.
    pub stall: Duration,
    /// Before the only second try, after an overload or a broken connection.
    pub pause: Duration,
}

impl Default for SpeakOptions {
    fn default() -> Self {
        Self {
            voice_es: "aura-2-celeste-es".to_owned(),
            voice_en: "aura-2-thalia-en".to_owned(),
            no_training: false,
            http: Timeouts::default(),
            first_byte: Duration::from_secs(4),
            stall: Duration::from_secs(1),
            pause: Duration::from_millis(250),
        }
    }
}

/// Deepgram's voice.
#[derive(Debug)]
pub struct Speak {
    options: Arc<Options>,
    client: Client,
}

impl Speak {
    /// A voice; its connections are shared by all calls.
    ///
    /// # Errors
    /// [`NoClient`] when no HTTP client can be built.
    pub fn new(options: Options) -> Result<Self, NoClient> {
        let client = http::client(&options.base_url, options.speak.http)?;
        Ok(Self { options: Arc::new(options), client })
    }
}

impl TextToSpeech for Speak {
    fn name(&self) -> &'static str {
        "deepgram"
    }

    fn open(&self, spec: TtsSpec) -> TtsSession {
        let (commands, asked) = mpsc::channel(COMMANDS_WAITING);
        let (events, told) = mpsc::channel(EVENTS_WAITING);
        let speaking = Speaking {
            address: address(&self.options, &spec),
            options: Arc::clone(&self.options),
            client: self.client.clone(),
            events,
            waiting: None,
            items: VecDeque::new(),
            failed: None,
        };
        let task = AbortOnDropHandle::new(tokio::spawn(speaking.run(asked)));
        TtsSession { commands, events: ports::events(told, task) }
    }
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
struct Speaking {
    options: Arc<Options>,
    address: Url,
    client: Client,
    events: mpsc::Sender<SpeechEvent>,
    /// The event that the call has not taken yet.
    waiting: Option<SpeechEvent>,
    items: VecDeque<Item>,
    /// The newest turn that failed: what still comes for it is not spoken.
    failed: Option<TurnId>,
}

impl Speaking {
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
        let patience = Patience {
            first: self.options.speak.first_byte,
            stall: self.options.speak.stall,
            pause: self.options.speak.pause,
        };
        let works = self.items.iter_mut().map(|item| &mut item.work);
        let pieces = works.filter_map(|work| match work {
            Work::Piece { text, fetch, .. } => Some((text, fetch)),
            Work::Finish => None,
        });
        for (text, fetch) in pieces.take(AT_ONCE).filter(|(_, fetch)| fetch.is_none()) {
            let request = self.client.post(self.address.clone()).headers(self.options.headers());
            match request.json(&wire::Speak { text }).build() {
                Ok(request) => *fetch = Some(Fetch::start(self.client.clone(), request, patience)),
                Err(error) => {
                    tracing::warn!(provider = "deepgram", %error, "A speech request cannot be built");
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

/// The address with all settings. `container=none`: a WAV header would be heard as a click.
fn address(options: &Options, spec: &TtsSpec) -> Url {
    let speak = &options.speak;
    let voice = match (spec.voice.as_str(), spec.language) {
        ("", Language::Es) => &speak.voice_es,
        ("", Language::En) => &speak.voice_en,
        (voice, _) => voice,
    };
    let mut url = options.base_url.http("/v1/speak");
    let mut query = url.query_pairs_mut();
    query
        .append_pair("model", voice)
        .append_pair("encoding", "mulaw")
        .append_pair("container", "none")
        .append_pair("sample_rate", "8000");
    if speak.no_training {
        query.append_pair("mip_opt_out", "true");
    }
    drop(query);
    url
}
