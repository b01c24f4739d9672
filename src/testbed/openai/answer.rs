//! What the fake model answers, as the events of a stream with their times. Pure.

use super::{
    LlmFault,
    wire::{CallPiece, Choice, Chunk, Delta, FunctionPiece, Usage},
};
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

/// An answer: text, then tool calls; either may be absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What is said.
    pub text: String,
    /// What is called: names and arguments.
    pub calls: Vec<(String, Value)>,
}

impl Answer {
    /// An answer in words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), calls: Vec::new() }
    }

    /// A tool call without words.
    pub fn call(name: impl Into<String>, arguments: Value) -> Self {
        Self { text: String::new(), calls: vec![(name.into(), arguments)] }
    }

    /// Adds a tool call behind what there is.
    #[must_use]
    pub fn and_call(mut self, name: impl Into<String>, arguments: Value) -> Self {
        self.calls.push((name.into(), arguments));
        self
    }
}

/// How fast the fake model is.
#[derive(Clone, Copy, Debug)]
pub struct ModelPace {
    /// From the request to the first token.
    pub first_token: Duration,
    /// Between tokens.
    pub token_every: Duration,
}

impl Default for ModelPace {
    /// 200 ms to the first token, then one every 10 ms (design §9).
    fn default() -> Self {
        Self { first_token: Duration::from_millis(200), token_every: Duration::from_millis(10) }
    }
}

/// How a stream ends after its last event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Stalled,
    Broken,
    /// The last event is repeated for ever, at the pace of tokens.
    Endless,
}

/// A stream: pieces of the body with the time since the request.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) pieces: Vec<(Duration, Bytes)>,
    pub(super) end: End,
}

/// What the events of one stream share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream<'a> {
    pub(super) model: &'a str,
    pub(super) usage: bool,
    pub(super) pace: ModelPace,
    pub(super) fault: &'a LlmFault,
    /// Numbers the tool calls of the whole fake.
    pub(super) first_call: u64,
}

impl Stream<'_> {
    /// Plans the events of `answer`.
    pub(super) fn plan(self, answer: &Answer) -> Plan {
        let mut events = Vec::new();
        let first = match self.fault {
            LlmFault::SlowFirstToken(slow) => *slow,
            _ => self.pace.first_token,
        };
        let mut at = first;
        let mut push = |at: Duration, chunk: String| events.push((at, chunk));
        if *self.fault == LlmFault::AzureStyle {
            push(at, self.chunk(vec![], None));
        }
        let content = Some(if answer.text.is_empty() { Value::Null } else { "".into() });
        push(at, self.delta(Delta { role: Some("assistant"), content, tool_calls: None }, None));
        let empty = *self.fault == LlmFault::Empty;
        let tokens = if empty { Vec::new() } else { tokens(&answer.text) };
        let text_tokens = tokens.len();
        for token in tokens {
            push(at, self.delta(Delta { content: Some(token.into()), ..Delta::default() }, None));
            at += self.pace.token_every;
        }
        let calls = if empty { &[][..] } else { &answer.calls };
        for (i, (name, arguments)) in calls.iter().enumerate() {
            for piece in self.call(i, name, arguments) {
                push(at, self.delta(Delta { tool_calls: Some([piece]), ..Delta::default() }, None));
                at += self.pace.token_every;
            }
        }
        let reason = if calls.is_empty() { "stop" } else { "tool_calls" };
        push(at, self.delta(Delta::default(), Some(reason)));
        if self.usage {
            let completion_tokens = text_tokens as u64;
            let total_tokens = 120 + completion_tokens;
            push(at, self.chunk(vec![], Some(Usage { prompt_tokens: 120, completion_tokens, total_tokens })));
        }
        push(at, "[DONE]".to_owned());
        self.damage(events)
    }

    fn call(self, index: usize, name: &str, arguments: &Value) -> Vec<CallPiece> {
        let whole = arguments.to_string();
        let id = Some(format!("call_{}", self.first_call + index as u64));
        let piece = |index, id: Option<String>, name: Option<&str>, arguments: &str| CallPiece {
            index,
            kind: id.is_some().then_some("function"),
            id,
            function: FunctionPiece { name: name.map(str::to_owned), arguments: arguments.to_owned() },
        };
        if *self.fault == LlmFault::OllamaStyle {
            return vec![piece(0, id, Some(name), &whole)];
        }
        let half = (0..=whole.len() / 2).rev().find(|i| whole.is_char_boundary(*i)).unwrap_or(0);
        let (front, back) = whole.split_at(half);
        vec![
            piece(index, id, Some(name), ""),
            piece(index, None, None, front),
            piece(index, None, None, back),
        ]
    }

    fn delta(self, delta: Delta, finish_reason: Option<&'static str>) -> String {
        self.chunk(vec![Choice { index: 0, delta, logprobs: None, finish_reason }], None)
    }

    fn chunk(self, choices: Vec<Choice>, usage: Option<Usage>) -> String {
        let chunk = Chunk {
            id: "chatcmpl-Fake01",
            object: "chat.completion.chunk",
            created: 1_795_251_609,
            model: self.model,
            service_tier: "default",
            system_fingerprint: None,
            obfuscation: choices.first().map(|_| "kk"),
            choices,
            usage,
        };
        serde_json::to_string(&chunk).unwrap_or_default()
    }

    /// Applies the fault and writes the events as server-sent events.
    fn damage(self, mut events: Vec<(Duration, String)>) -> Plan {
        let mut end = End::Complete;
        match self.fault {
            // The first event holds the role only.
            LlmFault::StallAfter(tokens) => {
                events.truncate(tokens + 1);
                end = End::Stalled;
            }
            LlmFault::CutAfter(tokens) => {
                events.truncate(tokens + 1);
                end = End::Broken;
            }
            LlmFault::EndAfter(tokens) => events.truncate(tokens + 1),
            LlmFault::ErrorAfter(tokens) => {
                events.truncate(tokens + 1);
                let at = events.last().map_or(Duration::ZERO, |(at, _)| *at);
                let error = r#"{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}"#;
                events.push((at, error.to_owned()));
            }
            LlmFault::Garbage => {
                events.truncate(1);
                let at = events.last().map_or(Duration::ZERO, |(at, _)| *at);
                let nonsense =
                    ["not JSON", "[]", "7", r#"{"choices":"none"}"#, r#"{"choices":[null,[]]}"#, "{"];
                events = nonsense.map(|data| (at, data.to_owned())).to_vec();
            }
            LlmFault::Endless => {
                events.truncate(1);
                let at = events.last().map_or(Duration::ZERO, |(at, _)| *at);
                let more = Delta { content: Some(" más".into()), ..Delta::default() };
                events.push((at, self.delta(more, None)));
                end = End::Endless;
            }
            _ => {}
        }
        let written = events.iter().map(|(at, event)| (*at, self.event(event)));
        let pieces = match self.fault {
            LlmFault::OddSlices => written.flat_map(|(at, event)| slices(at, &event)).collect(),
            _ => written.collect(),
        };
        Plan { pieces, end }
    }

    fn event(self, data: &str) -> Bytes {
        match self.fault {
            LlmFault::Crlf => format!("data: {data}\r\n\r\n"),
            LlmFault::Comments => format!(": keep-alive\n\nevent: message\ndata:{data}\n\ndata:\n\n"),
            _ => format!("data: {data}\n\n"),
        }
        .into()
    }
}

/// Words with the space before them, punctuation attached, as tokenisers cut.
fn tokens(text: &str) -> Vec<String> {
    let word = |(i, word): (usize, &str)| if i == 0 { word.to_owned() } else { format!(" {word}") };
    text.split(' ').filter(|w| !w.is_empty()).enumerate().map(word).collect()
}

/// Slices of 1 to 40 bytes, also within characters; 1 ms apart, so that they are not joined on the way.
fn slices(at: Duration, event: &Bytes) -> Vec<(Duration, Bytes)> {
    let mut event = event.clone();
    let mut sizes = [1_usize, 40, 3, 17, 2, 29].into_iter().cycle();
    let mut cut = Vec::new();
    let mut late = Duration::ZERO;
    while !event.is_empty() {
        let size = sizes.next().unwrap_or(1).min(event.len());
        cut.push((at + late, event.split_to(size)));
        late += Duration::from_millis(1);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(answer: &Answer, fault: &LlmFault) -> (String, Plan) {
        let pace = ModelPace::default();
        let stream = Stream { model: "gpt-test", usage: true, pace, fault, first_call: 1 };
        let plan = stream.plan(answer);
        let all: Vec<u8> = plan.pieces.iter().flat_map(|(_, b)| b.to_vec()).collect();
        (String::from_utf8(all).unwrap(), plan)
    }

    /// The keys at every place of a stream's events, so that ours can be compared with a recorded one.
    fn shape(value: &Value, path: &str, out: &mut std::collections::BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = format!("{path}.{key}");
                    out.insert(path.clone());
                    shape(value, &path, out);
                }
            }
            Value::Array(all) => all.iter().for_each(|value| shape(value, path, out)),
            _ => {}
        }
    }

    fn shapes(sse: &str) -> std::collections::BTreeSet<String> {
        let mut out = std::collections::BTreeSet::new();
        for data in sse.lines().filter_map(|l| l.strip_prefix("data: ")).filter(|d| *d != "[DONE]") {
            shape(&serde_json::from_str(data).unwrap(), "", &mut out);
        }
        out
    }

    #[test]
    fn a_stream_has_the_fields_of_the_recorded_ones() {
        let answer = Answer::text("Claro, ¿para qué día?")
            .and_call("find_slots", serde_json::json!({"day": "2026-11-24"}));
        let ours = shapes(&written(&answer, &LlmFault::None).0);
        let recorded = shapes(include_str!("../../../tests/protocols/openai/chat_stream_text.sse"))
            .into_iter()
            .chain(shapes(include_str!("../../../tests/protocols/openai/chat_stream_tools.sse")))
            .collect::<std::collections::BTreeSet<_>>();
        let unknown: Vec<_> = ours.difference(&recorded).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let optional = |path: &&String| path.contains("_details") || path.ends_with("refusal");
        let missing: Vec<_> = recorded.difference(&ours).filter(|p| !optional(p)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn three_words_are_there_20_ms_after_the_first_token() {
        let (_, plan) = written(&Answer::text("Claro que sí, con gusto."), &LlmFault::None);
        let third = plan.pieces.iter().find(|(_, b)| String::from_utf8_lossy(b).contains("sí,")).unwrap();
        assert_eq!(third.0, Duration::from_millis(220));
    }

    #[test]
    fn faults_leave_what_they_say() {
        let answer = Answer::text("uno dos tres cuatro");
        let (cut, plan) = written(&answer, &LlmFault::CutAfter(2));
        assert!(cut.contains("dos") && !cut.contains("tres") && !cut.contains("DONE"));
        assert_eq!(plan.end, End::Broken);
        assert!(!written(&answer, &LlmFault::Empty).0.contains("uno"));
        let (slices, plan) = written(&answer, &LlmFault::OddSlices);
        assert!(slices.contains("cuatro") && slices.ends_with("data: [DONE]\n\n"));
        assert!(plan.pieces.iter().all(|(_, b)| (1..=40).contains(&b.len())));
        assert!(written(&answer, &LlmFault::Crlf).0.contains("\r\n\r\n"));
    }
}
