//! The caller's side: their voice, their words, their interruptions.

use super::{Call, Hearing, Phase, Timer, timer};
use crate::dialogue::{
    answer::Origin,
    backchannel::is_backchannel,
    caller::{COUGH, Decision, PAUSE},
    endpoint::says_part_of,
    event::{HEARD_AGAIN, SttEvent},
    input::Voice,
    output::{Ending, Output, Outputs},
    progress::Progress,
    question::Question,
    record::Entry,
    stats::{Moments, millis},
};
use std::time::{Duration, Instant};

/// A sound over our voice that stopped this long ago, without a word, was a cough.
const COUGH_OVER: Duration = Duration::from_millis(600);
/// Noise between turns is forgotten after this much silence.
const NOISE_FORGOTTEN: Duration = Duration::from_millis(500);
/// Text belongs to sound at most this old; older text is the recogniser's echo of a turn that is over.
pub(super) const TEXT_BEHIND: Duration = Duration::from_secs(2);
/// The end of a question, in samples: an "ajá" here is its answer (1.5 s).
const END_OF_QUESTION: u64 = 12_000;
/// Who speaks again so soon after their turn had not finished it,
const CUT_OFF: Duration = Duration::from_millis(1_500);
/// unless they answer us: nobody does within less than this of our first sound.
const REACTION: Duration = Duration::from_millis(200);
/// What was answered may be told again so long after, and no longer: the sound that is heard again, and the way of its text.
const TOLD_AGAIN: Duration = HEARD_AGAIN.saturating_add(TEXT_BEHIND);
/// So little of our answer is left that resuming it makes no sense, in samples (200 ms).
const NOTHING_LEFT: u64 = 1_600;

impl Call {
    pub(super) fn frame(&mut self, now: Instant, voice: Voice, out: &mut Outputs) {
        self.last_frame = now;
        let threshold =
            if self.playback.is_silent(now) { self.setup.threshold } else { self.setup.raised_threshold };
        self.caller.frame(now, voice.speech, voice.level.0, threshold);
        if let Some(pause) = self.caller.went_on_after() {
            self.endpoint.went_on_after(pause);
        }
        self.noise.frame(self.caller.speaks(3, 4));
        let forgotten = self.caller.quiet() >= NOISE_FORGOTTEN && !self.caller.has_text();
        match &self.phase {
            Phase::Listening => {
                if self.caller.speaks(3, 4) {
                    self.caller_begins(now);
                } else if forgotten {
                    self.caller.reset();
                }
            }
            Phase::Caller => self.caller_goes_on(now, out),
            Phase::Ours(answer) if answer.paused.is_some() => self.decide_interruption(now, out),
            Phase::Ours(answer) if answer.may_be_interrupted(now) => {
                if self.caller.speaks(4, 5) && !self.noise.is_noisy() {
                    self.pause(now, out);
                } else {
                    self.tell_pause(out);
                    if forgotten {
                        self.caller.reset();
                    }
                }
            }
            Phase::Ours(_) | Phase::Before | Phase::Ended => {}
        }
    }

    pub(super) fn caller_begins(&mut self, now: Instant) {
        self.stop_turn_timers();
        self.pause_told = false;
        self.open_turn(now);
    }

    fn open_turn(&mut self, now: Instant) {
        self.phase = Phase::Caller;
        (self.drafts, self.considered) = (0, 0);
        self.progress = Progress::new(now, self.setup.by_utterance);
        self.timers.set(Timer::FramesStalled, now + timer::FRAMES_STALLED);
        self.watch_progress(now, true);
    }

    fn caller_goes_on(&mut self, now: Instant, out: &mut Outputs) {
        self.timers.set(Timer::FramesStalled, now + timer::FRAMES_STALLED);
        self.tell_pause(out);
        // Once its time is over a sound puts nothing off any more.
        if self.caller.speaks(3, 4) && self.timers.is_set(Timer::NoProgress) {
            self.timers.stop(Timer::Text);
        }
        self.decide_end(now, out);
    }

    /// Whether the caller pauses within their turn: what a model says of its sound ([`Input::SoundsOver`](crate::dialogue::input::Input)) is of use.
    pub fn caller_pauses(&self) -> bool {
        matches!(self.phase, Phase::Caller) && self.caller.quiet() >= PAUSE
    }

    pub(super) fn sounds_over(&mut self, now: Instant, probability: f32, out: &mut Outputs) {
        if self.caller_pauses() {
            self.caller.sounds_over(probability);
            self.decide_end(now, out);
        }
    }

    /// Tells the recogniser once per pause that it may decode.
    fn tell_pause(&mut self, out: &mut Outputs) {
        if self.caller.speaks(3, 4) {
            self.pause_told = false;
        } else if self.caller.quiet() >= PAUSE && !self.pause_told {
            self.pause_told = true;
            out.push(Output::CallerPaused);
        }
    }

    pub(super) fn hearing(&mut self, now: Instant, event: SttEvent, out: &mut Outputs) {
        match event {
            SttEvent::Listener { by_utterance } => {
                self.setup.by_utterance = by_utterance;
                self.progress.heard_by(by_utterance);
            }
            SttEvent::Ready => {
                self.hearing = Hearing::Well;
                self.caller.hears_anew(now);
                self.timers.stop(Timer::Hearing);
            }
            SttEvent::Lost { fatal, .. } => self.hearing_lost(now, fatal, out),
            SttEvent::Final { ref text, end_of_turn: true } if text.trim().is_empty() => {
                if matches!(self.phase, Phase::Caller)
                    && self.timers.is_set(Timer::Text)
                    && !self.caller.has_text()
                {
                    self.nothing_understood(now, out);
                } else {
                    self.heard_text(now, event, out);
                }
            }
            event => self.heard_text(now, event, out),
        }
    }

    fn hearing_lost(&mut self, now: Instant, fatal: bool, out: &mut Outputs) {
        if self.hearing == Hearing::Well {
            self.hearing = Hearing::Away;
            out.push(Output::Record(Entry::Trouble { at_ms: self.at_ms(now), kind: "stt".to_owned() }));
            self.timers.set(Timer::Hearing, now + timer::HEARING_AWAY);
        }
        if fatal {
            self.hearing = Hearing::Told;
            self.timers.set(Timer::Hearing, now);
        }
    }

    fn heard_text(&mut self, now: Instant, event: SttEvent, out: &mut Outputs) {
        if self.late_words(now, &event, out) || self.was_answered(now, &event) {
            return;
        }
        let fresh =
            self.caller.last_voiced().is_some_and(|at| now.saturating_duration_since(at) < TEXT_BEHIND);
        match &self.phase {
            Phase::Listening => {
                if self.caller.hear(now, event) {
                    self.caller_begins(now);
                }
            }
            Phase::Caller => {
                self.more_words(now, event, out);
                self.decide_end(now, out);
            }
            Phase::Ours(answer) if answer.paused.is_some() => {
                self.caller.hear(now, event);
                self.decide_interruption(now, out);
            }
            Phase::Ours(answer) if answer.may_be_interrupted(now) && fresh => {
                let began = answer.moments.asked;
                let since =
                    self.caller.last_voiced().zip(began).is_some_and(|(voiced, began)| voiced > began);
                if since && self.caller.hear(now, event) {
                    if self.only_agrees(now) {
                        // The text of a sound that the voice went on after already.
                        self.caller.reset();
                    } else {
                        self.pause(now, out);
                        self.decide_interruption(now, out);
                    }
                }
            }
            Phase::Ours(_) | Phase::Before | Phase::Ended => {}
        }
    }

    /// Whether the text tells once more, without a sound since, what was answered already: Flux may end a turn 5 s after us,
    /// and a recogniser that comes back hears again what it had not made final.
    fn was_answered(&self, now: Instant, event: &SttEvent) -> bool {
        let (SttEvent::Partial { text } | SttEvent::EagerEnd { text } | SttEvent::Final { text, .. }) = event
        else {
            return false;
        };
        let open = match &self.phase {
            Phase::Listening => true,
            Phase::Ours(answer) => answer.paused.is_some(),
            Phase::Caller | Phase::Before | Phase::Ended => false,
        };
        let Some((answered, at)) = self.answered.as_ref().filter(|_| open) else { return false };
        now < *at + TOLD_AGAIN
            && self.caller.last_voiced().is_none_or(|voiced| voiced <= *at)
            && says_part_of(text, answered)
    }

    pub(super) fn decide_end(&mut self, now: Instant, out: &mut Outputs) {
        if !matches!(self.phase, Phase::Caller) || self.keypad.is_open() {
            return;
        }
        match self.caller.decide(&self.endpoint, self.setup.by_utterance) {
            Decision::Wait => self.speculate(now, out),
            Decision::Over => self.caller_turn_over(now, out),
            Decision::AwaitText => self.want_text(now, out),
        }
    }

    pub(super) fn frames_stalled(&mut self, now: Instant, out: &mut Outputs) {
        if !matches!(self.phase, Phase::Caller) {
            return;
        }
        self.caller.stall(now.saturating_duration_since(self.last_frame));
        self.last_frame = now;
        self.timers.set(Timer::FramesStalled, now + timer::FRAMES_STALLED);
        self.tell_pause(out);
        self.decide_end(now, out);
    }

    /// Writes down the words of the caller's turn.
    fn keep_words(&mut self, now: Instant, out: &mut Outputs) {
        let (at_ms, text) = (self.at_ms(self.caller.last_sign().unwrap_or(now)), self.caller.text());
        self.transcript.caller(&text);
        self.answered = Some((text.clone(), now));
        out.push(Output::Record(Entry::Caller { at_ms, text }));
    }

    /// Writes down what the caller has said and typed of a turn that is broken off.
    pub(super) fn keep_open_words(&mut self, now: Instant, out: &mut Outputs) {
        if matches!(self.phase, Phase::Caller) {
            self.take_entry();
            if self.caller.has_text() {
                self.keep_words(now, out);
            }
        }
    }

    pub(super) fn caller_turn_over(&mut self, now: Instant, out: &mut Outputs) {
        self.keep_words(now, out);
        self.reprompts = 0;
        let moments = Moments {
            voiced: self.caller.last_sign(),
            text: self.caller.last_text(),
            asked: Some(now),
            ..Moments::default()
        };
        let question = self.caller.question();
        if !self.adopt_draft(now, &question, moments, out) {
            self.answer_question(now, question, moments, out);
        }
    }

    /// Begins the model's answer to what the transcript ends with.
    pub(super) fn answer_question(
        &mut self,
        now: Instant,
        question: Question,
        moments: Moments,
        out: &mut Outputs,
    ) {
        let moments = Moments { prompted: Some(now), ..moments };
        let mut answer = self.new_answer(Origin::Model, moments);
        answer.question = question;
        self.take_floor(answer);
        self.ask(now, out);
    }

    /// The caller may be interrupting: be silent at once, decide later.
    fn pause(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &mut self.phase else { return };
        answer.paused = Some(now);
        let timeline = &answer.timeline;
        let sounding = !self.playback.is_silent(now);
        self.playback.pause(now, |sample| timeline.word_start(sample), out);
        if sounding {
            let first_voiced = self.caller.first_voiced().filter(|_| !self.noise.is_noisy());
            let after_ms = first_voiced.map(|at| millis(now.saturating_duration_since(at)));
            out.push(Output::Record(Entry::Paused { at_ms: self.at_ms(now), after_ms }));
        }
        self.pause_told = false;
        self.timers.stop(Timer::Hold);
        self.timers.stop(Timer::Played);
        self.timers.stop(Timer::GoodbyeHeard);
        self.timers.set(Timer::Decide, now + timer::NO_WORD);
    }

    fn decide_interruption(&mut self, now: Instant, out: &mut Outputs) {
        self.tell_pause(out);
        let backchannel = self.only_agrees(now);
        let Phase::Ours(answer) = &self.phase else { return };
        let ending = matches!(answer.ends, Some(Ending::Goodbye | Ending::Transfer(_)));
        let (words, quiet) = (self.caller.has_text(), self.caller.quiet());
        let long = self.caller.voiced() >= timer::SURELY_SPEECH && self.long_sound_is_speech();
        if !backchannel && (words || long && !ending) {
            self.interrupt(now, out);
        } else if backchannel && quiet >= PAUSE
            || !words && quiet >= COUGH_OVER && self.caller.voiced() < COUGH
            || !words && quiet >= timer::NO_WORD
        {
            self.go_on(now, out);
        }
    }

    /// Whether a long sound over our voice is speech although no word of it came: a streaming recogniser would have told one.
    fn long_sound_is_speech(&self) -> bool {
        (self.setup.by_utterance || self.hearing != Hearing::Well) && !self.noise.is_noisy()
    }

    /// Whether all that was understood is an "ajá" that wants no answer: at the end of a question it is one.
    fn only_agrees(&mut self, now: Instant) -> bool {
        let unheard = self.playback.unheard(now);
        let Phase::Ours(answer) = &self.phase else { return false };
        let answers_us =
            answer.is_complete() && answer.timeline.text().ends_with('?') && unheard < END_OF_QUESTION;
        let ending = matches!(answer.ends, Some(Ending::Goodbye | Ending::Transfer(_)));
        self.caller.has_text() && !answers_us && is_backchannel(&self.caller.text(), ending)
    }

    /// A sound over our voice has brought no word that interrupts.
    pub(super) fn no_word_came(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &self.phase else { return };
        let Some(since) = answer.paused else { return };
        let (quiet, flowing) = (self.caller.quiet(), now < self.last_frame + timer::FRAMES_STALLED);
        if flowing && (PAUSE..timer::NO_WORD).contains(&quiet) && now < since + timer::NO_WORD * 2 {
            // A recogniser that works by utterance has its time from the end of the sound on.
            self.timers.set(
                Timer::Decide,
                (now + timer::NO_WORD.saturating_sub(quiet)).min(since + timer::NO_WORD * 2),
            );
            return;
        }
        if flowing {
            self.note_noise();
        }
        self.go_on(now, out);
    }

    /// It was no interruption.
    fn go_on(&mut self, now: Instant, out: &mut Outputs) {
        let unheard = self.playback.unheard(now);
        let Phase::Ours(answer) = &mut self.phase else { return };
        if answer.is_complete() && answer.ends.is_none() && unheard < NOTHING_LEFT && self.caller.has_text() {
            self.interrupt(now, out);
            return;
        }
        answer.paused = None;
        self.playback.resume();
        self.timers.stop(Timer::Decide);
        self.caller.reset();
        out.push(Output::Record(Entry::Resumed { at_ms: self.at_ms(now) }));
    }

    /// Who goes on soon after a turn that we took for over only paused.
    fn note_cut_off(&mut self) {
        let Phase::Ours(answer) = &self.phase else { return };
        let Some((before, again)) = answer.moments.voiced.zip(self.caller.first_voiced()) else { return };
        let pause = again.saturating_duration_since(before);
        let answers_us = answer.moments.played.is_some_and(|played| again >= played + REACTION);
        if pause < CUT_OFF && !answers_us {
            self.endpoint.went_on_after(pause);
        }
    }

    /// The caller takes the floor.
    pub(super) fn interrupt(&mut self, now: Instant, out: &mut Outputs) {
        self.take_back_what_is_said_again(now, out);
        self.note_cut_off();
        self.leave_answer(now, true, out);
        self.still_there_at = now + self.setup.patience.reprompt;
        self.open_turn(now);
        self.decide_end(now, out);
    }
}
