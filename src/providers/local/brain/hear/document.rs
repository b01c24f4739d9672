//! Document numbers, said in digits, in groups, or as one large number.

use super::{numbers, words::Said};

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

/// Words that may stand between the groups.
const BETWEEN: [&str; 14] =
    ["y", "con", "punto", "puntos", "coma", "guion", "eh", "este", "and", "dash", "point", "um", "uh", "es"];

/// Looks for the document number; marks its words as used when it is whole.
pub fn read(said: &mut Said) -> Option<Heard> {
    let mut best: Option<(String, usize, usize, bool)> = None;
    let mut from = 0;
    while from < said.len() {
        let mut run = Run::default();
        let to = run.take(said, from);
        if to > from {
            let (digits, open) = run.finish();
            if best.as_ref().is_none_or(|(longest, ..)| digits.len() > longest.len()) {
                best = Some((digits, from, to, open));
            }
        }
        from = to.max(from + 1);
    }
    if let Some((digits, from, to, false)) = &best
        && DIGITS.contains(&digits.len())
    {
        said.take(*from..*to);
        return Some(Heard::Whole(digits.clone()));
    }
    if let Some(index) = (0..said.len()).find(|index| is_passport(said.at(*index))) {
        let whole = said.at(index).to_uppercase();
        said.take(index..index + 1);
        return Some(Heard::Whole(whole));
    }
    best.filter(|(digits, ..)| digits.len() >= 2).map(|_| Heard::Part)
}

/// Letters and digits in one word, such as `AB123456`.
fn is_passport(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    (6..=18).contains(&word.len()) && digits >= 4 && word.chars().all(|sign| sign.is_ascii_alphanumeric())
}

/// A run of numbers.
#[derive(Default)]
struct Run {
    /// What stands before the last "millones" or "mil", as a value.
    high: u64,
    /// Whether "millones" or "mil" was said.
    scaled: bool,
    /// What the last of them leaves open: 6 digits after millions, 3 after thousands.
    room: usize,
    /// Digits since.
    low: String,
    /// Digits that the last word may still be added to ("quinientos" + "doce").
    gap: usize,
}

impl Run {
    fn take(&mut self, said: &Said, from: usize) -> usize {
        let (mut index, mut end, mut times) = (from, from, 1);
        while index < said.len() {
            let word = said.at(index);
            if self.number(word, times) || self.scale(word) {
                times = 1;
                end = index + 1;
            } else if matches!(word, "doble" | "double" | "triple") {
                times = if word == "triple" { 3 } else { 2 };
            } else if end == from || !BETWEEN.contains(&word) {
                break;
            } else if !matches!(word, "y" | "and") {
                self.gap = 0;
            }
            index += 1;
        }
        end
    }

    fn number(&mut self, word: &str, times: usize) -> bool {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            let is_number = word.chars().all(|sign| sign.is_ascii_digit() || ".,-/".contains(sign));
            if is_number && digits.len() <= 12 {
                self.low.push_str(&digits.repeat(times));
                self.gap = 0;
            }
            return is_number && digits.len() <= 12;
        }
        let Some(value) = numbers::word(word) else { return false };
        let spoken = value.to_string();
        let fits = self.gap > 0 && spoken.len() <= self.gap && value > 0;
        if fits {
            let keep = self.low.len().saturating_sub(spoken.len());
            self.low.truncate(keep);
        }
        self.low.push_str(&spoken.repeat(times));
        // "quinientos" may be followed by "doce", "treinta" by "dos"; "quince" by nothing.
        self.gap = spoken.len() - spoken.trim_end_matches('0').len();
        if value == 20 && !word.starts_with("twent") || value == 10 || value == 0 {
            self.gap = 0;
        }
        true
    }

    fn scale(&mut self, word: &str) -> bool {
        let (factor, room) = match word {
            "millon" | "millones" | "million" | "millions" => (1_000_000, 6),
            "mil" | "thousand" => (1_000, 3),
            "hundred" => {
                self.gap = 2;
                self.low.push_str("00");
                return true;
            }
            _ => return false,
        };
        let said: u64 = self.low.parse().unwrap_or(1);
        self.high = self.high.saturating_add(said.saturating_mul(factor));
        (self.scaled, self.room, self.gap) = (true, room, 0);
        self.low.clear();
        true
    }

    /// The digits, and whether the number plainly goes on ("veintiocho millones").
    fn finish(self) -> (String, bool) {
        if !self.scaled {
            return (self.low, false);
        }
        // "28 millones 400 512" leaves "mil" out: the digits fill the room.
        let rest: u64 = if self.low.len() <= self.room { self.low.parse().unwrap_or(0) } else { 0 };
        let open = self.low.is_empty() && self.room == 6;
        (self.high.saturating_add(rest).to_string(), open)
    }
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
