//! Deepgram's messages: `/v1/listen` (Nova), `/v2/listen` (Flux) and `/v1/speak`, as specified in its API specs read 2026-11.
//!
//! Spec: <https://developers.deepgram.com/reference/speech-to-text/listen-streaming> and `listen-flux`. Tolerant: unknown fields and
//! unknown messages are ignored.

use crate::providers::live::{clean, flag, number, text};
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
    /// `Error`, by its code: the end of a session of Flux. Nova's is not in the spec.
    Error(String),
    /// `Warning` or `ConfigureFailure`, by its name.
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
    #[serde(deserialize_with = "text")]
    event: String,
    #[serde(deserialize_with = "number")]
    audio_window_end: f64,
    #[serde(deserialize_with = "text")]
    transcript: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Kind {
    #[serde(rename = "type", deserialize_with = "text")]
    kind: String,
    /// Only of an `Error`.
    #[serde(deserialize_with = "text")]
    code: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawResults {
    #[serde(deserialize_with = "number")]
    start: f64,
    #[serde(deserialize_with = "number")]
    duration: f64,
    #[serde(deserialize_with = "flag")]
    is_final: bool,
    #[serde(deserialize_with = "flag")]
    speech_final: bool,
    #[serde(deserialize_with = "flag")]
    from_finalize: bool,
    channel: Option<RawChannel>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawChannel {
    alternatives: Option<Vec<RawAlternative>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawAlternative {
    #[serde(deserialize_with = "text")]
    transcript: String,
}

impl FromDeepgram {
    /// Reads one text frame; never fails.
    pub fn read(frame: &str) -> Self {
        let Kind { kind, code } = serde_json::from_str(frame).unwrap_or_default();
        match kind.as_str() {
            "Results" => serde_json::from_str::<RawResults>(frame)
                .map_or(Self::Unknown, |raw| Self::Results(Results::from(raw))),
            "TurnInfo" => serde_json::from_str::<RawTurnInfo>(frame)
                .map_or(Self::Unknown, |raw| Self::TurnInfo(TurnInfo::from(raw))),
            "UtteranceEnd" => Self::UtteranceEnd,
            "SpeechStarted" => Self::SpeechStarted,
            "Metadata" => Self::Metadata,
            "Error" => Self::Error(name(if code.is_empty() { &kind } else { &code })),
            "Warning" | "ConfigureFailure" => Self::Trouble(kind),
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
        let best = raw.channel.and_then(|channel| channel.alternatives?.into_iter().next());
        let text = best.map(|best| clean(&best.transcript));
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
    name(if error.err_code.is_empty() { &error.category } else { &error.err_code })
}

/// Sentences may repeat what was said, so only names pass.
fn name(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(60).collect()
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
    fn strange_frames_are_not_fatal() {
        for frame in ["", "[]", "7", "{}", r#"{"type":7}"#, r#"{"type":"Connected"}"#] {
            assert_eq!(FromDeepgram::read(frame), FromDeepgram::Unknown, "{frame}");
        }
        let results = |text: &str, end| {
            FromDeepgram::Results(Results {
                text: text.to_owned(),
                is_final: true,
                speech_final: false,
                from_finalize: false,
                end,
            })
        };
        for channel in ["null", "{}", r#"{"alternatives":null}"#, r#"{"alternatives":[{"transcript":null}]}"#]
        {
            let frame = format!(
                r#"{{"type":"Results","start":"1.5","duration":1,"is_final":"true","speech_final":null,"channel":{channel}}}"#
            );
            assert_eq!(FromDeepgram::read(&frame), results("", 2.5), "{frame}");
        }
        let odd = r#"{"type":"Results","start":null,"duration":{},"is_final":true,"from_finalize":7,
            "channel":{"alternatives":[{"transcript":"sí"}]}}"#;
        assert_eq!(FromDeepgram::read(odd), results("sí", 0.0));
        let odd = r#"{"type":"TurnInfo","event":"EndOfTurn","audio_window_end":"2.5","transcript":"sí","turn_index":null}"#;
        let over = TurnInfo { text: "sí".to_owned(), state: TurnState::Over, end: 2.5 };
        assert_eq!(FromDeepgram::read(odd), FromDeepgram::TurnInfo(over));
        let odd = r#"{"type":"TurnInfo","event":null,"audio_window_end":null,"transcript":null}"#;
        let open = TurnInfo { text: String::new(), state: TurnState::Open, end: 0.0 };
        assert_eq!(FromDeepgram::read(odd), FromDeepgram::TurnInfo(open));
    }

    #[test]
    fn an_error_is_known_by_its_code() {
        let read = |code: &str| FromDeepgram::read(&format!(r#"{{"type":"Error","code":{code}}}"#));
        assert_eq!(read(r#""UNPARSABLE <x>""#), FromDeepgram::Error("UNPARSABLEx".to_owned()));
        assert_eq!(read("null"), FromDeepgram::Error("Error".to_owned()));
    }

    #[test]
    fn errors_have_a_short_name() {
        assert_eq!(error_name(br#"{"err_code":"INVALID_AUTH","err_msg":"x"}"#), "INVALID_AUTH");
        assert_eq!(error_name(br#"{"category":"rate <limit>"}"#), "ratelimit");
        assert_eq!(error_name(b"Too many"), "");
    }
}
