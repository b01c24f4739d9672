//! ElevenLabs: a voice over one WebSocket a call, with a context a turn, and Scribe, which recognises speech over another.
//! Both in the telephone's own encoding.

pub mod wire;

mod link;
mod scribe;
mod tts;
mod turn;

pub use scribe::{Scribe, ScribeOptions};
pub use tts::ElevenLabs;

use crate::net::{
    address::BaseUrl,
    ws::{Limits, secret_header},
};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;
use wire::VoiceSettings;

/// Where the voice is reached, and how. Durations are limits of our own unless said otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// The origin, such as `https://api.elevenlabs.io` or a residency region's.
    pub base_url: BaseUrl,
    /// The API key.
    pub key: SecretString,
    /// The voice where the agent names none.
    pub voice: String,
    /// The model; `eleven_flash_v2_5` is the quickest.
    pub model: String,
    /// How the voice sounds.
    pub settings: VoiceSettings,
    /// The socket's limits: 2 s to connect, 1 MiB a message.
    pub socket: Limits,
    /// From the first text of a turn to its first sound.
    pub first_audio: Duration,
    /// Between text and sound, and between sounds, once the turn sounds.
    pub stall: Duration,
    /// After this long without a message a keep-alive is sent; ElevenLabs closes after 20 s.
    pub keep_alive: Duration,
    /// Before the second try to connect.
    pub pause: Duration,
    /// A connection that lived less than this is not opened again before it is needed.
    pub settled: Duration,
    /// How long a message may wait to be written, and the farewell may take.
    pub closing: Duration,
}

impl Options {
    /// Everything else at its default.
    pub fn new(base_url: BaseUrl, key: SecretString, voice: String) -> Self {
        Self {
            base_url,
            key,
            voice,
            model: "eleven_flash_v2_5".to_owned(),
            settings: VoiceSettings::default(),
            socket: Limits::default(),
            first_audio: Duration::from_secs(4),
            stall: Duration::from_secs(2),
            keep_alive: Duration::from_secs(10),
            pause: Duration::from_millis(250),
            settled: Duration::from_secs(5),
            closing: Duration::from_secs(1),
        }
    }
}

/// What carries the key; nothing where it holds characters that no header may, which the server then refuses.
fn headers(key: &SecretString) -> HeaderMap {
    let key = secret_header(key.expose_secret());
    key.map(|value| (HeaderName::from_static("xi-api-key"), value)).into_iter().collect()
}
