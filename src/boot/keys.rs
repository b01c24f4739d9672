//! What opens the server: Twilio's keys, and the API's token.

use super::StartError;
use crate::{
    base::secret::{ExposeSecret as _, SecretString},
    config::{self, Config},
    providers::twilio::{Keyring, Keys, Twilio},
};
use std::net::SocketAddr;

/// The keys that the configuration names, the primary token first; `None` where it names none.
pub(super) fn of(twilio: &config::Twilio) -> Option<Keys> {
    let tokens = twilio.auth_token.iter().chain(&twilio.auth_token_secondary).cloned().collect();
    twilio.can_verify().then(|| Keys { tokens, shared: twilio.shared_key.iter().cloned().collect() })
}

/// Those keys; without any, a token for this run that only this machine can use, told in the log.
pub(super) fn ring(twilio: &config::Twilio) -> Keyring {
    let made_up = || {
        let token = random_token();
        tracing::warn!(
            "TWILIO_AUTH_TOKEN is not set: only this machine can call, with requests signed by {} (for this run)",
            token.expose_secret()
        );
        Keys { tokens: vec![token], shared: Vec::new() }
    };
    Keyring::from(of(twilio).unwrap_or_else(made_up))
}

/// Twilio with its keys, at the public address.
pub(super) fn carrier(config: &Config, keyring: &Keyring, address: SocketAddr) -> Result<Twilio, StartError> {
    let public =
        config.server.public_url.as_ref().map_or_else(|| format!("http://{address}"), ToString::to_string);
    Ok(Twilio::new(keyring.clone(), config.twilio.account_sid.clone(), &public)?)
}

/// The configured one; without it a token for this run that only this machine can use, told in the log.
pub(super) fn api_token(config: &Config) -> SecretString {
    if let Some(token) = &config.server.api_token {
        return token.clone();
    }
    if !config.bind().is_loopback() {
        tracing::warn!(
            "API_TOKEN is not set: the API opens only with keys, which `centralita keys create` makes"
        );
        return SecretString::default();
    }
    let token = random_token();
    tracing::warn!("API_TOKEN is not set: the API opens with {} (for this run)", token.expose_secret());
    token
}

fn random_token() -> SecretString {
    SecretString::from(format!("{:032x}", rand::random::<u128>()))
}
