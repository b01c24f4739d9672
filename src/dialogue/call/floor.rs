//! Who has the floor: how it passes, and what each deadline does.

use super::{Call, Hearing, Phase, Timer, timer};
use crate::dialogue::{
    answer::{Answer, Origin},
    clips::Spoken,
    output::{Ending, Output, Outputs},
    phrases,
    record::{Clip, Entry},
    stats::{Moments, TurnReport},
};
use std::time::{Duration, Instant};

/// Turns that may fail in a row before the call ends politely.
const MOST_FAILURES: u32 = 3;

/// When the hold phrase is due in a silence of ours that begins at `now`.
fn hold_at(now: Instant, answer: &Answer, patience: Duration) -> Instant {
    let unheard = answer.moments.played.is_none() && answer.holds == 0;
    let since_caller = answer.moments.voiced.filter(|_| unheard).map(|at| at + timer::LONGEST_SILENCE);
    let at = now + patience;
    since_caller.map_or(at, |latest| at.min(latest.max(now + timer::LEAST_PATIENCE)))
}

impl Call {
    pub(super) fn begin(&mut self, now: Instant, opening: &str, out: &mut Outputs) {
        if !matches!(self.phase, Phase::Before) {
            return;
        }
        self.timers.set(Timer::MaxCall, now + self.setup.patience.max_call);
        self.say_script(now, opening, None, out);
    }

    /// Brings output and timers in line with the state, after every event.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Outputs) {
        if !matches!(self.phase, Phase::Caller) {
            self.drop_draft(out);
        }
        // An answer that is over may be followed by another of ours: a standard phrase, a goodbye.
        while self.settle_answer(now, out) {}
    }

    /// Returns whether the answer was left for another one.
    fn settle_answer(&mut self, now: Instant, out: &mut Outputs) -> bool {
        self.playback.pump(now, out);
        let Phase::Ours(answer) = &mut self.phase else { return false };
        if answer.moments.played.is_none() && self.playback.has_begun() {
            answer.moments.played = Some(now);
        }
        if answer.paused.is_some() {
            return false;
        }
        let complete = answer.is_complete();
        if complete {
            self.playback.close();
            self.playback.pump(now, out);
        }
        if !self.playback.is_silent(now) {
            answer.hold_at = None;
            self.timers.stop(Timer::Hold);
            let wake = self.playback.drained_at().unwrap_or(now);
            self.timers.set(Timer::Played, wake);
        } else if complete {
            let turn = self.turn;
            self.answer_played(now, out);
            return self.turn != turn;
        } else {
            self.timers.stop(Timer::Played);
            let at = answer.hold_at.unwrap_or_else(|| hold_at(now, answer, self.setup.patience.hold));
            answer.hold_at = Some(at);
            self.timers.set(Timer::Hold, at);
        }
        false
    }

    /// All of our answer is out and played by our clock.
    fn answer_played(&mut self, now: Instant, out: &mut Outputs) {
        let Phase::Ours(answer) = &self.phase else { return };
        let (ends, followed_by) = (answer.ends, answer.followed_by);
        match (ends, followed_by) {
            (Some(ending), None) => {
                if self.playback.end_was_heard() {
                    self.hang_up(now, ending, out);
                } else if !self.timers.is_set(Timer::GoodbyeHeard) {
                    self.timers.set(Timer::GoodbyeHeard, now + timer::GOODBYE_HEARD);
                    self.timers.stop(Timer::Played);
                }
            }
            (Some(ending), Some(_)) => {
                self.leave_answer(now, false, out);
                self.play_clips(now, &[Clip::Goodbye], Some(ending), out);
            }
            (None, Some(clip)) => {
                self.leave_answer(now, false, out);
                self.excuse(now, clip, out);
            }
            (None, None) => {
                if answer.origin == Origin::Model {
                    self.failures = 0;
                }
                self.leave_answer(now, false, out);
                self.listen(now);
            }
        }
    }

    pub(super) fn listen(&mut self, now: Instant) {
        self.still_there_at = now + self.setup.patience.reprompt;
        self.listen_on();
    }

    /// Waits for the caller as before: what came was no turn.
    pub(super) fn listen_on(&mut self) {
        self.stop_turn_timers();
        self.phase = Phase::Listening;
        self.caller.reset();
        self.pause_told = false;
        self.timers.set(Timer::StillThere, self.still_there_at);
    }

    /// Begins an answer of ours. The floor must be free: an earlier answer was left.
    pub(super) fn take_floor(&mut self, answer: Answer) {
        self.stop_turn_timers();
        drop(self.keypad.take());
        self.playback.begin(answer.turn);
        self.caller.reset();
        // There is nothing to decode before the caller makes a sound.
        self.pause_told = true;
        self.phase = Phase::Ours(Box::new(answer));
    }

    pub(super) fn new_answer(&mut self, origin: Origin, moments: Moments) -> Answer {
        self.turn = self.turn.next();
        Answer::new(self.turn, origin, moments)
    }

    pub(super) fn new_script(&mut self, now: Instant) -> Answer {
        self.new_answer(Origin::Script, Moments { asked: Some(now), ..Moments::default() })
    }

    /// Says a sentence of our own; with `ends` it is the last of the call.
    pub(super) fn say_script(&mut self, now: Instant, text: &str, ends: Option<Ending>, out: &mut Outputs) {
        let mut answer = self.new_script(now);
        answer.ends = ends;
        answer.interruptible = ends.is_none();
        self.take_floor(answer);
        self.speak_script(now, text, out);
    }

    /// Plays standard phrases, which need no provider; with `ends` they are the last of the call.
    pub(super) fn play_clips(
        &mut self,
        now: Instant,
        clips: &[Clip],
        ends: Option<Ending>,
        out: &mut Outputs,
    ) {
        let mut answer = self.new_answer(Origin::Clip, Moments { asked: Some(now), ..Moments::default() });
        answer.ends = ends;
        answer.interruptible = ends.is_none();
        self.take_floor(answer);
        for clip in clips {
            self.play_clip(now, *clip, out);
        }
    }

    pub(super) fn play_clip(&mut self, now: Instant, clip: Clip, out: &mut Outputs) {
        let played = self.clips_played.entry(clip).or_default();
        let Spoken { text, sound } = self.setup.clips.spoken(clip, *played);
        *played += 1;
        self.playback.push_clip(sound);
        out.push(Output::Record(Entry::Clip { at_ms: self.at_ms(now), clip, text }));
    }

    /// Ends the present answer: tells the transcript and the record what was heard of it.
    pub(super) fn leave_answer(&mut self, now: Instant, interrupted: bool, out: &mut Outputs) {
        let heard = if interrupted { self.playback.cut(now, out) } else { self.playback.heard(now) };
        let Some(answer) = self.stop_answer(out) else { return };
        let heard = answer.timeline.text_until(heard);
        answer.tell(heard, &mut self.transcript);
        if answer.has_spoken() {
            self.note_what_was_asked(&answer, heard);
            let at_ms = self.at_ms(answer.moments.played.unwrap_or(now));
            let meant = answer.timeline.text().to_owned();
            let heard = heard.to_owned();
            out.push(Output::Record(Entry::Agent { at_ms, turn: answer.turn, heard, meant, interrupted }));
        }
        if answer.origin == Origin::Model {
            let late_frames = self.playback.late();
            let drafted = answer.drafted;
            let report =
                TurnReport { drafted, late_frames, ..answer.moments.report(answer.turn, interrupted) };
            out.push(Output::Report(Box::new(report)));
        }
    }

    /// Takes the floor from the present answer, and its providers from their work.
    pub(super) fn stop_answer(&mut self, out: &mut Outputs) -> Option<Box<Answer>> {
        let phase = std::mem::replace(&mut self.phase, Phase::Listening);
        self.stop_turn_timers();
        let Phase::Ours(answer) = phase else { return None };
        if !answer.text_done && answer.origin == Origin::Model {
            out.push(Output::CancelModel { turn: answer.turn });
        }
        if answer.has_spoken() && !answer.sound_done {
            out.push(Output::CancelSpeech { turn: answer.turn });
        }
        Some(answer)
    }

    /// Ends the call with a sentence that cannot be interrupted.
    pub(super) fn close(&mut self, now: Instant, ending: Ending, text: &str, out: &mut Outputs) {
        self.keep_open_words(now, out);
        self.leave_answer(now, true, out);
        self.say_script(now, text, Some(ending), out);
    }

    /// A turn failed: the caller hears it, and after too many the call ends.
    pub(super) fn excuse(&mut self, now: Instant, clip: Clip, out: &mut Outputs) {
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            self.cannot_go_on(now, out);
        } else {
            self.ask_to_repeat(now, clip, out);
        }
    }

    /// The call ends in trouble, unless the network can hold it.
    fn cannot_go_on(&mut self, now: Instant, out: &mut Outputs) {
        if self.may_go_on_by_turns() {
            self.hang_up(now, Ending::ByTurns, out);
        } else {
            self.play_clips(now, &[Clip::Trouble, Clip::Goodbye], Some(Ending::Trouble), out);
        }
    }

    /// Whether the network may take over: who has been answered already would miss the conversation that they are in.
    pub(super) fn may_go_on_by_turns(&self) -> bool {
        self.setup.else_by_turns && !self.transcript.has_caller()
    }

    pub(super) fn hang_up(&mut self, now: Instant, ending: Ending, out: &mut Outputs) {
        self.leave_answer(now, false, out);
        self.phase = Phase::Ended;
        out.push(Output::HangUp(ending));
    }

    pub(super) fn end_asked(&mut self, now: Instant, out: &mut Outputs) {
        let closing = matches!(&self.phase, Phase::Ours(answer) if answer.ends.is_some());
        if !closing {
            self.close(now, Ending::Asked, phrases::time_is_up(self.setup.language), out);
        }
    }

    pub(super) fn line_ended(&mut self, now: Instant, out: &mut Outputs) {
        self.keep_open_words(now, out);
        // What Twilio had in hand was not heard: the clock's estimate stands, nothing needs clearing.
        self.leave_answer(now, false, out);
        self.phase = Phase::Ended;
    }

    pub(super) fn stop_turn_timers(&mut self) {
        for timer in timer::OF_A_TURN {
            self.timers.stop(timer);
        }
    }

    pub(super) fn tick(&mut self, now: Instant, out: &mut Outputs) {
        let mut due = |timer| self.timers.take_due(timer, now);
        // `Played` only wakes us: settling does the rest.
        due(Timer::Played);
        if due(Timer::MaxCall) {
            self.close(now, Ending::TooLong, phrases::time_is_up(self.setup.language), out);
        } else if due(Timer::GoodbyeHeard) {
            let ending = if let Phase::Ours(answer) = &self.phase { answer.ends } else { None };
            self.hang_up(now, ending.unwrap_or(Ending::Goodbye), out);
        } else if due(Timer::Hearing) {
            self.still_deaf(now, out);
        } else if due(Timer::StillThere) {
            self.still_there(now, out);
        } else if due(Timer::Keypad) {
            self.entry_ended(now, out);
        } else if due(Timer::FramesStalled) {
            self.frames_stalled(now, out);
        } else if due(Timer::Text) {
            self.text_is_late(now, out);
        } else if due(Timer::NoProgress) {
            self.words_stand_still(now, out);
        } else if due(Timer::Decide) {
            self.no_word_came(now, out);
        } else if due(Timer::Hold) {
            self.hold(now, out);
        } else if due(Timer::Model) {
            self.answer_failed(now, self.turn, true, out);
        } else if due(Timer::Voice) {
            self.voice_is_late(now, out);
        } else if due(Timer::Tool) {
            self.tool_is_late(now, out);
        }
    }

    pub(super) fn still_there(&mut self, now: Instant, out: &mut Outputs) {
        let language = self.setup.language;
        if self.reprompts < self.setup.patience.reprompts {
            let text = phrases::still_there(language, self.reprompts);
            self.reprompts += 1;
            let mut answer = self.new_script(now);
            answer.says_aside();
            self.take_floor(answer);
            self.speak_script(now, text, out);
        } else {
            self.close(now, Ending::Silence, phrases::silent_goodbye(language), out);
        }
    }

    /// The recogniser is still away.
    fn still_deaf(&mut self, now: Instant, out: &mut Outputs) {
        if matches!(&self.phase, Phase::Ours(_)) || self.keypad.is_open() {
            self.timers.set(Timer::Hearing, now + timer::FRAMES_STALLED);
            return;
        }
        match self.hearing {
            Hearing::Well => {}
            Hearing::Away => {
                self.keep_open_words(now, out);
                self.hearing = Hearing::Told;
                self.timers.set(Timer::Hearing, now + timer::HEARING_GONE);
                self.play_clips(now, &[Clip::Deaf], None, out);
            }
            Hearing::Told => {
                self.keep_open_words(now, out);
                self.cannot_go_on(now, out);
            }
        }
    }
}
