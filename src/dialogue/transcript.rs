//! The conversation as the model will read it: only what was heard.

use crate::dialogue::{
    message::{Message, ToolCall},
    question::joined,
};

/// What a tool call is answered with until its tool replies.
const STILL_RUNNING: &str = r#"{"status":"still running"}"#;

/// The messages after the system message, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Vec<Message>);

impl Transcript {
    /// The caller said `text`. When our answer to what they said before was never heard, it is one turn.
    pub fn caller(&mut self, text: &str) {
        if let Some(Message::User { content }) = self.0.last_mut() {
            content.push(' ');
            content.push_str(text);
        } else {
            self.0.push(Message::User { content: text.to_owned() });
        }
    }

    /// What the caller said last was in truth `now` and not `before`; nothing where they said no more at all.
    pub fn amend(&mut self, before: &str, now: &str) {
        // Behind it there may be tools that an answer ran before it was taken back.
        let last = self.0.iter().rposition(|message| matches!(message, Message::User { .. }));
        let Some(last) = last else { return };
        let Some(Message::User { content }) = self.0.get_mut(last) else { return };
        let Some(kept) = content.strip_suffix(before) else { return };
        *content = joined(kept.trim_end(), now);
        if content.is_empty() {
            self.0.remove(last);
        }
    }

    /// The agent said `heard` and asked for `calls`. Each call needs a reply; until then it counts as running.
    pub fn agent(&mut self, heard: &str, calls: &[ToolCall]) {
        if heard.is_empty() && calls.is_empty() {
            return;
        }
        self.0.push(Message::Assistant { content: heard.to_owned(), tool_calls: calls.to_vec() });
        for call in calls {
            self.0.push(Message::Tool { call_id: call.id.clone(), content: STILL_RUNNING.to_owned() });
        }
    }

    /// A tool replied. Returns its call, if there is one.
    pub fn tool_replied(&mut self, id: &str, reply: &str) -> Option<&ToolCall> {
        let slot = self.0.iter_mut().rev().find_map(|message| match message {
            Message::Tool { call_id, content } if call_id == id => Some(content),
            _ => None,
        });
        if let Some(content) = slot {
            reply.clone_into(content);
        }
        let calls = self.0.iter().filter_map(|message| match message {
            Message::Assistant { tool_calls, .. } => Some(tool_calls),
            _ => None,
        });
        calls.flatten().find(|call| call.id == id)
    }

    /// Whether the caller has said anything.
    pub fn has_caller(&self) -> bool {
        self.0.iter().any(|message| matches!(message, Message::User { .. }))
    }

    /// A conversation that goes on.
    pub fn of(messages: Vec<Message>) -> Self {
        Self(messages)
    }

    /// The conversation without a system message.
    pub fn into_messages(self) -> Vec<Message> {
        self.0
    }

    /// The whole conversation behind `system`.
    pub fn messages(&self, system: &str) -> Vec<Message> {
        let mut messages = Vec::with_capacity(self.0.len() + 1);
        messages.push(Message::System { content: system.to_owned() });
        messages.extend_from_slice(&self.0);
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sentences_without_an_answer_between_are_one_turn() {
        let mut transcript = Transcript::default();
        transcript.caller("Quiero un turno.");
        transcript.agent("", &[]);
        transcript.caller("Para el jueves.");
        assert_eq!(
            transcript.messages("s")[1..],
            [Message::User { content: "Quiero un turno. Para el jueves.".into() }]
        );
    }

    #[test]
    fn what_the_caller_said_last_is_amended_behind_a_tool_too() {
        let mut transcript = Transcript::default();
        let call = ToolCall { id: "c1".into(), name: "book".into(), arguments: "{}".into() };
        transcript.caller("El jueves");
        transcript.agent("", &[call]);
        transcript.amend("El jueves", "El jueves a las diez.");
        assert_eq!(transcript.messages("s")[1], Message::User { content: "El jueves a las diez.".into() });
    }

    #[test]
    fn a_tool_that_replies_late_is_not_lost() {
        let mut transcript = Transcript::default();
        let call = ToolCall { id: "c1".into(), name: "book".into(), arguments: "{}".into() };
        transcript.agent("Un momento.", &[call]);
        transcript.caller("¿Hola?");
        transcript.tool_replied("c1", "{\"ok\":true}");
        assert_eq!(
            transcript.messages("s")[2],
            Message::Tool { call_id: "c1".into(), content: "{\"ok\":true}".into() }
        );
    }
}
