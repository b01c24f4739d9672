//! Deepgram: Nova recognises speech over a WebSocket, Aura speaks over HTTP. Telephone audio goes both ways untouched.

pub mod wire;

mod query;
mod speak;
mod stt;
mod turn;

pub use speak::{Speak, SpeakOptions};
pub use stt::{Listen, ListenOptions};

use crate::net::address::BaseUrl;
use http::{HeaderMap, header::AUTHORIZATION};
use secrecy::{ExposeSecret as _, SecretString};

/// Where Deepgram is reached, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The origin, such as `https://api.deepgram.com` or a region's.
    pub base_url: BaseUrl,
    /// The API key.
    pub key: SecretString,
    /// Recognition.
    pub listen: ListenOptions,
    /// Speech.
    pub speak: SpeakOptions,
}

impl Options {
    /// Everything but the address and the key at its default.
    pub fn new(base_url: BaseUrl, key: SecretString) -> Self {
        Self { base_url, key, listen: ListenOptions::default(), speak: SpeakOptions::default() }
    }

    /// `Authorization: Token …`; nothing where the key holds characters that no header may, which the server then refuses.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(value) = crate::net::ws::secret_header(&format!("Token {}", self.key.expose_secret())) {
            headers.insert(AUTHORIZATION, value);
        }
        headers
    }
}
