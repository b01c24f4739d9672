//! Chat completions.

use crate::{
    log::Log,
    rig::{Server, fixture, http, within},
};
use centralita::{
    dialogue::message::{Message, ToolCall, ToolSpec},
    ports::llm::{AnswerEvent, LanguageModel as _, LlmError, Question},
    providers::openai::{Chat, Options},
    testbed::{
        fakes::{FakeOptions, Fakes},
        log::Service,
        openai::{Answer, LlmFault},
    },
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;

fn options(base: &str) -> Options {
    Options::new(base.parse().unwrap(), Some("sk-secret".to_owned().into()), "gpt-test".to_owned())
}

fn question() -> Question {
    let messages = vec![
        Message::System { content: "Eres una recepcionista.".to_owned() },
        Message::User { content: "Quiero una cita".to_owned() },
    ];
    let tool = ToolSpec {
        name: "find_slots".to_owned(),
        description: "Free slots of a day".to_owned(),
        parameters: json!({"type": "object"}),
    };
    Question { messages, tools: [tool].into(), max_tokens: 300 }
}

/// A whole answer: its text, its calls, and how it ended.
#[derive(Debug)]
struct Told {
    text: String,
    /// Parts of tool calls.
    parts: u32,
    calls: Vec<ToolCall>,
    end: Result<bool, LlmError>,
}

async fn ask(options: Options) -> Told {
    let mut answer = Chat::new(options).unwrap().ask(question());
    let (mut text, mut parts, mut calls) = (String::new(), 0, Vec::new());
    let end = loop {
        match within(answer.next()).await.expect("the answer has an end") {
            Ok(AnswerEvent::Text(piece)) => text.push_str(&piece),
            Ok(AnswerEvent::Working) => parts += 1,
            Ok(AnswerEvent::Switched) => unreachable!("there is only one model"),
            Ok(AnswerEvent::ToolCall(call)) => calls.push(call),
            Ok(AnswerEvent::Done { truncated }) => break Ok(truncated),
            Err(error) => break Err(error),
        }
    };
    assert!(within(answer.next()).await.is_none(), "nothing follows the end");
    Told { text, parts, calls, end }
}

/// Asks a server that streams `body` in parts of a few bytes.
async fn streamed(body: &str) -> Told {
    let server = Server::start().await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let answer = format!("{head}{body}");
    let (told, _) = tokio::join!(ask(options(&server.url())), server.answer_in(answer.as_bytes(), 7));
    told
}

fn event(choice: &Value) -> String {
    format!("data: {}\n\n", json!({ "choices": [choice] }))
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

#[tokio::test]
async fn recorded_streams_give_their_words_and_calls() {
    let told = streamed(&fixture("openai/chat_stream_text.sse")).await;
    assert_eq!((told.text.as_str(), told.end.unwrap()), ("Claro, ¿para qué día?", false));

    let told = streamed(&fixture("openai/chat_stream_keepalive_and_split.sse")).await;
    assert_eq!((told.text.as_str(), told.end.unwrap()), ("Hola", true));

    let told = streamed(&fixture("openai/chat_stream_tools.sse")).await;
    let day = r#"{"day":"2026-11-24"}"#;
    let phone = r#"{"phone":"+34600111222"}"#;
    assert_eq!(told.calls, [call("call_A1", "find_slots", day), call("call_B2", "get_customer", phone)]);
    assert!(!told.end.unwrap());

    let told = streamed(&fixture("openai/chat_stream_tools_ollama_style.sse")).await;
    assert_eq!(told.calls, [call("call_x1", "find_slots", day)]);

    let told = streamed(&fixture("openai/chat_stream_midstream_error.sse")).await;
    assert_eq!(told.text, "Cla");
    let Err(LlmError::BrokeOff { reason }) = told.end else { panic!("{told:?}") };
    assert_eq!(reason, "error server_error in the stream");
}

#[tokio::test]
async fn a_model_out_of_reach_is_logged_by_the_name_that_it_has_here() {
    Log::begin();
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.openai.shut().await;
    let mut options = options(&fakes.openai.url());
    options.name = "openai_fallback";
    assert!(matches!(ask(options).await.end, Err(LlmError::Busy { .. })));
    let log = Log::text();
    let line = log.lines().find(|line| line.contains("LLM_CONNECT")).unwrap();
    assert!(line.contains(r#"provider="openai_fallback""#), "{line}");
    assert!(line.contains("reason=") && !line.contains("sk-secret"), "{line}");
}

#[tokio::test]
async fn recorded_refusals_tell_whether_to_try_again() {
    let refusals = [
        (401, "error_401.json", "refused", "invalid_api_key"),
        (404, "error_404_model.json", "refused", "model_not_found"),
        (400, "error_400_context.json", "declined", "context_length_exceeded"),
        (429, "error_429_quota.json", "refused", "insufficient_quota"),
        (429, "error_429_rate.json", "busy", "rate_limit_exceeded"),
    ];
    for (status, file, consequence, name) in refusals {
        let body = fixture(&format!("openai/{file}"));
        let server = Server::start().await;
        let answer = http(status, "application/json", &body);
        let (told, request) = tokio::join!(ask(options(&server.url())), server.answer(&answer));
        assert!(request.contains("authorization: Bearer sk-secret"));
        let error = told.end.unwrap_err();
        assert_eq!(error.word(), consequence, "{file}: {error}");
        assert_eq!(error.may_pass(), consequence == "busy");
        let text = error.to_string();
        assert!(text.contains(&format!("HTTP {status} {name}")), "{text}");
        assert!(!text.contains("sk-") && !text.contains("Incorrect"), "{text}");
    }
    let server = Server::start().await;
    let loading = http(503, "application/json", r#"{"error":{"code":503,"message":"Loading model"}}"#);
    let (told, _) = tokio::join!(ask(options(&server.url())), server.answer(&loading));
    assert!(matches!(told.end, Err(LlmError::Busy { .. })));
}

#[tokio::test]
async fn calls_without_index_or_id_and_arguments_of_any_shape_are_kept_apart() {
    let part = |part: Value| event(&json!({ "delta": { "tool_calls": [part] } }));
    let body = [
        part(json!({"index": 0, "id": "a", "function": {"name": "one", "arguments": "{\"x\":"}})),
        part(json!({"index": 0, "id": "a", "function": {"arguments": "\"\\u00f1\"}"}})),
        part(json!({"index": 0, "id": "b", "function": {"name": "two", "arguments": {"y": 1}}})),
        part(json!({"index": 0, "function": {"name": "three", "arguments": "{}"}})),
        part(json!({"index": 0, "function": {"name": "three", "arguments": ""}})),
        part(json!({"id": null, "function": {"arguments": null}})),
        event(&json!({"delta": {}, "finish_reason": "stop"})),
    ];
    let told = streamed(&(body.concat() + "data: [DONE]\n\n")).await;
    let expected = [
        call("a", "one", "{\"x\":\"\\u00f1\"}"),
        call("b", "two", "{\"y\":1}"),
        call("call_2", "three", "{}"),
        call("call_3", "three", "{}"),
    ];
    assert_eq!(told.calls, expected);
    assert_eq!(told.parts, 6, "each part shows that the model is at work");
}

#[tokio::test]
async fn what_no_specification_allows_is_read_all_the_same() {
    let body = [
        "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n".to_owned(),
        "data:\n\ndata: not JSON\n\nevent: ping\ndata: {}\n\n".to_owned(),
        event(&json!({"index": 0.5, "delta": {"content": "<think>Quiere"}})),
        event(&json!({"delta": {"content": " una cita</thi"}, "finish_reason": null})),
        event(&json!({"delta": {"content": "nk>Claro,", "reasoning_content": "…"}, "logprobs": 7})),
        event(&json!({"delta": {"content": " dígame."}, "finish_reason": ""})),
        event(&json!({"delta": null, "finish_reason": "eos"})),
    ];
    // No `[DONE]`: the finish reason is enough.
    let told = streamed(&body.concat()).await;
    assert_eq!((told.text.as_str(), told.end.unwrap()), ("Claro, dígame.", false));
}

#[tokio::test]
async fn a_stream_that_ends_without_its_end_broke_off() {
    let told = streamed(&event(&json!({"delta": {"content": "Cla"}}))).await;
    assert!(matches!(told.end, Err(LlmError::BrokeOff { .. })), "{told:?}");
    assert!(matches!(streamed("").await.end, Err(LlmError::Busy { .. })));
    let told = streamed(&event(&json!({"delta": {}, "finish_reason": "content_filter"}))).await;
    assert!(matches!(told.end, Err(LlmError::Declined { .. })), "{told:?}");
}

#[tokio::test]
async fn every_way_to_write_a_stream_gives_the_same_words() {
    for fault in
        [LlmFault::OddSlices, LlmFault::Crlf, LlmFault::Comments, LlmFault::AzureStyle, LlmFault::OllamaStyle]
    {
        let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
        fakes.openai.faults().always(fault.clone());
        let calls = Answer::text("Sí, ¿qué día?").and_call("one", json!({"ñ": 1})).and_call("two", json!({}));
        fakes.openai.answers([calls]);
        let told = ask(options(&fakes.openai.url())).await;
        assert!(told.end.is_ok(), "{fault:?}: {told:?}");
        assert_eq!(told.text, "Sí, ¿qué día?", "{fault:?}");
        let calls: Vec<_> = told.calls.iter().map(|call| (&*call.name, &*call.arguments)).collect();
        assert_eq!(calls, [("one", "{\"ñ\":1}"), ("two", "{}")], "{fault:?}");
    }
}

#[tokio::test]
async fn faults_are_told_by_their_consequence_and_asked_about_once() {
    let patience = Duration::from_millis(300);
    let faults = [
        (LlmFault::Refuse(500), "busy"),
        (LlmFault::RetryAfter(Duration::from_secs(30)), "busy"),
        (LlmFault::QuotaExceeded, "refused"),
        (LlmFault::SlowFirstToken(Duration::from_mins(1)), "busy"),
        (LlmFault::StallAfter(2), "broke off"),
        (LlmFault::CutAfter(2), "broke off"),
        (LlmFault::EndAfter(2), "broke off"),
        (LlmFault::ErrorAfter(2), "broke off"),
    ];
    for (fault, expected) in faults {
        let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
        fakes.openai.faults().always(fault.clone());
        let mut options = options(&fakes.openai.url());
        if matches!(fault, LlmFault::SlowFirstToken(_)) {
            options.first_token = patience;
        }
        options.idle = patience;
        let told = ask(options).await;
        let consequence = match told.end {
            Err(LlmError::Busy { .. }) => "busy",
            Err(LlmError::Refused { .. }) => "refused",
            Err(LlmError::BrokeOff { .. }) => "broke off",
            end => panic!("{fault:?}: {end:?}"),
        };
        assert_eq!(consequence, expected, "{fault:?}");
        assert_eq!(fakes.log().count(Service::OpenAi, "opened"), 1, "{fault:?}: no hidden retry");
        within(fakes.closed()).await;
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_an_empty_one_is_whole() {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.openai.faults().always(LlmFault::Endless);
    let mut options = options(&fakes.openai.url());
    options.total = Duration::from_millis(600);
    let told = ask(options.clone()).await;
    assert!(told.end.unwrap() && told.text.starts_with(" más"));
    within(fakes.closed()).await;
    fakes.openai.faults().always(LlmFault::Empty);
    let told = ask(options).await;
    assert_eq!((told.text.as_str(), told.end.unwrap()), ("", false));
}

#[tokio::test]
async fn dropping_an_answer_closes_the_request() {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.openai.faults().always(LlmFault::StallAfter(1));
    let mut answer = Chat::new(options(&fakes.openai.url())).unwrap().ask(question());
    assert!(matches!(within(answer.next()).await, Some(Ok(AnswerEvent::Text(_)))));
    drop(answer);
    within(fakes.closed()).await;
}

#[tokio::test]
async fn a_server_that_is_away_is_busy_and_azure_gets_its_own_header() {
    let server = Server::start().await;
    let url = server.url();
    drop(server);
    assert!(matches!(ask(options(&url)).await.end, Err(LlmError::Busy { .. })));

    let azure = options("https://clinic.openai.azure.com/openai/v1");
    let server = Server::start().await;
    let mut local = options(&server.url());
    local.key_header = azure.key_header;
    let refusal = http(401, "application/json", "{}");
    let (_, request) = tokio::join!(ask(local), server.answer(&refusal));
    assert!(request.contains("api-key: sk-secret") && !request.contains("authorization"), "{request}");
}
