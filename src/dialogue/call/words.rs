//! Whether the caller's words go on, and what the recogniser is asked for.

use super::{Call, Hearing, Phase, Timer, timer};
use crate::dialogue::{
    caller::{COUGH, PAUSE, Standing},
    event::SttEvent,
    output::{Output, Outputs},
    progress::Asked,
    record::Clip,
};
use std::time::{Duration, Instant};

impl Call {
    /// Sets how long the caller's words may stand still, whatever sounds on the line.
    pub(super) fn watch_progress(&mut self, now: Instant, news: bool) {
        let standing = self.caller.standing(&self.endpoint);
        let at = self.progress.deadline(now, standing, self.noise.is_noisy());
        if news {
            self.timers.set(Timer::NoProgress, at);
        } else if self.timers.is_set(Timer::NoProgress) {
            self.timers.hasten(Timer::NoProgress, at);
        }
    }

    /// The caller's words have stood still for long, or the turn has lasted as long as it may; the line still sounds.
    pub(super) fn words_stand_still(&mut self, now: Instant, out: &mut Outputs) {
        if !matches!(self.phase, Phase::Caller) || self.keypad.is_open() {
            return;
        }
        let step = self.progress.stands_still(now, self.noise.is_noisy(), self.caller.has_text());
        if let Some(asked) = step {
            self.ask_for_text(now, asked, timer::TEXT_OF_SPEECH, out);
        } else if self.caller.has_text() {
            self.words_ended(now, out);
        } else {
            self.want_text(now, out);
        }
    }

    /// The words of the turn have ended, and what sounds on the line is none.
    fn words_ended(&mut self, now: Instant, out: &mut Outputs) {
        self.note_noise();
        self.caller_turn_over(now, out);
    }

    /// What sounds on the line by now is no speech, if the recogniser could have told.
    pub(super) fn note_noise(&mut self) {
        if self.caller.quiet() < PAUSE && self.hearing == Hearing::Well {
            self.noise.sounds_without_words();
        }
    }

    /// Takes in words of the open turn.
    pub(super) fn more_words(&mut self, now: Instant, event: SttEvent, out: &mut Outputs) {
        if self.keypad.is_open() {
            // The turn is as long as the entry.
            self.caller.hear(now, event);
            return;
        }
        let before = self.caller.text();
        let is_final = matches!(event, SttEvent::Final { .. });
        self.caller.hear(now, event);
        if self.setup.by_utterance && self.caller.spoke_since_asked() {
            // The text ends where we asked for it, not where the caller did.
            self.caller.take_back_signal();
        }
        let news = self.caller.text() != before;
        let asked_for = !self.timers.is_set(Timer::NoProgress) && (news || is_final);
        if asked_for && news {
            self.timers.stop(Timer::Text);
        }
        self.watch_progress(now, news);
        if !asked_for || !self.caller.has_text() {
            return;
        }
        let ended = match self.progress.answered() {
            Asked::End => news && self.caller.standing(&self.endpoint) == Standing::Signalled,
            Asked::Proof => !news,
            Asked::Last => is_final,
        };
        if ended {
            self.words_ended(now, out);
        }
    }

    /// Asks the recogniser for the text that it owes of a turn whose silence is long enough.
    pub(super) fn want_text(&mut self, now: Instant, out: &mut Outputs) {
        // What a recogniser by utterance told already may be far from all.
        let told = self.caller.has_text() && !self.setup.by_utterance;
        let patience = if told { timer::PARTIAL_TO_FINAL } else { timer::NO_TEXT };
        if self.timers.is_set(Timer::Text) {
            // Who was asked in the middle of speech has more time than the silence behind it.
            self.timers.hasten(Timer::Text, now + patience);
        } else {
            self.ask_for_text(now, Asked::End, patience, out);
        }
    }

    fn ask_for_text(&mut self, now: Instant, asked: Asked, patience: Duration, out: &mut Outputs) {
        self.progress.ask(asked);
        self.caller.asked();
        self.timers.set(Timer::Text, now + patience);
        out.push(Output::CallerTurnOver);
    }

    pub(super) fn text_is_late(&mut self, now: Instant, out: &mut Outputs) {
        if !matches!(self.phase, Phase::Caller) {
            return;
        }
        if self.caller.has_text() {
            self.words_ended(now, out);
        } else {
            self.nothing_understood(now, out);
        }
    }

    pub(super) fn nothing_understood(&mut self, now: Instant, out: &mut Outputs) {
        let nobody_spoke = self.caller.voiced() < COUGH || self.noise.is_noisy();
        self.note_noise();
        if !nobody_spoke {
            self.excuse(now, Clip::Repeat, out);
        } else if self.still_there_at <= now {
            self.still_there(now, out);
        } else {
            self.listen_on();
        }
    }
}
