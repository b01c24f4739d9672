//! How what was said is compared: without accents, capitals and punctuation.

use crate::dialogue::spoken::plain;

/// Whether `text` holds one of the wordings in `pattern`, which are separated by `|`. A wording begins with a word; it ends with one
/// too where a space stands behind it.
pub(super) fn holds(text: &str, pattern: &str) -> bool {
    let text = format!(" {} ", plain(text));
    pattern.split('|').any(|wording| {
        let end = if wording.ends_with(' ') { " " } else { "" };
        let wording = plain(wording);
        !wording.is_empty() && text.contains(&format!(" {wording}{end}"))
    })
}

/// Names of the digits in both languages, in their plain form.
const DIGITS: [(&str, char); 22] = [
    ("cero", '0'),
    ("uno", '1'),
    ("dos", '2'),
    ("tres", '3'),
    ("cuatro", '4'),
    ("cinco", '5'),
    ("seis", '6'),
    ("siete", '7'),
    ("ocho", '8'),
    ("nueve", '9'),
    ("zero", '0'),
    ("oh", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("un", '1'),
];

/// The digits of a text in their order, written or spoken one by one.
pub(super) fn digits(text: &str) -> String {
    let digit = |word: &str| -> String {
        let named = DIGITS.iter().find(|(name, _)| *name == word).map(|(_, digit)| *digit);
        named.map_or_else(|| word.chars().filter(char::is_ascii_digit).collect(), String::from)
    };
    plain(text).split(' ').map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wording_begins_with_a_word_and_may_end_within_one() {
        assert!(holds("Estamos cerrados.", "abierto|cerrad"));
        assert!(!holds("Es familiar.", "mil"));
        assert!(!holds("Somos miles.", "mil ") && holds("Cuesta mil.", "mil "));
        assert!(!holds("A las 18.", "8"));
        assert!(!holds("Hola", " "));
    }

    #[test]
    fn digits_are_read_in_words_and_in_figures() {
        assert_eq!(digits("documento dos ocho, cuatro cero cero, 512"), "28400512");
        assert_eq!(digits("nine five, two-two-two"), "95222");
    }
}
