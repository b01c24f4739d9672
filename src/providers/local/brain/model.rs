//! The receptionist behind the port of a language model.

use super::{decide::decide, story::Story, world::World};
use crate::{
    dialogue::{
        message::{Message, ToolCall, ToolSpec},
        summary::Facts,
    },
    ports::llm::{AnswerEvent, AnswerStream, LanguageModel, Question},
};
use futures_util::{StreamExt, stream};

/// A receptionist that follows rules: no key, no network, the same answer to the same conversation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Receptionist;

impl LanguageModel for Receptionist {
    fn name(&self) -> &'static str {
        "local"
    }

    /// It decides each answer as a whole.
    fn continues(&self) -> bool {
        false
    }

    fn ask(&self, question: Question) -> AnswerStream {
        stream::iter(answer(&question.messages, &question.tools).into_iter().map(Ok)).boxed()
    }
}

/// The whole answer to a conversation: text, at most one tool call, the end. Pure.
///
/// Asked to sum up a call it tells the facts of the system message in plain words: it does not read transcripts.
pub fn answer(messages: &[Message], tools: &[ToolSpec]) -> Vec<AnswerEvent> {
    if let Some(facts) = Facts::asked(messages) {
        return vec![AnswerEvent::Text(facts.plain()), AnswerEvent::Done { truncated: false }];
    }
    let story = Story::new(World::new(messages, tools), messages);
    let reply = decide(&story);
    let count = reply.sentences.len();
    let mut events: Vec<AnswerEvent> = (1..)
        .zip(reply.sentences)
        .map(|(place, sentence)| AnswerEvent::Text(if place < count { sentence + " " } else { sentence }))
        .collect();
    if let Some((name, arguments)) = reply.call {
        // Unique within the call: both counts only grow.
        let id = format!("local_{}_{}", messages.len(), story.calls() + 1);
        events.push(AnswerEvent::ToolCall(ToolCall {
            id,
            name: name.to_owned(),
            arguments: arguments.to_string(),
        }));
    }
    events.push(AnswerEvent::Done { truncated: false });
    events
}
