//! `POST /v1/speak`: one text, its audio as a chunked body.

use super::{
    Shared, query,
    refusal::{is_authorised, refuse, with_request_id},
};
use crate::testbed::{
    log::Service,
    speech::{self, SpeechFault},
};
use axum::{
    Json,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct Speak {
    text: String,
}

/// Longest text of one request (Deepgram's documentation: 2,000 characters).
const LONGEST: usize = 2_000;

pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Result<Json<Speak>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let visit = shared.log.visit(Service::Deepgram, "/v1/speak");
    let met = shared.speak.take().now();
    if !is_authorised(headers.get(header::AUTHORIZATION), shared.options.key.as_deref()) {
        return refuse(401, None);
    }
    let bare = match query::speak(&pairs) {
        Ok(bare) => bare,
        Err(why) => return refuse(400, Some(why)),
    };
    let Ok(Json(Speak { text })) = body else { return refuse(400, Some("the body is not JSON".to_owned())) };
    if text.trim().is_empty() {
        return refuse(400, Some("the text is empty".to_owned()));
    }
    if text.chars().count() > LONGEST {
        return refuse(413, None);
    }
    match met {
        SpeechFault::Refuse(status) => return refuse(status, None),
        SpeechFault::MaxContexts => return refuse(429, None),
        _ => {}
    }
    visit.note("speak", text.clone());
    let audio = speech::body(speech::plan(&text, shared.options.speech, &met), visit);
    // Without `container=none` raw codecs come in a WAV container.
    let audio = if bare {
        audio
    } else {
        let header = futures_util::stream::iter([Ok(speech::wav_header(8_000, 7, 8))]);
        Body::from_stream(header.chain(audio.into_data_stream()))
    };
    let kind = [(header::CONTENT_TYPE, if bare { "audio/mulaw" } else { "audio/wav" })];
    with_request_id((kind, audio).into_response())
}
