//! A server as in production, with fakes behind it.

pub(crate) use super::agents::{CONNECTED, EARLY, IMPATIENT};
use super::{
    agents::{self, AGENT},
    caller::Caller,
    soon,
    sounds::{CHARS_PER_SECOND, clip_of, said},
};
use centralita::{
    base::{clock, ids::CallSid},
    boot::{self, Running},
    channels::voice::phrases::Shelf,
    config::{Config, Sources, Tts},
    dialogue::{
        agent::Agent,
        output::Output,
        phrases,
        replay::{End, Log, replay},
    },
    ports::tts::{TextToSpeech, TtsSpec},
    providers::{deepgram, elevenlabs, openai},
    telemetry::metrics,
    testbed::{
        deepgram::DeepgramOptions,
        elevenlabs::ElevenLabsOptions,
        fakes::{FakeOptions, Fakes},
        log::Service,
        openai::{Answer, ModelPace, OpenAiOptions},
        phone::{HangUpStyle, Phone, PhoneFaults, PhoneOptions},
        speech::SpeechPace,
    },
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;

const AUTH_TOKEN: &str = "12345678901234567890123456789012";
const API_TOKEN: &str = "api-token-of-the-tests";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// The second piece of the greeting; the first one depends on the hour.
pub(crate) const GREETING: &str = "Aquí la prueba.";

/// What is known of the agent's own phrases when the server starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phrases {
    /// All are there; standard phrases sound as they are built in, and all greetings of the hour like [`HELLO`].
    Kept,
    /// None is there: the voice is asked for each.
    Missing,
    /// None can be kept.
    Impossible,
}

/// The first piece of the greeting, where it is kept.
pub(crate) const HELLO: &str = "Buenos días.";

/// The house of one test.
pub(crate) struct House {
    pub(crate) fakes: Fakes,
    server: Running,
    environment: BTreeMap<String, String>,
    phrases: Phrases,
    phone: Phone,
    client: reqwest::Client,
    folder: PathBuf,
    dialled: AtomicU32,
    voice: Service,
}

/// The fakes with short delays.
pub(crate) fn quick() -> FakeOptions {
    let pace = SpeechPace {
        first_byte: Duration::from_millis(20),
        chars_per_second: CHARS_PER_SECOND,
        ..SpeechPace::default()
    };
    FakeOptions {
        deepgram: DeepgramOptions {
            final_after: Duration::from_millis(300),
            partial_every: Duration::from_millis(50),
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

impl House {
    /// A server that works with the fakes of Deepgram, OpenAI, ElevenLabs and Twilio's REST interface.
    pub(crate) async fn open() -> Self {
        Self::with(&[]).await
    }

    /// The same with other settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::with_phrases(Phrases::Kept, settings, |_| ()).await
    }

    /// The same, with or without phrases, and with something that is done to the fakes before the server starts.
    pub(crate) async fn with_phrases(
        phrases: Phrases,
        settings: &[(&str, &str)],
        before: impl FnOnce(&Fakes),
    ) -> Self {
        // The client and the fakes use it before the server installs it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let fakes = Fakes::start(quick()).await.unwrap();
        before(&fakes);
        Self::before_fakes(fakes, phrases, settings).await
    }

    /// The same with these fakes, which the settings may say are elsewhere.
    pub(crate) async fn before_fakes(fakes: Fakes, phrases: Phrases, settings: &[(&str, &str)]) -> Self {
        static HOUSES: AtomicU32 = AtomicU32::new(0);
        let number = HOUSES.fetch_add(1, Ordering::Relaxed);
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("house-{}-{number}", std::process::id()));
        let prompts = folder.join("prompts");
        fs::create_dir_all(&prompts).unwrap();
        fs::create_dir_all(folder.join("models")).unwrap();
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/clinica.toml");
        fs::copy(data, prompts.join("clinica.toml")).unwrap();

        let folder_of = |name: &str| folder.join(name).display().to_string();
        let own = [
            ("BIND", "127.0.0.1".to_owned()),
            ("PUBLIC_URL", "http://127.0.0.1".to_owned()), // each server has its own
            ("TWILIO_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("API_TOKEN", API_TOKEN.to_owned()),
            ("AGENT", "prueba".to_owned()),
            ("PROMPTS_DIR", folder_of("prompts")),
            ("DATA_DIR", folder_of("data")),
            ("MODEL_DIR", folder_of("models")),
            // On a busy machine too each call is wanted.
            ("MAX_MEMORY_PERCENT", "0".to_owned()),
            ("MAX_LATE_MS", "0".to_owned()),
        ];
        let environment: BTreeMap<String, String> = (own.into_iter().chain(fakes.environment()))
            .map(|(name, value)| (name.to_owned(), value))
            .chain(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
            .collect();
        let name = &environment["AGENT"];
        fs::write(prompts.join(format!("{name}.md")), agents::text(name)).unwrap();
        let config =
            Config::read(&Sources { environment: environment.clone(), ..Sources::default() }).unwrap();
        match phrases {
            Phrases::Kept => keep_phrases(&config, &folder.join("data/phrases")),
            Phrases::Missing => {}
            Phrases::Impossible => {
                fs::create_dir_all(folder.join("data")).unwrap();
                fs::write(folder.join("data/phrases"), "no folder").unwrap();
            }
        }
        let server = serve(&environment).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let voice = match config.tts().first() {
            Some(Tts::Deepgram(_)) => Service::Deepgram,
            Some(Tts::OpenAi { .. }) => Service::OpenAi,
            _ => Service::ElevenLabs,
        };
        let (phone, dialled) = (Phone::new().unwrap(), AtomicU32::new(0));
        Self { fakes, server, environment, phrases, phone, client, folder, dialled, voice }
    }

    /// Another server takes the place of this one, on the same data.
    pub(crate) async fn restarts(&mut self) {
        self.server = serve(&self.environment).await;
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// Places a call.
    pub(crate) fn dial(&self) -> Caller {
        self.dial_with(PhoneFaults::default())
    }

    /// Places a call with a phone that does something wrong.
    pub(crate) fn dial_with(&self, faults: PhoneFaults) -> Caller {
        let number = self.dialled.fetch_add(1, Ordering::Relaxed);
        let options = PhoneOptions { faults, ..self.phone_options(number) };
        let sid = options.call.to_string();
        let kept = self.phrases == Phrases::Kept;
        Caller::new(self.phone.dial(options), sid, (self.fakes.log().clone(), self.voice), kept)
    }

    /// The network tells that the call is over, whatever its phone does.
    pub(crate) async fn network_ends(&self, caller: &Caller) {
        let webhook = self.url("/webhook/nowhere");
        let status_callback = Some(self.url("/webhook/voice/status"));
        let call = caller.sid.parse().unwrap();
        // A phone that reaches nobody reports the same call as failed.
        let options = PhoneOptions { webhook, status_callback, call, calls: None, ..self.phone_options(0) };
        let ended = soon(self.phone.dial(options).end()).await;
        assert_eq!(ended.status_answer, Some(204));
    }

    fn phone_options(&self, number: u32) -> PhoneOptions {
        PhoneOptions {
            webhook: self.url("/webhook/voice"),
            status_callback: None,
            auth_token: AUTH_TOKEN.to_owned().into(),
            from: format!("+5255550001{number:02}"),
            to: "+525555000200".to_owned(),
            account: ACCOUNT.parse().unwrap(),
            call: format!("CA{number:032x}").parse().unwrap(),
            calls: Some(self.fakes.twilio.calls().clone()),
            record: false,
            listen: true,
            agent_silent_after: Duration::from_millis(200),
            faults: PhoneFaults::default(),
        }
    }

    /// One turn in which all is well.
    pub(crate) async fn understands(&self, caller: &mut Caller) {
        self.fakes.deepgram.hears(["¿Sigue ahí?"]);
        self.fakes.openai.answer_to("¿Sigue ahí?", Answer::text("Aquí sigo."));
        caller.forgets_what_the_voice_was_asked();
        caller.says(3).await;
        caller.hears_said(&["Aquí sigo."]).await;
    }

    /// The caller hangs up, nothing of the call remains, and another one goes well.
    pub(crate) async fn goes_on(&self, caller: Caller) {
        let sid = caller.sid.clone();
        caller.hangs_up(HangUpStyle::Stop).await;
        assert_eq!(self.record(&sid).await["outcome"], "caller_left");
        self.replays(&sid);
        self.takes_another_call().await;
        soon(self.fakes.closed()).await;
    }

    /// The log of a call whose record is written.
    pub(crate) fn log_of(&self, call: &str) -> PathBuf {
        self.folder.join("data").join(format!("{call}.replay"))
    }

    /// A call whose record is written can be lived through once more, to its end. What was decided is returned.
    pub(crate) fn replays(&self, call: &str) -> Vec<Output> {
        let bytes = fs::read(self.log_of(call)).unwrap();
        let mut outputs = Vec::new();
        let mut log = Log::open(&bytes).unwrap();
        let verdict = replay(&mut log, clock::now(), |played| outputs.extend_from_slice(played.outputs));
        assert!(verdict.holds() && matches!(verdict.end, Some(End::Whole { .. })), "{verdict:?}");
        outputs
    }

    /// The record of a call whose end the server has not noticed or not written down yet.
    pub(crate) async fn finished(&self, call: &str) -> Value {
        let written = async {
            loop {
                let record = self.record(call).await;
                if !record["outcome"].is_null() {
                    return record;
                }
            }
        };
        soon(written).await
    }

    /// Another call goes well.
    pub(crate) async fn takes_another_call(&self) {
        let mut caller = self.dial();
        caller.hears_the_greeting().await;
        self.understands(&mut caller).await;
        let sid = caller.sid.clone();
        caller.hangs_up(HangUpStyle::Stop).await;
        assert_eq!(self.record(&sid).await["outcome"], "caller_left");
    }

    /// What the API says at `path`.
    pub(crate) async fn api(&self, path: &str) -> Value {
        let request = self.client.get(self.url(path)).bearer_auth(API_TOKEN);
        let answer = soon(request.send()).await.unwrap();
        assert!(answer.status().is_success(), "{path} was answered with {}", answer.status());
        serde_json::from_slice(&soon(answer.bytes()).await.unwrap()).unwrap()
    }

    /// What the API says of a call.
    pub(crate) async fn record(&self, call: &str) -> Value {
        self.api(&format!("/api/calls/{call}")).await
    }
}

/// A server as in production.
async fn serve(environment: &BTreeMap<String, String>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public = format!("http://{}", listener.local_addr().unwrap());
    let mut environment = environment.clone();
    environment.insert("PUBLIC_URL".to_owned(), public);
    let config = Config::read(&Sources { environment, ..Sources::default() }).unwrap();
    boot::start_on(listener, &config, metrics::install().unwrap()).await.unwrap()
}

/// The agent of these tests.
pub(crate) fn agent() -> Agent {
    Agent::parse("prueba", AGENT, include_str!("../../prompts/clinica.toml")).unwrap()
}

/// Puts phrases there. They are written once for each voice: each file waits for the disk, and the calls of other houses
/// would wait with it.
fn keep_phrases(config: &Config, folder: &Path) {
    static WRITTEN: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let agent = agent();
    let spec = TtsSpec::of(&agent, CallSid::nobody());
    let signature = match config.tts().first().unwrap() {
        Tts::Deepgram(key) => {
            let options = deepgram::Options::new(config.deepgram.base_url.clone(), (*key).clone());
            deepgram::Speak::new(options).unwrap().signature(&spec)
        }
        Tts::ElevenLabs(key) => {
            let settings = &config.elevenlabs;
            let (base, voice) = (settings.base_url.clone(), settings.voice_id.clone());
            let mut options = elevenlabs::Options::new(base, (*key).clone(), voice);
            options.model.clone_from(&settings.model);
            elevenlabs::ElevenLabs::new(options).signature(&spec)
        }
        Tts::OpenAi { address, key } => {
            let settings = &config.openai_speech;
            let (model, voice) = (settings.model.clone(), settings.voice.clone());
            let options = openai::SpeechOptions::new(address.clone(), key.cloned(), model, voice);
            openai::Speech::new(options).unwrap().signature(&spec)
        }
        Tts::Embedded => panic!("these tests have no embedded voice"),
    };
    let mut written = WRITTEN.lock().unwrap();
    let number = written.len();
    let shelf = written.entry(signature.clone()).or_insert_with(|| {
        let name = format!("phrases-{}-{number}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let shelf = Shelf::open(folder.clone()).unwrap();
        for text in phrases::all(&agent) {
            let hello = text.starts_with("Buen");
            let sound = clip_of(&text).unwrap_or_else(|| said(if hello { HELLO } else { &text }));
            shelf.put(&Shelf::name(&signature, &text), &sound).unwrap();
        }
        folder
    });
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(shelf, folder).unwrap();
}

impl Drop for House {
    fn drop(&mut self) {
        // What is left lies in cargo's own temporary folder.
        drop(fs::remove_dir_all(&self.folder));
    }
}
