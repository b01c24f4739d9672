//! The shell with a model that says what it is told.

use super::*;
use crate::ports::llm::LlmError;
use futures_util::stream;
use std::{collections::VecDeque, sync::Mutex};

/// What a scripted model does with one question.
enum Does {
    Says(&'static str),
    Wants(&'static str),
    Waits,
    Breaks,
}

struct Scripted(Mutex<VecDeque<Does>>, Mutex<Vec<Question>>);

impl LanguageModel for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn ask(&self, question: Question) -> AnswerStream {
        self.1.lock().unwrap().push(question);
        let done = Ok(AnswerEvent::Done { truncated: false });
        match self.0.lock().unwrap().pop_front().unwrap() {
            Does::Says(text) => stream::iter([Ok(AnswerEvent::Text(text.to_owned())), done]).boxed(),
            Does::Wants(tool) => {
                let call = ToolCall { id: String::new(), name: tool.to_owned(), arguments: "{}".to_owned() };
                stream::iter([Ok(AnswerEvent::ToolCall(call)), done]).boxed()
            }
            Does::Waits => stream::pending().boxed(),
            Does::Breaks => {
                let error = LlmError::BrokeOff { reason: "test".to_owned() };
                stream::iter([Ok(AnswerEvent::Text("Hay".to_owned())), Err(error)]).boxed()
            }
        }
    }
}

/// Holds one turn with that model; `slow` is a tool that never replies, all others reply at once.
fn turn(script: impl IntoIterator<Item = Does>) -> (Turn, Vec<Question>) {
    let (text, data) =
        (include_str!("../../../prompts/clinica.md"), include_str!("../../../prompts/clinica.toml"));
    let mut agent = Agent::parse("clinica", text, data).unwrap();
    // What never replies is waited for no longer than this; nothing else waits.
    let soon = Duration::from_millis(20);
    agent.patience.tool = soon;
    let now = "2026-11-24T12:10:00Z".parse::<jiff::Timestamp>().unwrap().to_zoned(agent.zone.clone());
    let run: RunTool = Arc::new(|wish| {
        if wish.call.name == "slow" {
            Box::pin(std::future::pending())
        } else {
            Box::pin(std::future::ready(format!("\"{} in turn {}\"", wish.call.name, wish.turn)))
        }
    });
    let model = Arc::new(Scripted(Mutex::new(script.into_iter().collect()), Mutex::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let patience = ModelPatience { first: soon, next: soon };
    let mut session = TextSession::new(&agent, &now, None, model.clone(), run).with_patience(patience);
    let turn = runtime.block_on(session.says("Hola"));
    let asked = std::mem::take(&mut *model.1.lock().unwrap());
    (turn, asked)
}

#[test]
fn a_tool_runs_and_the_model_reads_its_reply() {
    let (turn, asked) = turn([Does::Wants("find_slots"), Does::Says("Hay lugar.")]);
    assert_eq!(turn.reply, Reply { text: "Hay lugar.".to_owned(), ends: false });
    let reply = "\"find_slots in turn 1\"".to_owned();
    assert_eq!(turn.ran, [Ran { name: "find_slots".into(), arguments: "{}".into(), reply: reply.clone() }]);
    let Some(Message::Tool { content, .. }) = asked[1].messages.last() else { panic!() };
    assert_eq!(*content, reply);
}

#[test]
fn a_tool_has_its_time_and_no_more() {
    let (turn, _) = turn([Does::Wants("slow"), Does::Says("No responde.")]);
    assert_eq!((turn.ran[0].reply.as_str(), turn.reply.text.as_str()), (TIMED_OUT, "No responde."));
}

#[test]
fn a_model_that_is_late_or_breaks_off_is_asked_once_more() {
    let (turn, asked) = turn([Does::Waits, Does::Says("Hola.")]);
    assert_eq!((turn.reply.text.as_str(), asked.len()), ("Hola.", 2));
    let (turn, asked) = self::turn([Does::Breaks, Does::Breaks]);
    assert!(turn.reply.text.starts_with("Disculpe, tuve un inconveniente"), "{}", turn.reply.text);
    assert_eq!(asked.len(), 2);
}
