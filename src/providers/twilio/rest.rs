//! Twilio's REST API, as far as a live call needs it.
//!
//! Spec: <https://www.twilio.com/docs/voice/api/call-resource> (read 2026-11).

use super::keyring::Keyring;
use crate::{
    base::{
        backoff::Backoff,
        ids::{AccountSid, CallSid},
        secret::{ExposeSecret, SecretString},
    },
    net::{
        address::BaseUrl,
        http::{self, NoClient, Timeouts},
    },
    ports::phone::{Phone, PhoneError},
};
use futures_util::future::BoxFuture;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often one order is tried.
const TRIES: usize = 3;

/// How long one order may take.
const WHOLE: Duration = Duration::from_secs(5);

/// "Call is not in-progress": it is over already.
const NOT_IN_PROGRESS: u32 = 21_220;

/// Who we are at Twilio.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account.
    pub sid: AccountSid,
    /// Its keys: the auth tokens open the API, the next one where the one before is refused.
    pub keys: Keyring,
    /// The origin, such as `https://api.twilio.com`. Another region needs edge and region together:
    /// `https://api.dublin.ie1.twilio.com`.
    pub base_url: BaseUrl,
}

/// The time limits of one try.
#[derive(Clone, Copy, Debug)]
pub struct RestLimits {
    /// Name look-up, connection and TLS together: shorter than the try, so that the log can tell why that failed.
    pub connect: Duration,
    /// The whole try. Three of them and their pauses stay below 5 s.
    pub attempt: Duration,
}

impl Default for RestLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(1), attempt: Duration::from_millis(1_500) }
    }
}

/// The calls of an account.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client,
    account: Account,
    attempt: Duration,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: Option<u32>,
}

enum Outcome {
    Done,
    Again(String),
    /// This token opens nothing; another one may.
    Denied(String),
    Refused(String),
}

impl Rest {
    /// Speaks for `account`. Every order goes over a connection of its own: it is seldom, and must not meet one that
    /// has died meanwhile.
    ///
    /// # Errors
    /// [`NoClient`] when no HTTP client can be built.
    pub fn new(account: Account) -> Result<Self, NoClient> {
        Self::within(account, RestLimits::default())
    }

    /// The same with other limits; the whole order stays within 5 s.
    ///
    /// # Errors
    /// As [`Rest::new`].
    pub fn within(account: Account, limits: RestLimits) -> Result<Self, NoClient> {
        let timeouts = Timeouts { connect: limits.connect, idle: Duration::ZERO, ..Timeouts::default() };
        let client = http::client(&account.base_url, timeouts)?;
        Ok(Self { client, account, attempt: limits.attempt })
    }

    async fn complete(&self, call: &CallSid) -> Result<(), PhoneError> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(400));
        let mut reason = String::new();
        for attempt in 1..=TRIES {
            match timeout(self.attempt, self.try_complete(call)).await {
                Ok(Outcome::Done) => return Ok(()),
                Ok(Outcome::Denied(why) | Outcome::Refused(why)) => return Err(PhoneError::Refused(why)),
                Ok(Outcome::Again(why)) => reason = why,
                Err(_) => "no answer in time".clone_into(&mut reason),
            }
            tracing::warn!(call.sid = %call, code = "TWILIO_REST", attempt, reason, "the call could not be ended");
            if attempt < TRIES {
                sleep(backoff.pause(rand::random())).await;
            }
        }
        Err(PhoneError::Busy(reason))
    }

    /// With each token in turn: Twilio stops to take one at the moment in which it is exchanged there, and we learn of it later.
    async fn try_complete(&self, call: &CallSid) -> Outcome {
        let mut outcome = Outcome::Denied("there is no auth token".to_owned());
        for token in &self.account.keys.keys().tokens {
            outcome = self.try_with(token, call).await;
            if !matches!(outcome, Outcome::Denied(_)) {
                break;
            }
        }
        outcome
    }

    async fn try_with(&self, token: &SecretString, call: &CallSid) -> Outcome {
        let Account { sid, base_url, .. } = &self.account;
        let url = base_url.http(&format!("/2010-04-01/Accounts/{sid}/Calls/{call}.json"));
        let request = self
            .client
            .post(url)
            .basic_auth(sid, Some(token.expose_secret()))
            .form(&[("Status", "completed")]);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Again(http::innermost(&error)),
        };
        match answer.status() {
            status if status.is_success() => Outcome::Done,
            // Unknown or long gone (20404).
            StatusCode::NOT_FOUND => Outcome::Done,
            status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                Outcome::Again(format!("HTTP {}", status.as_u16()))
            }
            status => {
                let code =
                    answer.json::<ErrorBody>().await.ok().and_then(|body| body.code).unwrap_or_default();
                if code == NOT_IN_PROGRESS {
                    return Outcome::Done;
                }
                // The vendor's message may quote what we sent; its number says enough.
                let why = format!("HTTP {}, code {code}", status.as_u16());
                if status == StatusCode::UNAUTHORIZED { Outcome::Denied(why) } else { Outcome::Refused(why) }
            }
        }
    }
}

impl Phone for Rest {
    fn hang_up(&self, call: CallSid) -> BoxFuture<'static, Result<(), PhoneError>> {
        let rest = self.clone();
        Box::pin(async move {
            timeout(WHOLE, rest.complete(&call))
                .await
                .unwrap_or_else(|_| Err(PhoneError::Busy("no answer in time".to_owned())))
        })
    }
}
