//! Which path leads where.

use super::{
    api, health, media,
    problem::Problem,
    state::Web,
    turns::{self, TURN},
    voice::{self, MEDIA, RESUME, STATUS, TRANSFERRED, VOICE, WHISPER},
};
use crate::telemetry::metrics;
use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use std::sync::Arc;

const HEALTH: &str = "/health";
const HEALTHZ: &str = "/healthz";
const READYZ: &str = "/readyz";
const METRICS: &str = "/metrics";
/// Whether requests for `path` are answered also where few places are left: live calls and whoever watches us need them.
pub(super) fn is_vital(path: &str) -> bool {
    [VOICE, RESUME, TRANSFERRED, TURN, STATUS, MEDIA, HEALTH, HEALTHZ, READYZ].contains(&path)
}

/// The routes of a server.
pub fn router(web: Arc<Web>) -> Router {
    Router::new()
        .route(VOICE, get(voice::arrived).post(voice::arrived))
        .route(RESUME, get(voice::resumed).post(voice::resumed))
        .route(TRANSFERRED, post(voice::transferred))
        .route(WHISPER, post(voice::whispered))
        .route(TURN, get(turns::asked).post(turns::asked))
        .route(STATUS, post(voice::news))
        .route(MEDIA, get(media::open))
        .route(HEALTH, get(health::health))
        .route(HEALTHZ, get(health::alive))
        .route(READYZ, get(health::ready))
        .route(METRICS, get(health::metrics))
        .merge(api::routes(&web))
        .fallback(async || Problem::NOT_FOUND)
        .method_not_allowed_fallback(async || Problem::WRONG_METHOD)
        .layer(middleware::from_fn(finish))
        .with_state(web)
}

/// Counts the answer and keeps it out of caches and out of guesses.
async fn finish(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let route = path.as_ref().map_or("other", MatchedPath::as_str);
    metrics::http_request(route, response.status().as_u16());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
