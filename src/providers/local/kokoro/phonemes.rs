//! Text to the numbers that the voice model reads, in pieces that it can take.

use super::{english::English, spanish};
use crate::base::language::Language;
use serde::Deserialize;
use std::collections::HashMap;

/// Phonemes per piece; the model takes 510, and gets hasty near its limit.
const LONGEST: usize = 380;
/// A piece is cut behind one of these once it is this long.
const LONG_ENOUGH: usize = 120;
/// Marks that the model speaks as pauses and tunes.
const MARKS: &str = ".,;:!?…";

/// The phonemes' numbers.
#[derive(Debug)]
pub(super) struct Alphabet(HashMap<char, i64>);

#[derive(Deserialize)]
struct Vocabulary {
    vocab: HashMap<char, i64>,
}

impl Alphabet {
    /// The vendored vocabulary of Kokoro-82M.
    ///
    /// # Errors
    /// Where the vendored file is damaged.
    pub(super) fn vendored() -> Result<Self, serde_json::Error> {
        let text = include_str!("../../../../audio/voices/kokoro_vocab.json");
        Ok(Self(serde_json::from_str::<Vocabulary>(text)?.vocab))
    }

    /// The numbers of `phonemes`, between the two zeros that mark begin and end; unknown signs are left out.
    pub(super) fn numbers(&self, phonemes: &str) -> Vec<i64> {
        let known = phonemes.chars().filter_map(|sign| self.0.get(&sign).copied());
        std::iter::once(0).chain(known).chain(std::iter::once(0)).collect()
    }
}

/// The phonemes of `text` (words only, see [`crate::dialogue::spoken::say::text`]), cut at sentence ends and, where those are far, elsewhere.
pub(super) fn pieces(text: &str, language: Language, english: Option<&English>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let tokens: Vec<&str> = text.split_whitespace().collect();
    for (at, token) in tokens.iter().enumerate() {
        let core = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'');
        let tail: String = token.chars().rev().take_while(|c| !c.is_alphanumeric()).collect();
        let tail: String = tail.chars().rev().filter(|c| MARKS.contains(*c)).collect();
        let spoken = match (language, english) {
            _ if core.is_empty() => String::new(),
            (Language::Es, _) => core.split('-').map(spanish::word).collect(),
            (Language::En, Some(english)) => {
                let next = tokens.get(at + 1).copied().filter(|_| tail.is_empty());
                english.word(core, next)
            }
            (Language::En, None) => super::english::by_letters(core),
        };
        match (spoken.is_empty(), words.last_mut()) {
            (true, Some(last)) if !tail.is_empty() && !last.ends_with(|c| MARKS.contains(c)) => {
                last.push_str(&tail);
            }
            (true, _) => {}
            (false, _) => words.push(spoken + &tail),
        }
    }
    join(&words)
}

fn join(words: &[String]) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    let mut length = 0;
    for word in words {
        let ended = piece.ends_with(['.', '!', '?', '…']) || piece.ends_with([';', ':']);
        let more = word.chars().count() + 1;
        if length + more > LONGEST || (ended && length >= LONG_ENOUGH) {
            pieces.push(std::mem::take(&mut piece));
            length = 0;
        }
        if !piece.is_empty() {
            piece.push(' ');
        }
        piece.push_str(word);
        length += more;
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stay_with_their_words() {
        let spoken = pieces("¿Quiere un turno? Sí, claro.", Language::Es, None);
        assert_eq!(spoken, ["kjˈeɾe un tˈuɾno? sˈi, klˈaɾo."]);
    }

    #[test]
    fn long_texts_are_cut_behind_sentences() {
        let text = "La clínica abre de lunes a viernes de ocho a veinte horas. ".repeat(8);
        let spoken = pieces(&text, Language::Es, None);
        assert!(spoken.len() >= 3);
        assert!(spoken.iter().all(|piece| piece.chars().count() <= LONGEST && piece.ends_with('.')));
    }

    #[test]
    fn every_sign_of_the_spanish_rules_has_a_number() {
        let alphabet = Alphabet::vendored().unwrap();
        let text = "Pingüino, ñandú, chico, guerra, honra, jefe, calle, examen, hoy, whisky, shampú, ángulo, rápidamente";
        for piece in pieces(text, Language::Es, None) {
            assert_eq!(alphabet.numbers(&piece).len(), piece.chars().count() + 2, "{piece}");
        }
    }
}
