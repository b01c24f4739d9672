//! What the model of a story says, and how each clip is recognised.

use centralita::dialogue::{event::AnswerEvent, message::ToolCall};

/// The first byte of each clip tells which it is; answers sound like 0x10.
pub(crate) const HOLD: u8 = 0xA0;
pub(crate) const REPEAT: u8 = 0xA1;
pub(crate) const TROUBLE: u8 = 0xA2;
pub(crate) const GOODBYE: u8 = 0xA3;

/// What the model does when it is asked: events with their delay in milliseconds after the question.
pub(crate) type Reply = Vec<(u64, Result<AnswerEvent, bool>)>;

/// A model's answer in one go, 200 ms after the question.
pub(crate) fn says(text: &str) -> Reply {
    vec![(200, Ok(AnswerEvent::Text(text.to_owned()))), (200, Ok(AnswerEvent::Done { truncated: false }))]
}

/// A tool call 200 ms after the question, after some words.
pub(crate) fn calls(text: &str, name: &str) -> Reply {
    let call = ToolCall { id: format!("{name}-1"), name: name.to_owned(), arguments: "{}".to_owned() };
    let mut reply = says(text);
    reply.insert(reply.len() - 1, (200, Ok(AnswerEvent::ToolCall(call))));
    if text.is_empty() {
        drop(reply.remove(0));
    }
    reply
}
