//! What the record of a call keeps, in order.

use crate::base::ids::TurnId;
use serde::{Deserialize, Serialize};

/// The standard phrases, made beforehand so that they sound even when no voice can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clip {
    /// "One moment, please": model or voice take their time.
    Hold,
    /// "Let me check the schedule": a tool takes its time.
    Lookup,
    /// "Sorry, I did not catch that."
    Repeat,
    /// "I had a technical problem. Could you say that again?": an answer failed.
    Again,
    /// "I had a technical problem. How can I help you?": the greeting failed, or another sentence of our own.
    Help,
    /// "I can't hear you right now. Please hold on": the recogniser is away.
    Deaf,
    /// "We are having a technical problem": the call cannot go on.
    Trouble,
    /// "Please call again later, goodbye."
    Goodbye,
}

impl Clip {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Hold,
        Self::Lookup,
        Self::Repeat,
        Self::Again,
        Self::Help,
        Self::Deaf,
        Self::Trouble,
        Self::Goodbye,
    ];
}

/// One thing that happened, with its time since the call began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Entry {
    /// The caller said something.
    Caller {
        /// Milliseconds since the call began, of the last voiced sound.
        at_ms: u64,
        /// As the recogniser understood it.
        text: String,
    },
    /// What the caller said last, as the recogniser understood it in the end: it replaces what was noted before.
    Amended {
        /// Milliseconds since the call began, when the text came.
        at_ms: u64,
        /// All of it.
        text: String,
    },
    /// The agent said something.
    Agent {
        /// Milliseconds since the call began, when it began to sound.
        at_ms: u64,
        /// Which answer.
        turn: TurnId,
        /// The words that the caller heard.
        heard: String,
        /// The words that were to be said; longer than `heard` when the caller interrupted.
        meant: String,
        /// Whether the caller took the floor before the end.
        interrupted: bool,
    },
    /// A standard phrase was played.
    Clip {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// Which one.
        clip: Clip,
        /// Its words.
        #[serde(default)]
        text: String,
    },
    /// The model ran a tool.
    Tool {
        /// Milliseconds since the call began, when it replied.
        at_ms: u64,
        /// Its name.
        name: String,
        /// JSON text.
        arguments: String,
        /// JSON text.
        reply: String,
    },
    /// The caller pressed a key.
    Digit {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// The caller made a sound while the agent spoke, and the agent fell silent.
    Paused {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// Milliseconds since the first voiced frame; absent where only words came, or noise hides the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u64>,
    },
    /// What the agent fell silent for was no interruption, and the agent went on.
    Resumed {
        /// Milliseconds since the call began.
        at_ms: u64,
    },
    /// By a fault of ours nobody had the floor any more; the caller was asked to repeat.
    Recovered {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// Who should have had it.
        floor: String,
    },
    /// A provider failed.
    Trouble {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// `stt`, `llm`, `tts` or `tool`.
        kind: String,
    },
}
