//! Text to speech by `POST /v1/speak`: one request a piece.

use super::{Options, wire};
use crate::{
    base::language::Language,
    net::http::{self, NoClient},
    ports::tts::{TextToSpeech, TtsSession, TtsSpec},
    providers::by_piece::{self, Coding, Patience, Speaker},
};
use reqwest::{Client, Request, Url};
use std::sync::Arc;

/// How `/v1/speak` is used.
#[derive(Clone, Debug)]
pub struct SpeakOptions {
    /// The voice where the agent names none and speaks Spanish.
    pub voice_es: String,
    /// The voice where the agent names none and speaks English.
    pub voice_en: String,
    /// Whether Deepgram may not train on the text (changes the price).
    pub no_training: bool,
    /// Time limits.
    pub patience: Patience,
}

impl Default for SpeakOptions {
    fn default() -> Self {
        Self {
            voice_es: "aura-2-celeste-es".to_owned(),
            voice_en: "aura-2-thalia-en".to_owned(),
            no_training: false,
            patience: Patience::default(),
        }
    }
}

/// Deepgram's voice.
#[derive(Debug)]
pub struct Speak {
    options: Arc<Options>,
    client: Client,
}

impl Speak {
    /// A voice; its connections are shared by all calls.
    ///
    /// # Errors
    /// [`NoClient`] when no HTTP client can be built.
    pub fn new(options: Options) -> Result<Self, NoClient> {
        let client = http::client(&options.base_url, options.speak.patience.http)?;
        Ok(Self { options: Arc::new(options), client })
    }
}

impl TextToSpeech for Speak {
    fn name(&self) -> &'static str {
        "deepgram"
    }

    fn signature(&self, spec: &TtsSpec) -> String {
        format!("deepgram {}", address(&self.options, spec).query().unwrap_or_default())
    }

    fn open(&self, spec: TtsSpec) -> TtsSession {
        let speaker =
            AuraSpeaker { address: address(&self.options, &spec), options: Arc::clone(&self.options) };
        by_piece::open(speaker, spec.locale, self.client.clone(), self.options.speak.patience)
    }
}

/// One call's requests.
struct AuraSpeaker {
    options: Arc<Options>,
    address: Url,
}

impl Speaker for AuraSpeaker {
    const NAME: &'static str = "deepgram";
    const CODING: Coding = Coding::MuLaw;

    fn request(&self, client: &Client, text: &str) -> reqwest::Result<Request> {
        let request = client.post(self.address.clone()).headers(self.options.headers());
        request.json(&wire::Speak { text }).build()
    }

    fn refusal(body: &[u8]) -> String {
        wire::error_name(body)
    }
}

/// The address with all settings. `container=none`: a WAV header would be heard as a click.
fn address(options: &Options, spec: &TtsSpec) -> Url {
    let speak = &options.speak;
    let voice = match (spec.voice.as_str(), spec.language) {
        ("", Language::Es) => &speak.voice_es,
        ("", Language::En) => &speak.voice_en,
        (voice, _) => voice,
    };
    let mut url = options.base_url.http("/v1/speak");
    let mut query = url.query_pairs_mut();
    query
        .append_pair("model", voice)
        .append_pair("encoding", "mulaw")
        .append_pair("container", "none")
        .append_pair("sample_rate", "8000");
    if speak.no_training {
        query.append_pair("mip_opt_out", "true");
    }
    drop(query);
    url
}
