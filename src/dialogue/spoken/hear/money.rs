//! Amounts of money: "mil doscientos con cincuenta", `$1.200,50`, "twelve hundred dollars", "dos lucas".

use super::{Heard, lexicon, number::number_at, said::Said};
use crate::{
    base::language::Language,
    dialogue::spoken::{
        locale::Locale,
        money::{CURRENCIES, Currency, Money},
        plain,
    },
};

/// Slang for thousands and millions of the country's currency.
const SLANG: &[(&str, u64)] =
    &[("luca", 1_000), ("lucas", 1_000), ("grand", 1_000), ("palo", 1_000_000), ("palos", 1_000_000)];
/// Names of hundredths.
const HUNDREDTHS: &str = "centavos|centavo|centimos|centimo|cents|cent|peniques|penique|pence|penny";

/// The amount that was said last; `None` for none.
///
/// "Pesos" are those of the country; where it has none, they are one of all pesos. "Two fifty" is 2.50 or 250.
pub fn money(text: &str, locale: Locale) -> Heard<Money> {
    let said = Said::new(text);
    let mut found = Heard::Nothing;
    let mut index = 0;
    while index < said.len() {
        match money_at(&said, index, locale) {
            Some((heard, end)) => {
                found = heard;
                index = end.max(index + 1);
            }
            None => index += 1,
        }
    }
    found
}

/// What was said before any of it could be a currency.
struct Amount {
    cents: u64,
    end: usize,
    vague: bool,
}

fn money_at(said: &Said, index: usize, locale: Locale) -> Option<(Heard<Money>, usize)> {
    let (lead, at) = match sign_at(said, index, locale) {
        Some(currency) => (Some(vec![currency]), index + 1),
        None => (None, index),
    };
    if let Some(two) = lead.is_none().then(|| two_numbers(said, index, locale)).flatten() {
        return Some(two);
    }
    let amount = amount_at(said, at, locale)?;
    let of = said.starts_one_of(amount.end, "de|of").unwrap_or(amount.end);
    let named = named(said, of, locale);
    let slang = amount.cents.is_multiple_of(100_000)
        && SLANG.iter().any(|(word, _)| *word == said.at(amount.end - 1));
    let (currencies, end) = match (named, lead) {
        (Some((currencies, end)), _) => (currencies, end),
        (None, Some(currencies)) => (currencies, amount.end),
        (None, None) if slang => (vec![locale.country.currency()], amount.end),
        // A number alone is an amount; what else it may be, its place tells.
        (None, None) => (vec![locale.country.currency()], amount.end),
    };
    let (more, end) = hundredths(said, end, locale).unwrap_or((0, end));
    let minor = said.starts_one_of(amount.end, HUNDREDTHS);
    let (cents, currencies, end) = match minor {
        Some(end) => {
            let whose = said.starts_one_of(end, "de|of a").and_then(|at| self::named(said, at, locale));
            let pence = matches!(said.at(amount.end), "pence" | "penny" | "penique" | "peniques");
            let own = if pence { Currency::Gbp } else { locale.country.currency() };
            let (currencies, end) = whose.unwrap_or((vec![own], end));
            (amount.cents / 100, currencies, end)
        }
        None => (amount.cents.saturating_add(more), currencies, end),
    };
    let values: Vec<Money> = currencies.into_iter().map(|currency| Money { cents, currency }).collect();
    let heard = if amount.vague { Heard::About(values) } else { Heard::of(values) };
    Some((heard, end))
}

/// A number, a number in figures with cents, or slang.
fn amount_at(said: &Said, index: usize, locale: Locale) -> Option<Amount> {
    let word = said.at(index);
    if let Some(cents) = figures(word, locale)
        && lexicon::scale(said.at(index + 1)).is_none()
        && slang_at(said, index + 1).is_none()
    {
        return Some(Amount { cents, end: index + 1, vague: false });
    }
    if let Some(scale) =
        said.starts_one_of(index, "medio|media|half a").and_then(|at| Some((slang_at(said, at)?, at)))
    {
        return Some(Amount { cents: scale.0 * 50, end: scale.1 + 1, vague: false });
    }
    let article = matches!(word, "a" | "an");
    let (value, behind) = match number_at(said, index) {
        Some(number) => (number.value, number.end),
        None if article
            && (slang_at(said, index + 1).is_some() || named(said, index + 1, locale).is_some()) =>
        {
            (1, index + 1)
        }
        None => return None,
    };
    let (mut cents, mut end) = (value.checked_mul(100)?, behind);
    if let Some(scale) = slang_at(said, end) {
        (cents, end) = (cents.checked_mul(scale)?, end + 1);
        if let Some(half) = said.starts_one_of(end, "y media|y medio|and a half") {
            (cents, end) = (cents.saturating_add(scale * 50), half);
        }
    }
    if let Some(after) = said.starts_one_of(end, "coma|point")
        && let Some(fraction) = number_at(said, after).filter(|fraction| fraction.value < 100)
    {
        let tenths = fraction.digits.len() == 1;
        (cents, end) = (cents.saturating_add(fraction.value * if tenths { 10 } else { 1 }), fraction.end);
    }
    let inexact = said.starts_one_of(end, "y pico|y algo|something|mas o menos|or so|aproximadamente");
    let before = said.before(index, 1);
    let about = matches!(
        before,
        "unos" | "unas" | "aproximadamente" | "about" | "around" | "casi" | "almost" | "roughly" | "nearly"
    );
    Some(Amount { cents, end: inexact.unwrap_or(end), vague: inexact.is_some() || about })
}

fn slang_at(said: &Said, index: usize) -> Option<u64> {
    SLANG.iter().find(|(word, _)| *word == said.at(index)).map(|(_, scale)| *scale)
}

/// "con cincuenta", "con cincuenta centavos", "and fifty cents", "a dollar fifty" behind the currency.
fn hundredths(said: &Said, index: usize, locale: Locale) -> Option<(u64, usize)> {
    let led = said.starts_one_of(index, "con|and|y");
    let at = led.unwrap_or(index);
    let number = number_at(said, at).filter(|number| number.value < 100)?;
    let named = said.starts_one_of(number.end, HUNDREDTHS);
    let bare = named.is_none();
    // "dos pesos y cinco …": what follows "y" needs its name; a number right behind the currency must be a round one.
    let joined =
        said.at(index) == "con" || led.is_none() && number.value >= 10 && locale.language == Language::En;
    if bare && (!joined || index == 0 || is_number_word(said, index - 1) && said.at(index) != "con") {
        return None;
    }
    Some((number.value, named.unwrap_or(number.end)))
}

fn is_number_word(said: &Said, index: usize) -> bool {
    number_at(said, index).is_some()
}

/// "two fifty", "nineteen ninety-nine": with cents, or hundreds and tens.
fn two_numbers(said: &Said, index: usize, locale: Locale) -> Option<(Heard<Money>, usize)> {
    if locale.language != Language::En || said.at(index).starts_with(|sign: char| sign.is_ascii_digit()) {
        return None;
    }
    let whole = number_at(said, index).filter(|whole| (1..100).contains(&whole.value))?;
    let rest = number_at(said, whole.end).filter(|rest| (10..100).contains(&rest.value))?;
    let of = |cents: u64, currency| Money { cents, currency };
    let (currencies, end) =
        named(said, rest.end, locale).unwrap_or((vec![locale.country.currency()], rest.end));
    let named = end > rest.end;
    let [currency] = currencies.as_slice() else { return None };
    let small = of(whole.value * 100 + rest.value, *currency);
    let large = of((whole.value * 100 + rest.value) * 100, *currency);
    Some((Heard::of(if named { vec![large, small] } else { vec![small, large] }), end))
}

/// `1.200,50` in hundredths. One mark with three digits behind it marks thousands, whatever the country.
pub(in crate::dialogue::spoken) fn figures(word: &str, locale: Locale) -> Option<u64> {
    let is_mark = |sign: char| sign == '.' || sign == ',';
    if !word.chars().all(|sign| sign.is_ascii_digit() || is_mark(sign))
        || !word.starts_with(|sign: char| sign.is_ascii_digit())
    {
        return None;
    }
    if let Some(whole) = lexicon::figures(word) {
        return whole.checked_mul(100);
    }
    let (whole, fraction) = word.rsplit_once(is_mark)?;
    let decimal = word.chars().rev().find(|sign| is_mark(*sign))?;
    let own = if locale.country.decimal_comma() { ',' } else { '.' };
    let plain_whole = lexicon::figures(whole).filter(|_| !whole.contains(decimal) || whole.contains(own))?;
    let hundredths = match fraction.len() {
        1 => fraction.parse::<u64>().ok()? * 10,
        2 => fraction.parse().ok()?,
        _ => return None,
    };
    plain_whole.checked_mul(100)?.checked_add(hundredths)
}

/// The currency of a sign or code that stands at a number: `$`, `US$`, `EUR`. Codes are capitals: "pen" is none.
pub(in crate::dialogue::spoken) fn sign(written: &str, locale: Locale) -> Option<Currency> {
    let word = written.to_lowercase();
    if word == "$" {
        let own = locale.country.currency();
        return Some(if own == Currency::Eur { Currency::Usd } else { own });
    }
    let known = CURRENCIES.iter().find(|names| names.signs.split('|').any(|sign| sign == word));
    let is_code = written.bytes().all(|sign| sign.is_ascii_uppercase()) || matches!(written, "usd" | "eur");
    known.map(|names| names.currency).or_else(|| Currency::of_code(written).filter(|_| is_code))
}

fn sign_at(said: &Said, index: usize, locale: Locale) -> Option<Currency> {
    sign(said.words.get(index).map_or("", |word| &word.raw), locale)
}

/// The currencies that the words at `index` may name.
fn named(said: &Said, index: usize, locale: Locale) -> Option<(Vec<Currency>, usize)> {
    if let Some(currency) = sign_at(said, index, locale) {
        return Some((vec![currency], index + 1));
    }
    // "Mexican pesos"
    let of = |place: usize, word: &str| {
        CURRENCIES.iter().find(|names| {
            let [spanish, english] = names.of.map(plain);
            let stem = spanish.trim_end_matches('s');
            !stem.is_empty()
                && (place == 0 && english == word || place == 1 && (stem == word || spanish == word))
        })
    };
    if let Some(names) = of(0, said.at(index)).filter(|_| matches!(said.at(index + 1), "pesos" | "peso")) {
        return Some((vec![names.currency], index + 2));
    }
    let word = said.at(index);
    let called = |names: &&super::super::money::Names| {
        names.spanish.iter().chain(&names.english).any(|name| plain(name) == word)
            || names.also.split('|').any(|name| !name.is_empty() && name == word)
    };
    let mut currencies: Vec<Currency> =
        CURRENCIES.iter().filter(called).map(|names| names.currency).collect();
    if currencies.is_empty() {
        return None;
    }
    if let Some(names) = of(1, said.at(index + 1)) {
        return Some((vec![names.currency], index + 2));
    }
    let own = locale.country.currency();
    if currencies.contains(&own) {
        currencies = vec![own];
    }
    let end =
        if matches!(said.at(index + 1), "americanos" | "estadounidenses") { index + 2 } else { index + 1 };
    Some((currencies, end))
}
