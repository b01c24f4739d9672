//! Everything the core can want. Decisions, not deeds: the actor carries them out in order.

use crate::{
    base::ids::TurnId,
    dialogue::{
        message::{Message, ToolCall},
        record::Entry,
        stats::{TurnReport, Waste},
    },
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why we end the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The model said goodbye, and it was heard.
    Goodbye,
    /// The caller said nothing for too long.
    Silence,
    /// The longest call allowed is over.
    TooLong,
    /// Providers failed too often to go on.
    Trouble,
    /// Somebody asked for it: an operator, or the server that stops.
    Asked,
    /// Nothing here hears or speaks, and nothing was asked yet: the network goes on by turns.
    ByTurns,
    /// The caller is passed on to this one of the agent's places.
    Transfer(u8),
}

impl Ending {
    /// As the record and the metrics call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Goodbye => "goodbye",
            Self::Silence => "silence",
            Self::TooLong => "too_long",
            Self::Trouble => "trouble",
            Self::Asked => "asked",
            Self::ByTurns => "by_turns",
            Self::Transfer(_) => "transfer",
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Output {
    /// Tell the recogniser that the caller pauses: it may start decoding.
    CallerPaused,
    /// Tell the recogniser that the caller's turn is over: it should make its text final.
    CallerTurnOver,
    /// Ask the model; its events come back with this turn.
    AskModel {
        /// The answer that it will be.
        turn: TurnId,
        /// The whole conversation.
        messages: Vec<Message>,
    },
    /// Drop the model's stream of this turn.
    CancelModel {
        /// The answer that is not wanted any more.
        turn: TurnId,
    },
    /// Speak a piece of the answer.
    Say {
        /// The answer.
        turn: TurnId,
        /// Counts from 0 in the turn.
        piece: u32,
        /// A clause or a sentence.
        text: String,
    },
    /// No more pieces in this turn.
    FinishSpeech {
        /// The answer.
        turn: TurnId,
    },
    /// Stop synthesising this turn.
    CancelSpeech {
        /// The answer that is not wanted any more.
        turn: TurnId,
    },
    /// Run a tool; its reply comes back with turn and identifier.
    RunTool {
        /// The answer that asked for it.
        turn: TurnId,
        /// What the model wants.
        call: ToolCall,
    },
    /// Send 20 ms of mu-law (160 bytes) to the telephone network, now.
    Play(Bytes),
    /// Send a mark, to be echoed when what was sent before it has been played.
    Mark(String),
    /// Have the telephone network throw away what it has not played.
    Clear,
    /// Keep this in the record of the call.
    Record(Entry),
    /// A turn is complete: its latencies.
    Report(Box<TurnReport>),
    /// A draft of an answer was dropped.
    Wasted(Waste),
    /// The conversation is over: hang up.
    HangUp(Ending),
}

/// Where [`crate::dialogue::call::Call::handle`] puts its decisions; reused, so that a frame allocates nothing.
#[derive(Debug, Default)]
pub struct Outputs(Vec<Output>);

impl Outputs {
    /// Appends a decision.
    pub fn push(&mut self, output: Output) {
        self.0.push(output);
    }

    /// Takes the decisions out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Output> + '_ {
        self.0.drain(..)
    }

    /// What was decided, in order.
    pub fn as_slice(&self) -> &[Output] {
        &self.0
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
