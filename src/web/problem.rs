//! What a client is told when it does not get what it wanted.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error as `{"error":{"code","message"}}`; holds no internals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl Problem {
    pub(super) const FORBIDDEN: Self =
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The request was not signed by the telephone network.");
    pub(super) const BAD_REQUEST: Self =
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "The request lacks what the route needs.");
    pub(super) const UNAUTHORIZED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "Send the API token as `Authorization: Bearer …`.",
    );
    pub(super) const NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.");
    pub(super) const NO_SUCH_CALL: Self =
        Self::new(StatusCode::NOT_FOUND, "no_such_call", "No call has this identifier.");
    pub(super) const WRONG_METHOD: Self =
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "The route does not know this method.");
    pub(super) const NOT_AN_UPGRADE: Self =
        Self::new(StatusCode::UPGRADE_REQUIRED, "not_an_upgrade", "The route speaks WebSocket.");
    pub(super) const TOO_LONG: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", "The body is too long.");
    pub(super) const TOO_SLOW: Self =
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "The body did not come in time.");
    pub(super) const FULL: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "full", "No more calls can be taken now.");
    pub(super) const DRAINING: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "draining", "The server is about to stop.");
    pub(super) const NO_CALENDAR: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "calendar", "The appointment book can't be read now.");

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            // What is left of the body is not read.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
