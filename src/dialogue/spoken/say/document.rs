//! Documents as they are read back.

use super::number::digits;
use crate::{
    base::language::Language,
    dialogue::spoken::{
        document::{Document, Kind},
        letters,
    },
};

/// The document, sign by sign in groups, its check apart: "uno dos, tres cuatro cinco, seis siete ocho, guion, ka".
pub fn document(language: Language, document: &Document) -> String {
    let Document { kind, number, .. } = document;
    let check = match kind {
        Kind::RutCl => 1,
        Kind::NitCo => number.len().saturating_sub(9),
        Kind::CpfBr => 2,
        _ => 0,
    };
    let Some((body, check)) = number.split_at_checked(number.len() - check) else { return String::new() };
    let body = signs(language, body);
    if check.is_empty() {
        return body;
    }
    let dash = if language == Language::Es { "guion" } else { "dash" };
    format!("{body}, {dash}, {}", signs(language, check))
}

/// Digits in groups of three, letters by their names, where the two meet a pause.
fn signs(language: Language, signs: &str) -> String {
    let kind = |sign: &char| sign.is_ascii_digit();
    let signs: Vec<char> = signs.chars().collect();
    let runs = signs.chunk_by(|a, b| kind(a) == kind(b)).map(|run| {
        let text: String = run.iter().collect();
        if run.iter().all(kind) { digits(language, &text) } else { spelled(language, &text) }
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// The letters one by one, by their names.
pub fn spelled(language: Language, text: &str) -> String {
    let name = |letter: char| match letter.to_digit(10) {
        Some(_) => Some(digits(language, &letter.to_string())),
        None => letters::name(language, letter).map(str::to_owned),
    };
    text.chars().filter_map(name).collect::<Vec<_>>().join(" ")
}
