//! What a client is told when it does not get what it wanted.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::time::Duration;

/// An error as `{"error":{"code","message"}}`; holds no internals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    /// Seconds after which it may be tried again; 0 says nothing.
    again_s: u64,
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
    pub(super) const NO_ROOM: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_room", "Too many connections are open now.");
    pub(super) const TOO_OFTEN: Self =
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_often", "Ask again later.");
    pub(super) const DRAINING: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "draining", "The server is about to stop.");
    pub(super) const NO_CALENDAR: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "calendar", "The appointment book can't be read now.");

    pub(super) const NOT_KEPT: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_kept",
        "The event could not be stored. Send it again.",
    );

    pub(super) const NO_STORE: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", "The database can't be used now.");

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let again_s = if matches!(status, StatusCode::SERVICE_UNAVAILABLE) { 5 } else { 0 };
        Self { status, code, message, again_s }
    }

    /// Whether it is `other`, whenever that may be tried again.
    pub(super) fn is(self, other: Self) -> bool {
        self.code == other.code
    }

    /// The same, to be tried again after `wait`.
    pub(super) const fn after(self, wait: Duration) -> Self {
        Self { again_s: wait.as_secs() + 1, ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.again_s > 0 {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.again_s));
        }
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
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
