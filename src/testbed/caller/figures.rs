//! Numbers reduced to single digits, so that "veintiséis", "26" and "2, 6" compare as what they are: the same.

use crate::{
    base::language::Language,
    dialogue::spoken::{number, plain},
};
use std::{collections::HashMap, sync::LazyLock};

/// A number that is being read: hundreds, tens and units still to come may be added to it.
#[derive(Clone, Copy, Default)]
struct Reading {
    whole: u64,
    /// What may be added: less than this.
    room: u64,
}

/// Plain words of each language and their values.
static WORDS: LazyLock<[HashMap<String, u64>; 2]> = LazyLock::new(|| {
    [Language::Es, Language::En].map(|language| {
        let values = (0..=20).chain(21..30).chain((30..=90).step_by(10)).chain((100..=900).step_by(100));
        let mut words: HashMap<String, u64> = values
            .map(|value| (plain(&number(language, value)), value))
            .filter(|(word, _)| !word.contains(' '))
            .collect();
        if language == Language::Es {
            let more = [("una", 1), ("uno", 1), ("ciento", 100), ("veintiun", 21), ("veintiuna", 21)];
            words.extend(more.map(|(word, value)| (word.to_owned(), value)));
        }
        words
    })
});

/// The text in plain words, every number as its digits, one by one.
pub fn spelled(language: Language, text: &str) -> String {
    let plain = plain(text);
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    let [spanish, english] = &*WORDS;
    let table = if language == Language::Es { spanish } else { english };
    let mut out = Out::default();
    for (place, word) in words.iter().enumerate() {
        let next = words.get(place + 1).copied().unwrap_or_default();
        match *word {
            "mil" | "thousand" if out.reading.is_some() || *word == "mil" => out.thousand(),
            "hundred" if out.reading.is_some() => out.hundred(),
            "y" | "and" if out.reading.is_some() && table.contains_key(next) => {}
            "y" if out.numeric && is_part(next) => {}
            "media" if out.numeric => out.digits("30"),
            "cuarto" if out.numeric => out.digits("15"),
            _ => match table.get(*word) {
                Some(&value) => out.number(value),
                None if word.chars().all(|letter| letter.is_ascii_digit()) => out.digits(word),
                None => out.word(word),
            },
        }
    }
    out.end();
    out.text.join(" ")
}

fn is_part(word: &str) -> bool {
    matches!(word, "media" | "cuarto")
}

#[derive(Default)]
struct Out {
    text: Vec<String>,
    reading: Option<Reading>,
    /// The last word was a number.
    numeric: bool,
}

impl Out {
    fn number(&mut self, value: u64) {
        self.numeric = true;
        match &mut self.reading {
            Some(reading) if value > 0 && value < reading.room => {
                reading.whole += value;
                reading.room = room(value);
            }
            _ => {
                self.end();
                self.reading = Some(Reading { whole: value, room: room(value) });
            }
        }
    }

    fn thousand(&mut self) {
        let whole = self.reading.take().map_or(1, |reading| reading.whole);
        self.reading = Some(Reading { whole: whole * 1_000, room: 1_000 });
    }

    fn hundred(&mut self) {
        let whole = self.reading.take().map_or(1, |reading| reading.whole);
        self.reading = Some(Reading { whole: whole * 100, room: 100 });
    }

    /// Digits as they were written; nothing is added to them.
    fn digits(&mut self, digits: &str) {
        self.end();
        self.text.extend(digits.chars().map(String::from));
        self.numeric = true;
    }

    fn word(&mut self, word: &str) {
        self.end();
        self.numeric = false;
        self.text.push(word.to_owned());
    }

    fn end(&mut self) {
        if let Some(reading) = self.reading.take() {
            self.text.extend(reading.whole.to_string().chars().map(String::from));
        }
    }
}

/// What may follow within the same number: units after tens from thirty on, tens after hundreds.
const fn room(value: u64) -> u64 {
    match value {
        100.. => 100,
        20 | 30 | 40 | 50 | 60 | 70 | 80 | 90 => 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words_and_in_digits_are_the_same() {
        let es = |text| spelled(Language::Es, text);
        assert_eq!(es("el veintiséis a las diez y media"), "el 2 6 a las 1 0 3 0");
        assert_eq!(es("el 26 a las 10:30"), "el 2 6 a las 1 0 3 0");
        assert_eq!(es("dos ocho, cuatro cero cero"), "2 8 4 0 0");
        assert_eq!(es("28.400"), "2 8 4 0 0");
        assert_eq!(es("Corrientes dos mil cuatrocientos cincuenta"), "corrientes 2 4 5 0");
        assert_eq!(es("treinta y cinco y martes"), "3 5 y martes");
        assert_eq!(spelled(Language::En, "twenty-six at ten thirty"), "2 6 at 1 0 3 0");
    }
}
