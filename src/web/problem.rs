//! What a client is told when it does not get what it wanted.

use crate::ports::store::StoreError;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// The media type of problems (RFC 9457 §3).
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// An error as `application/problem+json` (RFC 9457); holds no internals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    /// What was wrong in this request, and how to mend it.
    detail: Option<String>,
    /// Seconds after which it may be tried again; 0 says nothing.
    again_s: u64,
}

/// What went wrong, as RFC 9457 has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Told {
    /// Names the kind of problem, for ever: `urn:centralita:problem:` and the code.
    #[schema(example = "urn:centralita:problem:bad_parameter")]
    r#type: String,
    /// The kind of problem in words.
    #[schema(example = "A parameter of the address can't be used.")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 400)]
    status: u16,
    /// What was wrong in this request, and what to do.
    #[schema(example = "limit: `0` is no whole number from 1 to 200")]
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The same in short, as all routes of the server tell it.
    error: InShort,
}

/// A problem in short.
#[derive(Serialize, ToSchema)]
struct InShort {
    /// The kind of problem, for programs.
    #[schema(example = "bad_parameter")]
    code: &'static str,
    /// For people.
    message: String,
}

impl Problem {
    pub(super) const FORBIDDEN: Self =
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The request was not signed by the telephone network.");
    pub(super) const BAD_REQUEST: Self =
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "The request lacks what the route needs.");
    pub(super) const UNAUTHORIZED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "Send a key to the API as `Authorization: Bearer ck_…`.",
    );
    pub(super) const SCOPE: Self = Self::new(StatusCode::FORBIDDEN, "scope", "The key may not do this.");
    pub(super) const NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.");
    pub(super) const NO_SUCH_CALL: Self =
        Self::new(StatusCode::NOT_FOUND, "no_such_call", "No call has this identifier.");
    pub(super) const NO_SUCH_CONTACT: Self =
        Self::new(StatusCode::NOT_FOUND, "no_such_contact", "No contact has this identifier.");
    pub(super) const NO_SUCH_KEY: Self =
        Self::new(StatusCode::NOT_FOUND, "no_such_key", "No key that is good has this identifier.");
    pub(super) const NO_RECORDING: Self =
        Self::new(StatusCode::NOT_FOUND, "no_recording", "The call has no recording.");
    pub(super) const NO_SUCH_PART: Self = Self::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "no_such_part",
        "The recording is shorter than the range that was asked for.",
    );
    pub(super) const NOT_LIVE: Self =
        Self::new(StatusCode::CONFLICT, "not_live", "The call does not live, so that it can't be ended.");
    pub(super) const BAD_PARAMETER: Self =
        Self::new(StatusCode::BAD_REQUEST, "bad_parameter", "A parameter of the address can't be used.");
    pub(super) const NOT_JSON: Self = Self::new(StatusCode::BAD_REQUEST, "not_json", "The body is not JSON.");
    pub(super) const WRONG_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "wrong_type",
        "Send the body as JSON, with `Content-Type: application/json`.",
    );
    pub(super) const BAD_BODY: Self =
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_body", "The body can't be used.");
    pub(super) const NO_VERSION: Self = Self::new(
        StatusCode::PRECONDITION_REQUIRED,
        "no_version",
        "Send the `ETag` of the contact as `If-Match`, or `If-Match: *` to change it whatever became of it.",
    );
    pub(super) const CHANGED: Self = Self::new(
        StatusCode::PRECONDITION_FAILED,
        "changed",
        "The contact was changed meanwhile. Get it again, and send its new `ETag` as `If-Match`.",
    );
    pub(super) const NOT_HERE: Self =
        Self::new(StatusCode::FORBIDDEN, "not_here", "Only a key of the workspace `main` may do this.");
    pub(super) const BROKEN: Self =
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", "The server failed. Its log says why.");
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

    pub(super) const DISK_FULL: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "disk_full",
        "The database is away and the disk has no room left for what happens.",
    );

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        let again_s = if matches!(status, StatusCode::SERVICE_UNAVAILABLE) { 5 } else { 0 };
        Self { status, code, message, detail: None, again_s }
    }

    /// What an error of the store means, where what was asked for is `unknown` to it or `contradicts` what is there.
    pub(super) fn of_store(error: &StoreError, unknown: Self, contradicts: Self) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::NO_STORE,
            StoreError::Unknown => unknown,
            StoreError::Conflict(_) | StoreError::Fenced => contradicts,
            StoreError::Broken(_) => {
                tracing::error!(code = "STORE", %error, "the database refused what the API asked for");
                Self::BROKEN
            }
        }
    }

    /// Whether it is `other`, whatever was told besides.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.code == other.code
    }

    /// The same, to be tried again after `wait`.
    pub(super) fn after(self, wait: Duration) -> Self {
        Self { again_s: wait.as_secs() + 1, ..self }
    }

    /// The same with what was wrong in this request, and how to mend it.
    pub(super) fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let message = self.detail.clone().unwrap_or_else(|| self.message.to_owned());
        let told = Told {
            r#type: format!("urn:centralita:problem:{}", self.code),
            title: self.message,
            status: self.status.as_u16(),
            detail: self.detail,
            error: InShort { code: self.code, message },
        };
        let mut response = (self.status, Json(told)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
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
