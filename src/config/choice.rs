//! Who listens, thinks and speaks, decided from what is set.

use super::{Config, LlmProvider, OpenAi, SttProvider, TtsProvider, TurnEndModel};
use crate::{base::secret::SecretString, net::address::BaseUrl};

/// Where OpenAI itself answers.
const OPENAI: &str = "https://api.openai.com/v1";

/// Who listens.
#[derive(Clone, Copy, Debug)]
pub enum Stt<'a> {
    /// Deepgram's live recognition, with its key.
    Deepgram(&'a SecretString),
    /// ElevenLabs' live recognition, with its key.
    ElevenLabs(&'a SecretString),
    /// Whisper in this process.
    Embedded,
}

/// Who thinks.
#[derive(Clone, Debug)]
pub enum Llm<'a> {
    /// A server that speaks OpenAI's chat protocol.
    OpenAi {
        /// What it is called in logs and metrics.
        name: &'static str,
        /// Its address with the version path.
        address: BaseUrl,
        /// Its section.
        settings: &'a OpenAi,
    },
    /// The receptionist's rules in this process.
    Embedded,
}

/// Who speaks.
#[derive(Clone, Debug)]
pub enum Tts<'a> {
    /// ElevenLabs, with its key.
    ElevenLabs(&'a SecretString),
    /// Deepgram's Aura, with its key.
    Deepgram(&'a SecretString),
    /// A server that speaks OpenAI's protocol.
    OpenAi {
        /// Its address with the version path.
        address: BaseUrl,
        /// Its key; some want none.
        key: Option<&'a SecretString>,
    },
    /// Kokoro in this process.
    Embedded,
}

/// What a provider is called in the settings, in logs and in metrics.
pub trait Named {
    /// Its name.
    fn name(&self) -> &'static str;
}

impl Named for Stt<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Deepgram(_) => "deepgram",
            Self::ElevenLabs(_) => "elevenlabs",
            Self::Embedded => "embedded",
        }
    }
}

impl Named for Llm<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::OpenAi { name, .. } => name,
            Self::Embedded => "embedded",
        }
    }
}

impl Named for Tts<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::ElevenLabs(_) => "elevenlabs",
            Self::Deepgram(_) => "deepgram",
            Self::OpenAi { .. } => "openai",
            Self::Embedded => "embedded",
        }
    }
}

/// In the order in which they are asked; the others stand in for the first one. A choice without its key does not pass
/// the rules, so none is met here.
impl Config {
    /// Who listens.
    pub fn stt(&self) -> Vec<Stt<'_>> {
        let deepgram = || self.deepgram.api_key.as_ref().map(Stt::Deepgram);
        let elevenlabs = || self.elevenlabs.api_key.as_ref().map(Stt::ElevenLabs);
        let chosen = self.providers.stt.iter().map(|wanted| match wanted {
            SttProvider::Auto => deepgram().or_else(elevenlabs).or(Some(Stt::Embedded)),
            SttProvider::Deepgram => deepgram(),
            SttProvider::Elevenlabs => elevenlabs(),
            SttProvider::Embedded => Some(Stt::Embedded),
        });
        each_once(chosen.flatten())
    }

    /// Who thinks.
    pub fn llm(&self) -> Vec<Llm<'_>> {
        let first = || server("openai", &self.openai);
        let fallback = || server("openai_fallback", &self.openai_fallback);
        let set = self.openai.is_set();
        let chosen = self.providers.llm.iter().map(|wanted| match wanted {
            LlmProvider::Auto => first().filter(|_| set).or(Some(Llm::Embedded)),
            LlmProvider::Openai => first(),
            LlmProvider::OpenaiFallback => fallback(),
            LlmProvider::Embedded => Some(Llm::Embedded),
        });
        each_once(chosen.flatten())
    }

    /// Who speaks.
    pub fn tts(&self) -> Vec<Tts<'_>> {
        let elevenlabs = || self.elevenlabs.api_key.as_ref().map(Tts::ElevenLabs);
        let deepgram = || self.deepgram.api_key.as_ref().map(Tts::Deepgram);
        let chosen = self.providers.tts.iter().map(|wanted| match wanted {
            TtsProvider::Auto => elevenlabs().or_else(deepgram).or(Some(Tts::Embedded)),
            TtsProvider::Elevenlabs => elevenlabs(),
            TtsProvider::Deepgram => deepgram(),
            TtsProvider::Openai => self.openai_voice(),
            TtsProvider::Embedded => Some(Tts::Embedded),
        });
        each_once(chosen.flatten())
    }

    /// Without a server of its own it speaks where the chat answers, with the same key unless it has its own.
    fn openai_voice(&self) -> Option<Tts<'_>> {
        let (speech, chat) = (&self.openai_speech, &self.openai);
        let key = speech.api_key.as_ref();
        Some(match &speech.base_url {
            Some(address) => Tts::OpenAi { address: address.clone(), key },
            None => Tts::OpenAi { address: address(chat)?, key: key.or(chat.api_key.as_ref()) },
        })
    }

    /// Whether a model file is needed at all.
    pub fn needs_models(&self) -> bool {
        self.stt().iter().any(|stt| matches!(stt, Stt::Embedded))
            || self.tts().iter().any(|tts| matches!(tts, Tts::Embedded))
            || self.providers.turn_end != TurnEndModel::None
    }
}

fn server<'a>(name: &'static str, settings: &'a OpenAi) -> Option<Llm<'a>> {
    Some(Llm::OpenAi { name, address: address(settings)?, settings })
}

fn address(settings: &OpenAi) -> Option<BaseUrl> {
    settings.base_url.clone().or_else(|| OPENAI.parse().ok())
}

/// "auto" may choose who is named too.
fn each_once<T: Named>(chosen: impl Iterator<Item = T>) -> Vec<T> {
    chosen.fold(Vec::new(), |mut once, one| {
        if !once.iter().any(|other: &T| other.name() == one.name()) {
            once.push(one);
        }
        once
    })
}
