//! `POST /v1/chat/completions`: checks the request as OpenAI does and streams the answer.

use super::{
    LlmFault, Shared,
    answer::{Answer, End, Plan, Stream},
    wire::{Message, Request},
};
use crate::testbed::log::{Service, Visit};
use axum::{
    Json,
    body::Body,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize as _;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::Instant;

pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    request: Result<Json<Value>, JsonRejection>,
) -> Response {
    let asked = Instant::now();
    let visit = shared.log.visit(Service::OpenAi, "/v1/chat/completions");
    let fault = shared.faults.take().now();
    if !is_authorised(&headers, shared.options.key.as_deref()) {
        return refuse(401, None);
    }
    let sent = match request {
        Ok(Json(sent)) => sent,
        Err(rejection) => return refuse(400, Some(&rejection.body_text())),
    };
    let request = match Request::deserialize(&sent) {
        Ok(request) => request,
        Err(error) => return refuse(400, Some(&error.to_string())),
    };
    if let Err(why) = check(&request) {
        visit.note("bad-request", why.clone());
        return refuse(400, Some(&why));
    }
    match fault {
        LlmFault::Refuse(status) => return refuse(status, None),
        LlmFault::QuotaExceeded => return quota(),
        LlmFault::RetryAfter(pause) => return later(pause),
        _ => {}
    }
    let said = request.messages.last().map(Message::text).unwrap_or_default();
    let roles: Vec<&str> = request.messages.iter().map(|m| m.role.as_str()).collect();
    let answered = request.messages.iter().rfind(|message| message.role == "assistant");
    let answered = answered.map(Message::text).unwrap_or_default();
    let seen = json!({"roles": roles, "last": said, "answered": answered, "tools": request.tools.len()});
    visit.note("request", seen.to_string());
    let answer = shared.answer(&said, &sent);
    if !request.stream {
        return whole(&request.model, &answer, &visit);
    }
    let first_call = shared.calls.fetch_add(answer.calls.len() as u64, Ordering::Relaxed);
    let usage = request.stream_options.include_usage;
    let stream =
        Stream { model: &request.model, usage, pace: shared.options.pace, fault: &fault, first_call };
    let plan = stream.plan(&answer);
    let every = shared.options.pace.token_every;
    let kind = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")];
    with_headers((kind, body(plan, asked, every, visit)).into_response())
}

pub(super) fn is_authorised(headers: &HeaderMap, key: Option<&str>) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
    let given = given.and_then(|h| h.strip_prefix("Bearer ")).map(str::trim);
    given.is_some_and(|given| !given.is_empty() && key.is_none_or(|key| key == given))
}

/// The rules whose breach OpenAI answers with 400: a model, messages, and a result for each tool call.
fn check(request: &Request) -> Result<(), String> {
    if request.model.is_empty() {
        return Err("you must provide a model parameter".to_owned());
    }
    if request.messages.is_empty() {
        return Err("'messages' is empty".to_owned());
    }
    let mut owed = BTreeSet::new();
    for message in &request.messages {
        match message.role.as_str() {
            "tool" => {
                let id = message.tool_call_id.clone().unwrap_or_default();
                if !owed.remove(&id) {
                    return Err(format!("the tool message `{id}` does not answer a preceding tool call"));
                }
            }
            "system" | "developer" | "user" | "assistant" => {
                if !owed.is_empty() {
                    return Err(format!("these tool_call_ids did not have response messages: {owed:?}"));
                }
                owed.extend(message.tool_calls.iter().map(|call| call.id.clone()));
            }
            other => return Err(format!("'{other}' is not one of the roles")),
        }
    }
    if owed.is_empty() { Ok(()) } else { Err("tool calls without results".to_owned()) }
}

/// Follows a plan; ends the visit when it is sent or dropped.
fn body(plan: Plan, asked: Instant, every: Duration, visit: Visit) -> Body {
    let last = plan.pieces.last().map(|(_, piece)| piece.clone()).unwrap_or_default();
    let state = (plan.pieces.into_iter(), plan.end, visit, 0_u32);
    Body::from_stream(stream::unfold(state, move |(mut pieces, end, visit, sent)| {
        let last = last.clone();
        async move {
            if let Some((after, piece)) = pieces.next() {
                tokio::time::sleep_until(asked + after).await;
                if sent == 0 {
                    visit.note("first-token", "");
                }
                return Some((Ok::<Bytes, io::Error>(piece), (pieces, end, visit, sent + 1)));
            }
            match end {
                End::Complete => {
                    visit.note("complete", "");
                    None
                }
                End::Stalled => std::future::pending().await,
                End::Broken => {
                    // What was said is on its way before the connection breaks.
                    tokio::time::sleep(every).await;
                    let broken = io::ErrorKind::ConnectionReset.into();
                    Some((Err(broken), (pieces, End::Complete, visit, sent)))
                }
                End::Endless => {
                    tokio::time::sleep(every).await;
                    Some((Ok(last), (pieces, end, visit, sent + 1)))
                }
            }
        }
    }))
}

fn whole(model: &str, answer: &Answer, visit: &Visit) -> Response {
    visit.note("complete", "");
    let calls: Vec<_> = answer
        .calls
        .iter()
        .zip(1..)
        .map(|((name, arguments), i)| {
            json!({"id": format!("call_w{i}"), "type": "function",
                   "function": {"name": name, "arguments": arguments.to_string()}})
        })
        .collect();
    let mut message = json!({"role": "assistant", "content": answer.text, "refusal": null});
    let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
    if let (false, Some(message)) = (calls.is_empty(), message.as_object_mut()) {
        message.insert("tool_calls".to_owned(), calls.into());
    }
    with_headers(
        Json(json!({
            "id": "chatcmpl-Fake02", "object": "chat.completion", "created": 1_795_251_609, "model": model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": reason}],
            "usage": {"prompt_tokens": 120, "completion_tokens": 34, "total_tokens": 154},
        }))
        .into_response(),
    )
}

pub(super) fn refuse(status: u16, why: Option<&str>) -> Response {
    let (kind, code, message) = match status {
        400 => ("invalid_request_error", None, "The request is invalid."),
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided: sk-fake."),
        403 => (
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
            "Country, region, or territory not supported",
        ),
        404 => ("invalid_request_error", Some("model_not_found"), "The model does not exist."),
        429 => ("tokens", Some("rate_limit_exceeded"), "Rate limit reached. Please try again in 150ms."),
        _ => ("server_error", None, "The server had an error while processing your request."),
    };
    error(status, kind, code, why.unwrap_or(message))
}

fn quota() -> Response {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    error(429, "insufficient_quota", Some("insufficient_quota"), message)
}

fn later(pause: Duration) -> Response {
    let mut response = refuse(429, None);
    let seconds = pause.as_millis().div_ceil(1_000).to_string();
    for (name, value) in [("retry-after", seconds), ("retry-after-ms", pause.as_millis().to_string())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn error(status: u16, kind: &str, code: Option<&str>, message: &str) -> Response {
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_headers((status, Json(body)).into_response())
}

pub(super) fn with_headers(mut response: Response) -> Response {
    for (name, value) in [
        ("x-request-id", "req_fake"),
        ("openai-processing-ms", "12"),
        ("x-ratelimit-limit-requests", "5000"),
        ("x-ratelimit-remaining-requests", "4999"),
        ("x-ratelimit-reset-requests", "12ms"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
