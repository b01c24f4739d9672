//! A server on a free port, calls that only listen, and a telephone network that signs.

use super::{
    phone::{Phone, arrival, connected, sign, start},
    store::{Kept, kept},
    stub::{Book, Shelf, Stub, Taken},
};
use centralita::{
    base::{clock::SystemClock, secret::SecretString},
    channels::{
        turns::Turns,
        voice::{
            admission::{Admission, Rules},
            agents::Agents,
            calls::Calls,
            limits::Limits,
        },
    },
    ports::{calendar::Calendar, store::SharedStore},
    providers::twilio::{Keys, MediaStreams, Twilio},
    telemetry::metrics,
    web::{HttpLimits, MetricsFor, Parts, Web, serve},
};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Error, client::IntoClientRequest},
};
use tokio_util::sync::CancellationToken;

pub(crate) const PUBLIC: &str = "voice.example.com";
pub(crate) const TOKEN: &str = "12345678901234567890123456789012";
pub(crate) const API_TOKEN: &str = "api-token-of-the-tests";
pub(crate) const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub(crate) const STREAM: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";
pub(crate) const CALL: &str = "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f";

/// So many bytes a phone's system holds for a phone that does not read.
pub(crate) const PHONE_HOLDS: u32 = 64 * 1024;

/// One for all: how long any event may take before the test fails.
pub(crate) const GUARD: Duration = Duration::from_secs(20);

/// Waits for an event.
pub(crate) async fn soon<F: Future>(event: F) -> F::Output {
    timeout(GUARD, event).await.expect("the event should have come long ago")
}

// === the server ===

/// How a server is set up.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) rules: Rules,
    pub(crate) line: Limits,
    pub(crate) http: HttpLimits,
    pub(crate) metrics_for: MetricsFor,
    pub(crate) prompts: PathBuf,
    pub(crate) number: Option<String>,
    pub(crate) state: Shelf,
    pub(crate) files: PathBuf,
    pub(crate) calendar: Arc<dyn Calendar>,
    pub(crate) turns: Option<Arc<Turns>>,
}

impl Default for Setup {
    fn default() -> Self {
        // A test may be given no time for a while.
        let line = Limits { closing: GUARD, stale: GUARD, ..Limits::default() };
        Self {
            rules: Rules::default(),
            line,
            http: HttpLimits::default(),
            metrics_for: MetricsFor::default(),
            prompts: concat!(env!("CARGO_MANIFEST_DIR"), "/prompts").into(),
            number: None,
            state: Shelf::default(),
            files: env!("CARGO_TARGET_TMPDIR").into(),
            calendar: Arc::new(Book),
            turns: None,
        }
    }
}

pub(crate) struct Rig<C = Stub> {
    pub(crate) address: SocketAddr,
    pub(crate) calls: Arc<C>,
    pub(crate) web: Arc<Web>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) store: SharedStore,
    pub(crate) shutdown: CancellationToken,
    pub(crate) server: JoinSet<()>,
    taken: mpsc::Receiver<Taken>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let (taken, taken_calls) = mpsc::channel(100);
        let rig = Self::holding(Arc::new(Stub::new(taken)), change).await;
        Self { taken: taken_calls, ..rig }
    }

    /// The next call that got a line.
    pub(crate) async fn taken(&mut self) -> Taken {
        soon(self.taken.recv()).await.unwrap()
    }

    /// No call got a line, so nothing that a call starts was started.
    pub(crate) fn nobody_was_let_in(&mut self) {
        assert!(self.taken.try_recv().is_err());
    }

    /// A call on the line: announced, connected, started, taken.
    pub(crate) async fn on_the_line(&mut self) -> (Phone, Taken) {
        let phone = self.call(CALL).await;
        (phone, self.taken().await)
    }
}

impl<C: Calls> Rig<C> {
    /// A server whose calls are held by `calls`, with a store of its own.
    pub(crate) async fn holding(calls: Arc<C>, change: impl FnOnce(&mut Setup)) -> Self {
        Self::keeping(kept().await, calls, change).await
    }

    /// A server whose calls are held by `calls` and kept in `kept`.
    pub(crate) async fn keeping(kept: Kept, calls: Arc<C>, change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup::default();
        change(&mut setup);
        let agents = Agents::open(setup.prompts).unwrap();
        let keys = Keys { tokens: vec![SecretString::from(TOKEN)], shared: Vec::new() };
        let account = Some(ACCOUNT.parse().unwrap());
        let admission = Arc::new(Admission::new(setup.rules, kept.state.clone()));
        let web = Web::new(Parts {
            carrier: Arc::new(Twilio::new(keys, account, &format!("https://{PUBLIC}")).unwrap()),
            codec: Arc::new(MediaStreams),
            admission: Arc::clone(&admission),
            calls: Arc::clone(&calls) as Arc<dyn Calls>,
            turns: setup.turns,
            calendar: setup.calendar,
            store: kept.store.clone(),
            ledger: kept.ledger,
            clock: Arc::new(SystemClock),
            agent: Arc::new(move || agents.find("clinica").unwrap()),
            number: setup.number,
            api_token: SecretString::from(API_TOKEN),
            files: setup.files,
            metrics: metrics::install().unwrap(),
            metrics_for: setup.metrics_for,
            features: BTreeMap::from([("stt".to_owned(), "stub".to_owned())]),
            state: setup.state.on(kept.state),
            state_ttl: Duration::from_hours(24),
            line: setup.line,
            http: setup.http,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::clone(&web), shutdown.clone()));
        Self {
            address,
            calls,
            web,
            admission,
            store: kept.store,
            shutdown,
            server,
            taken: mpsc::channel(1).1,
        }
    }

    /// Announces a call and returns its token.
    pub(crate) async fn announce(&self, call: &str) -> String {
        let answer = super::http::post_signed(self, "/webhook/voice", &arrival(call)).await;
        let token = answer.body.split("name=\"token\" value=\"").nth(1);
        token.unwrap_or_else(|| panic!("no token in {answer:?}")).split('"').next().unwrap().to_owned()
    }

    /// Opens a media socket with a good signature.
    pub(crate) async fn socket(&self) -> Phone {
        self.open("/media", &[("x-twilio-signature", &sign(&format!("wss://{PUBLIC}/media"), &[]))])
            .await
            .unwrap()
    }

    /// Opens a media socket, or returns the status that refused it.
    pub(crate) async fn open(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Phone, u16> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let socket = TcpSocket::new_v4().unwrap();
        // Linux takes twice as much.
        socket.set_recv_buffer_size(PHONE_HOLDS / 2).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        match soon(client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Phone(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A call that is announced, connected and started.
    pub(crate) async fn call(&self, call: &str) -> Phone {
        let token = self.announce(call).await;
        let mut phone = self.socket().await;
        phone.say(&connected()).await;
        phone.say(&start(call, &token)).await;
        phone
    }
}
