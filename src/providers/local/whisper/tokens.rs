//! Whisper's tokens: which of them may be heard on a Spanish or English line, and how they become text.

use crate::base::language::Language;
use std::collections::HashMap;

/// Tokens of the multilingual models.
pub(super) const VOCABULARY: usize = 51_865;
/// The text is over.
pub(super) const END: u32 = 50_257;
/// There is no speech.
pub(super) const NO_SPEECH: u32 = 50_362;
const START: u32 = 50_258;
const ENGLISH: u32 = 50_259;
const SPANISH: u32 = 50_262;
const TRANSCRIBE: u32 = 50_359;
const NO_TIMESTAMPS: u32 = 50_363;

/// What a transcription begins with.
pub(super) fn prompt(language: Language) -> [u32; 4] {
    let language = match language {
        Language::Es => SPANISH,
        Language::En => ENGLISH,
    };
    [START, language, TRANSCRIBE, NO_TIMESTAMPS]
}

/// A vocabulary that is not Whisper's.
#[derive(Debug, thiserror::Error)]
#[error("the vocabulary has {0} lines and not {VOCABULARY}: it does not belong to these weights")]
pub struct ForeignVocabulary(usize);

/// The words behind the numbers.
#[derive(Debug)]
pub(super) struct Tokens {
    bytes: Vec<Vec<u8>>,
    allowed: Vec<u32>,
}

impl Tokens {
    /// Reads one token per line, the number of the line (from 0) being its number.
    ///
    /// # Errors
    /// Where the count is another.
    pub(super) fn read(lines: &str) -> Result<Self, ForeignVocabulary> {
        let count = lines.lines().count();
        if count != VOCABULARY {
            return Err(ForeignVocabulary(count));
        }
        let alphabet = alphabet();
        let bytes: Vec<Vec<u8>> =
            lines.lines().take(END as usize).map(|token| bytes_of(&alphabet, token)).collect();
        let mut allowed: Vec<u32> =
            (0..END).zip(&bytes).filter(|(_, bytes)| is_allowed(bytes)).map(|(token, _)| token).collect();
        allowed.extend([END, NO_SPEECH]);
        Ok(Self { bytes, allowed })
    }

    /// The tokens that get a score, in rising order; the last two are [`END`] and [`NO_SPEECH`].
    pub(super) fn allowed(&self) -> &[u32] {
        &self.allowed
    }

    /// The text of `tokens`; broken UTF-8 becomes a replacement sign.
    pub(super) fn text(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> =
            tokens.iter().filter_map(|&token| self.bytes.get(token as usize)).flatten().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether the token is nothing but a space, which must not open a text (`SuppressBlank` of Whisper).
    pub(super) fn is_blank(&self, token: u32) -> bool {
        self.bytes.get(token as usize).is_some_and(|bytes| bytes == b" ")
    }
}

/// The letters of GPT-2's byte alphabet: printable bytes stand for themselves, the others follow from U+0100 on.
fn alphabet() -> HashMap<char, u8> {
    let mut shifted = 0x100;
    (0..=u8::MAX)
        .map(|byte| {
            let printable = matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
            let letter = if printable {
                char::from(byte)
            } else {
                shifted += 1;
                char::from_u32(shifted - 1).unwrap_or_default()
            };
            (letter, byte)
        })
        .collect()
}

fn bytes_of(alphabet: &HashMap<char, u8>, token: &str) -> Vec<u8> {
    token.chars().filter_map(|letter| alphabet.get(&letter).copied()).collect()
}

/// Letters, digits and marks of Spanish and English, and the halves of their accented letters. The rest is left out:
/// a third of the scores less to compute, and no Korean out of line noise. Marks that are not spoken are left out as well, as
/// Whisper does (`non_speech_tokens`).
fn is_allowed(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| matches!(c, ' '..='~' | '¡' | '¿' | 'À'..='ÿ' | 'º' | 'ª' | '€' | '°'))
                && (text.chars().any(|c| c.is_alphanumeric() || " .,?!¿¡%$€°'-".contains(c)))
                && !text.contains([
                    '#', '(', ')', '*', '<', '>', '[', ']', '\\', '^', '_', '`', '{', '|', '}', '~',
                ])
        }
        Err(_) => matches!(bytes, [0xC2 | 0xC3 | 0x80..=0xBF] | [b' ', 0xC2 | 0xC3]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accented_letters_and_spaces_are_decoded() {
        let alphabet = alphabet();
        assert_eq!(alphabet.len(), 256);
        assert_eq!(bytes_of(&alphabet, "ĠcardiologÃŃa"), " cardiología".as_bytes());
        assert_eq!(bytes_of(&alphabet, "Â¿"), "¿".as_bytes());
    }

    #[test]
    fn other_scripts_and_unspoken_marks_are_not_heard() {
        for word in [" turno", "é", " ¿", "10", ".", " Dr", "'s", "30", "ñ"] {
            assert!(is_allowed(word.as_bytes()), "{word}");
        }
        for word in ["你", " Привет", "♪", " [", "***", "<", ""] {
            assert!(!is_allowed(word.as_bytes()), "{word}");
        }
        assert!(is_allowed(&[0xC3]) && !is_allowed(&[0xE5, 0xBE]));
    }

    #[test]
    fn a_vocabulary_of_another_size_is_refused() {
        assert!(Tokens::read("a\nb\n").is_err());
    }
}
