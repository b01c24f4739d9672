//! Everything that can happen to a call.

use crate::{
    base::{ids::TurnId, units::Decibels},
    dialogue::event::{AnswerEvent, SpeechEvent, SttEvent},
};
use serde::{Deserialize, Serialize};

/// What one 20 ms frame of the caller sounds like. The models that judge it run in the actor, so replay loads none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// The level of the frame.
    pub level: Decibels,
    /// How probable it is that somebody speaks, 0..1.
    pub speech: f32,
}

/// One event. An interruption makes the events of the old turn void: they carry its [`TurnId`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The media stream is open. The agent speaks first.
    Begin {
        /// The greeting of the hour and what follows it.
        opening: String,
    },
    /// 20 ms of the caller's sound arrived; moves the media clock.
    Frame(Voice),
    /// How probable it is, 0..1, by the sound before the present pause, that the caller's turn is over.
    SoundsOver(f32),
    /// The caller pressed a key.
    Digit(char),
    /// The telephone network echoed a mark.
    Mark(String),
    /// The recogniser said something.
    Hearing(SttEvent),
    /// The model said something. Void after an interruption.
    Answer {
        /// The turn that was asked.
        turn: TurnId,
        /// What it said.
        event: AnswerEvent,
    },
    /// The model failed. Void after an interruption.
    AnswerFailed {
        /// The turn that was asked.
        turn: TurnId,
        /// Whether asking again may help.
        again: bool,
    },
    /// The voice gave something. Void after an interruption.
    Speech(SpeechEvent),
    /// A tool replied. Kept even after an interruption: what it did is done.
    ToolReplied {
        /// The turn that asked for it.
        turn: TurnId,
        /// The [`crate::dialogue::message::ToolCall::id`].
        id: String,
        /// JSON text.
        reply: String,
    },
    /// An operator or the stopping server wants the call to end politely.
    EndAsked,
    /// The caller is gone: hung up, or the socket was lost.
    LineEnded,
    /// A deadline passed.
    Tick,
}
