//! The rule that no call is ever silent for good: after each event somebody has the floor for a bounded time.

use super::{Call, Phase, Timer, timer::WHILE_WE_SPEAK};
use crate::dialogue::{
    output::{Output, Outputs},
    record::{Clip, Entry},
};
use std::time::Instant;

impl Call {
    /// Whether a timer other than the longest call is armed for whoever has the floor.
    fn is_alive(&self) -> bool {
        let waits = |timers: &[Timer]| timers.iter().any(|timer| self.timers.is_set(*timer));
        match &self.phase {
            Phase::Before | Phase::Ended => true,
            Phase::Listening => waits(&[Timer::StillThere]),
            Phase::Caller => waits(&[Timer::FramesStalled, Timer::Text, Timer::Keypad]),
            Phase::Ours(answer) if answer.paused.is_some() => waits(&[Timer::Decide]),
            Phase::Ours(_) => waits(WHILE_WE_SPEAK),
        }
    }

    /// Asks the caller to repeat where a fault of ours would leave them in silence.
    pub(super) fn stay_alive(&mut self, now: Instant, out: &mut Outputs) {
        if self.is_alive() {
            return;
        }
        out.push(Output::Record(Entry::Recovered { at_ms: self.at_ms(now), floor: self.floor().to_owned() }));
        self.leave_answer(now, true, out);
        self.excuse(now, Clip::Repeat, out);
        self.settle(now, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{clock, language::Language},
        dialogue::{
            call::{Clips, Setup},
            input::Input,
            phrases,
        },
    };
    use bytes::Bytes;
    use std::sync::Arc;

    #[test]
    fn a_call_that_waits_for_nothing_asks_the_caller_to_repeat() {
        let clips = Clips::new(Language::Es, |_, _| Bytes::from_static(&[0x10; 1_600]));
        let setup = Setup { clips: Arc::new(clips), ..Setup::default() };
        let (now, mut out) = (clock::now(), Outputs::default());
        for floor in ["listening", "caller"] {
            let mut call = Call::new(setup.clone(), now);
            call.phase = if floor == "caller" { Phase::Caller } else { Phase::Listening };
            call.handle(now, Input::Tick, &mut out);
            let outputs: Vec<Output> = out.drain().collect();
            let recovered = Entry::Recovered { at_ms: 0, floor: floor.to_owned() };
            assert_eq!(outputs.first(), Some(&Output::Record(recovered)));
            let text = phrases::clip(Language::Es, Clip::Repeat)[0].to_owned();
            assert!(outputs.contains(&Output::Record(Entry::Clip { at_ms: 0, clip: Clip::Repeat, text })));
            assert!(outputs.iter().any(|output| matches!(output, Output::Play(_))));
            assert!(call.is_alive());
        }
    }
}
