//! Bodies within their limits.

use super::{limits::HttpLimits, problem::Problem};
use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

/// The whole body, read within the limits of size and time.
pub(super) async fn read(headers: &HeaderMap, body: Body, limits: &HttpLimits) -> Result<Bytes, Problem> {
    let told =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > limits.body_bytes) {
        return Err(Problem::TOO_LONG);
    }
    timeout(limits.body, collect(body, limits.body_bytes)).await.unwrap_or(Err(Problem::TOO_SLOW))
}

async fn collect(body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut pieces = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::BAD_REQUEST)?;
        if whole.len() + piece.len() > most {
            return Err(Problem::TOO_LONG);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}
