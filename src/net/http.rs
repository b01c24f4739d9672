//! HTTP clients: always with time limits, never following redirects.

use super::{address::BaseUrl, tls};
use crate::base::connecting;
use std::time::Duration;
use tokio::time::timeout;

/// What is told of a connection that did not come about within [`Timeouts::connect`].
const NO_CONNECTION: &str = "no connection in time";
/// How long the body of a refusal may take.
const ERROR_BODY: Duration = Duration::from_secs(1);
/// How much of it is read, in bytes.
const LONGEST_ERROR: usize = 64 << 10;

/// The time limits of a client. There is none on the whole answer: answers are streams, and their reader has its own.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Name look-up, connection and TLS together.
    pub connect: Duration,
    /// How long an unused connection is kept. Below the shortest idle limit of the usual load balancers (60 s), so
    /// that a request seldom meets a connection that the other side is closing. Zero: none is used twice.
    pub idle: Duration,
    /// How long an HTTP/2 connection may say nothing before it is asked for a sign of life.
    pub quiet: Duration,
    /// How long it may owe that sign, and any connection a receipt, before it is given up. A network that has forgotten a connection tells nobody:
    /// every request on it would wait for its own time-out, the second try like the first.
    pub owing: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: connecting::LIMIT,
            idle: Duration::from_secs(45),
            quiet: Duration::from_secs(3),
            owing: Duration::from_secs(2),
        }
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
    builder(base, timeouts).build().map_err(|source| NoClient { base: base.clone(), source })
}

fn builder(base: &BaseUrl, timeouts: Timeouts) -> reqwest::ClientBuilder {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::http())
        .connect_timeout(timeouts.connect)
        .pool_idle_timeout(timeouts.idle)
        .http2_keep_alive_interval(timeouts.quiet)
        .http2_keep_alive_timeout(timeouts.owing)
        .http2_keep_alive_while_idle(true)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("centralita/", env!("CARGO_PKG_VERSION")));
    #[cfg(target_os = "linux")]
    {
        builder = builder.tcp_user_timeout(timeouts.quiet + timeouts.owing);
    }
    if timeouts.idle.is_zero() {
        builder = builder.pool_max_idle_per_host(0);
    }
    if base.is_loopback() {
        builder = builder.no_proxy();
    }
    builder
}

/// The body of a refusal, for its name: what comes of it within 1 s, up to 64 KiB. Whoever waits for it waits for nothing
/// else any more.
pub async fn error_body(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ERROR {
                break;
            }
        }
    };
    // Late or not: what came is what there is.
    timeout(ERROR_BODY, reading).await.ok();
    body
}

/// Why a request failed, for the log: the innermost cause, without the address.
pub fn innermost(error: &reqwest::Error) -> String {
    if error.is_connect() && error.is_timeout() {
        // The cause would say that something timed out, and not that nothing was sent.
        return NO_CONNECTION.to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if std::ptr::addr_eq(cause, error) { "the request failed".to_owned() } else { cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    #[test]
    fn a_client_needs_no_certificates_on_the_computer() {
        client(&"https://example.com".parse().unwrap(), Timeouts::default()).unwrap();
    }

    #[tokio::test]
    async fn an_http_2_connection_that_owes_a_sign_of_life_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: BaseUrl = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let soon = Duration::from_millis(20);
        let timeouts = Timeouts { quiet: soon, owing: soon, ..Timeouts::default() };
        let client = builder(&base, timeouts).http2_prior_knowledge().build().unwrap();
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            // The preface and the head of the first frame (RFC 9113 §3.4), then our settings, and that theirs are taken.
            socket.read_exact(&mut [0; 24 + 9]).await.unwrap();
            socket.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]).await.unwrap();
            // Not a byte more, whatever comes, until the connection is closed.
            socket.read_to_end(&mut Vec::new()).await.ok();
        };
        let (answer, ()) = tokio::join!(client.get(base.as_str()).send(), server);
        let told = format!("{:?}", answer.unwrap_err());
        assert!(told.contains("KeepAliveTimedOut"), "{told}");
    }
}
