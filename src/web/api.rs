//! The API of the operator: calls and appointments.

use super::{client::Client, problem::Problem, state::Web};
use crate::{
    base::{clock, ids::CallSid, rate::TooMany, secret::ExposeSecret},
    channels::voice::HANG_UP,
};
use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Lets only requests with the API token through.
pub(super) async fn guard(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    match authorize(&web, Client::of(request.extensions()), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Whether the request has the API token and does not come too often.
pub(super) fn authorize(web: &Web, client: Client, headers: &HeaderMap) -> Result<(), Problem> {
    let now = clock::now();
    if has_token(web, headers) {
        return web.count_api(now).map_err(too_often);
    }
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(Problem::UNAUTHORIZED);
    }
    web.wrong_tokens.count(now, client.source()).map_err(|too_many| {
        if too_many.first {
            tracing::warn!(code = "WRONG_TOKENS", client = %client.0.ip(), "too many requests without the API token");
        }
        too_often(too_many)
    })?;
    Err(Problem::UNAUTHORIZED)
}

fn too_often(TooMany { wait, .. }: TooMany) -> Problem {
    Problem::TOO_OFTEN.after(wait)
}

fn has_token(web: &Web, headers: &HeaderMap) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, sent) = sent.split_once(' ').unwrap_or_default();
    let ours = web.parts.api_token.expose_secret();
    let same: bool = ours.as_bytes().ct_eq(sent.trim().as_bytes()).into();
    scheme.eq_ignore_ascii_case("bearer") && same && !ours.is_empty()
}

/// The live calls.
pub(super) async fn calls(State(web): State<Arc<Web>>) -> Json<Value> {
    Json(json!({"calls": web.parts.calls.list()}))
}

/// What was said in a call, and what the network tells of it.
pub(super) async fn call(
    State(web): State<Arc<Web>>,
    Path(call): Path<String>,
) -> Result<Json<Value>, Problem> {
    let call: CallSid = call.parse().map_err(|_| Problem::NO_SUCH_CALL)?;
    let mut record = web.parts.calls.show(&call).await.ok_or(Problem::NO_SUCH_CALL)?;
    if let (Some(record), Some(status)) = (record.as_object_mut(), web.statuses.of(&call)) {
        record.insert("network".to_owned(), json!(status));
    }
    Ok(Json(record))
}

/// Ends a call, also one that another process holds.
pub(super) async fn hang_up(
    State(web): State<Arc<Web>>,
    Path(call): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let call: CallSid = call.parse().map_err(|_| Problem::NO_SUCH_CALL)?;
    if web.parts.calls.hang_up(&call).is_err() {
        let asked = web.parts.store.command(call.clone(), HANG_UP.to_owned()).await;
        asked
            .map_err(|error| if error.is_temporary() { Problem::NO_STORE } else { Problem::NO_SUCH_CALL })?;
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"call": call}))))
}

/// The appointment book.
pub(super) async fn appointments(State(web): State<Arc<Web>>) -> Result<Json<Value>, Problem> {
    match web.parts.calendar.appointments().await {
        Ok(appointments) => Ok(Json(json!({"appointments": appointments}))),
        Err(error) => {
            tracing::warn!(code = "CALENDAR", %error, "the appointment book can't be read");
            Err(Problem::NO_CALENDAR)
        }
    }
}
