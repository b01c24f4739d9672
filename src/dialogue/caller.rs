//! The caller's turn: what was heard of it and whether it is over.
//!
//! Silence is counted in received samples, so that a stalled network is not taken for a pause.

mod words;

use crate::{
    base::units::{FRAME, FRAME_SAMPLES, Samples},
    dialogue::{
        endpoint::Endpoint,
        event::SttEvent,
        question::{Question, append},
    },
};
use std::time::{Duration, Instant};
use words::Words;

/// Silence at which a recogniser that works by utterance may begin to decode (issue: 200 ms).
pub const PAUSE: Duration = Duration::from_millis(200);

/// Speech shorter than this, without words, is a cough or a knock.
pub const COUGH: Duration = Duration::from_millis(300);

/// A sound behind this much silence counts for itself: many knocks are not one word.
const NEW_STRETCH: Duration = Duration::from_millis(500);

/// Text that came so long after the last sound holds its words: recognisers tell interim words 100 ms behind them at best.
const BEHIND_THE_SOUND: Duration = Duration::from_millis(60);

/// A sound counts as voiced from this level on (design §9).
const VOICED_LEVEL: f32 = -45.0;

/// What is to be done about the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The caller may go on.
    Wait,
    /// By the silence the turn is over, but the recogniser has not made its text final.
    AwaitText,
    /// The turn is over and its text is here.
    Over,
}

/// How far the words of a turn have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// None came, or the newest may still change.
    Open,
    /// They will not change, but nobody said that they are all.
    Final,
    /// The recogniser believes that they are all.
    Signalled,
}

/// One turn of the caller.
#[derive(Clone, Debug, Default)]
pub struct CallerTurn {
    words: Words,
    typed_at: Option<Instant>,
    /// Counts the changes of the text.
    edition: u32,
    signalled: bool,
    /// The recogniser believes, not yet surely, that the turn is over.
    seems_over: bool,
    /// What a model of turn ends says of the sound before the present silence.
    melody: Option<f32>,
    /// The silence that ends the turn, until one of its signs changes.
    needed: Option<Duration>,
    voiced: Samples,
    /// The present stretch of sound, voiced; `voiced` is the longest.
    stretch: Samples,
    quiet: Samples,
    /// A pause within the words that a sound has ended.
    paused: Duration,
    /// The last frames, newest in the lowest bit: voiced or not.
    recent: u8,
    first_voiced: Option<Instant>,
    last_voiced: Option<Instant>,
    spoke_since_asked: bool,
    last_text: Option<Instant>,
}

impl CallerTurn {
    /// Takes in one frame. `threshold` is the probability from which on it counts as speech.
    pub fn frame(&mut self, now: Instant, speech: f32, level: f32, threshold: f32) {
        let voiced = speech >= threshold && level > VOICED_LEVEL;
        self.recent = self.recent << 1 | u8::from(voiced);
        if voiced {
            if self.quiet() >= NEW_STRETCH {
                self.stretch = Samples(0);
            }
            if self.quiet() >= PAUSE && self.has_text() {
                self.paused = self.quiet();
            }
            self.stretch += Samples(FRAME_SAMPLES as u64);
            self.voiced = self.voiced.max(self.stretch);
            self.quiet = Samples(0);
            self.first_voiced.get_or_insert(now);
            self.last_voiced = Some(now);
            // Who goes on speaking had not finished, whatever the recogniser thought.
            if self.speaks(3, 4) {
                self.take_back_signal();
                self.melody = None;
                self.spoke_since_asked = true;
            }
        } else {
            self.quiet += Samples(FRAME_SAMPLES as u64);
        }
    }

    /// Forgets the turn; what the last frames sounded like is kept.
    pub fn reset(&mut self) {
        *self = Self { recent: self.recent, last_voiced: self.last_voiced, ..Self::default() };
    }

    /// No frame came for `time`: nothing is heard, so it counts as silence.
    pub fn stall(&mut self, time: Duration) {
        self.quiet += Samples::in_time(time);
    }

    /// Takes in text. Returns whether it brought any.
    pub fn hear(&mut self, now: Instant, event: SttEvent) -> bool {
        let news = match event {
            SttEvent::Partial { text } => self.words.partial(now, &text),
            SttEvent::EagerEnd { text } => {
                let news = self.words.partial(now, &text);
                self.seems_over |= self.has_text();
                news
            }
            SttEvent::Final { text, end_of_turn } => {
                let news = self.words.last(&text);
                self.signalled |= end_of_turn && !self.words.said.finals.is_empty();
                news
            }
            SttEvent::UtteranceEnd => {
                self.words.settle();
                self.signalled |= !self.words.said.finals.is_empty();
                false
            }
            SttEvent::Resumed => {
                self.take_back_signal();
                false
            }
            SttEvent::Ready | SttEvent::Listener { .. } | SttEvent::Lost { .. } => false,
        };
        if news {
            self.last_text = Some(now);
        }
        self.edition += 1;
        self.needed = None;
        news
    }

    /// The recogniser begins anew at `now`, with the last of the sound: the words of what it does not hear again stay.
    pub fn hears_anew(&mut self, now: Instant) {
        self.words.hears_anew(now);
    }

    /// Takes in what a model of turn ends says of the sound before the present silence, 0..1.
    pub fn sounds_over(&mut self, probability: f32) {
        self.melody = Some(probability);
        self.needed = None;
    }

    /// The pause that the caller has just ended by going on with the words of the turn; told once.
    pub fn went_on_after(&mut self) -> Option<Duration> {
        if self.paused.is_zero() || !self.speaks(3, 4) {
            return None;
        }
        Some(std::mem::take(&mut self.paused))
    }

    /// Counts the changes of the text within the turn.
    pub const fn edition(&self) -> u32 {
        self.edition
    }

    /// Whether the text holds the words before the present silence: it came behind them, or the recogniser says so.
    pub fn is_stable(&self) -> bool {
        let behind = self
            .last_text
            .zip(self.last_voiced)
            .is_some_and(|(text, voiced)| text.saturating_duration_since(voiced) >= BEHIND_THE_SOUND);
        self.has_text() && self.quiet() >= PAUSE / 2 && (behind || self.signalled || self.seems_over)
    }

    /// When its first voiced frame came.
    pub const fn first_voiced(&self) -> Option<Instant> {
        self.first_voiced
    }

    /// All that was understood so far.
    pub fn text(&self) -> String {
        self.words.said.text()
    }

    /// All that was understood so far, with what of it may still change.
    pub fn question(&self) -> Question {
        self.words.said.clone()
    }

    /// Takes in what was typed on the keypad, whose last key was pressed at `at`.
    pub fn types(&mut self, at: Instant, words: &str) {
        append(&mut self.words.said.typed, words);
        self.typed_at = Some(at);
        self.edition += 1;
        self.needed = None;
    }

    /// Whether anything was understood.
    pub const fn has_text(&self) -> bool {
        !self.words.is_empty()
    }

    /// How long the longest sound was, in voiced frames; a silence of half a second ends a sound.
    pub const fn voiced(&self) -> Duration {
        self.voiced.duration()
    }

    /// How long the caller has been silent.
    pub const fn quiet(&self) -> Duration {
        self.quiet.duration()
    }

    /// Whether at least `count` of the last `of` frames are voiced.
    pub const fn speaks(&self, count: u32, of: u32) -> bool {
        (self.recent & ((1 << of) - 1)).count_ones() >= count
    }

    /// When the last voiced frame arrived.
    pub const fn last_voiced(&self) -> Option<Instant> {
        self.last_voiced
    }

    /// When the caller was last heard, or pressed the last key of what they typed.
    pub fn last_sign(&self) -> Option<Instant> {
        self.last_voiced.max(self.typed_at)
    }

    /// The recogniser is asked for the text so far.
    pub const fn asked(&mut self) {
        self.spoke_since_asked = false;
    }

    /// Whether the caller spoke since the recogniser was asked for the text.
    pub const fn spoke_since_asked(&self) -> bool {
        self.spoke_since_asked
    }

    /// The turn is not over, whatever the recogniser said.
    pub const fn take_back_signal(&mut self) {
        (self.signalled, self.seems_over) = (false, false);
        self.needed = None;
    }

    /// When the last text arrived.
    pub const fn last_text(&self) -> Option<Instant> {
        self.last_text
    }

    /// How much silence is still missing for the end of the turn, as of the last decision.
    pub fn lacks(&self) -> Duration {
        self.needed.unwrap_or(Duration::MAX).saturating_sub(self.quiet())
    }

    /// What the words of the turn look like while the line is never silent.
    pub fn standing(&self, endpoint: &Endpoint) -> Standing {
        let Question { finals, partial, .. } = &self.words.said;
        if finals.is_empty() || !partial.is_empty() {
            Standing::Open
        } else if self.signalled && !endpoint.is_unfinished(finals) {
            Standing::Signalled
        } else {
            Standing::Final
        }
    }

    /// Whether the turn is over. A recogniser `by_utterance` owes text until it was asked for all of it, and then its signal
    /// says no more than that this is all.
    pub fn decide(&mut self, endpoint: &Endpoint, by_utterance: bool) -> Decision {
        let quiet = self.quiet();
        if quiet < PAUSE / 2 {
            return Decision::Wait;
        }
        let needed = self.needed.unwrap_or_else(|| {
            let signalled = (self.signalled || self.seems_over) && !by_utterance;
            endpoint.silence(&self.text(), signalled, self.melody)
        });
        self.needed = Some(needed);
        if quiet < PAUSE || quiet + FRAME <= needed {
            Decision::Wait
        } else if self.has_text() && (self.words.said.partial.is_empty() && !by_utterance || self.signalled) {
            Decision::Over
        } else {
            Decision::AwaitText
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::{clock, language::Language},
        dialogue::agent::EndOfTurn,
    };

    fn after_speech(quiet_ms: u64, event: SttEvent) -> Decision {
        let (mut turn, now) = (CallerTurn::default(), clock::now());
        for _ in 0..50 {
            turn.frame(now, 0.9, -20.0, 0.5);
        }
        for _ in 0..quiet_ms / 20 {
            turn.frame(now, 0.0, -70.0, 0.5);
        }
        turn.hear(now, event);
        turn.decide(&Endpoint::new(EndOfTurn::default(), Language::Es), false)
    }

    /// The first silence at which the turn is not waited for any more.
    fn silence(event: &SttEvent) -> u64 {
        (0..100)
            .map(|frames| frames * 20)
            .find(|ms| after_speech(*ms, event.clone()) != Decision::Wait)
            .unwrap()
    }

    #[test]
    fn the_words_and_the_signal_decide_how_long_silence_is() {
        let event = |text: &str, end_of_turn| SttEvent::Final { text: text.into(), end_of_turn };
        let silences = [
            silence(&event("¿atienden el jueves?", true)),
            silence(&event("¿atienden el jueves?", false)),
            silence(&event("quiero un turno el jueves", true)),
            silence(&event("quiero un turno el jueves", false)),
            silence(&event("quiero un turno para", true)),
        ];
        assert_eq!(silences, [300, 300, 1_340, 1_400, 1_480]);
    }

    #[test]
    fn a_partial_must_first_become_final() {
        let partial = SttEvent::Partial { text: "el jueves".into() };
        assert_eq!(after_speech(1_600, partial), Decision::AwaitText);
    }

    #[test]
    fn an_empty_final_is_no_turn() {
        let empty = SttEvent::Final { text: String::new(), end_of_turn: true };
        assert_eq!(after_speech(400, empty), Decision::Wait);
    }

    #[test]
    fn text_that_came_in_the_silence_is_stable_and_a_pause_that_ends_is_told_once() {
        let (mut turn, start) = (CallerTurn::default(), clock::now());
        let frame = |turn: &mut CallerTurn, count: u32, voiced: bool| {
            let at = start + FRAME * count;
            turn.frame(at, if voiced { 0.9 } else { 0.0 }, if voiced { -20.0 } else { -70.0 }, 0.5);
            at
        };
        for count in 0..50 {
            frame(&mut turn, count, true);
        }
        turn.hear(start + FRAME * 50, SttEvent::Partial { text: "quiero un".into() });
        for count in 50..56 {
            frame(&mut turn, count, false);
        }
        assert!(!turn.is_stable(), "the last words are missing");
        turn.hear(start + FRAME * 55, SttEvent::Partial { text: "quiero un turno".into() });
        assert!(turn.is_stable());
        for count in 56..65 {
            frame(&mut turn, count, false);
        }
        for count in 65..70 {
            frame(&mut turn, count, true);
        }
        assert!(!turn.is_stable());
        assert_eq!(turn.went_on_after(), Some(FRAME * 15));
        assert_eq!(turn.went_on_after(), None);
    }
}
