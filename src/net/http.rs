//! HTTP clients: always with time limits, never following redirects.

use super::{address::BaseUrl, tls};
use std::time::Duration;

/// The time limits of a client. There is none on the whole answer: answers are streams, and their reader has its own.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Name look-up, connection and TLS together.
    pub connect: Duration,
    /// How long an unused connection is kept. Below the shortest idle limit of the usual load balancers (60 s), so
    /// that a request seldom meets a connection that the other side is closing.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), idle: Duration::from_secs(45) }
    }
}

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for {base}: {source}")]
pub struct NoClient {
    base: BaseUrl,
    source: reqwest::Error,
}

/// A client for one upstream. Redirects are errors: they could carry a key to another host.
///
/// # Errors
/// [`NoClient`] when the TLS set-up is refused, which no input of ours can cause.
pub fn client(base: &BaseUrl, timeouts: Timeouts) -> Result<reqwest::Client, NoClient> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::http())
        .connect_timeout(timeouts.connect)
        .pool_idle_timeout(timeouts.idle)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("centralita/", env!("CARGO_PKG_VERSION")));
    if base.is_loopback() {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|source| NoClient { base: base.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_needs_no_certificates_on_the_computer() {
        client(&"https://example.com".parse().unwrap(), Timeouts::default()).unwrap();
    }
}
