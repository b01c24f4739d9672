//! A fake of ElevenLabs: voices by the multi-context socket and by the streaming request, and live recognition, all in
//! `ulaw_8000`.

mod contexts;
mod multi;
mod refusal;
mod scribe;
mod stream;
mod wire;

pub use scribe::{ScribeFault, ScribePace};

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
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing,
};
use serde_json::json;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How the fake behaves.
#[derive(Clone, Debug, Default)]
pub struct ElevenLabsOptions {
    /// 0 takes a free port.
    pub port: u16,
    /// The key that is accepted; any when absent.
    pub key: Option<String>,
    /// How fast it speaks.
    pub pace: SpeechPace,
    /// Stands for the `inactivity_timeout` of the query, so that tests need not wait 20 s.
    pub inactivity: Option<Duration>,
    /// How it listens. Callers say what the fake of Deepgram hears.
    pub scribe: ScribePace,
}

#[derive(Debug)]
struct Shared {
    options: ElevenLabsOptions,
    log: Log,
    faults: Faults<SpeechFault>,
    scribe: Faults<ScribeFault>,
    script: Script<String>,
    cut: watch::Sender<Option<(u16, String)>>,
    gone: CancellationToken,
}

/// The running fake.
#[derive(Debug)]
pub struct ElevenLabs {
    door: Door,
    shared: Arc<Shared>,
    _gone: DropGuard,
}

impl ElevenLabs {
    pub(super) async fn start(options: ElevenLabsOptions, log: Log) -> io::Result<Self> {
        let port = options.port;
        let gone = CancellationToken::new();
        let cut = watch::Sender::new(None);
        let shared = Arc::new(Shared {
            options,
            log,
            faults: Faults::default(),
            scribe: Faults::default(),
            script: Script::cycle(SENTENCES.map(str::to_owned).to_vec()),
            cut,
            gone: gone.clone(),
        });
        let router = Router::new()
            .route("/v1/text-to-speech/{voice}/multi-stream-input", routing::get(multi::upgrade))
            .route("/v1/text-to-speech/{voice}/stream", routing::post(stream::post))
            .route("/v1/speech-to-text/realtime", routing::get(scribe::upgrade))
            .route("/v1/user", routing::get(user))
            .with_state(Arc::clone(&shared));
        Ok(Self { door: Door::open(port, router).await?, shared, _gone: gone.drop_guard() })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.door.address())
    }

    /// What goes wrong with voices; a visit is a socket or a request. What concerns audio is asked anew for each generation.
    pub fn faults(&self) -> &Faults<SpeechFault> {
        &self.shared.faults
    }

    /// What goes wrong with recognition; a visit is a socket.
    pub fn scribe_faults(&self) -> &Faults<ScribeFault> {
        &self.shared.scribe
    }

    /// What is recognised next, before the usual sentences go on.
    pub fn hears(&self, sentences: impl IntoIterator<Item = impl Into<String>>) {
        self.shared.script.queue(sentences.into_iter().map(Into::into));
    }

    /// Closes all sockets that are open with this code and reason.
    pub fn close_sockets(&self, code: u16, reason: &str) {
        self.shared.cut.send_replace(Some((code, reason.to_owned())));
    }

    /// Connections open now: sockets and requests.
    pub fn open(&self) -> usize {
        self.shared.log.open(Service::ElevenLabs)
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

/// The account, and what is left of its plan.
async fn user(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let _visit = shared.log.visit(Service::ElevenLabs, "/v1/user");
    if !refusal::is_authorised(&headers, shared.options.key.as_deref()) {
        return refusal::refuse(401, None);
    }
    let subscription =
        json!({"tier": "creator", "character_count": 1_000, "character_limit": 100_000, "status": "active"});
    Json(json!({"user_id": "fake-user", "subscription": subscription})).into_response()
}
