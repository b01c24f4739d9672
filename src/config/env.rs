//! Which environment variable sets what. The reader is given them as a map, so that tests leave the process alone.

use crate::base::secret::SecretString;
use std::collections::BTreeMap;

/// The environment as the process found it.
pub type Environment = BTreeMap<String, String>;

/// Names that such deployments already use, and ours for the rest. Of several names of one setting the first that is set counts.
pub const VARIABLES: &[(&str, &str)] = &[
    ("BIND", "server.bind"),
    ("PORT", "server.port"),
    ("PUBLIC_URL", "server.public_url"),
    ("API_TOKEN", "server.api_token"),
    ("METRICS_FOR", "server.metrics_for"),
    ("DATA_DIR", "server.data_dir"),
    ("MODEL_DIR", "server.model_dir"),
    ("DRAIN_S", "server.drain_s"),
    ("ALLOW_PRIVATE_UPSTREAMS", "server.allow_private_upstreams"),
    ("DATABASE_URL", "store.url"),
    ("REDIS_URL", "state.redis_url"),
    ("KV_URL", "state.redis_url"),
    ("STATE_TTL_H", "state.ttl_h"),
    ("LOG", "log.filter"),
    ("LOG_FORMAT", "log.format"),
    ("AGENT", "voice.agent"),
    ("PROMPTS_DIR", "voice.prompts_dir"),
    ("BY_TURNS", "voice.by_turns"),
    ("MAX_CALLS", "voice.max_calls"),
    ("MAX_MEMORY_PERCENT", "voice.max_memory_percent"),
    ("MEMORY_LIMIT_MB", "voice.memory_limit_mb"),
    ("MAX_LATE_MS", "voice.max_late_ms"),
    ("STT_PROVIDER", "providers.stt"),
    ("LLM_PROVIDER", "providers.llm"),
    ("TTS_PROVIDER", "providers.tts"),
    ("TURN_END_MODEL", "providers.turn_end"),
    ("KEEP_CONNECTIONS_S", "providers.keep_connections_s"),
    ("TWILIO_ACCOUNT_SID", "twilio.account_sid"),
    ("TWILIO_AUTH_TOKEN", "twilio.auth_token"),
    ("TWILIO_AUTH_TOKEN_SECONDARY", "twilio.auth_token_secondary"),
    ("TWILIO_SHARED_KEY", "twilio.shared_key"),
    ("TWILIO_PHONE_NUMBER", "twilio.phone_number"),
    ("TWILIO_API_BASE_URL", "twilio.api_base_url"),
    ("DEEPGRAM_API_KEY", "deepgram.api_key"),
    ("DEEPGRAM_BASE_URL", "deepgram.base_url"),
    ("DEEPGRAM_MODEL", "deepgram.model"),
    ("OPENAI_API_KEY", "openai.api_key"),
    ("OPENAI_BASE_URL", "openai.base_url"),
    ("OPENAI_MODEL", "openai.model"),
    ("OPENAI_FALLBACK_API_KEY", "openai_fallback.api_key"),
    ("OPENAI_FALLBACK_BASE_URL", "openai_fallback.base_url"),
    ("OPENAI_FALLBACK_MODEL", "openai_fallback.model"),
    ("OPENAI_SPEECH_API_KEY", "openai_speech.api_key"),
    ("OPENAI_SPEECH_BASE_URL", "openai_speech.base_url"),
    ("OPENAI_SPEECH_MODEL", "openai_speech.model"),
    ("OPENAI_SPEECH_VOICE", "openai_speech.voice"),
    ("ELEVENLABS_API_KEY", "elevenlabs.api_key"),
    ("ELEVENLABS_BASE_URL", "elevenlabs.base_url"),
    ("ELEVENLABS_VOICE_ID", "elevenlabs.voice_id"),
    ("ELEVENLABS_MODEL", "elevenlabs.model"),
    ("ELEVENLABS_STT_MODEL", "elevenlabs.stt_model"),
    ("NOTES_URL", "notes.url"),
    ("NOTES_SECRET", "notes.secret"),
    ("NOTES_TOKEN", "notes.token"),
    ("NOTES_SETTLE", "notes.settle"),
    ("NOTES_FIND_URL", "notes.find_url"),
    ("NOTES_FIND_AFTER_S", "notes.find_after_s"),
    ("RECORDINGS_DAYS", "retention.recordings_days"),
    ("TRANSCRIPTS_DAYS", "retention.transcripts_days"),
    ("PAYLOADS_DAYS", "retention.payloads_days"),
];

/// Names that such deployments set too, and why nothing here reads them.
pub const WITHOUT_MEANING: &[(&str, &str)] = &[
    ("KV_REST_API_URL", "Vercel's HTTP interface to Redis: Redis itself is used, by KV_URL or REDIS_URL"),
    ("KV_REST_API_TOKEN", "Vercel's HTTP interface to Redis: Redis itself is used, by KV_URL or REDIS_URL"),
];

/// Settings whose value is never printed and never stands in a file.
pub const SECRETS: &[&str] = &[
    "server.api_token",
    "store.url",
    "state.redis_url",
    "twilio.auth_token",
    "twilio.auth_token_secondary",
    "twilio.shared_key",
    "deepgram.api_key",
    "openai.api_key",
    "openai_fallback.api_key",
    "openai_speech.api_key",
    "elevenlabs.api_key",
    "notes.secret",
    "notes.token",
];

/// What is set and means nothing here, with the reason.
pub(super) fn without_meaning(environment: &Environment) -> Vec<(&'static str, &'static str)> {
    WITHOUT_MEANING.iter().filter(|(name, _)| get(environment, name).is_some()).copied().collect()
}

/// The variable that sets `key`.
pub(super) fn variable_of(key: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(_, set)| *set == key).map(|(name, _)| *name)
}

/// What the names of the secrets of agents' own tools begin with: a file of an agent can name no other variable.
const TOOL_SECRET: &str = "TOOL_SECRET_";

/// The secrets of agents' own tools, by the names that the agents' files use.
pub(super) fn tool_secrets(environment: &Environment) -> BTreeMap<String, SecretString> {
    let given = environment.keys().filter_map(|name| {
        let secret = SecretString::from(get(environment, name)?);
        Some((name.strip_prefix(TOOL_SECRET)?.to_owned(), secret))
    });
    given.collect()
}

/// The variable's text, where it is set and not blank. Secrets in files often end in a line break, which is cut.
pub(super) fn get<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}
