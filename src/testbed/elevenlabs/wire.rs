//! The messages of ElevenLabs' multi-context socket and of its live recognition, written from its published interface
//! descriptions (read 2026-11).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

/// What a client of the recognition sends.
#[derive(Debug, Deserialize)]
pub(super) struct FromListener {
    pub(super) message_type: String,
    #[serde(default)]
    pub(super) audio_base_64: String,
    #[serde(default)]
    pub(super) commit: bool,
    pub(super) sample_rate: Option<u32>,
}

/// The first message of a recognition.
pub(super) fn session_started() -> Value {
    json!({"message_type": "session_started", "session_id": "sess_fake", "config": {
        "sample_rate": 8000, "audio_format": "ulaw_8000", "language_code": "es", "commit_strategy": "vad",
        "vad_silence_threshold_secs": 1.5, "vad_threshold": 0.4, "min_speech_duration_ms": 100,
        "min_silence_duration_ms": 100, "model_id": "scribe_v2_realtime"}})
}

/// The words since the last commit.
pub(super) fn partial(text: &str) -> Value {
    json!({"message_type": "partial_transcript", "text": text})
}

/// The words of a commit.
pub(super) fn committed(text: &str) -> Value {
    json!({"message_type": "committed_transcript", "text": text})
}

/// The same with the times of its words, which are spread evenly between two seconds of received audio.
pub(super) fn timed(text: &str, from: f64, to: f64) -> Value {
    let count = text.split_whitespace().count();
    let each = (to - from) / count.max(1) as f64;
    let word = |(at, word): (u32, &str)| {
        let start = from + each * f64::from(at);
        json!({"text": word, "start": start, "end": start + each, "type": "word", "logprob": -0.01})
    };
    // A huge text carries no words of its own: it is the transcript that is tested.
    let told = if count > 1_000 { "" } else { text };
    let words: Vec<Value> = (0..).zip(told.split_whitespace()).map(word).collect();
    json!({"message_type": "committed_transcript_with_timestamps", "text": text, "language_code": "es",
           "words": words})
}

/// An error of the recognition.
pub(super) fn error(name: &str) -> Value {
    json!({"message_type": name, "error": "Something is wrong."})
}
