//! The caller's turn: what was heard of it and whether it is over.
//!
//! Silence is counted in received samples, so that a stalled network is not taken for a pause.

use crate::{
    base::{
        language::Language,
        units::{FRAME, FRAME_SAMPLES, Samples},
    },
    dialogue::{
        agent::Patience,
        event::SttEvent,
        question::{Question, append, joined},
    },
};
use std::time::{Duration, Instant};

/// Silence at which a recogniser that works by utterance may begin to decode (issue: 200 ms).
pub const PAUSE: Duration = Duration::from_millis(200);

/// Silence of a plainly unfinished sentence when the recogniser nevertheless says that the turn is over.
const UNFINISHED_SIGNALLED: Duration = Duration::from_millis(800);

/// Speech shorter than this, without words, is a cough or a knock.
pub const COUGH: Duration = Duration::from_millis(300);

/// A sound behind this much silence counts for itself: many knocks are not one word.
const NEW_STRETCH: Duration = Duration::from_millis(500);

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
    finals: String,
    partial: String,
    signalled: bool,
    voiced: Samples,
    /// The present stretch of sound, voiced; `voiced` is the longest.
    stretch: Samples,
    quiet: Samples,
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
            self.stretch += Samples(FRAME_SAMPLES as u64);
            self.voiced = self.voiced.max(self.stretch);
            self.quiet = Samples(0);
            self.first_voiced.get_or_insert(now);
            self.last_voiced = Some(now);
            // Who goes on speaking had not finished, whatever the recogniser thought.
            let speaks = self.speaks(3, 4);
            self.signalled &= !speaks;
            self.spoke_since_asked |= speaks;
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
        let before = self.last_text;
        match event {
            SttEvent::Partial { text } => {
                if !text.trim().is_empty() {
                    text.trim().clone_into(&mut self.partial);
                    self.last_text = Some(now);
                }
            }
            SttEvent::Final { text, end_of_turn } => {
                self.partial.clear();
                if !text.trim().is_empty() {
                    append(&mut self.finals, text.trim());
                    self.last_text = Some(now);
                }
                self.signalled |= end_of_turn && !self.finals.is_empty();
            }
            SttEvent::UtteranceEnd => {
                let partial = std::mem::take(&mut self.partial);
                append(&mut self.finals, &partial);
                self.signalled |= !self.finals.is_empty();
            }
            SttEvent::Ready | SttEvent::Lost { .. } => {}
        }
        self.last_text != before
    }

    /// When its first voiced frame came.
    pub const fn first_voiced(&self) -> Option<Instant> {
        self.first_voiced
    }

    /// All that was understood so far.
    pub fn text(&self) -> String {
        joined(&self.finals, &self.partial)
    }

    /// All that was understood so far, with what of it may still change.
    pub fn question(&self) -> Question {
        Question { finals: self.finals.clone(), partial: self.partial.clone() }
    }

    /// Whether anything was understood.
    pub fn has_text(&self) -> bool {
        !self.finals.is_empty() || !self.partial.is_empty()
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
        self.signalled = false;
    }

    /// When the last text arrived.
    pub const fn last_text(&self) -> Option<Instant> {
        self.last_text
    }

    /// What the words of the turn look like while the line is never silent.
    pub fn standing(&self, language: Language) -> Standing {
        if self.finals.is_empty() || !self.partial.is_empty() {
            Standing::Open
        } else if self.signalled && !is_unfinished(&self.finals, language) {
            Standing::Signalled
        } else {
            Standing::Final
        }
    }

    /// Whether the turn is over. A recogniser `by_utterance` owes text until it was asked for all of it.
    pub fn decide(&self, patience: &Patience, language: Language, by_utterance: bool) -> Decision {
        let quiet = self.quiet();
        if quiet < PAUSE {
            return Decision::Wait;
        }
        let unfinished = self.has_text() && is_unfinished(&self.text(), language);
        let needed = match (self.signalled, unfinished) {
            (true, false) => PAUSE,
            (true, true) => UNFINISHED_SIGNALLED.min(patience.unfinished),
            (false, false) => patience.end_of_turn,
            (false, true) => patience.unfinished,
        };
        if quiet + FRAME <= needed {
            Decision::Wait
        } else if self.has_text() && (self.signalled || self.partial.is_empty() && !by_utterance) {
            Decision::Over
        } else {
            Decision::AwaitText
        }
    }
}

/// Words after which nobody stops: articles, prepositions, conjunctions and the beginnings of a number.
const UNFINISHED_ES: [&str; 32] = [
    "el", "la", "los", "las", "un", "una", "de", "del", "a", "al", "para", "por", "con", "en", "y", "e", "o",
    "u", "que", "porque", "pero", "mi", "su", "como", "cuando", "desde", "hasta", "es", "soy", "quiero",
    "necesito", "eh",
];
const UNFINISHED_EN: [&str; 27] = [
    "the", "a", "an", "of", "to", "for", "with", "in", "on", "at", "and", "or", "but", "because", "that",
    "if", "my", "your", "is", "am", "want", "need", "from", "uh", "um", "i'd", "would",
];

/// Whether the text plainly goes on: it ends in a word after which nobody stops.
pub fn is_unfinished(text: &str, language: Language) -> bool {
    if text.trim_end().ends_with(['?', '!']) {
        return false;
    }
    let words = match language {
        Language::Es => &UNFINISHED_ES[..],
        Language::En => &UNFINISHED_EN[..],
    };
    let last = text.split_whitespace().next_back().unwrap_or_default();
    let last = last.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').to_lowercase();
    words.contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    fn after_speech(quiet_ms: u64, event: SttEvent) -> Decision {
        let (mut turn, now) = (CallerTurn::default(), clock::now());
        for _ in 0..50 {
            turn.frame(now, 0.9, -20.0, 0.5);
        }
        for _ in 0..quiet_ms / 20 {
            turn.frame(now, 0.0, -70.0, 0.5);
        }
        turn.hear(now, event);
        turn.decide(&Patience::default(), Language::Es, false)
    }

    #[test]
    fn the_recognisers_own_signal_ends_the_turn_at_once() {
        let event = || SttEvent::Final { text: "quiero un turno".into(), end_of_turn: true };
        assert_eq!(after_speech(180, event()), Decision::Wait);
        assert_eq!(after_speech(220, event()), Decision::Over);
    }

    #[test]
    fn without_a_signal_silence_decides_and_an_unfinished_sentence_gets_longer() {
        let whole = || SttEvent::Final { text: "el jueves".into(), end_of_turn: false };
        let half = || SttEvent::Final { text: "el turno es para".into(), end_of_turn: false };
        assert_eq!(after_speech(480, whole()), Decision::Wait);
        assert_eq!(after_speech(500, whole()), Decision::Over);
        assert_eq!(after_speech(1_100, half()), Decision::Wait);
        assert_eq!(after_speech(1_200, half()), Decision::Over);
    }

    #[test]
    fn a_partial_must_first_become_final() {
        let partial = SttEvent::Partial { text: "el jueves".into() };
        assert_eq!(after_speech(500, partial), Decision::AwaitText);
    }

    #[test]
    fn an_empty_final_is_no_turn() {
        let empty = SttEvent::Final { text: String::new(), end_of_turn: true };
        assert_eq!(after_speech(400, empty), Decision::Wait);
    }
}
