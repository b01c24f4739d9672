//! The messages of ElevenLabs' multi-context socket, written from its published interface description (read 2026-11).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a client sends. Clients write `context_id`; the socket itself answers with `contextId`.
#[derive(Debug, Deserialize)]
pub(super) struct FromClient {
    pub(super) text: Option<String>,
    #[serde(alias = "contextId")]
    pub(super) context_id: Option<String>,
    #[serde(default)]
    pub(super) flush: bool,
    #[serde(default)]
    pub(super) close_context: bool,
    #[serde(default)]
    pub(super) close_socket: bool,
    pub(super) voice_settings: Option<Value>,
    pub(super) generation_config: Option<Value>,
}

/// A chunk of audio.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct Audio<'a> {
    pub(super) audio: String,
    pub(super) normalized_alignment: Option<&'a Alignment>,
    pub(super) alignment: Option<&'a Alignment>,
    pub(super) context_id: &'a str,
}

/// Characters with their times, relative to the chunk.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alignment {
    pub(super) chars: Vec<char>,
    pub(super) char_start_times_ms: Vec<u32>,
    pub(super) char_durations_ms: Vec<u32>,
}

/// The last message of a context.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Final<'a> {
    pub(super) is_final: bool,
    pub(super) context_id: &'a str,
}

/// A refusal on the socket; a close frame with the same code follows.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    pub(super) message: &'static str,
    pub(super) error: &'static str,
    pub(super) code: u16,
}
