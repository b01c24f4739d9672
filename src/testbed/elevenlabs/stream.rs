//! `POST /v1/text-to-speech/{voice}/stream`: one text, its audio as a chunked body.

use super::{
    Shared,
    refusal::{Query as Wanted, is_authorised, refuse},
};
use crate::testbed::{
    log::Service,
    speech::{self, SpeechFault},
};
use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct Speak {
    text: String,
}

pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    Path(voice): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Result<Json<Speak>, JsonRejection>,
) -> Response {
    let visit = shared.log.visit(Service::ElevenLabs, format!("/stream {voice}"));
    let fault = shared.faults.take().now();
    if !is_authorised(&headers, shared.options.key.as_deref()) {
        return refuse(401, None);
    }
    if let Err((status, why)) = Wanted::read(&pairs) {
        return refuse(status, Some(&why));
    }
    let Ok(Json(Speak { text })) = body else {
        let missing =
            json!({"loc": ["body", "text"], "msg": "field required", "type": "value_error.missing"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"detail": [missing]}))).into_response();
    };
    match fault {
        SpeechFault::Refuse(status) => return refuse(status, None),
        SpeechFault::MaxContexts => return refuse(429, None),
        _ => {}
    }
    visit.note("speak", text.clone());
    let kind = [(header::CONTENT_TYPE, "audio/basic")];
    (kind, speech::body(speech::plan(&text, shared.options.pace, &fault), visit)).into_response()
}
