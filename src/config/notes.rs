//! Who is told of calls.

use super::settings::{optional, secret};
use crate::{base::secret::SecretString, integrations::webhook::Settle, net::address::BaseUrl};
use serde::Deserialize;

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
}
