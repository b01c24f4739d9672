//! SIGHUP: what a running server takes over of its configuration when it reads it again.
//!
//! Those are Twilio's keys, which are exchanged while calls are live; whatever else changed waits for a restart.

use super::keys;
use crate::{
    config::{Complaint, Complaints, Config},
    providers::twilio::Keyring,
    shutdown::HangUps,
};
use std::{convert::Infallible, sync::Arc};
use tokio::task::spawn_blocking;

/// Reads the configuration as the start did.
pub(super) type Read = Arc<dyn Fn() -> Result<Config, Complaints> + Send + Sync>;

/// Reads and takes over at each signal, for ever.
pub(super) async fn follow(mut signals: HangUps, keyring: Keyring, read: Read) -> Infallible {
    loop {
        signals.next().await;
        let read = Arc::clone(&read);
        match spawn_blocking(move || read()).await {
            Ok(read) => take_over(&keyring, read),
            Err(error) => {
                tracing::error!(code = "RELOAD_REFUSED", %error, "the configuration could not be read again");
            }
        }
    }
}

fn take_over(keyring: &Keyring, read: Result<Config, Complaints>) {
    let config = match read {
        Ok(config) => config,
        Err(Complaints(complaints)) => return refuse(&complaints),
    };
    let Some(keys) = keys::of(&config.twilio) else {
        // A server that began without any has one of its own for its run; one that began with some is not to lose them.
        tracing::warn!(
            code = "RELOAD_REFUSED",
            "the configuration was read again and names no key of Twilio's: those of before stay"
        );
        return;
    };
    let (auth_tokens, shared_keys) = (keys.tokens.len(), keys.shared.len());
    let changed = keyring.replace(keys);
    tracing::info!(
        code = "RELOADED",
        changed,
        auth_tokens,
        shared_keys,
        "the configuration was read again: Twilio's keys are taken over, anything else at the next start"
    );
}

fn refuse(complaints: &[Complaint]) {
    for Complaint { place, what, remedy } in complaints {
        tracing::error!(code = "BAD_CONFIGURATION", place, remedy, "{what}");
    }
    tracing::error!(
        code = "RELOAD_REFUSED",
        mistakes = complaints.len(),
        "the configuration was read again and cannot be used: the one of before stays"
    );
}
