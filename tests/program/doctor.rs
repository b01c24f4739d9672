//! The doctor, before services that are well, that refuse, and that are away.

use super::{
    Server,
    folder::{Folder, change, damage},
};
use centralita::{
    storage::SCHEMA,
    testbed::{
        deepgram::DeepgramOptions,
        elevenlabs::ElevenLabsOptions,
        fakes::{FakeOptions, Fakes},
        openai::OpenAiOptions,
        twilio_rest::TwilioOptions,
    },
};
use std::{net::TcpListener as Listener, sync::Arc};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, spawn_blocking},
};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const KEY: &str = "canary-right";

/// Services that take one key and no other.
async fn fakes() -> Fakes {
    let key = Some(KEY.to_owned());
    let options = FakeOptions {
        deepgram: DeepgramOptions { key: key.clone(), ..DeepgramOptions::default() },
        openai: OpenAiOptions { key: key.clone(), ..OpenAiOptions::default() },
        elevenlabs: ElevenLabsOptions { key, ..ElevenLabsOptions::default() },
        twilio: TwilioOptions {
            account: Some((ACCOUNT.to_owned(), KEY.to_owned())),
            ..TwilioOptions::default()
        },
        ..FakeOptions::default()
    };
    Fakes::start(options).await.unwrap()
}

type Settings = Vec<(&'static str, String)>;

/// The fakes' addresses, with this key for all of them.
fn settings(fakes: &Fakes, key: &str) -> Settings {
    let mut settings = fakes.environment();
    settings.retain(|(name, _)| !name.ends_with("_KEY") && *name != "NOTES_URL");
    let keys = ["DEEPGRAM_API_KEY", "OPENAI_API_KEY", "ELEVENLABS_API_KEY", "TWILIO_AUTH_TOKEN"];
    settings.extend(keys.map(|name| (name, key.to_owned())));
    settings.push(("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()));
    settings
}

pub(super) fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Its exit code, and its lines by what they are about.
struct Told {
    code: Option<i32>,
    text: String,
}

impl Told {
    async fn by(folder: &Arc<Folder>, arguments: &'static [&'static str], settings: Settings) -> Self {
        let folder = Arc::clone(folder);
        let run = move || folder.run_with(&[&["doctor"], arguments].concat(), &borrowed(&settings));
        let (code, text) = spawn_blocking(run).await.unwrap();
        assert!(!text.contains("canary"), "{text}");
        Self { code, text }
    }

    /// The verdict on something, and what is said of it.
    #[track_caller]
    fn of(&self, what: &str) -> (&str, &str) {
        let line = self.text.lines().find_map(|line| {
            let (verdict, rest) = line.split_once(' ')?;
            Some((verdict, rest.trim_start().strip_prefix(what)?.trim_start()))
        });
        line.unwrap_or_else(|| panic!("nothing is told of {what} in\n{}", self.text))
    }

    #[track_caller]
    fn says(&self, what: &str, verdict: &str, parts: &[&str]) {
        let (found, text) = self.of(what);
        assert_eq!(found, verdict, "{what}: {}", self.text);
        for part in parts {
            assert!(text.contains(part), "{what}: `{part}` is missing in {text}");
        }
    }
}

/// A public address that leads to a server which knows it.
pub(super) struct Public {
    pub(super) url: String,
    listener: Option<TcpListener>,
    passing: Option<AbortHandle>,
}

impl Public {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            listener: Some(listener),
            passing: None,
        }
    }

    pub(super) fn leads_to(&mut self, port: u16) {
        let listener = self.listener.take().unwrap();
        let passing = tokio::spawn(async move {
            loop {
                let (mut outside, _) = listener.accept().await.unwrap();
                let mut inside = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut outside, &mut inside).await.is_ok() });
            }
        });
        self.passing = Some(passing.abort_handle());
    }
}

impl Drop for Public {
    fn drop(&mut self) {
        if let Some(passing) = &self.passing {
            passing.abort();
        }
    }
}

async fn server(settings: &Settings, folder: &Folder) -> Server {
    let mut settings = settings.clone();
    settings.push(("DATA_DIR", folder.0.display().to_string()));
    spawn_blocking(move || Server::start(&borrowed(&settings))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_is_well_everything_is_tried_and_ok() {
    let (fakes, folder, mut public) = (fakes().await, Arc::new(Folder::new()), Public::new().await);
    let mut settings = settings(&fakes, KEY);
    settings.push(("PUBLIC_URL", public.url.clone()));
    let server = server(&settings, &folder).await;
    public.leads_to(server.port);
    let told = Told::by(&folder, &["--webhook"], settings.clone()).await;
    assert_eq!(told.code, Some(0), "{}", told.text);
    for what in [
        "agent",
        "twilio",
        "deepgram",
        "openai",
        "elevenlabs",
        "public url",
        "webhook",
        "database",
        "disk",
        "models",
    ] {
        told.says(what, "ok", &[]);
    }
    told.says("webhook", "ok", &["as Twilio's will be"]);
    told.says("database", "ok", &["centralita.db", &format!("schema {SCHEMA}"), "reads and writes"]);
    // Again: what was sent has left nothing that stands in its way.
    assert_eq!(Told::by(&folder, &["--webhook"], settings.clone()).await.code, Some(0));

    // The server has another token than the operator's shell.
    settings.retain(|(name, _)| *name != "TWILIO_AUTH_TOKEN");
    settings.push(("TWILIO_AUTH_TOKEN", "canary-other".to_owned()));
    let told = Told::by(&folder, &["--webhook"], settings.clone()).await;
    assert_eq!(told.code, Some(1), "{}", told.text);
    told.says("webhook", "fail", &["forged", "same TWILIO_AUTH_TOKEN and PUBLIC_URL"]);
    told.says("twilio", "fail", &["HTTP 401", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"]);

    // The address leads elsewhere.
    settings.retain(|(name, _)| *name != "PUBLIC_URL");
    settings.push(("PUBLIC_URL", fakes.deepgram.url()));
    let told = Told::by(&folder, &["--webhook"], settings).await;
    told.says("public url", "fail", &["/healthz answers HTTP 404", "proxy or tunnel"]);
    told.says("webhook", "fail", &["HTTP 404"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_named_with_its_variable_and_not_shown() {
    let (fakes, folder) = (fakes().await, Arc::new(Folder::new()));
    let mut settings = settings(&fakes, "canary-wrong");
    settings.push(("PUBLIC_URL", "http://127.0.0.1:9".to_owned()));
    let told = Told::by(&folder, &[], settings.clone()).await;
    assert_eq!(told.code, Some(1), "{}", told.text);
    for (what, variable) in
        [("deepgram", "DEEPGRAM_API_KEY"), ("openai", "OPENAI_API_KEY"), ("elevenlabs", "ELEVENLABS_API_KEY")]
    {
        told.says(what, "fail", &["refused (HTTP 401)", &format!("copy it again into {variable}")]);
    }
    told.says("twilio", "fail", &["HTTP 401", "TWILIO_AUTH_TOKEN"]);
    told.says("public url", "fail", &["http://127.0.0.1:9 does not answer", "pass this address on"]);
    told.says("database", "ok", &["the first start makes them"]);
    assert_eq!(folder.names(), [""; 0]);

    for fake in [&fakes.deepgram] {
        fake.shut().await;
    }
    fakes.openai.shut().await;
    fakes.elevenlabs.shut().await;
    fakes.twilio.shut().await;
    let told = Told::by(&folder, &[], settings).await;
    for (what, variable) in [
        ("deepgram", "DEEPGRAM_BASE_URL"),
        ("openai", "OPENAI_BASE_URL"),
        ("elevenlabs", "ELEVENLABS_BASE_URL"),
    ] {
        told.says(what, "fail", &["does not answer as it should", variable]);
    }
    told.says("twilio", "fail", &["TWILIO_API_BASE_URL"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_the_server_does_not_list_is_a_warning() {
    let (fakes, folder) = (fakes().await, Arc::new(Folder::new()));
    let mut settings = settings(&fakes, KEY);
    settings.retain(|(name, _)| *name != "OPENAI_MODEL" && !name.starts_with("TWILIO"));
    settings.push(("OPENAI_MODEL", "gpt-none".to_owned()));
    settings.push(("MAX_CALLS", "100000000".to_owned()));
    let told = Told::by(&folder, &[], settings).await;
    assert_eq!(told.code, Some(0), "{}", told.text);
    told.says("openai", "warn", &["does not list the model gpt-none", "OPENAI_MODEL"]);
    told.says("public url", "warn", &["only this machine", "PUBLIC_URL"]);
    told.says("open files", "warn", &["MAX_CALLS"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_that_are_away_damaged_or_of_another_schema_are_told() {
    // A port that nobody listens on.
    let port = Listener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = Arc::new(Folder::new());
    let away = vec![
        ("DATABASE_URL", format!("postgres://me:canary@127.0.0.1:{port}/calls")),
        ("REDIS_URL", format!("redis://:canary@127.0.0.1:{port}/0")),
    ];
    let told = Told::by(&folder, &[], away).await;
    assert_eq!(told.code, Some(1), "{}", told.text);
    told.says("database", "fail", &["does not answer", "check DATABASE_URL"]);
    told.says("redis", "fail", &["refused", "REDIS_URL"]);

    folder.filled(200).await;
    let told = Told::by(&folder, &[], Vec::new()).await;
    assert_eq!(told.code, Some(0), "{}", told.text);
    told.says("database", "ok", &[]);
    change(&folder.database(), "DELETE FROM schema WHERE version > 1").await;
    let told = Told::by(&folder, &[], Vec::new()).await;
    assert_eq!(told.code, Some(0), "{}", told.text);
    told.says("database", "warn", &[&format!("schema 1 of {SCHEMA}"), "centralita migrate"]);
    change(&folder.database(), "INSERT INTO schema (version, name, applied_at) VALUES (4242, 'future', 0)")
        .await;
    let told = Told::by(&folder, &[], Vec::new()).await;
    assert_eq!(told.code, Some(1), "{}", told.text);
    told.says("database", "fail", &["4242", "newer"]);
    damage(&folder.database(), 1);
    let told = Told::by(&folder, &[], Vec::new()).await;
    assert_eq!(told.code, Some(1), "{}", told.text);
    told.says("database", "fail", &["damaged", "centralita restore"]);
}
