//! How many digits a caller has said: in figures, in words or mixed.

use super::words::is_one;

/// Words of one digit.
const ONES: &str = "\
    cero uno dos tres cuatro cinco seis siete ocho nueve zero oh one two three four five six seven eight nine";
const TENS: &str = "\
    diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos \
    veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve treinta cuarenta cincuenta \
    sesenta setenta ochenta noventa ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen \
    nineteen twenty thirty forty fifty sixty seventy eighty ninety";
const HUNDREDS: &str = "\
    cien ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos \
    hundred quinientas";
/// Words that move what was said before them, whose places the words behind them fill.
const POWERS: &str = "mil thousand millon millones million millions";

/// What a word is among numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Figures(usize),
    One,
    Ten,
    Hundred,
    Power,
    None,
}

fn kind(word: &str) -> Kind {
    let figures = word.chars().filter(char::is_ascii_digit).count();
    if figures > 0 && word.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '\'') {
        Kind::Figures(figures)
    } else if is_one(ONES, word) {
        Kind::One
    } else if is_one(TENS, word) {
        Kind::Ten
    } else if is_one(HUNDREDS, word) {
        Kind::Hundred
    } else if is_one(POWERS, word) {
        Kind::Power
    } else {
        Kind::None
    }
}

/// Whether the word is a number or a part of one.
pub(super) fn is_number(word: &str) -> bool {
    kind(word) != Kind::None
}

/// The digits of the numbers in `words`, about: "veintiocho, cuatrocientos, doce" has seven.
pub(super) fn count(words: &[String]) -> usize {
    let mut digits = 0;
    let mut before = Kind::None;
    for word in words {
        let kind = kind(word);
        digits += match (before, kind) {
            (_, Kind::Figures(figures)) => figures,
            // "treinta y uno" and "ciento doce" fill places that were counted.
            (Kind::Ten | Kind::Hundred, Kind::One)
            | (Kind::Hundred, Kind::Ten)
            | (_, Kind::Power | Kind::None) => 0,
            (_, Kind::One) => 1,
            (_, Kind::Ten) | (Kind::One, Kind::Hundred) => 2,
            (_, Kind::Hundred) => 3,
        };
        // "y" joins tens and ones.
        if word != "y" && word != "and" {
            before = kind;
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::endpoint::words::plain;

    #[test]
    fn digits_are_counted_in_figures_and_in_words() {
        for (text, digits) in [
            ("28 400 512", 8),
            ("28.400.512", 8),
            ("veintiocho cuatrocientos doce", 5),
            ("dos ocho cuatro", 3),
            ("treinta y uno", 2),
            ("veintiocho millones cuatrocientos mil quinientos doce", 8),
            ("two eight five", 3),
            ("mi documento es", 0),
        ] {
            assert_eq!(count(&plain(text)), digits, "{text}");
        }
    }
}
