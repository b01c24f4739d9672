//! One lane: a server as it is composed in production, its own fakes, and a phone.

use centralita::{
    base::language::Language,
    boot::{self, Running},
    config::{Config, Sources},
    telemetry::metrics,
    testbed::{
        deepgram::DeepgramOptions,
        fakes::{FakeOptions, Fakes},
        phone::{Call, Phone, PhoneFaults, PhoneOptions},
    },
};
use std::{fs, path::PathBuf, time::Duration};
use tokio::net::TcpListener;

const AUTH_TOKEN: &str = "12345678901234567890123456789012";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// How the server decides when a caller's turn is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Policy {
    /// As it comes.
    Default,
    /// 700 ms of silence by voice activity, and nothing else.
    Silence,
}

impl Policy {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Silence => "700 ms of silence",
        }
    }

    /// What it adds to the agent's front matter.
    const fn front_matter(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Silence => "[patience]\nend_of_turn_ms = 700\nspeculation = false\n",
        }
    }
}

/// What the agent of a language says first, behind the greeting of the hour.
pub(crate) const fn greeting(language: Language) -> &'static str {
    match language {
        Language::Es => "Clínica Santa Lucía, ¿en qué puedo ayudarle?",
        Language::En => "Saint Lucy Clinic, how can I help you today?",
    }
}

/// A server with its fakes and a phone.
pub(crate) struct House {
    pub(crate) fakes: Fakes,
    server: Running,
    phone: Phone,
    folder: PathBuf,
    number: usize,
}

impl House {
    pub(crate) async fn open(language: Language, policy: Policy, number: usize) -> anyhow::Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("centralita-dialogues-{}-{number}", std::process::id()));
        let prompts = folder.join("prompts");
        fs::create_dir_all(&prompts)?;
        let tag = match language {
            Language::Es => "es-AR",
            Language::En => "en-US",
        };
        let agent = format!(
            "+++\nlanguage = \"{tag}\"\nzone = \"UTC\"\ngreeting = \"{}\"\ntools = [\"end_call\"]\ndata = \"clinica.toml\"\n{}+++\n{{{{ business }}}}.\n",
            greeting(language),
            policy.front_matter()
        );
        fs::write(prompts.join("bench.md"), agent)?;
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/clinica.toml"), prompts.join("clinica.toml"))?;
        let deepgram = DeepgramOptions { dictated: true, ..DeepgramOptions::default() };
        let fakes = Fakes::start(FakeOptions { deepgram, ..FakeOptions::default() }).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = [
            ("BIND", "127.0.0.1".to_owned()),
            ("PUBLIC_URL", format!("http://{}", listener.local_addr()?)),
            ("TWILIO_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("AGENT", "bench".to_owned()),
            ("PROMPTS_DIR", prompts.display().to_string()),
            ("MAX_MEMORY_PERCENT", "0".to_owned()),
            ("MAX_LATE_MS", "0".to_owned()),
            ("DATA_DIR", folder.join("data").display().to_string()),
        ];
        let settings = own.into_iter().chain(fakes.environment());
        let environment = settings.map(|(name, value)| (name.to_owned(), value)).collect();
        let config = Config::read(&Sources { environment, ..Sources::default() })?;
        let server = boot::start_on(listener, &config, metrics::install()?).await?;
        Ok(Self { fakes, server, phone: Phone::new()?, folder, number })
    }

    /// Places the lane's call of this number.
    pub(crate) fn dial(&self, call: usize) -> anyhow::Result<Call> {
        let options = PhoneOptions {
            webhook: format!("http://{}/webhook/voice", self.server.address()),
            status_callback: None,
            auth_token: AUTH_TOKEN.to_owned().into(),
            from: format!("+1555{:07}", self.number),
            to: "+15550100100".to_owned(),
            account: ACCOUNT.parse()?,
            call: format!("CA{:016x}{call:016x}", self.number).parse()?,
            calls: None,
            record: false,
            listen: true,
            agent_silent_after: Duration::from_millis(500),
            faults: PhoneFaults::default(),
        };
        Ok(self.phone.dial(options))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}
