//! Where media sockets open.

use super::{
    problem::Problem,
    state::Web,
    voice::{path_and_query, refuse},
};
use crate::channels::voice::{handshake, limits::Limits, pieces::Pieces};
use axum::{
    body::Body,
    extract::{Request, State},
    http::header,
    response::Response,
};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::server::create_response_with_body,
        protocol::{Role, WebSocketConfig},
    },
};

/// A socket reads so many bytes at a time: a message of 20 ms has about 400. The library's own 128 KiB cost nine times
/// the memory at 400 sockets.
const READ_AT_ONCE: usize = 2 * 1024;

/// So much waits for a flush before it is sent without one: the first frames of an answer with their mark.
const WRITTEN_AT_ONCE: usize = 4 * 1024;

/// What may wait for a peer that does not read before sending fails.
const UNSENT: usize = 256 * 1024;

/// Opens a media socket. Nothing is started before its handshake is done.
pub(super) async fn open(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    if request.headers().contains_key(header::ORIGIN) {
        // Only browsers send it, and no browser has business here.
        tracing::warn!(code = "ORIGIN", "a media socket of a browser was refused");
        return Err(Problem::FORBIDDEN);
    }
    let (head, body) = request.into_parts();
    let path = path_and_query(&head.uri);
    web.parts.carrier.verify_upgrade(path, &head.headers).map_err(|denied| refuse(&web, &head, denied))?;
    let mut request = Request::from_parts(head, body);
    let answer = create_response_with_body(&request, Body::empty).map_err(|_| Problem::NOT_AN_UPGRADE)?;
    let place = web.place().ok_or(Problem::FULL)?;
    let upgrade = hyper::upgrade::on(&mut request);
    drop(tokio::spawn(async move {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%error, "a media socket did not open"),
        };
        let parts = &web.parts;
        let pieces = Pieces::new(TokioIo::new(upgraded), parts.line.pieces);
        let socket = WebSocketStream::from_raw_socket(pieces, Role::Server, Some(config(&parts.line))).await;
        let codec = Arc::clone(&parts.codec);
        let accepted = handshake::accept(socket, codec, &parts.admission, &parts.line).await;
        if let Ok((line, start)) = accepted {
            parts.calls.take(line, start);
        }
        drop(place);
    }));
    Ok(answer)
}

fn config(limits: &Limits) -> WebSocketConfig {
    // A message that is a little too long is still read, so that its sender can be told; a longer one cuts the line.
    let hard_limit = Some(limits.message.saturating_mul(2));
    WebSocketConfig::default()
        .read_buffer_size(READ_AT_ONCE)
        .write_buffer_size(WRITTEN_AT_ONCE)
        .max_write_buffer_size(UNSENT)
        .max_message_size(hard_limit)
        .max_frame_size(hard_limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt as _, SinkExt as _};
    use tokio_tungstenite::tungstenite::Message;

    #[tokio::test]
    async fn of_what_is_sent_to_a_phone_that_does_not_read_next_to_nothing_waits_here() {
        let (ours, _theirs) = tokio::io::duplex(1);
        let config = config(&Limits::default());
        let mut socket = WebSocketStream::from_raw_socket(ours, Role::Server, Some(config)).await;
        let frame = "x".repeat(300);
        let mut waiting = 0;
        while let Some(Ok(())) = socket.feed(Message::text(frame.clone())).now_or_never() {
            waiting += frame.len();
        }
        assert!((1..=WRITTEN_AT_ONCE + 2 * frame.len()).contains(&waiting), "{waiting} bytes");
    }
}
