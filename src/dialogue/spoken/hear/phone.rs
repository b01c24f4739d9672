//! Telephone numbers as they are dictated.

use super::{
    Heard,
    digits::{Letters, Run, runs},
    said::Said,
};
use crate::dialogue::spoken::{locale::Locale, phone::Phone};

/// What begins a number with its country's code.
const PLUS: &str = "+|mas|plus|signo mas";
/// What begins an extension, which is no part of the number.
const EXTENSION: &str = "interno|int|extension|ext|anexo|interno numero";
/// So many digits at least are an attempt at a number.
const SOME_DIGITS: usize = 5;

/// The telephone number that was said; digits that are none in `locale`'s country are told as they were understood.
pub fn phone(text: &str, locale: Locale) -> Heard<Phone> {
    let said = Said::new(text);
    let until =
        (1..said.len()).find(|index| said.starts_one_of(*index, EXTENSION).is_some()).unwrap_or(said.len());
    let mut misfit = String::new();
    for run in runs(&said, Letters::None).into_iter().filter(|run| run.start < until).rev() {
        let phones = read(&said, &run, locale);
        if !phones.is_empty() {
            return Heard::of(phones);
        }
        let first = run.readings.into_iter().next().unwrap_or_default();
        if first.len() > misfit.len() {
            misfit = first;
        }
    }
    if misfit.len() >= SOME_DIGITS { Heard::Misfit(misfit) } else { Heard::Nothing }
}

/// The first reading that is a number; others only where they take no fewer pieces, which none does.
fn read(said: &Said, run: &Run, locale: Locale) -> Vec<Phone> {
    let plus = PLUS.split('|').any(|plus| {
        let words = plus.split(' ').count();
        run.start.checked_sub(words).is_some_and(|from| said.starts(from, plus) == Some(run.start))
    });
    let sign = if plus { "+" } else { "" };
    let of = |digits: &String| Phone::read(&format!("{sign}{digits}"), locale.country);
    run.readings.iter().find_map(of).into_iter().collect()
}
