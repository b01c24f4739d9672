//! All that stands around a server, and its lives.

use super::{
    Database, Figures, GUARD, Plan,
    network::{ACCOUNT, AUTH_TOKEN, Promised, callers, postman},
    oracle,
    server::Server,
};
use crate::services::{Proxy, address::Port};
use centralita::testbed::{
    deepgram::DeepgramOptions,
    elevenlabs::ElevenLabsOptions,
    fakes::{FakeOptions, Fakes},
    log::{Log, Service},
    openai::{ModelPace, OpenAiOptions},
    phone::Phone,
    sink::{Sink, SinkOptions},
    speech::SpeechPace,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

const AGENT: &str = r#"+++
language = "es-MX"
zone = "America/Mexico_City"
greeting = "Aquí la prueba."
tools = ["end_call"]
data = "clinica.toml"
[patience]
speculation = false
+++
Atiende {{ business }}.
"#;

/// How long the receiver of notes may take to show what it got; it shows it at once.
const FIND_AFTER: &str = "3";

/// How long the database of another process is left alone before it is looked at again.
const LOOK: Duration = Duration::from_millis(100);

/// A server's world.
#[derive(Debug)]
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) mode: &'static str,
    pub(super) database: Database,
    pub(super) fakes: Fakes,
    pub(super) sink: Sink,
    /// The receiver's own.
    pub(super) log: Log,
    pub(super) phone: Phone,
    pub(super) client: reqwest::Client,
    /// More of the server's environment.
    pub(super) settings: Vec<(&'static str, String)>,
    /// Where the network finds the servers, if there are several.
    pub(super) door: Option<Proxy>,
    port: Port,
    folder: PathBuf,
    promised: Mutex<Promised>,
    dialled: AtomicU64,
    enough: AtomicBool,
    up: watch::Sender<bool>,
}

impl World {
    pub(super) async fn open(database: Database, mode: &'static str, plan: Plan) -> Self {
        let name = format!("crash-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        for part in ["data", "models", "prompts"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        fs::write(folder.join("prompts/prueba.md"), AGENT).unwrap();
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/clinica.toml");
        fs::copy(data, folder.join("prompts/clinica.toml")).unwrap();
        let phone = Phone::new().unwrap();
        let fakes = Fakes::start(quick()).await.unwrap();
        let log = Log::new(None).unwrap();
        let sink = SinkOptions { honours_keys: mode == "key", delay: plan.late, ..SinkOptions::default() };
        Self {
            plan,
            mode,
            database,
            fakes,
            sink: Sink::start(sink, log.clone()).await.unwrap(),
            log,
            phone,
            client: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap(),
            settings: Vec::new(),
            door: None,
            port: Port::reserve(),
            folder,
            promised: Mutex::default(),
            dialled: AtomicU64::new(0),
            enough: AtomicBool::new(false),
            up: watch::Sender::new(false),
        }
    }

    /// From the next server on calls are recorded.
    pub(super) fn records_calls(&self) {
        let agent = AGENT.replace("[patience]", "record = true\n[patience]");
        fs::write(self.folder.join("prompts/prueba.md"), agent).unwrap();
    }

    /// The one file of this kind among the data.
    pub(super) fn file(&self, extension: &str) -> PathBuf {
        let files = fs::read_dir(self.data()).unwrap().map(|file| file.unwrap().path());
        let mut found = files.filter(|file| file.extension().is_some_and(|kind| kind == extension));
        found.next().unwrap_or_else(|| panic!("no {extension} in {}", self.data().display()))
    }

    /// Kills the server as often as planned, lets it do its work, and judges.
    pub(super) async fn live(self: Arc<Self>) -> Figures {
        let mut rng = StdRng::seed_from_u64(self.plan.seed);
        let mut network = JoinSet::new();
        for _ in 0..self.plan.callers {
            network.spawn(callers(Arc::clone(&self), rng.random()));
        }
        network.spawn(postman(Arc::clone(&self), rng.random()));
        for _ in 0..self.plan.rounds {
            self.round(&mut rng).await;
        }
        let mut server = self.start();
        server.listens().await;
        self.up.send_replace(true);
        self.enough.store(true, Ordering::Relaxed);
        while let Some(ended) = network.join_next().await {
            ended.unwrap();
        }
        self.all_is_done().await;
        server.signal("TERM").await;
        assert_eq!(server.exits().await, Some(0), "its log lies in {}", self.folder.display());
        let figures = oracle::judge(&self).await;
        self.is_over();
        figures
    }

    /// A server from its start to its violent end.
    async fn round(&self, rng: &mut StdRng) {
        let mut server = self.start();
        let late = u64::try_from(self.plan.late.as_millis()).unwrap();
        if rng.random_ratio(1, 5) {
            // It has hardly begun.
            sleep(Duration::from_millis(rng.random_range(0..500))).await;
        } else {
            server.listens().await;
            self.up.send_replace(true);
            if rng.random() {
                // A note is on its way: within the time that its answer takes, a little before, a little after.
                let seen = self.log.count(Service::Sink, "opened");
                let one_more = self.log.until(|log| log.count(Service::Sink, "opened") > seen);
                if timeout(Duration::from_secs(3), one_more).await.is_ok() {
                    sleep(Duration::from_millis(rng.random_range(0..late + 100))).await;
                }
            } else {
                sleep(Duration::from_millis(rng.random_range(0..2_000))).await;
            }
        }
        self.nothing_is_killed_for_ever().await;
        self.up.send_replace(false);
        server.kill().await;
    }

    /// Waits while a delivery has been begun so often that the server might give it up, as it should with work that it dies of: behind
    /// the fifth attempt. By the receiver's answer alone it is not done, but by the server's own word.
    async fn nothing_is_killed_for_ever(&self) {
        // Before the first note there may be no database yet.
        if self.log.count(Service::Sink, "opened") > 0 {
            self.none_is_left(
                "SELECT dedupe_key, attempts FROM jobs \
                 WHERE kind = 'deliver' AND state IN ('waiting', 'running') AND attempts >= 3",
            )
            .await;
        }
    }

    /// Waits until no call is open and nothing about a call waits to be done.
    pub(super) async fn all_is_done(&self) {
        self.none_is_left(
            "SELECT 'call', sid, state FROM calls WHERE state <> 'over' UNION ALL \
             SELECT kind, dedupe_key, state FROM jobs \
             WHERE kind IN ('summary', 'call_back', 'deliver') AND state IN ('waiting', 'running')",
        )
        .await;
    }

    /// Waits until no call is open.
    pub(super) async fn no_call_is_open(&self) {
        self.none_is_left("SELECT sid, state FROM calls WHERE state <> 'over'").await;
    }

    /// Waits until the statement has no rows.
    pub(super) async fn none_is_left(&self, open: &str) {
        let mut left = self.rows(open).await;
        let done = async {
            while !left.is_empty() {
                sleep(LOOK).await;
                left = self.rows(open).await;
            }
        };
        // The guard tells nothing: what is left does.
        timeout(GUARD, done).await.ok();
        assert!(left.is_empty(), "{left:?} is not done; see {}", self.folder.display());
    }

    /// All is well: what would show why it is not can go.
    pub(super) fn is_over(&self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }

    /// The status that a path is answered with.
    pub(super) async fn get(&self, path: &str) -> u16 {
        self.client.get(self.url(path)).send().await.unwrap().status().as_u16()
    }

    pub(super) fn start(&self) -> Server {
        Server::start(&self.environment(), &self.folder.join("server.log"))
    }

    /// One of several servers, with a disk of its own.
    pub(super) fn start_node(&self, name: &str, port: &Port) -> Server {
        let data = self.folder.join(name);
        fs::create_dir_all(&data).unwrap();
        let mut environment = self.environment();
        environment.extend([("PORT", port.number().to_string()), ("DATA_DIR", data.display().to_string())]);
        Server::start(&environment, &self.folder.join(format!("{name}.log")))
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let folder = |name: &str| self.folder.join(name).display().to_string();
        let mut environment = self.fakes.environment();
        environment.extend([
            ("BIND", "127.0.0.1".to_owned()),
            ("PORT", self.port.number().to_string()),
            ("PUBLIC_URL", self.url("")),
            ("TWILIO_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("AGENT", "prueba".to_owned()),
            ("PROMPTS_DIR", folder("prompts")),
            ("DATA_DIR", folder("data")),
            ("MODEL_DIR", folder("models")),
            // On a busy machine too each call is wanted.
            ("MAX_MEMORY_PERCENT", "0".to_owned()),
            ("MAX_LATE_MS", "0".to_owned()),
            ("NOTES_URL", self.sink.url()),
            ("NOTES_SETTLE", self.mode.to_owned()),
            ("NOTES_FIND_URL", self.sink.url()),
            ("NOTES_FIND_AFTER_S", FIND_AFTER.to_owned()),
        ]);
        environment.extend(self.database.url().map(|url| ("DATABASE_URL", url.to_owned())));
        environment.extend(self.settings.iter().cloned());
        environment
    }

    pub(super) fn url(&self, path: &str) -> String {
        let address = self.door.as_ref().map_or(self.port.address(), Proxy::address);
        format!("http://{address}{path}")
    }

    /// Where all of it lies.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(super) async fn rows(&self, statement: &str) -> Vec<Vec<String>> {
        self.database.rows(&self.data(), statement).await
    }

    pub(super) fn promised(&self) -> MutexGuard<'_, Promised> {
        self.promised.lock().unwrap()
    }

    /// Another call is dialled.
    pub(super) fn next_call(&self) -> String {
        let sid = format!("CA{:032x}", self.dialled.fetch_add(1, Ordering::Relaxed));
        self.promised().dialled.push(sid.clone());
        sid
    }

    /// Waits until a server listens.
    pub(super) async fn is_up(&self) {
        timeout(GUARD, self.up.subscribe().wait_for(|up| *up)).await.unwrap().unwrap();
    }

    /// No call begins any more, and no news comes of those that did.
    pub(super) fn is_enough(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
    }
}

/// Providers with short delays.
fn quick() -> FakeOptions {
    let pace =
        SpeechPace { first_byte: Duration::from_millis(20), chars_per_second: 60, ..SpeechPace::default() };
    FakeOptions {
        deepgram: DeepgramOptions {
            final_after: Duration::from_millis(100),
            speech: pace,
            ..DeepgramOptions::default()
        },
        openai: OpenAiOptions {
            pace: ModelPace { first_token: Duration::from_millis(20), token_every: Duration::from_millis(1) },
            ..OpenAiOptions::default()
        },
        elevenlabs: ElevenLabsOptions { pace, ..ElevenLabsOptions::default() },
        ..FakeOptions::default()
    }
}
