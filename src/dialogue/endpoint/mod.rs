//! Is the caller's turn over? Several weak signs, each a number of log-odds, are added to one, and that becomes the silence
//! that is waited for: continuously, without a cliff.
//!
//! The signs: how complete the words are, measured by what we asked for; the recogniser's own signal; a model that listens
//! to the melody, where one is loaded. Silence itself is the clock. What pauses this caller makes is learned within the call.

mod digits;
mod pauses;
mod signs;
mod slot;
mod vocabulary;
mod words;

pub use signs::Sign;
pub use words::{begins_like, ends_with_words, same_words, says_part_of};

use crate::{base::language::Language, dialogue::agent::EndOfTurn};
use pauses::Pauses;
use slot::{Asked, Slot};
use std::time::Duration;

/// Before any word came: silence after some sound. Its delay of half a second is when a recogniser that has told nothing is
/// asked for its text.
const NO_WORDS: f32 = 1.15;

/// The signs were weighed where the recogniser believed that the turn is over, as it does after 300 ms of silence; before that
/// less speaks for it.
const NOT_SIGNALLED: f32 = -0.3;

/// The weight of the melody's log-odds: over a telephone line its model calls every fifth unfinished turn finished (field
/// §2.2).
const MELODY_WEIGHT: f32 = 0.5;

/// The most that the melody can add or take: it never ends a turn by itself.
const MOST_OF_MELODY: f32 = 1.0;

/// Words below this go on: seven of eight such turns do.
const UNFINISHED: f32 = -2.0;

/// To cut somebody off is worse than to wait, by these log-odds.
const CAUTION: f32 = 0.65;

/// From this probability on no more than the shortest silence is waited for. Below, what is waited for grows with the doubt:
/// most pauses within a turn last 500 to 800 ms, so that to wait for a part of them helps nobody.
const SURE: f32 = 0.65;

/// What a call knows about the ends of its caller's turns.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    range: EndOfTurn,
    language: Language,
    asked: Asked,
    pauses: Pauses,
}

impl Endpoint {
    /// A caller of whom nothing is known, who speaks `language`; `range` bounds what is waited for.
    pub fn new(range: EndOfTurn, language: Language) -> Self {
        Self { range, language, asked: Asked::default(), pauses: Pauses::default() }
    }

    /// The agent said this last: it tells what is awaited. Returns whether that is something else than before.
    pub fn after(&mut self, said: &str) -> bool {
        let before = std::mem::replace(&mut self.asked, Asked::by(said));
        self.asked.slot != before.slot
    }

    /// Whether the number of a document or of a telephone is awaited.
    pub fn wants_number(&self) -> bool {
        matches!(self.asked.slot, Slot::Document | Slot::Phone)
    }

    /// Whether the agent asks with this for what is awaited already; who reads a number back does not.
    pub fn asks_again(&self, said: &str) -> bool {
        Slot::asked_by(said) == self.asked.slot
            && !slot::last_question(said).contains(|c: char| c.is_ascii_digit())
    }

    /// The caller went on after a pause within a turn.
    pub fn went_on_after(&mut self, pause: Duration) {
        self.pauses.went_on_after(pause);
    }

    /// The signs of these words with their values.
    pub fn signs(&self, text: &str) -> Vec<(Sign, f32)> {
        let mut signs = Vec::new();
        signs::read(text, self.asked, self.language, &mut |sign, value| signs.push((sign, value)));
        signs
    }

    /// Whether the words say by themselves that the turn goes on.
    pub fn is_unfinished(&self, text: &str) -> bool {
        signs::log_odds(text, self.asked, self.language) < UNFINISHED
    }

    /// The silence that ends a turn with these words: `signalled` where the recogniser believes that it is over; `melody` is
    /// what a model of turn ends says of the sound, 0..1.
    pub fn silence(&self, text: &str, signalled: bool, melody: Option<f32>) -> Duration {
        let EndOfTurn { least, most } = self.range;
        if least >= most {
            return most;
        }
        let odds = self.log_odds(text, signalled, melody);
        let probability = 1.0 / (1.0 + (CAUTION - odds).exp());
        let saved = most.saturating_sub(least).mul_f32((probability / SURE).min(1.0));
        most.saturating_sub(saved).mul_f32(self.pauses.stretch()).clamp(least, most)
    }

    fn log_odds(&self, text: &str, signalled: bool, melody: Option<f32>) -> f32 {
        let words = if text.is_empty() { NO_WORDS } else { signs::log_odds(text, self.asked, self.language) };
        let signal = if signalled { 0.0 } else { NOT_SIGNALLED };
        let melody = melody.map_or(0.0, |p| {
            let p = p.clamp(0.01, 0.99);
            ((p / (1.0 - p)).ln() * MELODY_WEIGHT).clamp(-MOST_OF_MELODY, MOST_OF_MELODY)
        });
        words + signal + melody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str, signalled: bool, melody: Option<f32>) -> u128 {
        let mut endpoint = Endpoint::new(EndOfTurn::default(), Language::Es);
        endpoint.after("Queda reservado.");
        endpoint.silence(text, signalled, melody).as_millis()
    }

    #[test]
    fn the_surer_the_end_the_shorter_the_silence() {
        let texts = ["Quiero un turno para", "Quiero un turno", "¿Qué días atienden?"];
        let silences = texts.map(|text| ms(text, false, None));
        assert!(silences.is_sorted_by(|one, next| one > next), "{silences:?}");
        assert!(silences.iter().all(|silence| (300..=1_600).contains(silence)), "{silences:?}");
        for text in ["Quiero un turno para", "Quiero un turno"] {
            assert!(ms(text, true, None) < ms(text, false, None));
            assert!(ms(text, false, Some(0.9)) < ms(text, false, None));
            assert!(ms(text, false, Some(0.1)) > ms(text, false, None));
        }
    }

    #[test]
    fn what_was_asked_for_is_waited_for() {
        let mut endpoint = Endpoint::new(EndOfTurn::default(), Language::Es);
        endpoint.after("Queda reservado.");
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
