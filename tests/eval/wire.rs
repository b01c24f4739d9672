//! The receptionist as a server that speaks OpenAI's chat completions: what it decides by has come over the wire, and so does what it
//! answers.

use centralita::{
    dialogue::{
        event::AnswerEvent,
        message::{Message, ToolCall, ToolSpec},
    },
    net::tls,
    ports::llm::LanguageModel,
    providers::{
        local::brain,
        openai::{Chat, Options},
    },
    testbed::{
        fakes::{FakeOptions, Fakes},
        openai::{Answer, ModelPace},
    },
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The server, and a client of it.
pub(crate) async fn receptionist() -> (Fakes, Arc<dyn LanguageModel>) {
    tls::install();
    let mut options = FakeOptions::default();
    options.openai.pace = ModelPace { first_token: Duration::ZERO, token_every: Duration::ZERO };
    let fakes = Fakes::start(options).await.unwrap();
    fakes.openai.think(Box::new(think));
    let key = "sk-test".to_owned().into();
    let mut options = Options::new(fakes.openai.url().parse().unwrap(), Some(key), "receptionist".to_owned());
    // A busy machine is not a slow model.
    options.first_token = Duration::from_mins(1);
    options.idle = Duration::from_mins(1);
    (fakes, Arc::new(Chat::new(options).unwrap()))
}

fn think(request: &Value) -> Answer {
    let list = |key: &str| request[key].as_array().cloned().unwrap_or_default();
    let messages: Vec<Message> = list("messages").iter().map(message).collect();
    let tools: Vec<ToolSpec> =
        list("tools").iter().map(|tool| serde_json::from_value(tool["function"].clone()).unwrap()).collect();
    let mut answer = Answer::default();
    for event in brain::answer(&messages, &tools) {
        match event {
            AnswerEvent::Text(text) => answer.text.push_str(&text),
            AnswerEvent::ToolCall(call) => {
                answer.calls.push((call.name, serde_json::from_str(&call.arguments).unwrap()));
            }
            AnswerEvent::Working | AnswerEvent::Switched | AnswerEvent::Done { .. } => {}
        }
    }
    answer
}

fn message(sent: &Value) -> Message {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let content = text(&sent["content"]);
    match sent["role"].as_str() {
        Some("system" | "developer") => Message::System { content },
        Some("user") => Message::User { content },
        Some("assistant") => {
            let calls = sent["tool_calls"].as_array().cloned().unwrap_or_default();
            let call = |call: &Value| ToolCall {
                id: text(&call["id"]),
                name: call.pointer("/function/name").map(text).unwrap_or_default(),
                arguments: call.pointer("/function/arguments").map(text).unwrap_or_default(),
            };
            Message::Assistant { content, tool_calls: calls.iter().map(call).collect() }
        }
        Some("tool") => Message::Tool { call_id: text(&sent["tool_call_id"]), content },
        other => panic!("{other:?}"),
    }
}
