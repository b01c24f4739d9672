//! The timeline of a recorded call: the caller on the left, the agent on the right.
//!
//! The telephone network plays what it was sent on the caller's own sample clock and throws the rest away on `clear`.
//! The timeline does the same, so the right channel is what the caller heard, not what was generated.

use crate::audio::g711;
use std::collections::VecDeque;

/// Agent audio that may wait to be heard: 60 s of mu-law. The pacer holds far less; beyond it sound is lost.
const MAX_WAITING: usize = 60 * 8_000;

/// Joins both sides of a call sample by sample. Writing the result to a file is somebody else's.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    agent: VecDeque<u8>,
}

impl Timeline {
    /// An empty timeline.
    pub fn new() -> Self {
        Self::default()
    }

    /// Mu-law was sent to the network and plays after what it already has.
    pub fn agent_sent(&mut self, audio: &[u8]) {
        let room = MAX_WAITING.saturating_sub(self.agent.len());
        self.agent.extend(audio.iter().take(room));
    }

    /// The network was told to throw away what it has not played.
    pub fn agent_cleared(&mut self) {
        self.agent.clear();
    }

    /// Mu-law came from the caller: appends as many pairs of samples (left, right) as it has bytes.
    pub fn caller_heard(&mut self, audio: &[u8], out: &mut Vec<i16>) {
        for &code in audio {
            let agent = self.agent.pop_front().unwrap_or(g711::SILENCE);
            out.push(g711::decode(code));
            out.push(g711::decode(agent));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn left(out: &[i16]) -> Vec<i16> {
        out.iter().step_by(2).copied().collect()
    }

    fn right(out: &[i16]) -> Vec<i16> {
        out.iter().skip(1).step_by(2).copied().collect()
    }

    #[test]
    fn the_agent_plays_on_the_callers_clock() {
        let (mut timeline, mut out) = (Timeline::new(), Vec::new());
        timeline.caller_heard(&[0x10; 2], &mut out);
        timeline.agent_sent(&[0x20; 3]);
        timeline.caller_heard(&[0x10; 2], &mut out);
        timeline.caller_heard(&[0x10; 2], &mut out);
        let (caller, agent) = (g711::decode(0x10), g711::decode(0x20));
        assert_eq!(left(&out), [caller; 6]);
        assert_eq!(right(&out), [0, 0, agent, agent, agent, 0]);
    }

    #[test]
    fn what_was_cleared_was_not_heard() {
        let (mut timeline, mut out) = (Timeline::new(), Vec::new());
        timeline.agent_sent(&[0x20; 160]);
        timeline.caller_heard(&[0xFF; 1], &mut out);
        timeline.agent_cleared();
        timeline.agent_sent(&[0x30; 1]);
        timeline.caller_heard(&[0xFF; 2], &mut out);
        assert_eq!(right(&out), [g711::decode(0x20), g711::decode(0x30), 0]);
    }

    proptest! {
        #[test]
        fn the_length_is_the_callers(frames in proptest::collection::vec((0usize..400, 0usize..400), 0..50)) {
            let (mut timeline, mut out) = (Timeline::new(), Vec::new());
            let mut heard = 0;
            for (agent, caller) in frames {
                timeline.agent_sent(&vec![0x20; agent]);
                timeline.caller_heard(&vec![0x10; caller], &mut out);
                heard += caller;
            }
            prop_assert_eq!(out.len(), heard * 2);
        }
    }
}
