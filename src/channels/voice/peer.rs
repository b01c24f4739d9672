//! The other side of a WebSocket, kept within its limits.

use super::{limits::Limits, pieces::TooManyPieces};
use crate::base::{clock, rate::Meter};
use axum::extract::ws::close_code;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::{fmt, io, pin::Pin, task::Poll, time::Duration};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes, error::ProtocolError, protocol::CloseFrame};

/// What a phone sends: 50 frames, and a mark for each ten of ours.
const MESSAGES_A_SECOND: u128 = 55;

/// A WebSocket, or a pair of queues in a test.
pub trait Socket:
    Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Send + Unpin
{
}

impl<T> Socket for T where
    T: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Send + Unpin
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
    messages: Meter,
    /// Messages that are taken besides: they waited for us.
    owed: u32,
    pings: Meter,
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
        Self { socket, limits, messages: Meter::default(), owed: 0, pings: Meter::default(), deaf: false }
    }

    /// The next text frame, or the end. Cancel-safe.
    pub(super) async fn receive(&mut self) -> Received {
        loop {
            let message = match self.socket.next().await {
                None => return Received::Over(Gone::Closed),
                Some(Err(error)) => {
                    self.deaf = true;
                    return Received::Over(consequence(&error));
                }
                Some(Ok(message)) => message,
            };
            match message {
                Message::Text(text) if text.len() > self.limits.message => {
                    return violation(close_code::SIZE, "MESSAGE_TOO_LONG");
                }
                Message::Text(text) if self.owed > 0 => {
                    self.owed -= 1;
                    return Received::Text(text);
                }
                Message::Text(_) if !self.messages.allows(self.limits.messages, clock::now()) => {
                    return violation(close_code::POLICY, "MESSAGE_FLOOD");
                }
                Message::Text(text) => return Received::Text(text),
                Message::Binary(_) => return violation(close_code::UNSUPPORTED, "BINARY_FRAME"),
                Message::Ping(_) | Message::Pong(_) => {
                    if !self.pings.allows(self.limits.pings, clock::now()) {
                        return violation(close_code::POLICY, "PING_FLOOD");
                    }
                }
                // Only where frames are read one by one.
                Message::Frame(_) => {}
                Message::Close(_) => return Received::Over(Gone::Closed),
            }
        }
    }

    /// For `time` nothing was read: what came meanwhile is no flood.
    pub(super) fn was_not_read(&mut self, time: Duration) {
        let messages = time.as_millis() * MESSAGES_A_SECOND / 1_000;
        self.owed = u32::try_from(messages).unwrap_or(u32::MAX);
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
        let close = Message::Close(Some(CloseFrame { code: code.into(), reason: Utf8Bytes::default() }));
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

async fn within(limit: Duration, sending: impl Future<Output = Result<(), Error>>) -> Result<(), Unsent> {
    match timeout(limit, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Unsent::Gone),
        Err(_) => Err(Unsent::Slow),
    }
}

fn violation(close: u16, code: &'static str) -> Received {
    Received::Over(Gone::Violation { close, code })
}

fn consequence(error: &Error) -> Gone {
    let (close, code) = match error {
        Error::Capacity(_) => (close_code::SIZE, "MESSAGE_TOO_LONG"),
        Error::Utf8(_) => (close_code::INVALID, "NOT_UTF8"),
        Error::Io(error) if is_in_pieces(error) => (close_code::POLICY, "TOO_MANY_PIECES"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Gone::Broken,
        Error::Protocol(_) => (close_code::PROTOCOL, "NOT_WEBSOCKET"),
        _ => return Gone::Broken,
    };
    Gone::Violation { close, code }
}

fn is_in_pieces(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<TooManyPieces>)
}
