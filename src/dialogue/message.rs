//! The conversation as a language model reads it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// Instructions and the business's data.
    System {
        /// The filled prompt.
        content: String,
    },
    /// What the caller said.
    User {
        /// As the recogniser understood it.
        content: String,
    },
    /// What the agent said, cut to what was heard, and what it asked to be done.
    Assistant {
        /// Empty where it only called tools.
        content: String,
        /// In the order of the model.
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool returned.
    Tool {
        /// The [`ToolCall::id`] it answers.
        call_id: String,
        /// JSON or plain text.
        content: String,
    },
}

/// A request of the model to run a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Unique within the phone call, once the core has taken it in.
    pub id: String,
    /// The name of the [`ToolSpec`].
    pub name: String,
    /// The arguments as JSON text, `{}` when there are none.
    pub arguments: String,
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Letters, digits and `_`.
    pub name: String,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// JSON schema of the arguments.
    pub parameters: Value,
}
