//! When the model or the voice fails or is late.

use super::{Call, Phase, Timer};
use crate::{
    base::ids::TurnId,
    dialogue::{
        answer::Origin,
        output::{Ending, Output, Outputs},
        record::{Clip, Entry},
    },
};
use std::time::{Duration, Instant};

/// The hold phrase is played at most so often in one turn.
const MOST_HOLDS: u32 = 3;
/// How soon we look again whether a voice that owes sound has run dry.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Call {
    /// The caller hears nothing of us although it is our turn.
    pub(super) fn hold(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        answer.hold_at = None;
        if answer.holds < MOST_HOLDS {
            answer.holds += 1;
            let clip = if answer.running().is_empty() { Clip::Hold } else { Clip::Lookup };
            self.play_clip(now, clip, out);
        } else {
            self.give_up(now, "llm", out);
        }
    }

    /// The model failed or is too late.
    pub(super) fn answer_failed(&mut self, now: Instant, turn: TurnId, again: bool, out: &mut Outputs) {
        if self.draft.as_ref().is_some_and(|draft| draft.turn == turn) {
            self.draft_failed(out);
            return;
        }
        let Phase::Ours(answer) = &mut self.phase else { return };
        if answer.turn != turn || answer.text_done {
            return;
        }
        self.timers.stop(Timer::Model);
        if again && !answer.retried && !answer.has_words() && answer.origin == Origin::Model {
            answer.try_again();
            out.push(Output::CancelModel { turn });
            out.push(Output::Record(Entry::Trouble { at_ms: self.at_ms(now), kind: "llm".to_owned() }));
            self.ask(now, out);
            return;
        }
        self.give_up(now, "llm", out);
    }

    /// The model said nothing at all: it is asked once more, then the caller is.
    pub(super) fn empty_answer(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        if answer.retried {
            answer.followed_by = Some(Clip::Repeat);
            self.text_done(now, out);
        } else {
            answer.try_again();
            self.ask(now, out);
        }
    }

    /// The voice failed in this turn.
    pub(super) fn speech_failed(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        answer.sound_done = true;
        if self.may_go_on_by_turns() {
            out.push(Output::Record(Entry::Trouble { at_ms: self.at_ms(now), kind: "tts".to_owned() }));
            self.hang_up(now, Ending::ByTurns, out);
            return;
        }
        self.give_up(now, "tts", out);
    }

    /// The voice owes sound. While earlier sound still plays there is no hurry.
    pub(super) fn voice_is_late(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &self.phase else { return };
        if answer.paused.is_some()
            || !self.playback.is_silent(now)
            || !answer.text_done && answer.timeline.samples() > 0
        {
            self.timers.set(Timer::Voice, now + LOOK_AGAIN);
            return;
        }
        out.push(Output::CancelSpeech { turn: answer.turn });
        self.speech_failed(now, out);
    }

    /// What was given plays to its end; then the caller hears that there is trouble, and what to do.
    fn give_up(&mut self, now: Instant, kind: &str, out: &mut Outputs) {
        out.push(Output::Record(Entry::Trouble { at_ms: self.at_ms(now), kind: kind.to_owned() }));
        self.timers.stop(Timer::Model);
        self.timers.stop(Timer::Tool);
        let Phase::Ours(answer) = &mut self.phase else { return };
        if !answer.text_done && answer.origin == Origin::Model {
            out.push(Output::CancelModel { turn: answer.turn });
        }
        let speaking = !answer.sound_done && !answer.text_done;
        answer.give_up();
        // Who has asked nothing yet has nothing to repeat.
        let next = if answer.origin == Origin::Model { Clip::Again } else { Clip::Help };
        answer.followed_by = Some(next);
        if speaking {
            self.text_done(now, out);
        }
    }
}
