//! Text to speech by `POST /audio/speech`: one request a piece, linear sound at 24 kHz made mu-law here.

use super::{
    KeyHeader, endpoint,
    wire::{self, ErrorName},
};
use crate::{
    base::secret::SecretString,
    net::{
        address::BaseUrl,
        http::{self, NoClient},
    },
    ports::tts::{TextToSpeech, TtsSession, TtsSpec},
    providers::by_piece::{self, Coding, Patience, Speaker},
};
use ::http::HeaderMap;
use reqwest::{Client, Request, Url};

/// Which server speaks, and how.
#[derive(Clone, Debug)]
pub struct SpeechOptions {
    /// The base with its version path, such as `https://api.openai.com/v1`.
    pub base_url: BaseUrl,
    /// The key; local servers often want none.
    pub key: Option<SecretString>,
    /// The header that carries the key.
    pub key_header: KeyHeader,
    /// The model's name at this server; a setting, never a constant: names are switched off all the time.
    pub model: String,
    /// The voice where the agent names none.
    pub voice: String,
    /// Time limits.
    pub patience: Patience,
}

impl SpeechOptions {
    /// Everything else at its default; the key's header follows from the host.
    pub fn new(base_url: BaseUrl, key: Option<SecretString>, model: String, voice: String) -> Self {
        let key_header = KeyHeader::of(&base_url);
        Self { base_url, key, key_header, model, voice, patience: Patience::default() }
    }
}

/// A voice of OpenAI, or of a server that speaks its protocol.
#[derive(Debug)]
pub struct Speech {
    options: SpeechOptions,
    client: Client,
}

impl Speech {
    /// A voice; its connections are shared by all calls.
    ///
    /// # Errors
    /// [`NoClient`] when no HTTP client can be built.
    pub fn new(options: SpeechOptions) -> Result<Self, NoClient> {
        let client = http::client(&options.base_url, options.patience.http)?;
        Ok(Self { options, client })
    }
}

impl TextToSpeech for Speech {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn signature(&self, spec: &TtsSpec) -> String {
        let SpeechOptions { base_url, model, voice, .. } = &self.options;
        let voice = if spec.voice.is_empty() { voice } else { &spec.voice };
        format!("openai {base_url} {model} {voice}")
    }

    fn open(&self, spec: TtsSpec) -> TtsSession {
        let options = &self.options;
        let speaker = OpenAiSpeaker {
            address: options.base_url.http("/audio/speech"),
            headers: endpoint::headers(options.key.as_ref(), options.key_header),
            model: options.model.clone(),
            voice: if spec.voice.is_empty() { options.voice.clone() } else { spec.voice },
        };
        by_piece::open(speaker, spec.locale, self.client.clone(), options.patience)
    }
}

/// One call's requests. The model hears the language from the text.
struct OpenAiSpeaker {
    address: Url,
    headers: HeaderMap,
    model: String,
    voice: String,
}

impl Speaker for OpenAiSpeaker {
    const NAME: &'static str = "openai";
    const CODING: Coding = Coding::Linear(24_000);

    fn request(&self, client: &Client, text: &str) -> reqwest::Result<Request> {
        let body = wire::Speak::pcm(&self.model, &self.voice, text);
        client.post(self.address.clone()).headers(self.headers.clone()).json(&body).build()
    }

    fn refusal(body: &[u8]) -> String {
        ErrorName::read(body).0
    }

    fn lasts(name: &str) -> bool {
        ErrorName(name.to_owned()).is_quota()
    }
}
