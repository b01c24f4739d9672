//! WebSocket clients: small buffers, no Nagle, a time limit on the whole handshake.

use super::tls;
use crate::base::connecting;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Uri};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        Error, client::IntoClientRequest as _, handshake::client::Request, protocol::WebSocketConfig,
    },
};

pub use tokio_tungstenite::tungstenite::Message;

/// A connected client socket, plain or TLS. Boxed: with the TLS state it is large, and a task holds each value once per place that
/// it moves through.
pub type Socket = Box<WebSocketStream<MaybeTlsStream<TcpStream>>>;

/// A socket reads so many bytes at a time. Behind a voice that is ahead of its listener the library's buffer grows to a multiple
/// of that and stays so: 16 KiB of each call with 4 or 8 KiB here. Its own default is 128 KiB.
const READ_AT_ONCE: usize = 2 << 10;

/// The limits of a socket.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Name look-up, connection, TLS and upgrade together.
    pub connect: Duration,
    /// The largest message, in bytes; a longer one breaks the connection.
    pub message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: connecting::LIMIT, message: 1 << 20 }
    }
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No connection, no TLS or no answer in time: another try may succeed.
    #[error("{0}")]
    Unreachable(String),
    /// The server answered the upgrade with another status than 101.
    #[error("the upgrade was answered with HTTP {status}")]
    Answered {
        /// The HTTP status.
        status: u16,
        /// As much of the body as came with the head, at most 4 KiB.
        body: Vec<u8>,
    },
}

/// Opens a socket to `address` (`ws` or `wss`). Cancel-safe: dropping the future closes what was opened.
///
/// # Errors
/// [`ConnectError`], without secrets: neither headers nor the query are told.
pub async fn connect(address: &Uri, headers: HeaderMap, limits: Limits) -> Result<Socket, ConnectError> {
    let request = request(address, headers)?;
    // Write buffer 0 sends each message at once.
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_AT_ONCE)
        .write_buffer_size(0)
        .max_write_buffer_size(256 << 10)
        .max_message_size(Some(limits.message))
        .max_frame_size(Some(limits.message));
    let connector = match address.scheme_str() {
        Some("wss") => Connector::Rustls(tls::websocket()),
        _ => Connector::Plain,
    };
    let opening = Box::pin(connect_async_tls_with_config(request, Some(config), true, Some(connector)));
    match tokio::time::timeout(limits.connect, opening).await {
        Ok(Ok((socket, _))) => Ok(Box::new(socket)),
        Ok(Err(error)) => Err(refusal(error)),
        Err(_) => Err(ConnectError::Unreachable(format!("no connection within {:?}", limits.connect))),
    }
}

fn request(address: &Uri, headers: HeaderMap) -> Result<Request, ConnectError> {
    let mut request = address
        .clone()
        .into_client_request()
        .map_err(|error| ConnectError::Unreachable(format!("the address cannot be used: {error}")))?;
    request.headers_mut().extend(headers);
    Ok(request)
}

fn refusal(error: Error) -> ConnectError {
    match error {
        Error::Http(response) => {
            let status = response.status().as_u16();
            let mut body = response.into_body().unwrap_or_default();
            body.truncate(4 << 10);
            ConnectError::Answered { status, body }
        }
        error => ConnectError::Unreachable(error.to_string()),
    }
}

/// A header value that never prints; `None` where the secret holds characters that no header may.
pub fn secret_header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Why a socket gave no further data message, for the log.
pub fn ending(last: Option<Result<Message, Error>>) -> String {
    match last {
        Some(Ok(Message::Close(Some(frame)))) => {
            let reason: String = frame.reason.chars().filter(|c| !c.is_control()).take(120).collect();
            format!("closed with {} {reason}", u16::from(frame.code)).trim_end().to_owned()
        }
        Some(Ok(_)) | None => "closed without a reason".to_owned(),
        Some(Err(error)) => error.to_string(),
    }
}

/// Reads until the server closes. The caller bounds the time.
pub async fn drain(socket: &mut Socket) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_close() {
            return;
        }
    }
}
