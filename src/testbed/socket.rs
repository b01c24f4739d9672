//! WebSockets as the fakes serve them.

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
};

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
pub(super) async fn close(socket: &mut WebSocket, code: u16, reason: &str) {
    let frame = CloseFrame { code, reason: reason.into() };
    if socket.send(Message::Close(Some(frame))).await.is_err() {
        return;
    }
    // Read on until the peer has answered, so that our frame is not lost to a reset.
    while let Some(Ok(_)) = socket.recv().await {}
}
