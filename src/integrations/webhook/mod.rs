//! An operator's own server, or any CRM that takes webhooks.
//!
//! Each delivery is one POST of JSON with the headers of Standard Webhooks, and `Idempotency-Key`: both carry the delivery's
//! identifier, which stays the same over all tries, so that the receiver can drop what comes again. The body's field `ref` is
//! the marker by which a delivery is looked for where the receiver cannot do that.

pub mod wire;

pub use crate::ports::store::outbox::Settle;

use crate::{
    base::{
        clock::WallClock,
        connecting,
        secret::{ExposeSecret as _, SecretString},
    },
    net::{
        address::BaseUrl,
        http::{self, NoClient, Timeouts},
    },
    ports::{
        store::outbox::Delivery,
        target::{DeliveryError, Target, Unclear, marker},
    },
};
use futures_util::future::BoxFuture;
use reqwest::{Client, RequestBuilder, Response, header::RETRY_AFTER};
use serde_json::{Value, json};
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::timeout;
use wire::Verdict;

/// The longest wait that a target may ask for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Where a webhook goes, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name in the configuration.
    pub name: String,
    /// Where deliveries are posted to.
    pub url: BaseUrl,
    /// Where it is asked for a delivery, with `?ref=` and the marker; needed to reconcile.
    pub find_url: Option<BaseUrl>,
    /// Signs what is sent: `whsec_` and base64.
    pub secret: Option<SecretString>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<SecretString>,
    /// How a delivery is settled whose end is not known.
    pub settle: Settle,
    /// How long one request may take (reliability §3.4: 15 s).
    pub patience: Duration,
    /// Of that, how long the connection may take.
    pub connecting: Duration,
}

impl Options {
    /// Everything else at its default: unsigned, and what may have arrived is sent again with the same key.
    pub fn new(name: impl Into<String>, url: BaseUrl) -> Self {
        Self {
            name: name.into(),
            url,
            find_url: None,
            secret: None,
            token: None,
            settle: Settle::Key,
            patience: Duration::from_secs(15),
            connecting: connecting::LIMIT,
        }
    }
}

/// Why there is no such webhook; a matter of configuration.
#[derive(Debug, thiserror::Error)]
pub enum BadWebhook {
    /// The secret is not one of Standard Webhooks.
    #[error("the secret of the target `{0}` must be `whsec_` and base64")]
    Secret(String),
    /// It is to be asked for deliveries, and nobody knows where.
    #[error("the target `{0}` is to be reconciled and has no find_url")]
    NoFindUrl(String),
    /// No HTTP client.
    #[error("{0}")]
    Client(#[from] NoClient),
}

/// A webhook.
pub struct Webhook {
    options: Options,
    key: Option<Vec<u8>>,
    client: Client,
    clock: Arc<dyn WallClock>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Every request goes over a connection of its own: it is seldom, and one that has died meanwhile would leave open whether
    /// a delivery arrived.
    ///
    /// # Errors
    /// See [`BadWebhook`].
    pub fn new(options: Options, clock: Arc<dyn WallClock>) -> Result<Self, BadWebhook> {
        let name = || options.name.clone();
        if options.settle == Settle::Reconcile && options.find_url.is_none() {
            return Err(BadWebhook::NoFindUrl(name()));
        }
        let key = match &options.secret {
            Some(secret) => {
                Some(wire::key(secret.expose_secret()).ok_or_else(|| BadWebhook::Secret(name()))?)
            }
            None => None,
        };
        let timeouts = Timeouts { connect: options.connecting, idle: Duration::ZERO, ..Timeouts::default() };
        let client = http::client(&options.url, timeouts)?;
        Ok(Self { options, key, client, clock })
    }

    async fn post(&self, delivery: &Delivery) -> Result<Option<String>, DeliveryError> {
        let body = body(delivery);
        let timestamp = self.clock.now().as_second();
        let mut request = self
            .authorised(self.client.post(self.options.url.as_str()))
            .header("content-type", "application/json")
            .header("idempotency-key", &delivery.id)
            .header("webhook-id", &delivery.id)
            .header("webhook-timestamp", timestamp);
        if let Some(key) = &self.key {
            request =
                request.header("webhook-signature", wire::signature(key, &delivery.id, timestamp, &body));
        }
        match self.send(request.body(body)).await {
            Ok(answer) => judge(answer).await,
            Err(Failed { why, sent: true }) => Err(DeliveryError::Ambiguous { why }),
            Err(Failed { why, sent: false }) => Err(DeliveryError::NotSent { why, after: None }),
        }
    }

    async fn look(&self, marker: &str) -> Result<Option<String>, Unclear> {
        let url = self.options.find_url.as_ref().ok_or_else(|| Unclear("there is no find_url".to_owned()))?;
        let request = self.client.get(url.as_str()).query(&[("ref", marker)]);
        let answer = self.send(self.authorised(request)).await.map_err(|failed| Unclear(failed.why))?;
        let status = answer.status().as_u16();
        let body = http::error_body(answer).await;
        match wire::has(status, &body, marker) {
            Some(true) => Ok(Some(wire::reference(&body).unwrap_or_else(|| marker.to_owned()))),
            Some(false) => Ok(None),
            None => Err(Unclear(format!("HTTP {status} does not say whether it is there"))),
        }
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.options.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failed> {
        match timeout(self.options.patience, request.send()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let sent = !(error.is_connect() || error.is_builder());
                Err(Failed { why: http::innermost(&error), sent })
            }
            Err(_) => {
                Err(Failed { why: format!("no answer within {:?}", self.options.patience), sent: true })
            }
        }
    }
}

/// A request without an answer.
struct Failed {
    why: String,
    /// Whether anything of it may have been read.
    sent: bool,
}

impl Target for Webhook {
    fn name(&self) -> &str {
        &self.options.name
    }

    fn settle(&self) -> Settle {
        self.options.settle
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Option<String>, DeliveryError>> {
        Box::pin(self.post(delivery))
    }

    fn find<'a>(&'a self, marker: &'a str) -> BoxFuture<'a, Result<Option<String>, Unclear>> {
        Box::pin(self.look(marker))
    }
}

/// The same bytes with every try.
fn body(delivery: &Delivery) -> Vec<u8> {
    let mut body = match &delivery.payload {
        Value::Object(fields) => fields.clone(),
        other => [("data".to_owned(), other.clone())].into_iter().collect(),
    };
    body.insert("ref".to_owned(), json!(marker(&delivery.id)));
    Value::Object(body).to_string().into_bytes()
}

async fn judge(answer: Response) -> Result<Option<String>, DeliveryError> {
    let status = answer.status().as_u16();
    let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let after = wait.map(|wait| Duration::from_secs(wait).min(LONGEST_WAIT));
    // The body of a refusal may quote what we sent; its status says enough.
    let why = format!("HTTP {status}");
    match Verdict::of(status) {
        Verdict::Taken => Ok(wire::reference(&http::error_body(answer).await)),
        Verdict::NotNow => Err(DeliveryError::NotSent { why, after }),
        Verdict::Unclear => Err(DeliveryError::Ambiguous { why }),
        Verdict::Never => Err(DeliveryError::Refused { why }),
        Verdict::Gone => Err(DeliveryError::Gone { why }),
    }
}
