//! The other side of a WebSocket, kept within its limits.

use super::limits::Limits;
use crate::base::clock;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, close_code};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::{
    fmt,
    pin::Pin,
    task::Poll,
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

/// A WebSocket as axum gives it, or a pair of queues in a test.
pub trait Socket:
    Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Send + Unpin
{
}

impl<T> Socket for T where
    T: Stream<Item = Result<Message, axum::Error>> + Sink<Message, Error = axum::Error> + Send + Unpin
{
}

/// What came from the other side.
#[derive(Debug)]
pub(super) enum Received {
    Text(Utf8Bytes),
    Over(Gone),
}

/// How the other side went, or why it has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// By a close, or by an orderly end of the connection.
    Closed,
    /// The connection broke.
    Broken,
    /// It did what it may not.
    Violation { close: u16, code: &'static str },
}

/// Why nothing could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    Gone,
    Slow,
}

pub(super) struct Peer {
    socket: Box<dyn Socket>,
    limits: Limits,
    pings: Burst,
    /// The stream reports nothing more, not even the other side's close.
    deaf: bool,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").finish_non_exhaustive()
    }
}

impl Peer {
    pub(super) fn new(socket: Box<dyn Socket>, limits: Limits) -> Self {
        let pings = Burst::new(limits.pings);
        Self { socket, limits, pings, deaf: false }
    }

    /// The next text frame, or the end. Cancel-safe.
    pub(super) async fn receive(&mut self) -> Received {
        loop {
            let message = match self.socket.next().await {
                None => return Received::Over(Gone::Closed),
                Some(Err(error)) => {
                    self.deaf = true;
                    return Received::Over(consequence(error));
                }
                Some(Ok(message)) => message,
            };
            match message {
                Message::Text(text) if text.len() > self.limits.message => {
                    return violation(close_code::SIZE, "MESSAGE_TOO_LONG");
                }
                Message::Text(text) => return Received::Text(text),
                Message::Binary(_) => return violation(close_code::UNSUPPORTED, "BINARY_FRAME"),
                Message::Ping(_) if !self.pings.allows(clock::now()) => {
                    return violation(close_code::POLICY, "PING_FLOOD");
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(_) => return Received::Over(Gone::Closed),
            }
        }
    }

    /// Takes one text frame; it leaves with the next flush, or before where much waits. Waits at most [`Limits::send`].
    pub(super) async fn queue(&mut self, text: &str) -> Result<(), Unsent> {
        within(self.limits.send, self.socket.feed(Message::Text(text.into()))).await
    }

    /// Sends what was queued; waits at most [`Limits::send`]. When dropped half way, the rest leaves with the next flush.
    pub(super) async fn flush(&mut self) -> Result<(), Unsent> {
        within(self.limits.send, self.socket.flush()).await
    }

    /// Asks for a sign of life, if the socket takes it at once: a host that is gone answers with a reset.
    pub(super) async fn ping(&mut self) {
        std::future::poll_fn(|cx| {
            let mut socket = Pin::new(&mut self.socket);
            if matches!(socket.as_mut().poll_ready(cx), Poll::Ready(Ok(())))
                && socket.as_mut().start_send(Message::Ping(bytes::Bytes::new())).is_ok()
            {
                // What does not leave now leaves with the next message; an error shows when reading.
                drop(socket.as_mut().poll_flush(cx));
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Closes with `code` and waits for the other side's close, each within its limit.
    ///
    /// Leaving at once, with sound still unread, would reset the connection and the code would be lost.
    pub(super) async fn close(mut self, code: u16) {
        let close = Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::default() }));
        let sent = timeout(self.limits.closing, self.socket.send(close)).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
        let rest = async {
            while let Some(Ok(_)) = self.socket.next().await {}
            if self.deaf {
                std::future::pending::<()>().await;
            }
        };
        if timeout(self.limits.closing, rest).await.is_err() {
            tracing::debug!("the other side did not close the socket");
        }
    }
}

async fn within(
    limit: Duration,
    sending: impl Future<Output = Result<(), axum::Error>>,
) -> Result<(), Unsent> {
    match timeout(limit, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Unsent::Gone),
        Err(_) => Err(Unsent::Slow),
    }
}

fn violation(close: u16, code: &'static str) -> Received {
    Received::Over(Gone::Violation { close, code })
}

fn consequence(error: axum::Error) -> Gone {
    use tungstenite::error::{Error, ProtocolError};
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => Gone::Violation { close: close_code::SIZE, code: "MESSAGE_TOO_LONG" },
        Some(Error::Utf8(_)) => Gone::Violation { close: close_code::INVALID, code: "NOT_UTF8" },
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Gone::Broken,
        Some(Error::Protocol(_)) => Gone::Violation { close: close_code::PROTOCOL, code: "NOT_WEBSOCKET" },
        _ => Gone::Broken,
    }
}

/// Counts events within a second.
#[derive(Debug)]
pub(super) struct Burst {
    most: u32,
    since: Option<Instant>,
    count: u32,
}

impl Burst {
    pub(super) fn new(most: u32) -> Self {
        Self { most, since: None, count: 0 }
    }

    /// Whether one more at `now` is within the limit.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.duration_since(since) >= Duration::from_secs(1)) {
            (self.since, self.count) = (Some(now), 0);
        }
        self.count = self.count.saturating_add(1);
        self.count <= self.most
    }
}
