//! Who listens, thinks and speaks, decided from what is set.

use super::{Config, Hearing, Model, Voice};
use crate::{base::secret::SecretString, net::address::BaseUrl};

/// Where OpenAI itself answers.
const OPENAI: &str = "https://api.openai.com/v1";

/// Who listens.
#[derive(Clone, Copy, Debug)]
pub enum Listener<'a> {
    /// Deepgram's live recognition, with its key.
    Deepgram(&'a SecretString),
    /// Whisper in this process.
    Embedded,
}

/// Who thinks.
#[derive(Clone, Debug)]
pub enum Thinker {
    /// A server that speaks OpenAI's chat protocol: its address with the version path.
    OpenAi(BaseUrl),
    /// The receptionist's rules in this process.
    Embedded,
}

/// Who speaks.
#[derive(Clone, Copy, Debug)]
pub enum Speaker<'a> {
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
    pub fn listener(&self) -> Listener<'_> {
        match (self.providers.hearing, &self.deepgram.api_key) {
            (Hearing::Auto | Hearing::Deepgram, Some(key)) => Listener::Deepgram(key),
            _ => Listener::Embedded,
        }
    }

    /// Who thinks.
    pub fn thinker(&self) -> Thinker {
        let settings = &self.openai;
        let wanted = match self.providers.model {
            Model::Auto => settings.api_key.is_some() || settings.base_url.is_some(),
            Model::Openai => true,
            Model::Embedded => false,
        };
        let address = settings.base_url.clone().or_else(|| OPENAI.parse().ok());
        address.filter(|_| wanted).map_or(Thinker::Embedded, Thinker::OpenAi)
    }

    /// Who speaks.
    pub fn speaker(&self) -> Speaker<'_> {
        match (self.providers.voice, &self.elevenlabs.api_key, &self.deepgram.api_key) {
            (Voice::Auto | Voice::Elevenlabs, Some(key), _) => Speaker::ElevenLabs(key),
            (Voice::Auto | Voice::Deepgram, _, Some(key)) => Speaker::Deepgram(key),
            _ => Speaker::Embedded,
        }
    }

    /// Whether a model file is needed at all.
    pub fn needs_models(&self) -> bool {
        matches!(self.listener(), Listener::Embedded) || matches!(self.speaker(), Speaker::Embedded)
    }
}
