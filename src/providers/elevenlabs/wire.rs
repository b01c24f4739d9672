//! The messages of `/v1/text-to-speech/{voice}/multi-stream-input`.
//!
//! Spec: <https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-multi-stream-input>
//! (read 2026-11). A trap: `context_id` goes out, `contextId` comes in; both spellings are read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a voice sounds; absent fields keep the voice's own settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VoiceSettings {
    /// 0 (lively) to 1 (even).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<f32>,
    /// 0 to 1: nearness to the original speaker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity_boost: Option<f32>,
    /// 0.7 to 1.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f32>,
}

/// A message of ours.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ToElevenLabs<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_settings: Option<&'a VoiceSettings>,
    #[serde(skip_serializing_if = "is_false")]
    flush: bool,
    #[serde(skip_serializing_if = "is_false")]
    close_context: bool,
    #[serde(skip_serializing_if = "is_false")]
    close_socket: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl<'a> ToElevenLabs<'a> {
    /// Opens a context; its text must be one space, and settings cannot change later.
    pub fn open(context: &'a str, settings: &'a VoiceSettings) -> Self {
        let voice_settings = Some(settings).filter(|settings| **settings != VoiceSettings::default());
        Self { text: Some(" "), context_id: Some(context), voice_settings, ..Self::default() }
    }

    /// Text to be spoken; must end with a space, or words grow together.
    pub fn say(context: &'a str, text: &'a str) -> Self {
        Self { text: Some(text), context_id: Some(context), ..Self::default() }
    }

    /// Speak what was said so far. For an unknown context this would create one.
    pub fn flush(context: &'a str) -> Self {
        Self { context_id: Some(context), flush: true, ..Self::default() }
    }

    /// Nothing more follows; after the last audio comes exactly one `isFinal`.
    pub fn close(context: &'a str) -> Self {
        Self { context_id: Some(context), close_context: true, ..Self::default() }
    }

    /// Resets the 20 s of inactivity, of a context where one is open.
    pub fn keep_alive(context: Option<&'a str>) -> Self {
        Self { text: Some(""), context_id: context, ..Self::default() }
    }

    /// Ends everything.
    pub fn close_socket() -> Self {
        Self { close_socket: true, ..Self::default() }
    }

    /// The text frame.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A message of theirs.
#[derive(Clone, Debug, PartialEq)]
pub enum FromElevenLabs {
    /// Sound of a context, and perhaps its end.
    Audio {
        /// The context; empty where none was named.
        context: String,
        /// Raw audio; empty in a message that only ends the context.
        audio: Vec<u8>,
        /// The words of this audio.
        alignment: Option<Alignment>,
        /// All audio of the context was sent.
        is_final: bool,
    },
    /// A refusal; the socket closes with 1008 after it.
    Error {
        /// The short name, such as `quota_exceeded`.
        name: String,
    },
    /// Anything else.
    Unknown,
}

/// Which character begins when, in milliseconds of its own message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Alignment {
    /// The characters of the text as it was sent.
    pub chars: Vec<String>,
    /// Where each begins.
    #[serde(rename = "charStartTimesMs", alias = "char_start_times_ms")]
    pub starts_ms: Vec<u32>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default)]
    audio: Option<std::borrow::Cow<'a, str>>,
    #[serde(rename = "isFinal", alias = "is_final", default)]
    is_final: Option<bool>,
    #[serde(rename = "contextId", alias = "context_id", default)]
    context: Option<String>,
    #[serde(default)]
    alignment: Option<Alignment>,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    message: Value,
}

impl FromElevenLabs {
    /// Reads one text frame; never fails.
    pub fn read(frame: &str) -> Self {
        let Ok(raw) = serde_json::from_str::<Raw<'_>>(frame) else { return Self::Unknown };
        if !raw.error.is_null() {
            return Self::Error { name: short_name(&raw.error) };
        }
        let is_final = raw.is_final == Some(true);
        let Some(audio) = raw.audio.as_deref().map_or(Some(Vec::new()), |text| STANDARD.decode(text).ok())
        else {
            return Self::Unknown;
        };
        if audio.is_empty() && !is_final {
            let told = !raw.message.is_null();
            return if told { Self::Error { name: short_name(&raw.message) } } else { Self::Unknown };
        }
        Self::Audio { context: raw.context.unwrap_or_default(), audio, alignment: raw.alignment, is_final }
    }
}

/// The name of the error in an HTTP answer: `detail` is an object, a list or a text.
pub fn error_name(body: &[u8]) -> String {
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    match body.get("detail") {
        Some(Value::Object(detail)) => detail.get("status").or_else(|| detail.get("code")).map(short_name),
        Some(Value::Array(_)) => Some("validation_error".to_owned()),
        _ => None,
    }
    .unwrap_or_default()
}

/// Whether another try is useless: key, plan, voice or request are wrong.
pub fn is_lasting(name: &str) -> bool {
    let lasting = [
        "invalid_api_key",
        "missing_permissions",
        "unauthorized",
        "quota_exceeded",
        "voice_not_found",
        "model_not_found",
        "invalid_output_format",
        "max_character_limit_exceeded",
        "validation_error",
    ];
    lasting.contains(&name) || name.starts_with("only_for_")
}

/// Sentences may repeat our text, so only names pass.
fn short_name(value: &Value) -> String {
    let word = value.as_str().filter(|word| !word.contains(' ')).unwrap_or("unnamed_error");
    word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+')).take(60).collect()
}

/// Whether a model takes `language_code`; others refuse or ignore it.
pub fn takes_language(model: &str) -> bool {
    model.ends_with("_v2_5") || model.starts_with("eleven_v3")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_names_of_three_shapes() {
        let name = |body: &str| error_name(body.as_bytes());
        assert_eq!(name(r#"{"detail":{"status":"invalid_api_key","message":"x"}}"#), "invalid_api_key");
        assert_eq!(name(r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#), "validation_error");
        assert_eq!(name(r#"{"detail":"Not found"}"#), "");
        assert!(is_lasting("only_for_creator+") && !is_lasting("system_busy"));
    }

    #[test]
    fn the_recorded_refusals_last_or_pass() {
        macro_rules! recorded {
            ($name:literal) => {
                include_str!(concat!("../../../tests/protocols/elevenlabs/", $name))
            };
        }
        let refusals = [
            (recorded!("error_401_invalid_api_key.json"), "invalid_api_key", true),
            (recorded!("error_401_quota_exceeded.json"), "quota_exceeded", true),
            (recorded!("error_404_voice_not_found.json"), "voice_not_found", true),
            (recorded!("error_422.json"), "validation_error", true),
            (recorded!("error_429_system_busy.json"), "system_busy", false),
            (recorded!("error_429_too_many_concurrent_requests.json"), "too_many_concurrent_requests", false),
        ];
        for (body, name, lasting) in refusals {
            assert_eq!((error_name(body.as_bytes()).as_str(), is_lasting(name)), (name, lasting));
        }
        let lines =
            recorded!("tts_ws_errors.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let errors: Vec<FromElevenLabs> =
            lines.filter_map(|line| Some(FromElevenLabs::read(&line.get("msg")?.to_string()))).collect();
        let named = |name: &str| FromElevenLabs::Error { name: name.to_owned() };
        assert_eq!(errors, [named("max_active_conversations"), named("quota_exceeded")]);
    }

    #[test]
    fn strange_frames_are_not_fatal() {
        for frame in ["", "[]", "{}", r#"{"audio":"%%%"}"#, r#"{"audio":null}"#, r#"{"isFinal":null}"#] {
            assert_eq!(FromElevenLabs::read(frame), FromElevenLabs::Unknown, "{frame}");
        }
        let told = FromElevenLabs::read(r#"{"message":"This request exceeds","code":1008}"#);
        assert_eq!(told, FromElevenLabs::Error { name: "unnamed_error".to_owned() });
    }
}
