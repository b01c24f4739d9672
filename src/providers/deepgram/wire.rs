//! Deepgram's messages: `/v1/listen` (Nova), `/v2/listen` (Flux) and `/v1/speak`, as specified in its API specs read 2026-11.
//!
//! Spec: <https://developers.deepgram.com/reference/speech-to-text/listen-streaming> and `listen-flux`. Tolerant: unknown fields and
//! unknown messages are ignored.

use crate::providers::live::clean;
use serde::{Deserialize, Serialize};

/// Keeps an idle stream open; must be a text frame. Deepgram closes after 10 s without any frame (`NET-0001`).
pub const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
/// Asks to make final what was heard; may stay unanswered when little audio is buffered.
pub const FINALIZE: &str = r#"{"type":"Finalize"}"#;
/// The end of the audio; answered by the last results, `Metadata` and close 1000.
pub const CLOSE_STREAM: &str = r#"{"type":"CloseStream"}"#;

/// A message of `/v1/listen` or `/v2/listen`.
#[derive(Clone, Debug, PartialEq)]
pub enum FromDeepgram {
    /// A partial or final result.
    Results(Results),
    /// What Flux believes of the present turn.
    TurnInfo(TurnInfo),
    /// No new word for `utterance_end_ms`.
    UtteranceEnd,
    /// Something like speech began; comes for noise too.
    SpeechStarted,
    /// The farewell after `CloseStream`.
    Metadata,
    /// `Error` or `Warning`; not in the spec, so only its name is kept.
    Trouble(String),
    /// Anything else, also what is no JSON.
    Unknown,
}

/// The result of a stretch of audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// The best transcript, cleaned; empty on silence.
    pub text: String,
    /// The text will not change.
    pub is_final: bool,
    /// Silence of `endpointing` followed.
    pub speech_final: bool,
    /// The answer to [`FINALIZE`].
    pub from_finalize: bool,
    /// Where the stretch ends, in seconds of audio received on this connection.
    pub end: f64,
}

/// The turn so far, by Flux.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnInfo {
    /// All words of the turn, cleaned.
    pub text: String,
    /// How far the turn has come.
    pub state: TurnState,
    /// Where it ends, in seconds of audio received on this connection.
    pub end: f64,
}

/// How far a turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnState {
    /// It goes on (`StartOfTurn`, `Update`).
    Open,
    /// It is probably over (`EagerEndOfTurn`).
    SeemsOver,
    /// It had seemed to be over and goes on (`TurnResumed`).
    Resumed,
    /// The words will not change, the next message is about another turn (`EndOfTurn`).
    Over,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawTurnInfo {
    event: String,
    audio_window_end: f64,
    transcript: String,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawResults {
    start: f64,
    duration: f64,
    is_final: bool,
    speech_final: bool,
    from_finalize: bool,
    channel: RawChannel,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawChannel {
    alternatives: Vec<RawAlternative>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawAlternative {
    transcript: String,
}

impl FromDeepgram {
    /// Reads one text frame; never fails.
    pub fn read(frame: &str) -> Self {
        let kind = serde_json::from_str::<Kind>(frame).map(|kind| kind.kind).unwrap_or_default();
        match kind.as_str() {
            "Results" => serde_json::from_str::<RawResults>(frame)
                .map_or(Self::Unknown, |raw| Self::Results(Results::from(raw))),
            "TurnInfo" => serde_json::from_str::<RawTurnInfo>(frame)
                .map_or(Self::Unknown, |raw| Self::TurnInfo(TurnInfo::from(raw))),
            "UtteranceEnd" => Self::UtteranceEnd,
            "SpeechStarted" => Self::SpeechStarted,
            "Metadata" => Self::Metadata,
            "Error" | "Warning" | "ConfigureFailure" => Self::Trouble(kind),
            _ => Self::Unknown,
        }
    }
}

impl From<RawTurnInfo> for TurnInfo {
    fn from(raw: RawTurnInfo) -> Self {
        let RawTurnInfo { event, audio_window_end, transcript } = raw;
        let state = match event.as_str() {
            "EagerEndOfTurn" => TurnState::SeemsOver,
            "TurnResumed" => TurnState::Resumed,
            "EndOfTurn" => TurnState::Over,
            _ => TurnState::Open,
        };
        Self { text: clean(&transcript), state, end: audio_window_end }
    }
}

impl From<RawResults> for Results {
    fn from(raw: RawResults) -> Self {
        let text = raw.channel.alternatives.into_iter().next().map(|best| clean(&best.transcript));
        Self {
            text: text.unwrap_or_default(),
            is_final: raw.is_final,
            speech_final: raw.speech_final,
            from_finalize: raw.from_finalize,
            end: raw.start + raw.duration,
        }
    }
}

/// The body of `POST /v1/speak`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Speak<'a> {
    /// At most 2,000 characters.
    pub text: &'a str,
}

/// An error of the HTTP side; three shapes are in use, one of them plain text.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    err_code: String,
    category: String,
}

/// The short name of an error, such as `INVALID_AUTH`; empty where the body tells none.
pub fn error_name(body: &[u8]) -> String {
    let error = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default();
    let name = if error.err_code.is_empty() { error.category } else { error.err_code };
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(60).collect()
}

/// Deepgram's code for a language tag: Latin American Spanish is `es-419`, other regions go by their language.
pub fn language_code(tag: &str) -> String {
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default().to_ascii_lowercase();
    let region = parts.next().unwrap_or_default().to_ascii_uppercase();
    match (language.as_str(), region.as_str()) {
        ("es", "" | "ES") => "es".to_owned(),
        ("es", _) => "es-419".to_owned(),
        ("en", "US" | "GB" | "AU" | "NZ" | "IN") => format!("en-{region}"),
        _ => language,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_deepgrams_codes() {
        let codes = ["es-MX", "es_AR", "es", "es-ES", "en-us", "en-ZA", "fr-CA"].map(language_code);
        assert_eq!(codes, ["es-419", "es-419", "es", "es", "en-US", "en", "fr"]);
    }

    #[test]
    fn errors_have_a_short_name() {
        assert_eq!(error_name(br#"{"err_code":"INVALID_AUTH","err_msg":"x"}"#), "INVALID_AUTH");
        assert_eq!(error_name(br#"{"category":"rate <limit>"}"#), "ratelimit");
        assert_eq!(error_name(b"Too many"), "");
    }
}
