//! The words of numbers, heard: those that [`super::super::say`] uses, and what people and recognisers make of them.
//!
//! Both languages share one table, as callers mix them.

use crate::{
    base::language::Language,
    dialogue::spoken::{number, ordinal, plain, rank},
};
use std::{collections::HashMap, sync::LazyLock};

/// Forms that are heard besides those that are said.
const MORE: &[(&str, u64)] = &[
    ("un", 1),
    ("una", 1),
    ("veintiun", 21),
    ("veintiuna", 21),
    ("treintaiuno", 31),
    ("ciento", 100),
    ("oh", 0),
    ("fourty", 40),
    ("ninty", 90),
];

/// Spanish ordinals that are heard but not said.
const MORE_ORDINALS: &[(&str, u64)] = &[
    ("undecimo", 11),
    ("decimoprimero", 11),
    ("duodecimo", 12),
    ("decimosegundo", 12),
    ("decimotercero", 13),
    ("decimocuarto", 14),
    ("decimoquinto", 15),
    ("vigesimo", 20),
    ("trigesimo", 30),
    ("setimo", 7),
];

static CARDINALS: LazyLock<HashMap<String, u64>> = LazyLock::new(|| {
    let values = || (0..30).chain((30..100).step_by(10)).chain((100..1_000).step_by(100));
    let mut words: HashMap<String, u64> = [Language::Es, Language::En]
        .into_iter()
        .flat_map(|language| values().map(move |value| (plain(&number(language, value)), value)))
        .filter(|(word, _)| !word.contains(' '))
        .collect();
    let feminine: Vec<_> = words
        .iter()
        .filter_map(|(word, value)| Some((format!("{}as", word.strip_suffix("os")?), *value)))
        .filter(|(_, value)| *value >= 200)
        .collect();
    words.extend(feminine);
    words.extend(MORE.iter().map(|(word, value)| ((*word).to_owned(), *value)));
    words
});

static ORDINALS: LazyLock<HashMap<String, u64>> = LazyLock::new(|| {
    let mut words: HashMap<String, u64> =
        (1..20).chain((20..100).step_by(10)).map(|value| (ordinal(Language::En, value), value)).collect();
    for value in 1..=10 {
        let word = plain(&rank(Language::Es, value, false, false));
        words.insert(format!("{}a", word.trim_end_matches('o')), value);
        words.insert(word, value);
    }
    words.extend([("primer".to_owned(), 1), ("tercer".to_owned(), 3)]);
    words.extend(MORE_ORDINALS.iter().map(|(word, value)| ((*word).to_owned(), *value)));
    words
});

/// The value of one word of a cardinal: "doce", "quinientas", "twelve".
pub(super) fn cardinal(norm: &str) -> Option<u64> {
    CARDINALS.get(norm).copied()
}

/// The value of one word of an ordinal: "tercera", "third", "3º", "26th".
pub(super) fn ordinal_word(norm: &str) -> Option<u64> {
    let figures = norm.trim_end_matches(|sign: char| !sign.is_ascii_digit());
    let ending = norm.get(figures.len()..).unwrap_or_default();
    if matches!(
        ending,
        "º" | "ª" | "°" | "st" | "nd" | "rd" | "th" | "er" | "ro" | "ra" | "do" | "da" | "to" | "ta"
    ) && figures.len() <= 3
    {
        return figures.parse().ok();
    }
    ORDINALS.get(norm).copied()
}

/// What the word multiplies the number before it with: "hundred", "mil", "millones".
pub(super) fn scale(norm: &str) -> Option<u64> {
    Some(match norm {
        "hundred" => 100,
        "mil" | "thousand" => 1_000,
        "millon" | "millones" | "million" | "millions" => 1_000_000,
        "billion" => 1_000_000_000,
        _ => return None,
    })
}

/// A number in figures, thousands marked or not: "28", "28.400.512", "1,200"; `None` where there is a fraction.
pub(super) fn figures(norm: &str) -> Option<u64> {
    let groups: Vec<&str> = norm.split(['.', ',']).collect();
    let are_digits = |group: &&str| !group.is_empty() && group.bytes().all(|sign| sign.is_ascii_digit());
    let grouped = groups.iter().skip(1).all(|group| group.len() == 3)
        && (groups.len() == 1
            || groups.first().is_some_and(|first| first.len() <= 3 && !first.starts_with('0')));
    (grouped && groups.iter().all(are_digits) && norm.len() <= 19)
        .then(|| groups.concat().parse().ok())
        .flatten()
}
