//! The settings as types, and what follows from them.

use super::{
    complaint::{Complaint, Complaints},
    notes::Notes,
    read::{hours, milliseconds, optional, parsed, seconds, secret, unless_zero},
    retention::Retention,
    rules,
    source::{self, Sources},
    wanted::Wanted,
};
use crate::{
    base::{ids::AccountSid, secret::SecretString},
    channels::turns::ByTurns,
    net::address::BaseUrl,
    telemetry::logs,
    web::MetricsFor,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};

/// The whole configuration. Built by [`Config::read`] only, so that its rules hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The process and its socket.
    pub server: Server,
    /// Where everything is kept.
    pub store: Store,
    /// What is kept for a while.
    pub state: State,
    /// What is logged.
    pub log: Log,
    /// The telephone channel.
    pub voice: VoiceChannel,
    /// Who listens, thinks and speaks.
    pub providers: Providers,
    /// The carrier.
    pub twilio: Twilio,
    /// Recognition, and a voice.
    pub deepgram: Deepgram,
    /// Any server that speaks OpenAI's chat protocol.
    pub openai: OpenAi,
    /// Another one.
    pub openai_fallback: OpenAi,
    /// A voice of such a server.
    pub openai_speech: OpenAiSpeech,
    /// Voices, and recognition.
    pub elevenlabs: ElevenLabs,
    /// Who is told of calls.
    pub notes: Notes,
    /// What is not kept for ever.
    pub retention: Retention,
    /// The secrets of agents' own tools, by the names that the agents' files use.
    #[serde(skip)]
    pub tool_secrets: BTreeMap<String, SecretString>,
    /// Environment variables that are set and mean nothing here, with the reason.
    #[serde(skip)]
    pub without_meaning: Vec<(&'static str, &'static str)>,
}

/// The process and its socket.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Server {
    /// The address to listen on; see [`Config::bind`].
    #[serde(deserialize_with = "optional")]
    pub bind: Option<IpAddr>,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// How Twilio reaches us.
    #[serde(deserialize_with = "optional")]
    pub public_url: Option<BaseUrl>,
    /// Opens the API; a random one where absent.
    #[serde(deserialize_with = "secret")]
    pub api_token: Option<SecretString>,
    /// Who may read the metrics.
    pub metrics_for: MetricsFor,
    /// Recordings and logs of calls; SQLite's file.
    pub data_dir: PathBuf,
    /// The embedded models; the user's cache where absent.
    #[serde(deserialize_with = "optional")]
    pub model_dir: Option<PathBuf>,
    /// How long calls may go on after the first signal.
    #[serde(rename = "drain_s", deserialize_with = "seconds")]
    pub drain: Duration,
    /// Whether providers may stand in private networks.
    pub allow_private_upstreams: bool,
}

/// Where everything is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Store {
    /// The address of a Postgres database, which may hold a password; SQLite in the data folder where absent.
    #[serde(deserialize_with = "secret")]
    pub url: Option<SecretString>,
}

/// What is kept for a while.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct State {
    /// Where nodes share it; it may hold a password. The database's own table where absent.
    #[serde(deserialize_with = "secret")]
    pub redis_url: Option<SecretString>,
    /// How long the summary of a call is kept.
    #[serde(rename = "ttl_h", deserialize_with = "hours")]
    pub ttl: Duration,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Log {
    /// Directives of the filter.
    pub filter: String,
    /// How a line looks.
    pub format: logs::Style,
}

/// The telephone channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VoiceChannel {
    /// A name in `prompts_dir` or the path of a Markdown file; see [`Config::agent`].
    pub agent: String,
    /// Where agents lie.
    pub prompts_dir: PathBuf,
    /// Which calls are held by turns.
    pub by_turns: ByTurns,
    /// Live calls at a time.
    pub max_calls: usize,
    /// From when on new calls are refused before that.
    #[serde(rename = "max_memory_percent", deserialize_with = "unless_zero")]
    pub max_memory: Option<u64>,
    /// In MiB; that of the container where absent.
    #[serde(rename = "memory_limit_mb", deserialize_with = "unless_zero")]
    pub memory_limit: Option<u64>,
    /// How late the timers behind the sound may be.
    #[serde(rename = "max_late_ms", deserialize_with = "milliseconds")]
    pub max_late: Option<Duration>,
}

/// Who listens, thinks and speaks, in order, as the operator wrote it; see [`Config::stt`] and its like for the decision.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Providers {
    /// Speech to text.
    pub stt: Wanted<SttProvider>,
    /// The language model.
    pub llm: Wanted<LlmProvider>,
    /// Text to speech.
    pub tts: Wanted<TtsProvider>,
    /// The judge of turn ends by their melody.
    pub turn_end: TurnEndModel,
    /// How long unused connections are kept; zero: none is used twice.
    #[serde(rename = "keep_connections_s", deserialize_with = "seconds")]
    pub keep_connections: Duration,
}

/// Speech to text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SttProvider {
    /// Whoever has a key; Deepgram before ElevenLabs.
    Auto,
    /// Deepgram's live recognition.
    Deepgram,
    /// ElevenLabs' live recognition.
    Elevenlabs,
    /// Whisper in this process.
    Embedded,
}

/// The language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmProvider {
    /// Whoever has a key or an address.
    Auto,
    /// A server that speaks OpenAI's chat protocol.
    Openai,
    /// Another such server.
    OpenaiFallback,
    /// The receptionist's rules in this process.
    Embedded,
}

/// Text to speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TtsProvider {
    /// Whoever has a key; ElevenLabs before Deepgram.
    Auto,
    /// ElevenLabs.
    Elevenlabs,
    /// Deepgram's Aura.
    Deepgram,
    /// OpenAI's voices, or a compatible server's.
    Openai,
    /// Kokoro in this process.
    Embedded,
}

/// Whether a model listens to the melody of turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TurnEndModel {
    /// Words and silence decide.
    None,
    /// Smart Turn in this process.
    SmartTurn,
}

/// The carrier.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Twilio {
    /// The account; without it calls cannot be ended by REST.
    #[serde(deserialize_with = "optional")]
    pub account_sid: Option<AccountSid>,
    /// Checks signatures and opens the REST API.
    #[serde(deserialize_with = "secret")]
    pub auth_token: Option<SecretString>,
    /// Checks signatures during a rotation.
    #[serde(deserialize_with = "secret")]
    pub auth_token_secondary: Option<SecretString>,
    /// Checks signatures by SHA-256.
    #[serde(deserialize_with = "secret")]
    pub shared_key: Option<SecretString>,
    /// The number that is called; any where absent.
    #[serde(deserialize_with = "optional")]
    pub phone_number: Option<String>,
    /// The REST API.
    #[serde(deserialize_with = "parsed")]
    pub api_base_url: BaseUrl,
}

impl Twilio {
    /// Whether signatures can be checked at all.
    pub fn can_verify(&self) -> bool {
        self.auth_token.is_some() || self.auth_token_secondary.is_some() || self.shared_key.is_some()
    }
}

/// Recognition, and a voice.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Deepgram {
    /// Opens the service.
    #[serde(deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    /// Where it answers.
    #[serde(deserialize_with = "parsed")]
    pub base_url: BaseUrl,
    /// The recognition model.
    pub model: String,
}

/// Any server that speaks OpenAI's chat protocol.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OpenAi {
    /// Opens the service; some want none.
    #[serde(deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    /// Where it answers, if not at OpenAI; see [`Config::llm`].
    #[serde(deserialize_with = "optional")]
    pub base_url: Option<BaseUrl>,
    /// The chat model.
    pub model: String,
}

impl OpenAi {
    /// Whether the operator named a server or gave a key.
    pub const fn is_set(&self) -> bool {
        self.api_key.is_some() || self.base_url.is_some()
    }
}

/// The voice of OpenAI, or of a server that speaks its protocol.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OpenAiSpeech {
    /// Opens the service; some want none. See [`Config::tts`].
    #[serde(deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    /// Where it answers, if not where the chat does; see [`Config::tts`].
    #[serde(deserialize_with = "optional")]
    pub base_url: Option<BaseUrl>,
    /// The speech model.
    pub model: String,
    /// The voice where the agent names none.
    pub voice: String,
}

impl OpenAiSpeech {
    /// Whether the operator named a server or gave a key.
    pub const fn is_set(&self) -> bool {
        self.api_key.is_some() || self.base_url.is_some()
    }
}

/// Voices, and recognition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ElevenLabs {
    /// Opens the service.
    #[serde(deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    /// Where it answers.
    #[serde(deserialize_with = "parsed")]
    pub base_url: BaseUrl,
    /// The voice where the agent names none.
    pub voice_id: String,
    /// The speech model.
    pub model: String,
    /// The recognition model.
    pub stt_model: String,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn read(sources: &Sources<'_>) -> Result<Self, Complaints> {
        Self::read_with(sources, |_| Ok(())).map(|(config, ())| config)
    }

    /// The same with something more that is read, such as the agents, by what could be read of the configuration.
    ///
    /// # Errors
    /// All mistakes at once, those of `more` too.
    pub fn read_with<T>(
        sources: &Sources<'_>,
        more: impl FnOnce(&Self) -> Result<T, Vec<Complaint>>,
    ) -> Result<(Self, T), Complaints> {
        let source::Merged { config, origins, mut complaints } =
            source::merge(sources).map_err(|complaint| Complaints(vec![complaint]))?;
        complaints.extend(rules::check(&config, &origins));
        match more(&config) {
            Ok(more) if complaints.is_empty() => return Ok((config, more)),
            Ok(_) => {}
            Err(found) => complaints.extend(found),
        }
        Err(Complaints(complaints))
    }

    /// The address to listen on: everywhere where signatures can be checked, else this machine only (design §10).
    pub fn bind(&self) -> IpAddr {
        let everywhere = if self.twilio.can_verify() { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        self.server.bind.unwrap_or(IpAddr::V4(everywhere))
    }

    /// The agent that answers: the folder of its file, and its name.
    pub fn agent(&self) -> (PathBuf, String) {
        agent_file(&self.voice.agent, &self.voice.prompts_dir)
    }
}

/// The folder and the name of an agent that is named by a name in `prompts`, or by the path of a Markdown file.
pub fn agent_file(agent: &str, prompts: &Path) -> (PathBuf, String) {
    let path = Path::new(agent);
    match (path.parent(), path.file_stem().and_then(|name| name.to_str())) {
        (Some(folder), Some(name)) if path.extension().is_some_and(|extension| extension == "md") => {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            (here.to_owned(), name.to_owned())
        }
        _ => (prompts.to_owned(), agent.to_owned()),
    }
}
