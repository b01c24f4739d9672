//! Phone numbers in the groups of their country.

use super::number::{number, phone as digit_by_digit};
use crate::{
    base::language::Language,
    dialogue::spoken::{locale::Locale, phone::Phone},
};

/// The number: digit by digit in groups, an area code of two digits as a number in Spanish ("once"). The country's code is
/// said only abroad.
pub fn phone_number(locale: Locale, phone: &Phone) -> String {
    let (_, groups) = phone.groups();
    let national = national(locale.language, &groups);
    if phone.country() == Some(locale.country) { national } else { international(locale.language, phone) }
}

/// The number with its country's code: "más cincuenta y cuatro, once, …".
pub fn international(language: Language, phone: &Phone) -> String {
    let (code, groups) = phone.groups();
    let plus = if language == Language::Es { "más" } else { "plus" };
    let code = code.map(|code| format!("{}, ", short(language, code))).unwrap_or_default();
    format!("{plus} {code}{}", national(language, &groups))
}

fn national(language: Language, groups: &[&str]) -> String {
    let say = |(place, group): (usize, &&str)| {
        let is_area =
            place < 2 && group.len() == 2 && groups.len() <= 4 && groups.iter().any(|group| group.len() == 4);
        if is_area { short(language, group) } else { digit_by_digit(language, group) }
    };
    groups.iter().enumerate().map(say).collect::<Vec<_>>().join(", ")
}

/// Two digits as one number where Spanish does so.
fn short(language: Language, digits: &str) -> String {
    match digits.parse() {
        Ok(value) if language == Language::Es && digits.len() == 2 && !digits.starts_with('0') => {
            number(language, value)
        }
        _ => digit_by_digit(language, digits),
    }
}
