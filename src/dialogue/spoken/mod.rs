//! Hours, days, money, telephone numbers, documents and addresses as people say them, in Spanish and English, both ways.
//!
//! [`say`] makes words of values, and of the text that a model writes. [`hear`] makes values of what a recogniser wrote.
//! Either is checked by the other: what is said is heard as the value it was.

pub mod document;
pub mod email;
pub mod hear;
pub mod letters;
pub mod locale;
pub mod money;
pub mod phone;
pub mod say;

pub use locale::{Country, Locale};
pub use say::{
    Agreement, counted, date, digits, hour, hour_of_day, month, number, ordinal, part_of_day,
    phone as phone_as_written, rank, stretch, weekday, weekdays,
};

use crate::base::language::Language;
use jiff::civil::DateTime;

/// Lower case, without accents and punctuation, single spaces: the form in which texts are compared.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match without_accent(letter) {
            letter if letter.is_alphanumeric() => plain.push(letter),
            '\u{300}'..='\u{36f}' => {}
            _ if plain.ends_with(' ') || plain.is_empty() => {}
            _ => plain.push(' '),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// The letter without its accent; `ñ` becomes `n`, as recognisers often write it.
pub const fn without_accent(letter: char) -> char {
    match letter {
        'á' | 'à' | 'ä' | 'â' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    }
}

/// A day and an hour: "el jueves veintiséis de noviembre a las diez y media de la mañana".
pub fn moment(language: Language, at: DateTime) -> String {
    let (day, hour) = (date(language, at.date()), hour_of_day(language, at.time()));
    match language {
        Language::Es => format!("el {day} a {hour}"),
        Language::En => format!("{day} at {hour}"),
    }
}

/// An enumeration: "a, b y c".
pub fn list<T: AsRef<str>>(language: Language, items: &[T]) -> String {
    join(items, |last| match language {
        Language::Es if begins_with_i(last) => "e",
        Language::Es => "y",
        Language::En => "and",
    })
}

/// A choice: "a, b o c".
pub fn either<T: AsRef<str>>(language: Language, items: &[T]) -> String {
    join(items, |last| match language {
        Language::Es if plain(last).starts_with('o') => "u",
        Language::Es => "o",
        Language::En => "or",
    })
}

fn begins_with_i(word: &str) -> bool {
    let word = plain(word);
    word.starts_with('i') || word.starts_with("hi") && !word.starts_with("hie")
}

fn join<T: AsRef<str>>(items: &[T], and: impl Fn(&str) -> &'static str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {} {}", first.join(", "), and(last.as_ref()), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_without_case_accents_and_marks() {
        assert_eq!(plain("  ¿Cardiología, MAÑANA?  "), "cardiologia manana");
        assert_eq!(plain("Di\u{301}a"), "dia");
    }

    #[test]
    fn the_last_item_is_joined_as_it_sounds() {
        assert_eq!(list(Language::Es, &["a", "b", "c"]), "a, b y c");
        assert_eq!(list(Language::Es, &["OSDE", "Iosfa"]), "OSDE e Iosfa");
        assert_eq!(either(Language::Es, &["siete", "ocho"]), "siete u ocho");
        assert_eq!(list(Language::En, &["a", "b"]), "a and b");
        assert_eq!(list::<&str>(Language::En, &[]), "");
    }

    #[test]
    fn a_moment_is_said_in_words() {
        let at = "2026-11-26T10:30".parse().unwrap();
        assert_eq!(
            moment(Language::Es, at),
            "el jueves veintiséis de noviembre a las diez y media de la mañana"
        );
        assert_eq!(moment(Language::En, at), "Thursday, November twenty-sixth at ten thirty in the morning");
    }
}
