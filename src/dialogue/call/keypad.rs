//! Keys that the caller presses: they are meant, so they take the floor, and the entry that they make is a turn.

use super::{Call, Phase, Timer};
use crate::dialogue::{
    answer::Answer,
    caller::COUGH,
    keypad::{self, Pressed},
    output::{Output, Outputs},
    phrases,
    record::{Clip, Entry},
};
use std::time::Instant;

impl Call {
    pub(super) fn key(&mut self, now: Instant, key: char, out: &mut Outputs) {
        let heeded = match &self.phase {
            Phase::Listening | Phase::Caller => true,
            Phase::Ours(answer) => answer.may_be_interrupted(now),
            Phase::Before | Phase::Ended => false,
        };
        let patience = self.setup.patience.keypad;
        let pressed = if heeded { self.keypad.press(now, key, patience) } else { Pressed::Idle };
        if pressed == Pressed::Spilt {
            return;
        }
        out.push(Output::Record(Entry::Digit { at_ms: self.at_ms(now), digit: key }));
        if pressed == Pressed::Idle {
            return;
        }
        self.still_there_at = now + self.setup.patience.reprompt;
        self.drop_draft(out);
        match &self.phase {
            Phase::Listening => self.caller_begins(now),
            Phase::Ours(_) => self.interrupt(now, out),
            Phase::Caller | Phase::Before | Phase::Ended => {}
        }
        self.timers.stop(Timer::Text);
        self.timers.set(Timer::Keypad, now + patience);
        if pressed == Pressed::Ended {
            self.entry_ended(now, out);
        }
    }

    /// The entry is complete: with what the caller said beside it, it is their turn.
    pub(super) fn entry_ended(&mut self, now: Instant, out: &mut Outputs) {
        self.timers.stop(Timer::Keypad);
        let typed = self.take_entry();
        if !matches!(self.phase, Phase::Caller) {
            return;
        }
        if !self.caller.has_text() && self.caller.voiced() < COUGH {
            self.listen_on();
            return;
        }
        self.watch_progress(now, true);
        if !typed {
            self.decide_end(now, out);
        } else if !self.caller.question().partial.is_empty() {
            self.want_text(now, out);
        } else {
            self.caller_turn_over(now, out);
        }
    }

    /// Makes the open entry words of the caller's turn. Returns whether there were any.
    pub(super) fn take_entry(&mut self) -> bool {
        let Some((at, entry)) = self.keypad.take().filter(|(_, entry)| !entry.is_empty()) else {
            return false;
        };
        self.caller.types(at, &keypad::words(&entry));
        true
    }

    /// Whether the caller should be told of the keypad, since we await a number. Once for each question.
    fn offers_keypad(&self) -> bool {
        self.endpoint.wants_number() && !self.keypad_offered
    }

    /// A standard phrase that says that we did not understand; where a number is awaited the keypad is offered behind it.
    pub(super) fn ask_to_repeat(&mut self, now: Instant, clip: Clip, out: &mut Outputs) {
        if clip != Clip::Repeat || !self.offers_keypad() {
            self.play_clips(now, &[clip], None, out);
            return;
        }
        let answer = self.new_script(now);
        self.take_floor(answer);
        self.play_clip(now, clip, out);
        let offer = self.offer();
        self.speak_script(now, offer, out);
    }

    /// Offers the keypad behind an answer of the model that asks once more for the number that it asked for before.
    pub(super) fn offer_keypad_where_asked_again(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &self.phase else { return };
        let again = answer.ends.is_none() && self.endpoint.asks_again(answer.timeline.text());
        if !again || !self.offers_keypad() {
            return;
        }
        let offer = self.offer();
        let Phase::Ours(answer) = &mut self.phase else { return };
        let mut pieces = answer.text(offer);
        pieces.extend(answer.text_ended());
        self.say(now, pieces, out);
    }

    fn offer(&mut self) -> &'static str {
        self.keypad_offered = true;
        if let Phase::Ours(answer) = &mut self.phase {
            answer.says_aside();
        }
        phrases::keypad(self.setup.language)
    }

    /// What was heard of the agent last tells what is awaited; what it said aside asks for nothing else.
    pub(super) fn note_what_was_asked(&mut self, answer: &Answer, heard: &str) {
        if let Some(asked) = answer.without_aside(heard).filter(|asked| !asked.is_empty())
            && self.endpoint.after(asked)
        {
            self.keypad_offered = false;
        }
    }
}
