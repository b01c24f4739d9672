//! Where `async-openai` sends its requests, without the crate's own reading of environment variables.

use crate::net::{address::BaseUrl, ws::secret_header};
use async_openai::config::Config;
use http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use secrecy::{ExposeSecret as _, SecretString};

/// The header that carries the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `api-key: …`, as Azure wants it.
    ApiKey,
}

impl KeyHeader {
    /// What the host wants.
    pub fn of(base: &BaseUrl) -> Self {
        if base.http("").host_str().is_some_and(|host| host.ends_with(".azure.com")) {
            Self::ApiKey
        } else {
            Self::Bearer
        }
    }
}

/// The address and the key.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    base: String,
    headers: HeaderMap,
    key: SecretString,
}

impl Endpoint {
    /// A key with characters that no header may hold is left out, and the server refuses us.
    pub(super) fn new(base: &BaseUrl, key: Option<&SecretString>, style: KeyHeader) -> Self {
        let headers = headers(key, style);
        Self { base: base.as_str().to_owned(), headers, key: key.cloned().unwrap_or_default() }
    }
}

/// The header that carries the key, where there is one.
pub(super) fn headers(key: Option<&SecretString>, style: KeyHeader) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        let (name, value) = match style {
            KeyHeader::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose_secret())),
            KeyHeader::ApiKey => (HeaderName::from_static("api-key"), key.expose_secret().to_owned()),
        };
        headers.extend(secret_header(&value).map(|value| (name, value)));
    }
    headers
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}
