//! What others ask of a call that has no line here, but is held by turns.

use super::actor::Steer;
use crate::{base::ids::CallSid, channels::turns::Turns};

impl Steer {
    /// Asks it; `false` where there is no such call.
    pub(super) fn by_turns(self, turns: &Turns, call: &CallSid) -> bool {
        match self {
            Self::End => turns.hang_up(call),
            Self::Over => turns.is_over(call),
            Self::Fenced => turns.fenced(call),
            Self::HandOver => turns.hand_over(call),
        }
    }
}
