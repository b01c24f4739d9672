//! Is the caller's turn over? Several weak signs, each a number of log-odds, are added to one probability, and that becomes
//! the silence that is waited for: continuously, without a cliff.
//!
//! The signs: how complete the words are, measured by what we asked for; the recogniser's own signal; a model that listens
//! to the melody, where one is loaded. Silence itself is the clock. What pauses this caller makes is learned within the call.

mod completeness;
mod digits;
mod pauses;
mod slot;
mod words;

pub use words::{begins_like, ends_with_words, same_words, says_part_of};

use crate::{base::language::Language, dialogue::agent::EndOfTurn};
use pauses::Pauses;
use slot::Slot;
use std::time::Duration;

/// Before any word came: silence after some sound. Its delay of half a second is when a recogniser that has told nothing is
/// asked for its text.
const NO_WORDS: f32 = 0.23;

/// What a signal of the recogniser adds. A streaming one has it from 300 ms of silence, which are counted here too.
const SIGNALLED: f32 = 0.3;

/// The weight of the melody's log-odds: over a telephone line its model calls every fifth unfinished turn finished (field
/// §2.2).
const MELODY_WEIGHT: f32 = 0.5;

/// The most that the melody can add or take: it never ends a turn by itself.
const MOST_OF_MELODY: f32 = 1.0;

/// Words below this go on.
const UNFINISHED: f32 = -1.95;

/// What a call knows about the ends of its caller's turns.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    range: EndOfTurn,
    language: Language,
    slot: Slot,
    pauses: Pauses,
}

impl Endpoint {
    /// A caller of whom nothing is known, who speaks `language`; `range` bounds what is waited for.
    pub fn new(range: EndOfTurn, language: Language) -> Self {
        Self { range, language, slot: Slot::Open, pauses: Pauses::default() }
    }

    /// The agent said this last: it tells what is awaited. Returns whether that is something else than before.
    pub fn after(&mut self, said: &str) -> bool {
        let before = std::mem::replace(&mut self.slot, Slot::asked_by(said));
        self.slot != before
    }

    /// Whether the number of a document or of a telephone is awaited.
    pub fn wants_number(&self) -> bool {
        matches!(self.slot, Slot::Document | Slot::Phone)
    }

    /// Whether the agent asks with this for what is awaited already; who reads a number back does not.
    pub fn asks_again(&self, said: &str) -> bool {
        Slot::asked_by(said) == self.slot && !slot::last_question(said).contains(|c: char| c.is_ascii_digit())
    }

    /// The caller went on after a pause within a turn.
    pub fn went_on_after(&mut self, pause: Duration) {
        self.pauses.went_on_after(pause);
    }

    /// Whether the words say by themselves that the turn goes on.
    pub fn is_unfinished(&self, text: &str) -> bool {
        completeness::log_odds(text, self.slot, self.language) < UNFINISHED
    }

    /// The silence that ends a turn with these words: `signalled` where the recogniser believes that it is over; `melody` is
    /// what a model of turn ends says of the sound, 0..1.
    pub fn silence(&self, text: &str, signalled: bool, melody: Option<f32>) -> Duration {
        let EndOfTurn { least, most } = self.range;
        if least >= most {
            return most;
        }
        let probability = self.probability(text, signalled, melody);
        let shorter = (least.as_secs_f32() / most.as_secs_f32()).powf(probability);
        most.mul_f32(shorter * self.pauses.stretch()).clamp(least, most)
    }

    fn probability(&self, text: &str, signalled: bool, melody: Option<f32>) -> f32 {
        let words =
            if text.is_empty() { NO_WORDS } else { completeness::log_odds(text, self.slot, self.language) };
        let signal = if signalled { SIGNALLED } else { 0.0 };
        let melody = melody.map_or(0.0, |p| {
            let p = p.clamp(0.01, 0.99);
            ((p / (1.0 - p)).ln() * MELODY_WEIGHT).clamp(-MOST_OF_MELODY, MOST_OF_MELODY)
        });
        1.0 / (1.0 + (-(words + signal + melody)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str, signalled: bool, melody: Option<f32>) -> u128 {
        let endpoint = Endpoint::new(EndOfTurn::default(), Language::Es);
        endpoint.silence(text, signalled, melody).as_millis()
    }

    #[test]
    fn the_surer_the_end_the_shorter_the_silence() {
        let texts = ["Quiero un turno para", "Quiero un turno", "¿Qué días atienden?"];
        let silences = texts.map(|text| ms(text, false, None));
        assert!(silences.is_sorted_by(|one, next| one > next), "{silences:?}");
        assert!(silences.iter().all(|silence| (200..=1_600).contains(silence)), "{silences:?}");
        for text in texts {
            assert!(ms(text, true, None) < ms(text, false, None));
            assert!(ms(text, false, Some(0.9)) < ms(text, false, None));
            assert!(ms(text, false, Some(0.1)) > ms(text, false, None));
        }
    }

    #[test]
    fn what_was_asked_for_is_waited_for() {
        let mut endpoint = Endpoint::new(EndOfTurn::default(), Language::Es);
        let unasked = endpoint.silence("el 28", true, None);
        endpoint.after("¿Me da su número de documento?");
        assert!(endpoint.is_unfinished("el 28"));
        assert!(endpoint.silence("el 28", true, None) > unasked);
        assert!(endpoint.silence("el 28 400 512", true, None) < unasked);
    }

    #[test]
    fn the_melody_alone_ends_no_sentence_that_goes_on() {
        assert!(ms("El turno es para", true, Some(1.0)) > 800);
    }

    #[test]
    fn one_length_of_silence_takes_no_notice_of_anything() {
        let mut endpoint = Endpoint::new(EndOfTurn::fixed(Duration::from_millis(700)), Language::Es);
        endpoint.went_on_after(Duration::from_millis(1_500));
        for text in ["", "El turno es para", "¿Qué días atienden?"] {
            assert_eq!(endpoint.silence(text, true, Some(0.9)).as_millis(), 700);
        }
    }
}
