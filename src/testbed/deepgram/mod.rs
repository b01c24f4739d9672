//! A fake of Deepgram: live recognition (`/v1/listen`, and Flux at `/v2/listen`) that hears by energy or is told the words, and
//! Aura voices (`/v1/speak`).

mod listen;
mod query;
mod refusal;
mod speak;
mod wire;

pub use super::recogniser::Word;

use super::{
    door::Door,
    faults::Faults,
    log::{Log, Service},
    recogniser::SENTENCES,
    script::Script,
    speech::{SpeechFault, SpeechPace},
};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing,
};
use serde_json::json;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What was told of callers and not taken yet by a socket.
const DICTATIONS: usize = 64;

/// What goes wrong with the recognition of one socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenFault {
    /// Nothing.
    #[default]
    None,
    /// The upgrade is answered by this HTTP status (400, 401, 402, 403, 429, 5xx) with Deepgram's body.
    Refuse(u16),
    /// Audio is taken, nothing is ever said.
    Silent,
    /// The socket is closed with 1011 after the first partial of an utterance.
    CloseMidUtterance,
    /// The connection is cut without a close frame after the first partial of an utterance.
    CutMidUtterance,
    /// Finals never come, not even after `Finalize`.
    PartialsOnly,
    /// Finals come without `speech_final`; an `UtteranceEnd` follows, also where it was not asked for.
    UtteranceEndOnly,
    /// The final comes 2 s late, and twice; so does what `Finalize` makes final.
    LateTwice,
    /// Around each message stand others: of unknown type, without fields, deeply nested, not JSON, binary.
    UnknownEvents,
    /// The transcript is a megabyte long and holds control characters.
    HugeText,
    /// The socket is no longer read once audio came.
    StopReading,
    /// `Finalize` is never answered.
    IgnoreFinalize,
}

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct DeepgramOptions {
    /// 0 takes a free port.
    pub port: u16,
    /// The key that is accepted; any when absent.
    pub key: Option<String>,
    /// From the last voiced frame to the final (design §9: 350 ms).
    pub final_after: Duration,
    /// Between partials.
    pub partial_every: Duration,
    /// From the newest partial to Flux' eager end of turn; more than `partial_every`, or each word seems to be the last.
    pub eager_after: Duration,
    /// Without any message for so long the socket is closed with 1011 `NET-0001` (10 s).
    pub idle: Duration,
    /// Recognises only what [`Deepgram::dictate`] tells, however the line sounds.
    pub dictated: bool,
    /// What callers say, over and over.
    pub sentences: Vec<String>,
    /// The Aura voice.
    pub speech: SpeechPace,
}

impl Default for DeepgramOptions {
    fn default() -> Self {
        Self {
            port: 0,
            key: None,
            final_after: Duration::from_millis(350),
            partial_every: Duration::from_millis(150),
            eager_after: Duration::from_millis(200),
            idle: Duration::from_secs(10),
            dictated: false,
            sentences: SENTENCES.map(str::to_owned).to_vec(),
            speech: SpeechPace::default(),
        }
    }
}

/// What handlers share.
#[derive(Debug)]
struct Shared {
    options: DeepgramOptions,
    log: Log,
    listen: Faults<ListenFault>,
    speak: Faults<SpeechFault>,
    script: Script<String>,
    dictation: broadcast::Sender<Arc<[Word]>>,
    cut: watch::Sender<Option<(u16, String)>>,
    gone: CancellationToken,
}

/// The running fake.
#[derive(Debug)]
pub struct Deepgram {
    door: Door,
    shared: Arc<Shared>,
    _gone: DropGuard,
}

impl Deepgram {
    pub(super) async fn start(options: DeepgramOptions, log: Log) -> io::Result<Self> {
        let port = options.port;
        let gone = CancellationToken::new();
        let shared = Arc::new(Shared {
            script: Script::cycle(options.sentences.clone()),
            options,
            log,
            listen: Faults::default(),
            speak: Faults::default(),
            dictation: broadcast::Sender::new(DICTATIONS),
            cut: watch::Sender::new(None),
            gone: gone.clone(),
        });
        let router = Router::new()
            .route("/v1/listen", routing::get(listen::upgrade))
            .route("/v2/listen", routing::get(listen::upgrade_flux))
            .route("/v1/speak", routing::post(speak::post))
            .route("/v1/projects", routing::get(projects))
            .with_state(Arc::clone(&shared));
        Ok(Self { door: Door::open(port, router).await?, shared, _gone: gone.drop_guard() })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.door.address())
    }

    /// What goes wrong with recognition; a visit is a socket.
    pub fn listen_faults(&self) -> &Faults<ListenFault> {
        &self.shared.listen
    }

    /// What goes wrong with voices; a visit is a request.
    pub fn speak_faults(&self) -> &Faults<SpeechFault> {
        &self.shared.speak
    }

    /// What is recognised next, before the usual sentences go on.
    pub fn hears(&self, sentences: impl IntoIterator<Item = impl Into<String>>) {
        self.shared.script.queue(sentences.into_iter().map(Into::into));
    }

    /// A caller begins to say these words; every socket that is open hears them. Only with [`DeepgramOptions::dictated`].
    pub fn dictate(&self, words: impl Into<Arc<[Word]>>) {
        if self.shared.dictation.send(words.into()).is_err() {
            tracing::debug!("no socket is open that could be told what is said");
        }
    }

    /// Closes all recognition sockets that are open with this code and reason.
    pub fn close_sockets(&self, code: u16, reason: &str) {
        self.shared.cut.send_replace(Some((code, reason.to_owned())));
    }

    /// Connections open now: sockets and requests.
    pub fn open(&self) -> usize {
        self.shared.log.open(Service::Deepgram)
    }

    /// Refuses connections and breaks those that are open.
    pub async fn shut(&self) {
        self.door.shut().await;
    }

    /// Takes connections again.
    pub async fn reopen(&self) {
        self.door.reopen().await;
    }
}

/// What whoever asks whether a key is good is answered.
async fn projects(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let _visit = shared.log.visit(Service::Deepgram, "/v1/projects");
    if !refusal::is_authorised(headers.get(header::AUTHORIZATION), shared.options.key.as_deref()) {
        return refusal::refuse(401, None);
    }
    Json(json!({"projects": [{"project_id": refusal::REQUEST_ID, "name": "A clinic"}]})).into_response()
}
