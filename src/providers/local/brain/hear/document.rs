//! Document numbers of whatever kind, said in digits, in groups, or as one large number.

use crate::dialogue::spoken::hear::{
    digits::{Letters, runs},
    said::Said,
};

/// The fewest and the most digits of a document.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=12;

/// What was understood of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// All of it: digits, or letters and digits.
    Whole(String),
    /// Digits that are too few: the caller will go on.
    Part,
}

/// Looks for the document number; marks its words as used when it is whole.
pub fn read(said: &mut Said) -> Option<Heard> {
    let length = |digits: &String| digits.len();
    let runs = runs(said, Letters::None);
    let best = runs.iter().rev().max_by_key(|run| run.readings.first().map_or(0, length));
    if let Some(run) = best.filter(|run| !run.open)
        && let Some(digits) = run.readings.iter().find(|digits| DIGITS.contains(&digits.len()))
    {
        said.take(run.start..run.end);
        return Some(Heard::Whole(digits.clone()));
    }
    if let Some(index) = (0..said.len()).find(|index| is_passport(said.at(*index))) {
        let whole = said.at(index).to_uppercase();
        said.take(index..index + 1);
        return Some(Heard::Whole(whole));
    }
    best.filter(|run| run.readings.first().is_some_and(|digits| digits.len() >= 2)).map(|_| Heard::Part)
}

/// Letters and digits in one word, such as `AB123456`.
fn is_passport(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    (6..=18).contains(&word.len()) && digits >= 4 && word.chars().all(|sign| sign.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Option<Heard> {
        read(&mut Said::new(text))
    }

    #[test]
    fn documents_are_read_in_every_form() {
        for text in [
            "28400512",
            "Mi documento es 28.400.512.",
            "28 millones 400.512",
            "28 millones 400 512",
            "28 millones, 400 mil 512.",
            "28,400,512",
            "28-400-512",
            "28 400 512",
            "veintiocho millones cuatrocientos mil quinientos doce",
            "Veintiocho cuatrocientos quinientos doce",
            "dos ocho cuatro cero cero cinco uno dos",
            "es el dos ocho, cuatro doble cero, cinco uno dos",
            "2 8 4 0 0 5 1 2",
            "two eight four zero zero five one two",
            "twenty-eight million four hundred thousand five hundred twelve",
            "twenty eight million, four hundred thousand, five hundred and twelve",
            "DNI 28 millones, eh, 400 mil, 512",
        ] {
            assert_eq!(heard(text), Some(Heard::Whole("28400512".into())), "{text}");
        }
        for (text, digits) in [
            ("treinta y tres millones ciento dos mil cuarenta", "33102040"),
            ("31.205.007", "31205007"),
            ("cinco millones ochocientos mil uno", "5800001"),
            ("treinta y uno doscientos cinco cero cero siete", "31205007"),
            ("AB123456", "AB123456"),
        ] {
            assert_eq!(heard(text), Some(Heard::Whole(digits.into())), "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_is_a_part_or_nothing() {
        for text in ["28 millones", "dos ocho cuatro", "veintiocho"] {
            assert_eq!(heard(text), Some(Heard::Part), "{text}");
        }
        for text in ["", "el jueves", "sí", "mil gracias a todos"] {
            assert!(!matches!(heard(text), Some(Heard::Whole(_))), "{text}");
        }
    }
}
