//! What was said, made into values: hours, days, money, phone numbers, documents, e-mail addresses, numbers.
//!
//! It takes text as a recogniser writes it: words, figures or both, with or without accents. What may mean several things is
//! told as several ([`Heard::Several`]) and what is only about right as such, so that the agent asks instead of guessing.
//! Words of both languages are known in both, as callers mix them; the [`Locale`](super::Locale) decides where they differ.
//!
//! [`time()`], [`day()`], [`when()`] and their kin take a whole turn. The modules beneath read words at a place, for those
//! who make sense of the rest of a turn as well.

pub mod calendar;
pub mod day;
pub mod digits;
pub mod document;
pub mod email;
mod feast;
mod host;
pub mod hour;
mod lexicon;
pub mod money;
pub mod number;
pub mod part;
pub mod phone;
pub mod said;
mod stretch;
mod when;

pub use calendar::Days;
pub use document::document;
pub use email::email;
pub use money::money;
pub use part::{Edge, Part};
pub use phone::phone;
pub use when::{Asked, Context, When, day, time, when};

use crate::base::language::Language;
use said::Said;

/// What was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<T> {
    /// Nothing of the sort was said.
    Nothing,
    /// Plainly this.
    One(T),
    /// One of these, the likely one first: ask which.
    Several(Vec<T>),
    /// Only about this or one of these ("doce y pico"): ask for it exactly.
    About(Vec<T>),
    /// It was meant as one and is none, such as a phone number with a digit too few; the signs that were understood.
    Misfit(String),
}

impl<T> Heard<T> {
    /// Of `values`, the likely one first.
    pub(crate) fn of(mut values: Vec<T>) -> Self
    where
        T: PartialEq,
    {
        let mut kept: Vec<T> = Vec::new();
        for value in values.drain(..) {
            if !kept.contains(&value) {
                kept.push(value);
            }
        }
        match kept.len() {
            0 => Self::Nothing,
            1 => kept.pop().map_or(Self::Nothing, Self::One),
            _ => Self::Several(kept),
        }
    }

    /// What it may be, the likely one first.
    pub fn values(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) | Self::About(values) => values,
            Self::Nothing | Self::Misfit(_) => &[],
        }
    }

    /// The only thing that it can be.
    pub fn plainly(self) -> Option<T> {
        match self {
            Self::One(value) => Some(value),
            _ => None,
        }
    }

    /// Drops those of several that do not fit, unless none does: business hours tell that "a las tres" is in the afternoon.
    #[must_use]
    pub fn fitting(self, fits: impl Fn(&T) -> bool) -> Self
    where
        T: PartialEq,
    {
        let any = self.values().iter().any(&fits);
        match self {
            Self::Several(values) if any => Self::of(values.into_iter().filter(fits).collect()),
            Self::About(values) if any => Self::About(values.into_iter().filter(fits).collect()),
            other => other,
        }
    }
}

/// The number that was said last, in words, figures or both: "28 millones 400 mil 512". English "once" is none.
pub fn cardinal(text: &str, language: Language) -> Heard<u64> {
    let said = Said::new(text);
    let (mut found, mut index) = (Heard::Nothing, 0);
    while index < said.len() {
        let is_word = language == Language::En && said.at(index) == "once";
        match number::number_at(&said, index).filter(|_| !is_word) {
            Some(number) => {
                index = number.end;
                let vague = said.starts_one_of(index, "y pico|y algo|something|or so|mas o menos").is_some();
                found = if vague { Heard::About(vec![number.value]) } else { Heard::One(number.value) };
            }
            None => index += 1,
        }
    }
    found
}

/// The ordinal that was said last: "tercera", "twenty-third", `3º`.
pub fn ordinal(text: &str) -> Heard<u64> {
    let said = Said::new(text);
    let read = |index: usize| {
        let tens = number::word(said.at(index)).filter(|tens| *tens >= 20 && tens % 10 == 0);
        let unit = lexicon::ordinal_word(said.at(index + 1)).filter(|unit| (1..10).contains(unit));
        let both = tens.zip(unit).map(|(tens, unit)| tens + unit);
        let decade = lexicon::ordinal_word(said.at(index)).filter(|tens| *tens % 10 == 0).zip(unit);
        both.or(decade.map(|(tens, unit)| tens + unit)).or_else(|| lexicon::ordinal_word(said.at(index)))
    };
    let inside = |index: usize| {
        index > 0 && number::word(said.at(index - 1)).is_some_and(|tens| tens >= 10 && tens % 10 == 0)
    };
    (0..said.len()).rev().filter(|index| !inside(*index)).find_map(read).map_or(Heard::Nothing, Heard::One)
}

/// The digits that were dictated, all of the longest run: "dos ocho, cuatro doble cero", "veintiocho cuatrocientos".
///
/// Several where groups may be joined or not: "treinta dos" is 32 or 302.
pub fn dictated(text: &str) -> Heard<String> {
    let runs = digits::runs(&Said::new(text), digits::Letters::None);
    let longest = runs.into_iter().max_by_key(|run| run.readings.first().map_or(0, String::len));
    longest.map_or(Heard::Nothing, |run| Heard::of(run.readings))
}
