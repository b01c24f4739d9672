//! E-mail addresses as they are dictated.

use super::{document::spelled, number::digits};
use crate::{
    base::language::Language,
    dialogue::spoken::{email::Email, hear},
};

/// Marks and their names in Spanish and English.
const MARKS: [(char, &str, &str); 5] = [
    ('@', "arroba", "at"),
    ('.', "punto", "dot"),
    ('_', "guion bajo", "underscore"),
    ('-', "guion", "dash"),
    ('+', "más", "plus"),
];

/// The address: "ana punto paz arroba gmail punto com". What nobody could read from its sound is spelled.
pub fn email(language: Language, email: &Email) -> String {
    address(language, &email.to_string())
}

/// The address letter by letter, for who did not understand it.
pub fn email_spelled(language: Language, email: &Email) -> String {
    let (local, host) = (email.local(), email.host());
    let at = format!("@{host}");
    format!("{} {}", in_parts(language, local, |part| spelled(language, part)), address(language, &at))
}

/// A written address or host.
pub(super) fn address(language: Language, text: &str) -> String {
    in_parts(language, &text.to_lowercase(), |part| word(language, part))
}

fn in_parts(language: Language, text: &str, say: impl Fn(&str) -> String) -> String {
    let kind = |sign: char| (MARKS.iter().any(|(mark, ..)| *mark == sign), sign.is_ascii_digit());
    let signs: Vec<char> = text.chars().collect();
    let parts = signs.chunk_by(|a, b| kind(*a) == kind(*b) && !kind(*a).0).map(|part| {
        let text: String = part.iter().collect();
        let mark = MARKS.iter().find(|(mark, ..)| part.first() == Some(mark));
        match mark {
            Some((_, es, en)) => (if language == Language::Es { es } else { en }).to_string(),
            None if part.first().is_some_and(char::is_ascii_digit) => {
                digits(language, &text).replace(',', "")
            }
            // A letter is its own name.
            None if part.len() == 1 => text,
            None => say(&text),
        }
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// A word as it is, if it is heard as itself; else its letters.
fn word(language: Language, part: &str) -> String {
    let has_vowel = part.contains(['a', 'e', 'i', 'o', 'u', 'y', 'á', 'é', 'í', 'ó', 'ú']);
    if !has_vowel || !hear::email::is_heard_as_itself(part) {
        spelled(language, part)
    } else {
        part.to_owned()
    }
}
