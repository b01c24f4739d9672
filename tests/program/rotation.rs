//! Twilio's token is exchanged while a call is live: both are let in meanwhile, then only the new one, and nobody is cut off.

use super::{
    Server,
    doctor::{Public, borrowed},
    folder::Folder,
};
use centralita::{
    base::ids::CallSid,
    testbed::{
        fakes::{FakeOptions, Fakes},
        log::Service,
        openai::Answer,
        phone::{Call, Ended, Phone, PhoneEvent, PhoneFaults, PhoneOptions, sign},
        twilio_rest::TwilioOptions,
        voice,
    },
};
use serde_json::json;
use std::{fs, io::BufRead as _, path::Path, process::Command, time::Duration};
use tokio::{task::spawn_blocking, time::timeout};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const OLD: &str = "canary-old-0123456789abcdef01234";
const NEW: &str = "canary-new-0123456789abcdef01234";

/// How long any event may take.
const GUARD: Duration = Duration::from_mins(1);

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

/// A server that reads its token from files, and all that stands around it.
struct Stage {
    fakes: Fakes,
    public: Public,
    folder: Folder,
    client: reqwest::Client,
    server: Server,
}

impl Stage {
    /// The first file holds the old token, the second nothing yet. The REST API takes the new token alone.
    async fn open() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let account = Some((ACCOUNT.to_owned(), NEW.to_owned()));
        let twilio = TwilioOptions { account, ..TwilioOptions::default() };
        let fakes = Fakes::start(FakeOptions { twilio, ..FakeOptions::default() }).await.unwrap();
        let (folder, mut public) = (Folder::new(), Public::new().await);
        fs::write(folder.0.join("prueba.md"), AGENT).unwrap();
        let clinic = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/clinica.toml");
        fs::copy(clinic, folder.0.join("clinica.toml")).unwrap();
        let path = |name: &str| folder.0.join(name).display().to_string();
        let mut settings = fakes.environment();
        settings.extend([
            ("AGENT", path("prueba.md")),
            ("DATA_DIR", path("data")),
            ("PUBLIC_URL", public.url.clone()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("TWILIO_AUTH_TOKEN_FILE", path("token")),
            ("TWILIO_AUTH_TOKEN_SECONDARY_FILE", path("next")),
        ]);
        write(&folder, [OLD, ""]);
        let server = spawn_blocking(move || Server::start(&borrowed(&settings))).await.unwrap();
        public.leads_to(server.port);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { fakes, public, folder, client, server }
    }

    /// Tells the server to read its configuration again, and waits until its log says what came of it.
    async fn rereads(mut self, says: &'static str) -> Self {
        self.server.signal("HUP");
        let pid = self.server.child.id();
        let reading = spawn_blocking(move || {
            let mut line = String::new();
            while !line.contains(says) {
                line.clear();
                assert!(self.server.log.read_line(&mut line).unwrap() > 0, "the server ended");
            }
            self
        });
        let Ok(read) = timeout(GUARD, reading).await else {
            // With it the log ends, and the thread that reads it.
            Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
            panic!("the log does not say {says}");
        };
        read.unwrap()
    }

    /// How news of a call is answered that is signed with the old token, and with the new one.
    async fn answers(&self) -> [u16; 2] {
        let url = format!("{}/webhook/voice/status", self.public.url);
        let form = [
            ("AccountSid", ACCOUNT.to_owned()),
            ("CallSid", CallSid::nobody().to_string()),
            ("CallStatus", "ringing".to_owned()),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value));
        let mut answers = [0; 2];
        for (token, answer) in [OLD, NEW].into_iter().zip(&mut answers) {
            let request = self.client.post(&url).form(&form);
            let sent = request.header("x-twilio-signature", sign(token, &url, &form)).send();
            *answer = timeout(GUARD, sent).await.unwrap().unwrap().status().as_u16();
        }
        answers
    }

    fn dial(&self, phone: &Phone) -> Call {
        phone.dial(PhoneOptions {
            webhook: format!("{}/webhook/voice", self.public.url),
            status_callback: None,
            auth_token: OLD.to_owned().into(),
            from: "+525555000101".to_owned(),
            to: "+525555000200".to_owned(),
            account: ACCOUNT.parse().unwrap(),
            call: format!("CA{:032x}", 1).parse().unwrap(),
            calls: Some(self.fakes.twilio.calls().clone()),
            record: false,
            listen: false,
            agent_silent_after: Duration::from_secs(1),
            // This phone signs everything with the old token.
            faults: PhoneFaults { no_status_callback: true, ..PhoneFaults::default() },
        })
    }
}

/// The primary token and the secondary one, as an operator writes them.
fn write(folder: &Folder, tokens: [&str; 2]) {
    for (name, token) in ["token", "next"].into_iter().zip(tokens) {
        fs::write(folder.0.join(name), format!("{token}\n")).unwrap();
    }
}

async fn until(call: &mut Call, wanted: impl Fn(&PhoneEvent) -> bool) {
    assert!(timeout(GUARD, call.until(wanted)).await.unwrap().is_some(), "the call is over");
}

async fn hears_the_agent(call: &mut Call) {
    until(call, |event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
    until(call, |event| *event == PhoneEvent::AgentSilent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_exchanged_without_a_restart_and_a_live_call_goes_on_to_its_end() {
    let stage = Stage::open().await;
    let phone = Phone::new().unwrap();
    stage.fakes.deepgram.hears(["¿Sigue ahí?", "Nada más, gracias."]);
    stage.fakes.openai.answer_to("¿Sigue ahí?", Answer::text("Aquí sigo."));
    stage.fakes.openai.answer_to("gracias", Answer::text("Hasta luego.").and_call("end_call", json!({})));
    let mut call = stage.dial(&phone);
    hears_the_agent(&mut call).await;
    assert_eq!(stage.answers().await, [204, 403]);

    write(&stage.folder, [OLD, NEW]);
    let stage = stage.rereads("RELOADED").await;
    assert_eq!(stage.answers().await, [204, 204]);
    call.say(voice::caller(1, 3)).await;
    hears_the_agent(&mut call).await;

    // A configuration that cannot be used changes nothing; nor does one without any token.
    fs::remove_file(stage.folder.0.join("next")).unwrap();
    let stage = stage.rereads("RELOAD_REFUSED").await;
    write(&stage.folder, ["", ""]);
    let stage = stage.rereads("RELOAD_REFUSED").await;
    assert_eq!(stage.answers().await, [204, 204]);

    write(&stage.folder, [NEW, ""]);
    let stage = stage.rereads("RELOADED").await;
    assert_eq!(stage.answers().await, [403, 204]);
    call.say(voice::caller(2, 4)).await;
    let record = timeout(GUARD, call.end()).await.unwrap();
    assert_eq!(record.ended, Ended::ByRest);
    let log = stage.fakes.log();
    // The model may be asked for the summary too.
    assert_eq!(log.count(Service::Twilio, "update"), 1);

    stage.server.signal("TERM");
    let (code, log) = spawn_blocking(move || stage.server.end()).await.unwrap();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("canary"), "{log}");
}
