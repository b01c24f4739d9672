//! Puts an answer together from its chunks. Pure.

use super::{think::Thoughts, wire::CallPart, wire::Chunk, wire::ErrorName};
use crate::{dialogue::message::ToolCall, ports::llm::AnswerEvent};
use serde_json::Value;

/// The answer so far.
#[derive(Debug, Default)]
pub struct Collector {
    thoughts: Thoughts,
    slots: Vec<Slot>,
    finish: Option<String>,
    refused: bool,
    bytes: usize,
}

/// A tool call in the making.
#[derive(Debug, Default)]
struct Slot {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

/// How a stream of chunks ended, beyond the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An error event stood in the stream.
    Error(ErrorName),
    /// The model or the server's filter declined to answer.
    Declined,
    /// It ended before it was finished.
    Unfinished,
}

impl Collector {
    /// Takes the next chunk; returns text that may be spoken, or that a tool call is under way.
    ///
    /// # Errors
    /// [`Trouble::Error`]: nothing of use follows.
    pub fn take(&mut self, chunk: &Chunk) -> Result<Option<AnswerEvent>, Trouble> {
        if let Some(error) = chunk.error() {
            return Err(Trouble::Error(error));
        }
        let Some(choice) = chunk.choice() else { return Ok(None) };
        self.refused |= choice.refuses();
        choice.calls().iter().for_each(|part| self.call(part));
        if let Some(reason) = choice.finish() {
            self.finish = Some(reason.to_owned());
        }
        let text = choice.text().map(|text| self.thoughts.strip(text)).unwrap_or_default();
        self.bytes += text.len();
        let working = (!choice.calls().is_empty()).then_some(AnswerEvent::Working);
        Ok(if text.is_empty() { working } else { Some(AnswerEvent::Text(text)) })
    }

    /// Something of the answer is there: text or the beginning of a tool call.
    pub fn has_begun(&self) -> bool {
        self.bytes > 0 || !self.slots.is_empty()
    }

    /// The length of the text so far, in bytes.
    pub fn length(&self) -> usize {
        self.bytes
    }

    /// The model said that it is done; what still breaks does not matter.
    pub fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// The stream has ended; `complete` when it ended as streams should (`[DONE]`). What remains to be told.
    ///
    /// Tools are told whatever the finish reason says: several servers answer `stop` after tool calls.
    ///
    /// # Errors
    /// [`Trouble`] when the answer is not whole.
    pub fn end(mut self, complete: bool) -> Result<Vec<AnswerEvent>, Trouble> {
        let reason = self.finish.as_deref();
        if reason == Some("content_filter") || (self.refused && !self.has_begun()) {
            return Err(Trouble::Declined);
        }
        if reason.is_none() && !complete {
            return Err(Trouble::Unfinished);
        }
        let truncated = reason == Some("length");
        let rest = Some(self.thoughts.rest()).filter(|text| !text.is_empty()).map(AnswerEvent::Text);
        let named = self.slots.into_iter().filter(|slot| !slot.name.is_empty()).enumerate();
        let calls = named.map(|(place, slot)| AnswerEvent::ToolCall(slot.into_call(place)));
        Ok(rest.into_iter().chain(calls).chain([AnswerEvent::Done { truncated }]).collect())
    }

    fn call(&mut self, part: &CallPart) {
        let place = self.place(part);
        let place = place.unwrap_or_else(|| {
            self.slots.push(Slot { index: part.index(), ..Slot::default() });
            self.slots.len() - 1
        });
        let Some(slot) = self.slots.get_mut(place) else { return };
        if slot.id.is_empty() {
            part.id().clone_into(&mut slot.id);
        }
        if slot.name.is_empty() {
            part.name().clone_into(&mut slot.name);
        }
        slot.arguments.push_str(&part.arguments());
    }

    /// The slot that a part belongs to; `None` for a new one. Indexes alone don't tell: Ollama gives every call 0.
    fn place(&self, part: &CallPart) -> Option<usize> {
        let (id, name) = (part.id(), part.name());
        if !id.is_empty()
            && let Some(same) = self.slots.iter().rposition(|slot| slot.id == id)
        {
            return Some(same);
        }
        let at_index = match part.index() {
            Some(index) => self.slots.iter().rposition(|slot| slot.index == Some(index)),
            None => self.slots.len().checked_sub(1),
        };
        let begins = !id.is_empty() || !name.is_empty();
        match at_index {
            Some(place) if begins => {
                self.slots.get(place).is_some_and(|slot| slot.continues(id, name)).then_some(place)
            }
            // A later part whose index nobody announced belongs to the newest call.
            None if !begins => self.slots.len().checked_sub(1),
            place => place,
        }
    }
}

impl Slot {
    /// Whether a part with this id and name may still belong here.
    fn continues(&self, id: &str, name: &str) -> bool {
        let other = |ours: &str, theirs: &str| !ours.is_empty() && !theirs.is_empty() && ours != theirs;
        if other(&self.id, id) || other(&self.name, name) {
            return false;
        }
        // The same name again without an id: a repeated header while the arguments grow, else a second call.
        name.is_empty() || self.name.is_empty() || serde_json::from_str::<Value>(&self.arguments).is_err()
    }

    fn into_call(self, place: usize) -> ToolCall {
        let arguments = self.arguments.trim();
        ToolCall {
            id: if self.id.is_empty() { format!("call_{place}") } else { self.id },
            name: self.name,
            arguments: if arguments.is_empty() { "{}".to_owned() } else { arguments.to_owned() },
        }
    }
}
