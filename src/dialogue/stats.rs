//! How long each step of a turn took.

use crate::base::ids::TurnId;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The moments of one turn, as they pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    /// The caller's last voiced frame arrived.
    pub voiced: Option<Instant>,
    /// The last text of the caller's turn arrived.
    pub text: Option<Instant>,
    /// The turn was taken to be over, and the answer to it began.
    pub asked: Option<Instant>,
    /// The model was asked; earlier where the answer was begun before the turn was surely over.
    pub prompted: Option<Instant>,
    /// The model's first token arrived.
    pub token: Option<Instant>,
    /// The first piece went to the voice.
    pub piece: Option<Instant>,
    /// The first sound came from the voice.
    pub sound: Option<Instant>,
    /// The first frame went to the telephone network.
    pub played: Option<Instant>,
    /// The caller began to hear it, as the first echoed mark tells.
    pub heard: Option<Instant>,
}

/// The latencies of one turn in milliseconds since the caller's last voiced frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnReport {
    /// Which answer.
    pub turn: TurnId,
    /// The recogniser's last text.
    pub text_ms: Option<u64>,
    /// The end of the turn was decided.
    pub endpoint_ms: Option<u64>,
    /// The model was asked, perhaps before the end was decided.
    #[serde(default)]
    pub prompted_ms: Option<u64>,
    /// The model's first token.
    pub first_token_ms: Option<u64>,
    /// The first speakable piece.
    pub first_piece_ms: Option<u64>,
    /// The voice's first sound.
    pub first_sound_ms: Option<u64>,
    /// The first frame sent: the response time.
    pub response_ms: Option<u64>,
    /// The caller began to hear it: the response with the way through the telephone network.
    #[serde(default)]
    pub heard_ms: Option<u64>,
    /// Whether the answer was begun before the turn was surely over.
    #[serde(default)]
    pub drafted: bool,
    /// Whether the caller took the floor before the end.
    pub interrupted: bool,
    /// Frames of 20 ms that the caller missed while their sound waited here.
    pub late_frames: u64,
}

/// What drafts have cost that were not spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waste {
    /// Tokens of the model.
    pub tokens: u32,
    /// Characters given to the voice.
    pub characters: u32,
}

impl Moments {
    /// The figures of `turn`.
    pub fn report(&self, turn: TurnId, interrupted: bool) -> TurnReport {
        let since = |moment: Option<Instant>| {
            let passed = moment?.saturating_duration_since(self.voiced?);
            Some(millis(passed))
        };
        TurnReport {
            turn,
            text_ms: since(self.text),
            endpoint_ms: since(self.asked),
            prompted_ms: since(self.prompted),
            first_token_ms: since(self.token),
            first_piece_ms: since(self.piece),
            first_sound_ms: since(self.sound),
            response_ms: since(self.played),
            heard_ms: since(self.heard),
            drafted: false,
            interrupted,
            late_frames: 0,
        }
    }
}

/// Whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
