//! WebSockets as the fakes serve them.

use super::log::Visit;
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Why a socket is over.
#[derive(Debug)]
pub(super) enum Over {
    /// The peer is gone, or we cut the connection.
    Gone,
    /// We close, with this code and reason.
    Close(u16, String),
}

/// What ends the sockets of a fake from outside: the fake goes, or closes all that are open.
#[derive(Debug)]
pub(super) struct Ends {
    gone: CancellationToken,
    cut: watch::Receiver<Option<(u16, String)>>,
}

impl Ends {
    pub(super) fn new(gone: &CancellationToken, cut: &watch::Sender<Option<(u16, String)>>) -> Self {
        Self { gone: gone.clone(), cut: cut.subscribe() }
    }

    /// Waits for one. Cancel-safe.
    pub(super) async fn next(&mut self) -> Over {
        tokio::select! {
            () = self.gone.cancelled() => Over::Gone,
            changed = self.cut.changed() => match (changed, self.cut.borrow_and_update().clone()) {
                (Ok(()), Some((code, reason))) => Over::Close(code, reason),
                _ => Over::Gone,
            },
        }
    }

    /// Closes the socket where that is how it is over; a fake that goes waits for nobody.
    pub(super) async fn finish(&self, socket: &mut WebSocket, visit: &Visit, over: Over) {
        let Over::Close(code, reason) = over else { return };
        visit.note("close", format!("{code} {reason}"));
        tokio::select! {
            () = self.gone.cancelled() => {}
            () = close(socket, code, &reason) => {}
        }
    }
}

/// Sets small buffers and answers the upgrade; `serve` gets the socket.
pub(super) fn accept<F, S>(upgrade: WebSocketUpgrade, serve: F) -> Response
where
    F: FnOnce(WebSocket) -> S + Send + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    // 8 KiB hold many audio messages; the default of 128 KiB per socket would make the fakes heavier than the server.
    upgrade.read_buffer_size(8 * 1024).write_buffer_size(0).max_message_size(1024 * 1024).on_upgrade(serve)
}

/// Sends a value as one text frame; `false` when the peer is gone.
pub(super) async fn send(socket: &mut WebSocket, message: &impl serde::Serialize) -> bool {
    match serde_json::to_string(message) {
        Ok(text) => socket.send(Message::Text(text.into())).await.is_ok(),
        Err(error) => {
            tracing::error!(%error, code = "FAKE_MESSAGE", "a fake could not write its message");
            false
        }
    }
}

/// Sends a close frame; the peer may be gone already.
async fn close(socket: &mut WebSocket, code: u16, reason: &str) {
    let frame = CloseFrame { code, reason: reason.into() };
    if socket.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    // Read on until the peer has answered, so that our frame is not lost to a reset.
    while let Some(Ok(_)) = socket.recv().await {}
}

/// Sends these texts, and a message that is no text; `false` when the peer is gone.
pub(super) async fn say_nonsense(socket: &mut WebSocket, texts: &[&str]) -> bool {
    for text in texts {
        if socket.send(Message::Text((*text).into())).await.is_err() {
            return false;
        }
    }
    socket.send(Message::Binary(vec![0, 159, 146, 150].into())).await.is_ok()
}

/// A megabyte of text with control characters.
pub(super) fn huge() -> String {
    "una cita\u{0}\u{7} \u{fffd}".repeat(80_000)
}
