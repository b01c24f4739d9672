//! Language models in order: who fails is replaced, and what was said is said once.

use crate::{
    counted::Counted,
    rig::{Server, within},
};
use centralita::{
    dialogue::message::Message,
    ports::llm::{AnswerEvent, LanguageModel, LlmError, Question},
    providers::{
        failover::Models,
        local::brain::Receptionist,
        openai::{Chat, Options},
    },
    testbed::{
        fakes::{FakeOptions, Fakes},
        log::Service,
        openai::{Answer, LlmFault, ModelPace, OpenAiOptions},
    },
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// What the first model begins to say; after [`TOKENS`] the word "doctor" may go on.
const WHOLE: &str = "Tenemos lugar este martes. El doctor atiende por la mañana.";
const TOKENS: usize = 6;
const SAID: &str = "Tenemos lugar este martes. El";
const REST: &str = "doctor atiende por la mañana.";

/// No test comes near it.
const NEVER: Duration = Duration::from_mins(10);

fn chat(base: &str) -> Arc<dyn LanguageModel> {
    let options = Options::new(base.parse().unwrap(), None, "gpt-test".to_owned());
    Arc::new(Chat::new(options).unwrap())
}

async fn fakes(first_token: Duration) -> Fakes {
    let pace = ModelPace { first_token, token_every: Duration::from_millis(1) };
    let openai = OpenAiOptions { pace, ..OpenAiOptions::default() };
    Fakes::start(FakeOptions { openai, ..FakeOptions::default() }).await.unwrap()
}

/// Two models, of which the first one does this and the second one says that.
struct Two {
    first: Fakes,
    second: Fakes,
    models: Models,
}

impl Two {
    async fn with(fault: LlmFault, second_says: &str) -> Self {
        Self::whose_first_takes(Duration::ZERO, fault, second_says).await
    }

    async fn whose_first_takes(first_token: Duration, fault: LlmFault, second_says: &str) -> Self {
        let (first, second) = (fakes(first_token).await, fakes(Duration::ZERO).await);
        first.openai.faults().always(fault);
        first.openai.answers([Answer::text(WHOLE)]);
        second.openai.answers([Answer::text(second_says)]);
        let key = "fake".to_owned();
        let model = |fakes: &Fakes| -> Arc<dyn LanguageModel> {
            let base = fakes.openai.url().parse().unwrap();
            let options = Options::new(base, Some(key.clone().into()), "gpt-test".to_owned());
            Arc::new(Chat::new(options).unwrap())
        };
        let models = Models::new([model(&first), model(&second)]).with_patience(NEVER);
        Self { first, second, models }
    }

    fn asked(&self) -> (u64, u64) {
        let opened = |fakes: &Fakes| fakes.log().count(Service::OpenAi, "opened");
        (opened(&self.first), opened(&self.second))
    }
}

/// All that was told, and how often somebody took over.
#[derive(Debug)]
struct Told {
    text: String,
    calls: Vec<String>,
    switches: u32,
    end: Result<(), LlmError>,
}

async fn ask(models: &Models) -> Told {
    let messages = vec![
        Message::System { content: "Eres una recepcionista.".to_owned() },
        Message::User { content: "¿Cuándo hay lugar?".to_owned() },
    ];
    let mut answer = models.ask(Question { messages, tools: [].into(), max_tokens: 300 });
    let (mut text, mut calls, mut switches) = (String::new(), Vec::new(), 0);
    let end = loop {
        match within(answer.next()).await.expect("the answer has an end") {
            Ok(AnswerEvent::Text(piece)) => text.push_str(&piece),
            Ok(AnswerEvent::Working) => {}
            Ok(AnswerEvent::Switched) => switches += 1,
            Ok(AnswerEvent::ToolCall(call)) => calls.push(call.name),
            Ok(AnswerEvent::Done { .. }) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    assert!(within(answer.next()).await.is_none(), "nothing follows the end");
    Told { text, calls, switches, end }
}

#[tokio::test]
async fn a_model_that_is_well_is_the_only_one_that_is_asked() {
    let two = Two::with(LlmFault::None, "No.").await;
    let told = ask(&two.models).await;
    assert_eq!((&*told.text, told.switches, two.asked()), (WHOLE, 0, (1, 0)));
}

#[tokio::test]
async fn before_the_first_token_the_next_one_answers() {
    for fault in [
        LlmFault::Refuse(401),
        LlmFault::Refuse(429),
        LlmFault::Refuse(503),
        LlmFault::QuotaExceeded,
        LlmFault::Garbage,
        LlmFault::CutAfter(0),
    ] {
        let two = Two::with(fault.clone(), "Sí, el martes.").await;
        let told = ask(&two.models).await;
        assert_eq!((&*told.text, told.switches), ("Sí, el martes.", 1), "{fault:?}");
        assert_eq!(two.asked(), (1, 1), "{fault:?}");
    }
    let two = Two::with(LlmFault::None, "Sí, el martes.").await;
    two.first.openai.shut().await;
    let told = ask(&two.models).await;
    assert_eq!((&*told.text, told.switches, two.asked()), ("Sí, el martes.", 1, (0, 1)));
}

#[tokio::test]
async fn a_failure_is_counted_once_and_by_the_name_of_who_failed() {
    let counted = Counted::begin();
    let two = Two::with(LlmFault::Refuse(503), "Sí, el martes.").await;
    ask(&two.models).await;
    let line = counted.line("provider_errors_total");
    assert_eq!(line.as_deref(), Some(r#"provider_errors_total{provider="openai",kind="busy"} 1"#));
    assert_eq!(counted.line("call_troubles_total"), None);
}

#[tokio::test]
async fn a_model_that_is_late_runs_on_beside_the_next_one() {
    let mut two = Two::with(LlmFault::SlowFirstToken(NEVER), "Sí, el martes.").await;
    two.models = two.models.with_patience(Duration::from_millis(20));
    let told = ask(&two.models).await;
    assert_eq!((&*told.text, told.switches, two.asked()), ("Sí, el martes.", 1, (1, 1)));
    within(two.first.closed()).await;

    // The second one never comes either: the first one's words are still good.
    let mut two = Two::with(LlmFault::SlowFirstToken(Duration::from_millis(500)), "No.").await;
    two.second.openai.faults().always(LlmFault::SlowFirstToken(NEVER));
    two.models = two.models.with_patience(Duration::from_millis(20));
    let told = ask(&two.models).await;
    assert_eq!((&*told.text, two.asked()), (WHOLE, (1, 1)));
    within(two.second.closed()).await;
}

#[tokio::test]
async fn who_ran_beside_a_late_one_goes_on_where_that_one_breaks() {
    let late = Duration::from_millis(500);
    let mut two = Two::whose_first_takes(late, LlmFault::CutAfter(TOKENS), WHOLE).await;
    two.second.openai.faults().next([LlmFault::SlowFirstToken(NEVER)]);
    two.second.openai.answers([Answer::text(WHOLE)]);
    two.models = two.models.with_patience(Duration::from_millis(20));
    let told = ask(&two.models).await;
    assert_eq!((&*told.text, told.switches, two.asked()), (WHOLE, 2, (1, 2)));
}

#[tokio::test]
async fn who_declines_one_conversation_is_asked_in_all_the_others() {
    let two = Two::with(LlmFault::Refuse(400), "Sí.").await;
    for _ in 0..5 {
        assert_eq!(ask(&two.models).await.switches, 1);
    }
    assert_eq!(two.asked(), (5, 5));
}

#[tokio::test]
async fn in_mid_answer_the_next_one_goes_on_and_no_word_is_said_twice_or_lost() {
    for second in [REST, WHOLE, "este martes. El doctor atiende por la mañana."] {
        for fault in [LlmFault::CutAfter(TOKENS), LlmFault::EndAfter(TOKENS), LlmFault::ErrorAfter(TOKENS)] {
            let two = Two::with(fault.clone(), second).await;
            let told = ask(&two.models).await;
            assert_eq!((&*told.text, told.switches), (WHOLE, 1), "{fault:?}, then {second}");
            assert_eq!(two.asked(), (1, 1));
        }
    }
    // Wherever it is taken for stalled, the whole answer is told.
    let mut two = Two::with(LlmFault::StallAfter(TOKENS), WHOLE).await;
    two.models = two.models.with_patience(Duration::from_millis(500));
    let told = ask(&two.models).await;
    assert_eq!((&*told.text, told.switches), (WHOLE, 1));
    within(two.first.closed()).await;
}

#[tokio::test]
async fn the_next_one_reads_what_was_said_and_is_asked_for_the_rest() {
    let first = fakes(Duration::ZERO).await;
    first.openai.faults().always(LlmFault::CutAfter(TOKENS));
    first.openai.answers([Answer::text(WHOLE)]);
    let options =
        Options::new(first.openai.url().parse().unwrap(), Some("k".to_owned().into()), "m".to_owned());
    let second = Server::start().await;
    let models: [Arc<dyn LanguageModel>; 2] = [Arc::new(Chat::new(options).unwrap()), chat(&second.url())];
    let models = Models::new(models).with_patience(NEVER);
    let chunk = json!({"choices": [{"delta": {"content": REST}, "finish_reason": "stop"}]});
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let answer = format!("{head}data: {chunk}\n\ndata: [DONE]\n\n");
    let (told, request) = tokio::join!(ask(&models), second.answer(answer.as_bytes()));
    assert_eq!(told.text, WHOLE);
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(messages[2]["content"], SAID);
}

#[tokio::test]
async fn a_tool_is_asked_for_once() {
    let two = Two::with(LlmFault::None, "").await;
    let broken = Answer::text("").and_call("find_slots", json!({"day": "2026-11-24"}));
    two.first.openai.faults().always(LlmFault::CutAfter(2));
    two.first.openai.answer_to("¿Cuándo hay lugar?", broken.clone());
    two.second.openai.answer_to("¿Cuándo hay lugar?", broken);
    let told = ask(&two.models).await;
    assert_eq!((told.calls, told.switches), (vec!["find_slots".to_owned()], 1));
}

#[tokio::test]
async fn who_fails_again_and_again_is_left_alone_by_all_calls() {
    let two = Two::with(LlmFault::Refuse(503), "Sí.").await;
    for _ in 0..5 {
        ask(&two.models).await;
    }
    assert_eq!(two.asked(), (3, 5));

    // Where nobody is well, all are asked all the same.
    two.second.openai.faults().always(LlmFault::Refuse(401));
    for asked in [(4, 6), (5, 7), (6, 8)] {
        assert!(ask(&two.models).await.end.is_err());
        assert_eq!(two.asked(), asked);
    }
    two.first.openai.faults().clear();
    assert_eq!(ask(&two.models).await.text, WHOLE);
}

#[tokio::test]
async fn when_all_fail_the_call_learns_what_to_do() {
    let two = Two::with(LlmFault::Refuse(503), "").await;
    two.second.openai.faults().always(LlmFault::Refuse(401));
    assert!(matches!(ask(&two.models).await.end, Err(LlmError::Busy { .. })), "it is worth another try");

    let two = Two::with(LlmFault::CutAfter(TOKENS), "").await;
    two.second.openai.faults().always(LlmFault::Refuse(401));
    let told = ask(&two.models).await;
    assert!(
        told.text == format!("{SAID} ") && matches!(told.end, Err(LlmError::BrokeOff { .. })),
        "{told:?}"
    );
}

#[tokio::test]
async fn who_cannot_go_on_answers_whole_questions_only() {
    let first = fakes(Duration::ZERO).await;
    first.openai.answers([Answer::text(WHOLE), Answer::text(WHOLE)]);
    let base = first.openai.url().parse().unwrap();
    let options = Options::new(base, Some("k".to_owned().into()), "m".to_owned());
    let models: [Arc<dyn LanguageModel>; 2] = [Arc::new(Chat::new(options).unwrap()), Arc::new(Receptionist)];
    let models = Models::new(models).with_patience(NEVER);
    first.openai.faults().next([LlmFault::CutAfter(TOKENS), LlmFault::Refuse(503)]);
    let told = ask(&models).await;
    assert!(
        told.text == format!("{SAID} ") && matches!(told.end, Err(LlmError::BrokeOff { .. })),
        "{told:?}"
    );
    let told = ask(&models).await;
    assert!(told.end.is_ok() && !told.text.is_empty() && told.switches == 1, "{told:?}");
}
