//! How Deepgram says no.

use super::wire::Refused;
use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

/// The identifier that all answers of the fake carry.
pub(super) const REQUEST_ID: &str = "000000d1-1111-4222-8333-0000000000d1";

/// The answer for `status`, with `dg-request-id`, `dg-error` and a body as in Deepgram's error list.
pub(super) fn refuse(status: u16, why: Option<String>) -> Response {
    let (err_code, message) = match status {
        400 => ("INVALID_QUERY_PARAMETER", "Failed to deserialize query parameters: unknown variant"),
        401 => ("INVALID_AUTH", "Invalid credentials."),
        402 => ("ASR_PAYMENT_REQUIRED", "Project does not have enough credits for an ASR request."),
        403 => ("INSUFFICIENT_PERMISSIONS", "Project does not have access to the requested model."),
        413 => ("PAYLOAD_TOO_LARGE", "Input text exceeds maximum character limit of 2000."),
        429 => ("TOO_MANY_REQUESTS", "Too many requests. Please try again later"),
        _ => ("INTERNAL_SERVER_ERROR", "Something went wrong"),
    };
    let err_msg = why.unwrap_or_else(|| message.to_owned());
    let body = Refused { err_code, err_msg: err_msg.clone(), request_id: REQUEST_ID.to_owned() };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    if let Ok(error) = HeaderValue::from_str(&err_msg) {
        response.headers_mut().insert(HeaderName::from_static("dg-error"), error);
    }
    with_request_id(response)
}

/// Adds `dg-request-id`.
pub(super) fn with_request_id(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(HeaderName::from_static("dg-request-id"), HeaderValue::from_static(REQUEST_ID));
    response
}

/// Whether `Authorization` is `Token KEY` with an accepted key.
pub(super) fn is_authorised(header: Option<&HeaderValue>, key: Option<&str>) -> bool {
    let given = header.and_then(|h| h.to_str().ok()).and_then(|h| h.strip_prefix("Token "));
    given.is_some_and(|given| !given.trim().is_empty() && key.is_none_or(|key| key == given))
}
