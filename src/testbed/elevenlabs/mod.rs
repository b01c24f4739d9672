//! A fake of ElevenLabs' voices: the multi-context socket and the streaming request, in `ulaw_8000`.

mod contexts;
mod multi;
mod refusal;
mod stream;
mod wire;

use super::{
    door::Door,
    faults::Faults,
    log::{Log, Service},
    speech::{SpeechFault, SpeechPace},
};
use axum::{Router, routing};
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
}

#[derive(Debug)]
struct Shared {
    options: ElevenLabsOptions,
    log: Log,
    faults: Faults<SpeechFault>,
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
        let shared = Arc::new(Shared { options, log, faults: Faults::default(), cut, gone: gone.clone() });
        let router = Router::new()
            .route("/v1/text-to-speech/{voice}/multi-stream-input", routing::get(multi::upgrade))
            .route("/v1/text-to-speech/{voice}/stream", routing::post(stream::post))
            .with_state(Arc::clone(&shared));
        Ok(Self { door: Door::open(port, router).await?, shared, _gone: gone.drop_guard() })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.door.address())
    }

    /// What goes wrong; a visit is a socket or a request. What concerns audio is asked anew for each generation.
    pub fn faults(&self) -> &Faults<SpeechFault> {
        &self.shared.faults
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
