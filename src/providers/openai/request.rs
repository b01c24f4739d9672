//! Turns a question into the body of a request.

use super::Options;
use crate::{
    dialogue::message::{Message, ToolCall, ToolSpec},
    net::address::BaseUrl,
    ports::llm::Question,
};
use async_openai::types::chat::{
    ChatCompletionMessageToolCall, ChatCompletionMessageToolCalls, ChatCompletionRequestAssistantMessage,
    ChatCompletionRequestMessage, ChatCompletionRequestToolMessage, ChatCompletionTool, ChatCompletionTools,
    CreateChatCompletionRequest, FunctionCall, FunctionObject,
};
use serde_json::Value;
use std::collections::VecDeque;

/// The field that limits the answer's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxTokens {
    /// `max_completion_tokens`: OpenAI and Azure, whose reasoning models refuse the old name.
    Completion,
    /// `max_tokens`: known to every compatible server, and some ignore the new name.
    Legacy,
}

impl MaxTokens {
    /// What the host knows.
    pub fn of(base: &BaseUrl) -> Self {
        let url = base.http("");
        let host = url.host_str().unwrap_or_default();
        if host.ends_with("openai.com") || host.ends_with(".azure.com") {
            Self::Completion
        } else {
            Self::Legacy
        }
    }
}

/// The body, streamed; `None` where it is no JSON object, which cannot be.
pub(super) fn body(options: &Options, question: &Question) -> Option<Value> {
    let request = CreateChatCompletionRequest {
        model: options.model.clone(),
        messages: messages(&question.messages),
        tools: (!question.tools.is_empty()).then(|| question.tools.iter().map(tool).collect()),
        stream: Some(true),
        temperature: options.temperature,
        ..CreateChatCompletionRequest::default()
    };
    let mut body = serde_json::to_value(request).ok()?;
    let fields = body.as_object_mut()?;
    let limit = match options.max_tokens {
        MaxTokens::Completion => "max_completion_tokens",
        MaxTokens::Legacy => "max_tokens",
    };
    fields.insert(limit.to_owned(), question.max_tokens.into());
    // `content` may be absent by the specification, but several servers want it there.
    let messages = fields.get_mut("messages").and_then(Value::as_array_mut);
    for message in messages.into_iter().flatten().filter_map(Value::as_object_mut) {
        message.entry("content").or_insert(Value::Null);
    }
    fields.extend(options.extra.clone());
    Some(body)
}

/// The conversation, mended where an interruption cut it: servers answer 400 unless every tool call is followed by
/// exactly its results.
fn messages(conversation: &[Message]) -> Vec<ChatCompletionRequestMessage> {
    let mut written = Vec::with_capacity(conversation.len());
    let mut owed: VecDeque<String> = VecDeque::new();
    for message in conversation {
        match message {
            Message::Tool { call_id, content } => {
                if let Some(place) = owed.iter().position(|id| id == call_id) {
                    owed.remove(place);
                    written.push(result(call_id.clone(), content.clone()));
                }
                continue;
            }
            _ => written.extend(owed.drain(..).map(|id| result(id, r#"{"error":"interrupted"}"#.to_owned()))),
        }
        match message {
            Message::System { content } => {
                written.push(ChatCompletionRequestMessage::System(content.as_str().into()));
            }
            Message::User { content } => {
                written.push(ChatCompletionRequestMessage::User(content.as_str().into()));
            }
            Message::Assistant { content, tool_calls } if !content.is_empty() || !tool_calls.is_empty() => {
                owed.extend(tool_calls.iter().map(|call| call.id.clone()));
                written.push(assistant(content, tool_calls));
            }
            Message::Assistant { .. } | Message::Tool { .. } => {}
        }
    }
    written.extend(owed.drain(..).map(|id| result(id, r#"{"error":"interrupted"}"#.to_owned())));
    written
}

fn assistant(content: &str, tool_calls: &[ToolCall]) -> ChatCompletionRequestMessage {
    let call = |call: &ToolCall| {
        let function = FunctionCall { name: call.name.clone(), arguments: call.arguments.clone() };
        ChatCompletionMessageToolCalls::Function(ChatCompletionMessageToolCall {
            id: call.id.clone(),
            function,
        })
    };
    ChatCompletionRequestMessage::Assistant(ChatCompletionRequestAssistantMessage {
        content: (!content.is_empty()).then(|| content.into()),
        tool_calls: (!tool_calls.is_empty()).then(|| tool_calls.iter().map(call).collect()),
        ..ChatCompletionRequestAssistantMessage::default()
    })
}

fn result(tool_call_id: String, content: String) -> ChatCompletionRequestMessage {
    ChatCompletionRequestMessage::Tool(ChatCompletionRequestToolMessage {
        content: content.into(),
        tool_call_id,
    })
}

fn tool(spec: &ToolSpec) -> ChatCompletionTools {
    ChatCompletionTools::Function(ChatCompletionTool {
        function: FunctionObject {
            name: spec.name.clone(),
            description: Some(spec.description.clone()),
            parameters: Some(spec.parameters.clone()),
            strict: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn options(base: &str) -> Options {
        Options::new(base.parse().unwrap(), None, "m".to_owned())
    }

    fn call(id: &str) -> ToolCall {
        ToolCall { id: id.to_owned(), name: "find_slots".to_owned(), arguments: "{}".to_owned() }
    }

    fn written(messages: Vec<Message>) -> Value {
        let question = Question { messages, tools: [].into(), max_tokens: 300 };
        body(&options("https://api.openai.com/v1"), &question).unwrap()["messages"].take()
    }

    #[test]
    fn a_body_has_the_fields_of_the_recorded_one() {
        let spec = ToolSpec {
            name: "find_slots".to_owned(),
            description: "Free slots of a day".to_owned(),
            parameters: json!({"type": "object"}),
        };
        let messages = vec![
            Message::System { content: "Eres una recepcionista.".to_owned() },
            Message::User { content: "Quiero una cita".to_owned() },
            Message::Assistant { content: String::new(), tool_calls: vec![call("A1")] },
            Message::Tool { call_id: "A1".to_owned(), content: "{}".to_owned() },
        ];
        let question = Question { messages, tools: [spec].into(), max_tokens: 300 };
        let mut openai = options("https://api.openai.com/v1");
        openai.extra.insert("reasoning_effort".to_owned(), "none".into());
        let expected = json!({
            "model": "m", "stream": true, "max_completion_tokens": 300, "reasoning_effort": "none",
            "messages": [
                {"role": "system", "content": "Eres una recepcionista."},
                {"role": "user", "content": "Quiero una cita"},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "A1", "type": "function", "function": {"name": "find_slots", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "A1", "content": "{}"}],
            "tools": [{"type": "function", "function": {
                "name": "find_slots", "description": "Free slots of a day", "parameters": {"type": "object"}}}]
        });
        assert_eq!(body(&openai, &question).unwrap(), expected);
        let local = body(&options("http://127.0.0.1:11434/v1"), &question).unwrap();
        assert_eq!((local.get("max_completion_tokens"), &local["max_tokens"]), (None, &json!(300)));
    }

    #[test]
    fn an_interrupted_tool_call_gets_a_result_and_a_stray_result_is_left_out() {
        let user = || Message::User { content: "¿Sigue ahí?".to_owned() };
        let stray = Message::Tool { call_id: "Z".to_owned(), content: "{}".to_owned() };
        let asked =
            Message::Assistant { content: "Un momento.".to_owned(), tool_calls: vec![call("A"), call("B")] };
        let half = Message::Tool { call_id: "B".to_owned(), content: "b".to_owned() };
        let unheard = Message::Assistant { content: String::new(), tool_calls: vec![] };
        let written = written(vec![stray, asked, half, user(), unheard, user()]);
        let told: Vec<_> =
            written.as_array().unwrap().iter().map(|m| (&m["role"], &m["tool_call_id"])).collect();
        let none = &Value::Null;
        assert_eq!(
            told,
            [
                (&json!("assistant"), none),
                (&json!("tool"), &json!("B")),
                (&json!("tool"), &json!("A")),
                (&json!("user"), none),
                (&json!("user"), none)
            ]
        );
    }
}
