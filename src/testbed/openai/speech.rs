//! `POST /v1/audio/speech`: one text, its audio as a chunked body.

use super::{
    Shared,
    chat::{is_authorised, refuse, with_headers},
};
use crate::testbed::{
    log::Service,
    speech::{self, Coding, SpeechFault},
};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct Speak {
    #[serde(default)]
    model: String,
    #[serde(default)]
    voice: String,
    #[serde(default)]
    input: String,
    response_format: Option<String>,
    stream_format: Option<String>,
}

/// Longest text of one request (OpenAI's documentation: 4,096 characters).
const LONGEST: usize = 4_096;

impl Speak {
    /// The rules whose breach OpenAI answers with 400; the error is the text that goes to the client.
    fn check(&self) -> Result<(), String> {
        for (name, text) in [("model", &self.model), ("voice", &self.voice), ("input", &self.input)] {
            if text.trim().is_empty() {
                return Err(format!("you must provide '{name}'"));
            }
        }
        if self.input.chars().count() > LONGEST {
            return Err("'input' is longer than 4096 characters".to_owned());
        }
        if self.stream_format.as_deref().is_some_and(|format| format != "audio") {
            return Err("this fake streams only audio".to_owned());
        }
        let formats = ["pcm", "mp3", "opus", "aac", "flac", "wav"];
        match self.response_format.as_deref() {
            Some(format) if !formats.contains(&format) => {
                Err(format!("'{format}' is not one of the formats"))
            }
            _ => Ok(()),
        }
    }
}

pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Json<Speak>, JsonRejection>,
) -> Response {
    let visit = shared.log.visit(Service::OpenAi, "/v1/audio/speech");
    let fault = shared.speech.take().now();
    if !is_authorised(&headers, shared.options.key.as_deref()) {
        return refuse(401, None);
    }
    let asked = match body {
        Ok(Json(asked)) => asked,
        Err(rejection) => return refuse(400, Some(&rejection.body_text())),
    };
    if let Err(why) = asked.check() {
        visit.note("bad-request", why.clone());
        return refuse(400, Some(&why));
    }
    match fault {
        SpeechFault::Refuse(status) => return refuse(status, None),
        SpeechFault::MaxContexts => return refuse(429, None),
        _ => {}
    }
    visit.note("speak", asked.input.clone());
    let (kind, audio) = if asked.response_format.as_deref() == Some("pcm") {
        let plan = speech::plan_in(Coding::Linear24k, &asked.input, shared.options.speech, &fault);
        ("audio/pcm", speech::body(plan, visit))
    } else {
        // What a forgotten format gives; only its first bytes are like an MP3 file's.
        ("audio/mpeg", axum::body::Body::from(&b"ID3\x04\0\0\0\0\0\0"[..]))
    };
    with_headers(([(header::CONTENT_TYPE, kind)], audio).into_response())
}
