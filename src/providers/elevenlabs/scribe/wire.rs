//! The messages of `/v1/speech-to-text/realtime` (Scribe).
//!
//! Spec: <https://elevenlabs.io/docs/api-reference/speech-to-text/v-1-speech-to-text-realtime> (read 2026-11). Tolerant: unknown
//! fields and unknown messages are ignored.

use crate::providers::live::{clean, number_of, text};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

/// Asks to make final what was heard.
pub(super) const COMMIT: &str =
    r#"{"message_type":"input_audio_chunk","audio_base_64":"","commit":true,"sample_rate":8000}"#;

/// Caller audio: mu-law, 8 kHz.
pub(super) fn audio(frame: &[u8]) -> String {
    let sound = STANDARD.encode(frame);
    format!(
        r#"{{"message_type":"input_audio_chunk","audio_base_64":"{sound}","commit":false,"sample_rate":8000}}"#
    )
}

/// A message of theirs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FromScribe {
    /// The session takes audio.
    Started,
    /// The words since the last commit, cleaned; they may change.
    Partial(String),
    /// The words of a commit, cleaned; they will not change. A commit comes with and without times, where times were asked
    /// for.
    Committed {
        /// May be empty on silence.
        text: String,
        /// This is the message with times.
        timed: bool,
        /// Where the last word ends, in seconds of audio received on this connection.
        end: Option<f64>,
    },
    /// An error that ends the session, by its name.
    Failed(String),
    /// An error that does not, by its name.
    Complaint(String),
    /// Anything else, also what is no JSON.
    Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw {
    #[serde(deserialize_with = "text")]
    message_type: String,
    #[serde(deserialize_with = "text")]
    text: String,
    words: Value,
}

impl FromScribe {
    /// Reads one text frame; never fails.
    pub(super) fn read(frame: &str) -> Self {
        let raw = serde_json::from_str::<Raw>(frame).unwrap_or_default();
        let kind = raw.message_type.strip_prefix("scribe_").unwrap_or(&raw.message_type);
        let words = || clean(&raw.text);
        match kind {
            "session_started" => Self::Started,
            "partial_transcript" => Self::Partial(words()),
            "committed_transcript" => Self::Committed { text: words(), timed: false, end: None },
            "committed_transcript_with_timestamps" => {
                Self::Committed { text: words(), timed: true, end: end_of(&raw.words) }
            }
            "commit_throttled" | "insufficient_audio_activity" | "warning" => {
                Self::Complaint(kind.to_owned())
            }
            "auth_error"
            | "quota_exceeded"
            | "unaccepted_terms"
            | "invalid_request"
            | "input_error"
            | "chunk_size_exceeded"
            | "rate_limited"
            | "queue_overflow"
            | "resource_exhausted"
            | "session_time_limit_exceeded"
            | "transcriber_error"
            | "error" => Self::Failed(kind.to_owned()),
            _ => Self::Unknown,
        }
    }
}

/// Whether another session is useless: key, plan or settings are wrong.
pub(super) fn is_lasting(name: &str) -> bool {
    matches!(name, "auth_error" | "quota_exceeded" | "unaccepted_terms" | "invalid_request")
}

fn end_of(words: &Value) -> Option<f64> {
    let ends = words.as_array()?.iter().filter_map(|word| number_of(word.get("end")?));
    ends.reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_frames_are_not_fatal() {
        for frame in ["", "[]", "7", "{}", r#"{"message_type":7}"#, r#"{"message_type":"speech_started"}"#] {
            assert_eq!(FromScribe::read(frame), FromScribe::Unknown, "{frame}");
        }
        for (words, end) in
            [("null", None), (r#"[{"end":"x"},7]"#, None), (r#"[{"end":"1.5"},{"end":null}]"#, Some(1.5))]
        {
            let odd = format!(
                r#"{{"message_type":"committed_transcript_with_timestamps","text":"sí","words":{words}}}"#
            );
            let read = FromScribe::Committed { text: "sí".to_owned(), timed: true, end };
            assert_eq!(FromScribe::read(&odd), read);
        }
        let odd = r#"{"message_type":"partial_transcript","text":null}"#;
        assert_eq!(FromScribe::read(odd), FromScribe::Partial(String::new()));
    }

    #[test]
    fn errors_end_the_session_or_do_not_and_last_or_pass() {
        let read = |name: &str| FromScribe::read(&format!(r#"{{"message_type":"{name}","error":"x"}}"#));
        assert_eq!(read("commit_throttled"), FromScribe::Complaint("commit_throttled".to_owned()));
        assert_eq!(read("scribe_auth_error"), FromScribe::Failed("auth_error".to_owned()));
        assert!(is_lasting("auth_error") && !is_lasting("rate_limited"));
    }
}
