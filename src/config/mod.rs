//! One strict configuration: environment variables alone suffice, a TOML file adds the rest.
//!
//! `default.toml` documents every setting and is its default. Unknown keys and broken rules are told all together, each
//! with its place and its remedy; secrets are never printed.

mod choice;
mod complaint;
mod env;
mod notes;
mod read;
mod retention;
mod rules;
mod secret_files;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod wanted;

pub use choice::{Llm, Named, Stt, Tts};
pub use complaint::{Complaint, Complaints, Origin};
pub use env::{Environment, SECRETS, VARIABLES, WITHOUT_MEANING};
pub use notes::Notes;
pub use retention::Retention;
pub use rules::is_e164;
pub use secret_files::FILE;
pub use settings::{
    Config, Deepgram, ElevenLabs, LlmProvider, Log, OpenAi, OpenAiSpeech, Providers, Server, State,
    SttProvider, TtsProvider, TurnEndModel, Twilio, VoiceChannel, agent_file,
};
pub use source::Sources;
pub use wanted::Wanted;

/// Every setting with its default and its meaning.
pub const DEFAULTS: &str = include_str!("default.toml");
