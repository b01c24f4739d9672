//! What the model can have done, whoever it talks to and wherever.
//!
//! The model's arguments say *what*; *for whom* comes from the [`Occasion`], which the model can't write: the verified caller, the
//! call, the business. A model that obeys an attacker must be harmless (reliability §5.9).

use crate::{
    base::ids::{CallSid, TurnId},
    dialogue::{agent::Agent, tools::Exchange},
};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// When a tool was asked for, and by whom.
#[derive(Clone, Debug)]
pub struct Occasion {
    /// The agent that asks.
    pub agent: Arc<Agent>,
    /// The conversation.
    pub call: CallSid,
    /// The number of the person it talks to, as the network verified it (E.164); `None` where it is withheld.
    pub caller: Option<String>,
    /// The agent's turn in which it asks.
    pub turn: TurnId,
    /// What was said last.
    pub exchange: Exchange,
}

/// What a tool does to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it may run as often as it is asked for.
    Reads,
    /// Something, once for the same arguments in a turn.
    Changes,
    /// Something that the caller must have heard and agreed to.
    Agreed {
        /// The values that they must have heard.
        values: Vec<String>,
    },
}

/// Why a tool did not do it: the model reads it, and says something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// One word.
    pub error: &'static str,
    /// What to do instead, for the model.
    pub message: String,
    /// What it can offer instead.
    pub more: Map<String, Value>,
}

impl Refusal {
    /// Nothing else to offer.
    pub fn new(error: &'static str, message: impl Into<String>) -> Self {
        Self { error, message: message.into(), more: Map::new() }
    }

    /// Offers `value` as `key`.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.more.insert(key.to_owned(), value);
        self
    }

    /// As the model reads it.
    pub fn into_json(self) -> Value {
        let mut answer = json!({ "error": self.error, "message": self.message });
        if let Some(answer) = answer.as_object_mut() {
            answer.extend(self.more);
        }
        answer
    }
}

/// What a tool answers: JSON for the model.
pub type Reply = Result<Value, Refusal>;

/// A tool.
pub trait Tool: Send + Sync + 'static {
    /// As the model calls it.
    fn name(&self) -> &str;

    /// What running it with these arguments does; [`Effect::Reads`] where they make no sense, as it will refuse them.
    fn effect(&self, arguments: &str) -> Effect;

    /// Runs it. Dropping the future leaves open whether it was done, as a process that dies does.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing was done.
    fn run<'a>(&'a self, occasion: &'a Occasion, arguments: &'a str) -> BoxFuture<'a, Reply>;
}
