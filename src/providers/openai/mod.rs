//! Chat completions, and a voice, on any server that speaks OpenAI's protocol: OpenAI, Azure, Groq, vLLM, llama.cpp, Ollama
//! and others.
//!
//! The chat's requests, the addresses and the event stream are `async-openai`'s; the chunk type is ours (lenient), and so is
//! the service below it, which never retries: in a call a hidden retry is dead air.

pub mod wire;

mod collect;
mod endpoint;
mod llm;
mod request;
mod speech;
mod think;
mod transport;

pub use collect::Collector;
pub use endpoint::KeyHeader;
pub use llm::Chat;
pub use request::MaxTokens;
pub use speech::{Speech, SpeechOptions};

use crate::net::{address::BaseUrl, http::Timeouts};
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::time::Duration;

/// Which server is asked for answers, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// What this server is called in logs and metrics.
    pub name: &'static str,
    /// The base with its version path, such as `https://api.openai.com/v1`.
    pub base_url: BaseUrl,
    /// The key; local servers often want none.
    pub key: Option<SecretString>,
    /// The header that carries the key.
    pub key_header: KeyHeader,
    /// The model's name at this server; a setting, never a constant: names are switched off all the time.
    pub model: String,
    /// The field that limits the answer's length.
    pub max_tokens: MaxTokens,
    /// Sampling temperature; `None` leaves the server's default, which reasoning models insist on.
    pub temperature: Option<f32>,
    /// More fields of the request body, such as `reasoning_effort`; they win over ours.
    pub extra: Map<String, Value>,
    /// Connection limits.
    pub http: Timeouts,
    /// From the question to the first text or tool call.
    pub first_token: Duration,
    /// Between two events once the answer has begun.
    pub idle: Duration,
    /// The whole answer.
    pub total: Duration,
}

impl Options {
    /// Everything else at its default; key header and length field follow from the host.
    pub fn new(base_url: BaseUrl, key: Option<SecretString>, model: String) -> Self {
        Self {
            name: "openai",
            key_header: KeyHeader::of(&base_url),
            max_tokens: MaxTokens::of(&base_url),
            base_url,
            key,
            model,
            temperature: None,
            extra: Map::new(),
            http: Timeouts::default(),
            first_token: Duration::from_secs(8),
            idle: Duration::from_secs(3),
            total: Duration::from_mins(1),
        }
    }
}
