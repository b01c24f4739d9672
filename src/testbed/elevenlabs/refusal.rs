//! How ElevenLabs says no, and what it takes.

use crate::testbed::log::Visit;
use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// The answer for an HTTP status, its body as in ElevenLabs' error list.
pub(super) fn refuse(status: u16, why: Option<&str>) -> Response {
    let (kind, message) = match status {
        400 => ("invalid_request", "The request is invalid."),
        401 => ("invalid_api_key", "Invalid API key"),
        403 => ("only_for_creator+", "This output format needs a higher plan."),
        404 => ("voice_not_found", "A voice with this voice_id was not found."),
        429 => ("too_many_concurrent_requests", "Too many concurrent requests."),
        503 => ("system_busy", "The system is experiencing heavy traffic, please try again."),
        _ => ("internal_error", "Something went wrong."),
    };
    let body = json!({"detail": {"status": kind, "message": why.unwrap_or(message)}});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(body)).into_response()
}

/// Whether `xi-api-key` holds an accepted key.
pub(super) fn is_authorised(headers: &HeaderMap, key: Option<&str>) -> bool {
    let given = headers.get("xi-api-key").and_then(|h| h.to_str().ok());
    given.is_some_and(|given| !given.is_empty() && key.is_none_or(|key| key == given))
}

/// Decides on a request for a socket: its key, its query, then what goes wrong. The error is a status with the text that
/// goes to the client.
pub(super) fn admit<W>(
    visit: &Visit,
    (headers, key): (&HeaderMap, Option<&str>),
    wanted: Result<W, (u16, String)>,
    fault: Option<u16>,
) -> Result<W, (u16, Option<String>)> {
    if !is_authorised(headers, key) {
        visit.note("refused", "401");
        return Err((401, None));
    }
    let wanted = wanted.map_err(|(status, why)| {
        visit.note("refused", why.clone());
        (status, Some(why))
    })?;
    if let Some(status) = fault {
        visit.note("refused", status.to_string());
        return Err((status, None));
    }
    visit.note("accepted", "");
    Ok(wanted)
}

/// What the fake needs of a query.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) auto_mode: bool,
    /// Seconds.
    pub(super) inactivity_timeout: Option<u64>,
}

/// Models that take `language_code`; others refuse it.
fn takes_language(model: &str) -> bool {
    model.contains("v2_5") || model.contains("v3")
}

impl Query {
    /// Reads a query; the error is a status with the text that goes to the client.
    pub(super) fn read(pairs: &[(String, String)]) -> Result<Self, (u16, String)> {
        let mut query = Self::default();
        let bad = |name: &str, value: &str| (400, format!("`{name}={value}` is not valid"));
        let (mut format, mut model, mut language) = (false, String::new(), None);
        for (name, value) in pairs {
            match name.as_str() {
                "output_format" if value == "ulaw_8000" => format = true,
                "output_format" => {
                    return Err((403, format!("this fake speaks only ulaw_8000, not {value}")));
                }
                "model_id" => model.clone_from(value),
                "language_code" => language = Some(value),
                "auto_mode" => query.auto_mode = value.parse().map_err(|_| bad(name, value))?,
                "inactivity_timeout" => {
                    let seconds = value.parse().map_err(|_| bad(name, value))?;
                    if !(1..=180).contains(&seconds) {
                        return Err(bad(name, value));
                    }
                    query.inactivity_timeout = Some(seconds);
                }
                "sync_alignment"
                | "enable_ssml_parsing"
                | "enable_logging"
                | "apply_text_normalization"
                | "optimize_streaming_latency"
                | "seed" => {}
                other => return Err((400, format!("unknown query parameter `{other}`"))),
            }
        }
        if let Some(language) = language
            && (language.len() != 2 || !(model.is_empty() || takes_language(&model)))
        {
            return Err((400, format!("the model {model} does not take language_code {language}")));
        }
        if format { Ok(query) } else { Err((400, "without output_format the audio would be MP3".to_owned())) }
    }
}
