//! Who listens, thinks and speaks, decided from what is set.

use super::{Config, LlmProvider, SttProvider, TtsProvider};
use crate::{base::secret::SecretString, net::address::BaseUrl};

/// Where OpenAI itself answers.
const OPENAI: &str = "https://api.openai.com/v1";

/// Who listens.
#[derive(Clone, Copy, Debug)]
pub enum Stt<'a> {
    /// Deepgram's live recognition, with its key.
    Deepgram(&'a SecretString),
    /// Whisper in this process.
    Embedded,
}

/// Who thinks.
#[derive(Clone, Debug)]
pub enum Llm {
    /// A server that speaks OpenAI's chat protocol: its address with the version path.
    OpenAi(BaseUrl),
    /// The receptionist's rules in this process.
    Embedded,
}

/// Who speaks.
#[derive(Clone, Copy, Debug)]
pub enum Tts<'a> {
    /// ElevenLabs, with its key.
    ElevenLabs(&'a SecretString),
    /// Deepgram's Aura, with its key.
    Deepgram(&'a SecretString),
    /// Kokoro in this process.
    Embedded,
}

/// A choice without its key does not pass the rules, so none is met here.
impl Config {
    /// Who listens.
    pub fn stt(&self) -> Stt<'_> {
        match (self.providers.stt, &self.deepgram.api_key) {
            (SttProvider::Auto | SttProvider::Deepgram, Some(key)) => Stt::Deepgram(key),
            _ => Stt::Embedded,
        }
    }

    /// Who thinks.
    pub fn llm(&self) -> Llm {
        let settings = &self.openai;
        let wanted = match self.providers.llm {
            LlmProvider::Auto => settings.api_key.is_some() || settings.base_url.is_some(),
            LlmProvider::Openai => true,
            LlmProvider::Embedded => false,
        };
        let address = settings.base_url.clone().or_else(|| OPENAI.parse().ok());
        address.filter(|_| wanted).map_or(Llm::Embedded, Llm::OpenAi)
    }

    /// Who speaks.
    pub fn tts(&self) -> Tts<'_> {
        match (self.providers.tts, &self.elevenlabs.api_key, &self.deepgram.api_key) {
            (TtsProvider::Auto | TtsProvider::Elevenlabs, Some(key), _) => Tts::ElevenLabs(key),
            (TtsProvider::Auto | TtsProvider::Deepgram, _, Some(key)) => Tts::Deepgram(key),
            _ => Tts::Embedded,
        }
    }

    /// Whether a model file is needed at all.
    pub fn needs_models(&self) -> bool {
        matches!(self.stt(), Stt::Embedded) || matches!(self.tts(), Tts::Embedded)
    }
}
