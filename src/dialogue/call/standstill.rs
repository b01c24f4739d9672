//! The time in which this process stood still: nobody else is blamed for it.

use super::{Call, Phase, Timer, timer::OF_A_TURN};
use crate::base::clock;
use std::time::Instant;

impl Call {
    /// Where a deadline was missed, what lies between the input before and this one counts for nobody: what the caller, the
    /// recogniser, the model and the voice did meanwhile waits to be read, and comes after this. Only the longest call ends when
    /// it would have ended.
    pub(super) fn leave_out_a_standstill(&mut self, now: Instant) {
        let missed = self.next_deadline().is_some_and(|due| clock::was_missed(due, now));
        let time = now.saturating_duration_since(std::mem::replace(&mut self.last_input, now));
        if !missed {
            return;
        }
        for timer in OF_A_TURN {
            self.timers.put_off(timer, time);
        }
        self.timers.put_off(Timer::Hearing, time);
        self.last_frame += time;
        self.still_there_at += time;
        if let Phase::Ours(answer) = &mut self.phase {
            answer.hold_at = answer.hold_at.map(|at| at + time);
        }
    }
}
