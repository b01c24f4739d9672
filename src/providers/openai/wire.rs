//! The chunks of a streamed chat completion, as many servers really send them, and what is sent for speech.
//!
//! Spec: <https://platform.openai.com/docs/api-reference/chat-streaming> and `audio/createSpeech` (read 2026-11). Every field may be missing,
//! `null` or of another type (`code` as a number, `arguments` as an object), and unknown ones are ignored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event of the stream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Chunk {
    choices: Option<Vec<Choice>>,
    error: Option<Value>,
}

/// One of the answers; we ask for one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Choice {
    delta: Option<Delta>,
    finish_reason: Value,
}

/// What the chunk adds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Delta {
    content: Value,
    refusal: Value,
    tool_calls: Option<Vec<CallPart>>,
}

/// A part of a tool call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CallPart {
    index: Value,
    id: Value,
    function: Option<FunctionPart>,
}

/// The function's side of a part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FunctionPart {
    name: Value,
    arguments: Value,
}

impl Chunk {
    /// The first choice; Azure and usage chunks have none.
    pub fn choice(&self) -> Option<&Choice> {
        self.choices.as_ref()?.first()
    }

    /// An error inside the stream.
    pub fn error(&self) -> Option<ErrorName> {
        self.error.as_ref().filter(|error| !error.is_null()).map(ErrorName::of)
    }
}

impl Choice {
    /// The text, if any.
    pub fn text(&self) -> Option<&str> {
        self.delta.as_ref()?.content.as_str().filter(|text| !text.is_empty())
    }

    /// Whether the model declines.
    pub fn refuses(&self) -> bool {
        self.delta.as_ref().and_then(|delta| delta.refusal.as_str()).is_some_and(|text| !text.is_empty())
    }

    /// The parts of tool calls.
    pub fn calls(&self) -> &[CallPart] {
        self.delta.as_ref().and_then(|delta| delta.tool_calls.as_deref()).unwrap_or_default()
    }

    /// Why the answer ended, once it did; any word, also one that is in no specification.
    pub fn finish(&self) -> Option<&str> {
        self.finish_reason.as_str().filter(|reason| !reason.is_empty())
    }
}

impl CallPart {
    /// The place of the call; some servers give all calls 0, some none.
    pub fn index(&self) -> Option<u64> {
        self.index.as_u64()
    }

    /// The call's identifier; only in its first part, or in none.
    pub fn id(&self) -> &str {
        self.id.as_str().unwrap_or_default()
    }

    /// The function's name; only in the first part.
    pub fn name(&self) -> &str {
        self.function.as_ref().and_then(|function| function.name.as_str()).unwrap_or_default()
    }

    /// The next stretch of the arguments' JSON; proxies send an object instead of text.
    pub fn arguments(&self) -> String {
        match self.function.as_ref().map(|function| &function.arguments) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(value) => value.to_string(),
        }
    }
}

/// The body of `POST /audio/speech`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Speak<'a> {
    model: &'a str,
    voice: &'a str,
    input: &'a str,
    response_format: &'static str,
}

impl<'a> Speak<'a> {
    /// Asks for `text`, at most 4,096 characters, as 16-bit samples at 24 kHz without a header. Without a format an MP3 file
    /// would come.
    pub const fn pcm(model: &'a str, voice: &'a str, text: &'a str) -> Self {
        Self { model, voice, input: text, response_format: "pcm" }
    }
}

/// The short name of an error, fit for logs: the vendor's sentence may repeat what the caller said, so it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorName(pub String);

impl ErrorName {
    /// Reads the body of an error response.
    pub fn read(body: &[u8]) -> Self {
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        body.get("error").map_or_else(|| Self::of(&body), Self::of)
    }

    fn of(error: &Value) -> Self {
        let word = |key: &str| match error.get(key) {
            Some(Value::String(word)) if !word.is_empty() => Some(word.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let name = word("code").or_else(|| word("type")).unwrap_or_default();
        Self(
            name.chars()
                .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
                .take(60)
                .collect(),
        )
    }

    /// Whether waiting is useless although the status says "too many requests".
    pub fn is_quota(&self) -> bool {
        matches!(self.0.as_str(), "insufficient_quota" | "billing_hard_limit_reached")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_names_of_many_shapes_and_no_sentence() {
        let name = |body: &str| ErrorName::read(body.as_bytes()).0;
        assert_eq!(name(r#"{"error":{"message":"sk-secret","code":"invalid_api_key"}}"#), "invalid_api_key");
        assert_eq!(name(r#"{"error":{"code":503,"message":"Loading model"}}"#), "503");
        assert_eq!(name(r#"{"error":{"type":"server_error","code":null}}"#), "server_error");
        assert_eq!(name(r#"{"error":"model 'x' not found"}"#), "");
        assert_eq!(name("<html>"), "");
    }
}
