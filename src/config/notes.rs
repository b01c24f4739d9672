//! Who is told of calls.

use super::read::{optional, seconds, secret};
use crate::{base::secret::SecretString, integrations::webhook::Settle, net::address::BaseUrl};
use serde::Deserialize;
use std::time::Duration;

/// A webhook that gets the summary of each call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Notes {
    /// Where summaries are posted to; nobody is told where absent.
    #[serde(deserialize_with = "optional")]
    pub url: Option<BaseUrl>,
    /// Signs what is posted.
    #[serde(deserialize_with = "secret")]
    pub secret: Option<SecretString>,
    /// Sent as `Authorization: Bearer`.
    #[serde(deserialize_with = "secret")]
    pub token: Option<SecretString>,
    /// What is done about one that may have arrived.
    pub settle: Settle,
    /// Where one is asked for by its marker.
    #[serde(deserialize_with = "optional")]
    pub find_url: Option<BaseUrl>,
    /// How long the receiver may take to show there what it got.
    #[serde(rename = "find_after_s", deserialize_with = "seconds")]
    pub find_after: Duration,
}
