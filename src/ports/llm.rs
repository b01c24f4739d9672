//! The language model, streaming.

use crate::dialogue::message::{Message, ToolSpec};
use futures_util::stream::BoxStream;
use std::sync::Arc;

pub use crate::dialogue::event::AnswerEvent;

/// One request to the model.
#[derive(Clone, Debug)]
pub struct Question {
    /// The conversation, the system message first.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Arc<[ToolSpec]>,
    /// Cut the answer after this many tokens.
    pub max_tokens: u32,
}

/// Why there is no answer, or no more of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// Overload, a network error or a time-out: another try may succeed.
    #[error("the language model is briefly unavailable: {reason}")]
    Busy {
        /// For the log; holds no secret.
        reason: String,
    },
    /// Key, plan or model name: nobody is answered, and trying again is useless.
    #[error("the language model refused the request: {reason}")]
    Refused {
        /// For the log; holds no secret.
        reason: String,
    },
    /// This conversation is not answered, such as one that a filter stops or that is too long; others are.
    #[error("the language model does not answer this request: {reason}")]
    Declined {
        /// For the log; holds no secret.
        reason: String,
    },
    /// The stream ended or broke in the middle.
    #[error("the language model's answer broke off: {reason}")]
    BrokeOff {
        /// For the log; holds no secret.
        reason: String,
    },
}

impl LlmError {
    /// Which it is, in a word, for metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Refused { .. } => "refused",
            Self::Declined { .. } => "declined",
            Self::BrokeOff { .. } => "broke_off",
        }
    }

    /// Whether another try may succeed.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::BrokeOff { .. })
    }
}

/// An answer as it arrives; dropping it cancels the request. Ends after `Done` or an error.
pub type AnswerStream = BoxStream<'static, Result<AnswerEvent, LlmError>>;

/// A language model.
pub trait LanguageModel: Send + Sync + 'static {
    /// Its name in logs and metrics.
    fn name(&self) -> &'static str;
    /// Whether it goes on with an answer that another model began, when a message asks it to.
    fn continues(&self) -> bool {
        true
    }
    /// Asks; failures to connect are the stream's first item. Must be called within a tokio runtime.
    fn ask(&self, question: Question) -> AnswerStream;
}
