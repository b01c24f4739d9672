//! Where media sockets open.

use super::{
    problem::Problem,
    state::Web,
    voice::{path_and_query, refuse},
};
use crate::channels::voice::handshake;
use axum::{
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, Uri, header},
    response::Response,
};
use std::sync::Arc;

/// A socket reads so many bytes at a time: a message of 20 ms has about 400. The library's own 128 KiB cost nine times
/// the memory at 400 sockets.
const READ_AT_ONCE: usize = 4 * 1024;

/// So much waits for a flush before it is sent without one: the first frames of an answer with their mark.
const WRITTEN_AT_ONCE: usize = 4 * 1024;

/// What may wait for a peer that does not read before sending fails.
const UNSENT: usize = 256 * 1024;

/// Opens a media socket. Nothing is started before its handshake is done.
pub(super) async fn open(
    State(web): State<Arc<Web>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    if headers.contains_key(header::ORIGIN) {
        // Only browsers send it, and no browser has business here.
        tracing::warn!(code = "ORIGIN", "a media socket of a browser was refused");
        return Err(Problem::FORBIDDEN);
    }
    let path = path_and_query(&uri);
    web.parts.carrier.verify_upgrade(path, &headers).map_err(|denied| refuse(path, &headers, denied))?;
    let upgrade = upgrade.map_err(|_| Problem::NOT_AN_UPGRADE)?;
    let place = web.place().ok_or(Problem::FULL)?;
    // A message that is a little too long is still read, so that its sender can be told; a longer one cuts the line.
    let hard_limit = web.parts.line.message.saturating_mul(2);
    let upgrade = upgrade
        .read_buffer_size(READ_AT_ONCE)
        .write_buffer_size(WRITTEN_AT_ONCE)
        .max_write_buffer_size(UNSENT)
        .max_message_size(hard_limit)
        .max_frame_size(hard_limit)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a media socket did not open"));
    Ok(upgrade.on_upgrade(async move |socket| {
        let parts = &web.parts;
        let codec = Arc::clone(&parts.codec);
        let accepted = handshake::accept(socket, codec, &parts.admission, &parts.line).await;
        if let Ok((line, start)) = accepted {
            parts.calls.take(line, start);
        }
        drop(place);
    }))
}
