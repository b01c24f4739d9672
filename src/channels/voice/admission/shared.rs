//! Tokens that other nodes take too.
//!
//! A call that was announced at one node may open its socket at another, or here after a restart: so the ticket lies in the state store,
//! under the SHA-256 of its token, until somebody takes it.

use super::{Admission, NotHere, Ticket, TokenRefused};
use crate::{
    base::ids::{AccountSid, CallSid},
    ports::state::{Held, Key, Use},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};
use tokio::time::{error::Elapsed, timeout};

/// How long the state store may take: the caller hears silence meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);

impl Admission {
    /// Lets other nodes know the token that the call got. Where the state store is away, it opens a socket here alone.
    pub async fn share(&self, call: &CallSid, token: &str) {
        let unshared = |entry: &&mut super::Entry| entry.token == token && !entry.shared;
        let ticket = self.lock().tickets.get_mut(call).filter(unshared).map(|entry| entry.ticket.clone());
        let Some(ticket) = ticket else { return };
        let Ok(value) = serde_json::to_vec(&ticket) else { return };
        match timeout(PATIENCE, self.others.put(key(token), value, self.rules.token_life)).await {
            Ok(Ok(())) => {
                if let Some(entry) = self.lock().tickets.get_mut(call).filter(unshared) {
                    entry.shared = true;
                }
            }
            Ok(Err(error)) => not_shared(call, &error.to_string()),
            Err(_) => not_shared(call, "the state store is slow"),
        }
    }

    /// Consumes the token that a media socket brought for `call`: of two sockets with the same token one gets in, wherever they open.
    ///
    /// # Errors
    /// [`TokenRefused`]; the token keeps its state, so a stranger's guess does not lock the caller out.
    pub async fn redeem(
        &self,
        now: Instant,
        call: &CallSid,
        account: &AccountSid,
        token: Option<&str>,
    ) -> Result<Ticket, TokenRefused> {
        let token = token.filter(|token| !token.is_empty()).ok_or(TokenRefused::Missing)?;
        match self.redeem_here(now, call, account, token) {
            Ok((ticket, false)) => Ok(ticket),
            Ok((ticket, true)) => match self.take(token).await {
                // Without the others this node alone decides.
                Ok(None) => Err(TokenRefused::Used),
                Ok(Some(_)) | Err(Away) => Ok(ticket),
            },
            Err(NotHere::Other { least }) => {
                let ticket = self.redeem_there(call, account, token, least).await?;
                self.forget(call);
                Ok(ticket)
            }
            Err(NotHere::Refused(why)) => Err(why),
        }
    }

    /// A token that another node gave out, or this one before it started anew.
    async fn redeem_there(
        &self,
        call: &CallSid,
        account: &AccountSid,
        token: &str,
        least: i64,
    ) -> Result<Ticket, TokenRefused> {
        let held = timeout(PATIENCE, self.others.get(key(token))).await;
        let ticket = told(held).ok().flatten().ok_or(TokenRefused::Unknown)?;
        // A socket that this node has passed stays closed.
        if ticket.arrival.call != *call || ticket.epoch < least {
            return Err(TokenRefused::Unknown);
        }
        if ticket.arrival.account != *account {
            return Err(TokenRefused::OtherAccount);
        }
        self.take(token).await.ok().flatten().ok_or(TokenRefused::Used)
    }

    /// What nodes share of a token, which they share no longer.
    async fn take(&self, token: &str) -> Result<Option<Ticket>, Away> {
        told(timeout(PATIENCE, self.others.take(key(token))).await)
    }
}

/// The state store is away, or slow.
struct Away;

fn told(answer: Result<Held<Option<Vec<u8>>>, Elapsed>) -> Result<Option<Ticket>, Away> {
    let error = match answer {
        Ok(Ok(value)) => return Ok(value.and_then(|value| serde_json::from_slice(&value).ok())),
        Ok(Err(error)) => error.to_string(),
        Err(slow) => slow.to_string(),
    };
    tracing::warn!(code = "TOKEN_NOT_SHARED", error, "the state store does not tell who is let in");
    Err(Away)
}

fn not_shared(call: &CallSid, why: &str) {
    tracing::warn!(code = "TOKEN_NOT_SHARED", call.sid = %call, why, "only this node lets the call in");
}

fn key(token: &str) -> Key {
    Key::new(Use::Token, URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes())))
}
