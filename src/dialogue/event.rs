//! What comes back from the recogniser, the language model and the voice: the words that the core and the ports share.

use crate::{base::ids::TurnId, dialogue::message::ToolCall};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So much of the sound before is heard by a recogniser that is opened, or comes back, in mid call (design §6: 5 s).
pub const HEARD_AGAIN: Duration = Duration::from_secs(5);

/// What the recogniser tells the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SttEvent {
    /// The recogniser is connected and takes audio; it hears again up to [`HEARD_AGAIN`] of the sound before.
    Ready,
    /// Who listens from here on does it in another way than who listened before. Told before it is ready.
    Listener {
        /// It gives text only behind a pause, or when it is asked; the others tell partials while the caller speaks.
        by_utterance: bool,
    },
    /// Text of the present utterance so far; replaces the last partial.
    Partial {
        /// The words, not empty.
        text: String,
    },
    /// The recogniser believes, not yet surely, that the turn is over (Flux: `EagerEndOfTurn`).
    EagerEnd {
        /// Text of the present utterance so far; replaces the last partial.
        text: String,
    },
    /// The turn that had seemed to be over goes on (Flux: `TurnResumed`).
    Resumed,
    /// Text that will not change; to be appended to the turn in the place of the last partial. May be empty when
    /// `end_of_turn`, or where it only takes the partial back.
    Final {
        /// The words since the last final.
        text: String,
        /// The recogniser believes that the caller has finished (Deepgram: `speech_final`).
        end_of_turn: bool,
    },
    /// No new word for a while (Deepgram: `UtteranceEnd`): what is buffered is the turn.
    UtteranceEnd,
    /// The recogniser is gone; the adapter keeps trying unless `fatal`.
    Lost {
        /// Retrying is useless: key, plan or settings were refused.
        fatal: bool,
        /// For the log; holds no secret.
        reason: String,
    },
}

/// What comes back, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnswerEvent {
    /// A piece of text to be spoken; may be a part of a word.
    Text(String),
    /// A part of a tool call came: nothing to be spoken, but the model is at work.
    Working,
    /// The model failed or is late, and another one was asked in its place. What was said stays said.
    Switched,
    /// A whole tool call, its arguments complete. Sent when the stream ends.
    ToolCall(ToolCall),
    /// The end. Nothing follows.
    Done {
        /// The model stopped because the answer was too long.
        truncated: bool,
    },
}

/// What the voice gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpeechEvent {
    /// Audio of a turn, in order: mu-law, 8 kHz, any length, no header.
    Audio {
        /// The answer it belongs to.
        turn: TurnId,
        /// The piece it speaks; where the vendor does not say, the newest piece that it may be.
        piece: u32,
        /// The sound.
        audio: Bytes,
        /// The very words of this chunk where the vendor tells them (alignment).
        text: Option<String>,
    },
    /// All audio of one piece was sent. Only voices that work piece by piece tell.
    PieceDone {
        /// The answer it belongs to.
        turn: TurnId,
        /// The piece.
        piece: u32,
    },
    /// The voice failed, and another one was asked to speak what is left. What was given stays.
    Switched {
        /// The answer it belongs to.
        turn: TurnId,
    },
    /// All audio of the turn was sent.
    Done {
        /// The answer it belongs to.
        turn: TurnId,
    },
    /// The turn will get no more audio. The session stays usable: the next turn connects anew.
    Failed {
        /// The answer it belongs to.
        turn: TurnId,
        /// For the log; holds no secret.
        reason: String,
    },
}

impl SpeechEvent {
    /// The answer it belongs to.
    pub const fn turn(&self) -> TurnId {
        match self {
            Self::Audio { turn, .. }
            | Self::PieceDone { turn, .. }
            | Self::Switched { turn }
            | Self::Done { turn }
            | Self::Failed { turn, .. } => *turn,
        }
    }
}
