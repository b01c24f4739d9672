//! What a token looks like, before anybody says it.

use crate::{
    base::language::Language,
    dialogue::spoken::{
        hear::money::{figures, sign},
        locale::Locale,
        money::Money,
        phone::Phone,
    },
};

/// What a written token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// `15:30`, `9:15hs`, `3:30pm`.
    Hour { hour: u64, minute: u64, half: Option<Half> },
    /// `2026-11-24`, `24/11`; the year where it was written.
    Date { day: u64, month: i8, year: Option<u64> },
    /// `$1.500,50`.
    Money(Money),
    /// `20%`, with the digits behind the point.
    Percent { whole: u64, digits: String },
    /// `+54 11 5550 0142`.
    Phone(Phone),
    /// `1.500` or `15`: a count.
    Number(u64),
    /// `3,5`.
    Fraction { whole: u64, digits: String },
    /// `2º`, `24th`.
    Ordinal(u64),
    /// A document or telephone number: to be read digit by digit.
    Digits,
    /// `DNI`: to be read letter by letter.
    Letters,
    /// `name@host.tld` or `host.tld`.
    Address,
    /// Anything else.
    Word,
}

/// Before or after noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
    /// `hs`, `h`: says nothing about the half.
    None,
}

/// A token, and the stretch of the text that it stands for, without the blank behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) written: String,
}

impl Token {
    fn new(text: &str, written: &str) -> Self {
        Self { text: text.to_owned(), written: written.to_owned() }
    }

    fn join(&mut self, blank: &str, token: &str) {
        for (text, blank) in [(&mut self.text, blank), (&mut self.written, " ")] {
            text.push_str(blank);
            text.push_str(token);
        }
    }
}

/// The tokens of `text`: cut at spaces and dashes; `p. m.`, `$ 1.200` and `+54 11 5550 0142` in one.
pub(super) fn tokens(text: &str, locale: Locale) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for token in text.split_whitespace() {
        if matches!(token, "-" | "–" | "—") {
            tokens.push(Token::new(",", token));
            continue;
        }
        match tokens.last_mut() {
            Some(last) if matches!(last.text.as_str(), "a." | "p.") && token.starts_with("m.") => {
                last.join("", token);
            }
            // "(212) 555-0142"
            Some(last) if is_area(&last.text) && token.starts_with(|sign: char| sign.is_ascii_digit()) => {
                last.text = format!("{}-{token}", last.text.trim_matches(['(', ')']));
                last.written = format!("{} {token}", last.written);
            }
            Some(last) if belong_together(&last.text, token, locale) => {
                let blank = if last.text.starts_with('+') { " " } else { "" };
                last.join(blank, token);
            }
            _ => {
                let dash = ['–', '—'];
                let parts =
                    token.split_inclusive(dash).map(|part| Token::new(part.trim_end_matches(dash), part));
                tokens.extend(parts.filter(|part| !part.text.is_empty()));
            }
        }
    }
    tokens
}

fn is_area(token: &str) -> bool {
    let digits = token.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    digits.is_some_and(|digits| (2..=5).contains(&digits.len()) && is_only(digits, ""))
}

/// Whether a space stands within an amount, a percentage or a telephone number.
fn belong_together(before: &str, token: &str, locale: Locale) -> bool {
    let is_digit = |sign: char| sign.is_ascii_digit();
    let unit = bare(token).1;
    if token.starts_with(is_digit) && sign(before, locale).is_some() {
        return true;
    }
    if before.starts_with('+') && before.ends_with(is_digit) {
        let marks = token.trim_start_matches('(');
        return marks.starts_with(is_digit) && is_only(bare(marks).1.trim_end_matches(')'), "-.");
    }
    let is_unit = unit == "%" || unit != "$" && sign(unit, locale).is_some();
    is_unit && before.starts_with(is_digit) && before.ends_with(is_digit) && is_only(before, ".,")
}

/// Leading marks, the token itself, marks behind it. Marks that mean something (`$`, `%`, `º`, the point of `Dr.`) stay.
pub(super) fn bare(token: &str) -> (&str, &str, &str) {
    let means = |c: char| c.is_alphanumeric() || "$%€£ºª°#&@+".contains(c);
    let start = token.find(means).unwrap_or(token.len());
    let (lead, rest) = token.split_at(start);
    let end = rest.rfind(means).map_or(0, |at| at + rest.get(at..).map_or(0, first_length));
    let (core, tail) = rest.split_at(end);
    if is_abbreviation(core) && tail.starts_with('.') {
        // The point belongs to the word: "Dra. Ríos" is no end of a sentence.
        return (lead, core, tail.get(1..).unwrap_or_default());
    }
    if core.is_empty() { ("", "", lead) } else { (lead, core, tail) }
}

fn first_length(rest: &str) -> usize {
    rest.chars().next().map_or(0, char::len_utf8)
}

fn is_abbreviation(core: &str) -> bool {
    const SHORT: &[&str] = &[
        "dr", "dra", "sr", "sra", "srta", "ud", "uds", "av", "tel", "mr", "mrs", "ms", "prof", "p.m", "a.m",
        "lic", "nro", "núm",
    ];
    SHORT.contains(&core.to_lowercase().as_str())
}

/// `a.m.`, `pm`, `hs` and their kin. In `p. m.` the second part is dropped with the first.
pub(super) fn half_of_day(token: &str) -> Option<Half> {
    let letters: String = token.chars().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    match letters.as_str() {
        "am" => Some(Half::Morning),
        "pm" => Some(Half::Afternoon),
        "hs" | "hrs" => Some(Half::None),
        _ => None,
    }
}

impl Shape {
    /// The shape of a token without its marks.
    pub(super) fn of(core: &str, locale: Locale) -> Self {
        let has_digits = core.contains(|c: char| c.is_ascii_digit());
        if !has_digits {
            return match core {
                _ if core.contains('@') || is_host(core) => Self::Address,
                _ if is_acronym(core) => Self::Letters,
                _ => Self::Word,
            };
        }
        if core.contains('@') {
            return Self::Address;
        }
        hour(core)
            .or_else(|| date(core, locale.language))
            .or_else(|| telephone(core, locale))
            .or_else(|| amount(core, locale))
            .or_else(|| ordinal(core))
            .or_else(|| number(core, locale))
            .unwrap_or(if is_only(core, "+-/().") { Self::Digits } else { Self::Word })
    }
}

fn is_only(core: &str, marks: &str) -> bool {
    core.chars().all(|c| c.is_ascii_digit() || marks.contains(c))
}

fn is_host(core: &str) -> bool {
    let mut parts = core.rsplit('.');
    let top = parts.next().unwrap_or_default();
    matches!(top, "com" | "org" | "net" | "ar" | "mx" | "co" | "es") && parts.next().is_some()
}

/// Two to four capitals that cannot be spoken as a word: no vowel among the first two, or none at all.
fn is_acronym(core: &str) -> bool {
    let count = core.chars().count();
    let vowel = |c: char| "AEIOUÁÉÍÓÚ".contains(c);
    (2..=4).contains(&count)
        && core.chars().all(|c| c.is_uppercase() && c.is_alphabetic())
        && !core.chars().take(2).any(vowel)
}

fn hour(core: &str) -> Option<Shape> {
    let figures = core.trim_end_matches(|c: char| c.is_alphabetic() || c == '.');
    let half = core.get(figures.len()..).filter(|rest| !rest.is_empty());
    let half = match half {
        Some("h") => Some(Half::None),
        Some(rest) => Some(half_of_day(rest)?),
        None => None,
    };
    let (hour, minute) = match figures.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour.parse().ok()?, minute.parse().ok()?),
        None if matches!(half, Some(Half::Morning | Half::Afternoon)) => (figures.parse().ok()?, 0),
        _ => return None,
    };
    (hour <= 24 && minute < 60).then_some(Shape::Hour { hour, minute, half })
}

/// `2026-11-24`; `24/11/2026` in Spanish, `11/24/2026` in English.
fn date(core: &str, language: Language) -> Option<Shape> {
    let parts = |mark: char| core.split(mark).map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>();
    let (year, month, day) = if let Some([year @ 1000..=2999, month, day]) = parts('-').as_deref() {
        (Some(*year), *month, *day)
    } else {
        let parts = parts('/')?;
        let (first, second, year) = match *parts.as_slice() {
            [first, second] => (first, second, None),
            [first, second, year] => (first, second, Some(year)),
            _ => return None,
        };
        match language {
            Language::Es => (year, second, first),
            Language::En => (year, first, second),
        }
    };
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    valid.then_some(Shape::Date { day, month: i8::try_from(month).ok()?, year })
}

fn telephone(core: &str, locale: Locale) -> Option<Shape> {
    (core.starts_with('+') && core.len() > 3)
        .then(|| Phone::read(core, locale.country))
        .flatten()
        .map(Shape::Phone)
}

fn amount(core: &str, locale: Locale) -> Option<Shape> {
    if let Some(figures) = core.strip_suffix('%') {
        return match number(figures, locale)? {
            Shape::Number(whole) => Some(Shape::Percent { whole, digits: String::new() }),
            Shape::Fraction { whole, digits } => Some(Shape::Percent { whole, digits }),
            _ => None,
        };
    }
    let is_digit = |sign: char| sign.is_ascii_digit();
    let (lead, rest) = core.split_at(core.find(is_digit)?);
    let (amount, tail) = rest.split_at(rest.rfind(is_digit)? + 1);
    let unit = if lead.is_empty() { tail } else { lead };
    let currency = sign(unit, locale).filter(|_| lead.is_empty() || tail.is_empty())?;
    Some(Shape::Money(Money { cents: figures(amount, locale)?, currency }))
}

fn ordinal(core: &str) -> Option<Shape> {
    let figures = core.trim_end_matches(|c: char| !c.is_ascii_digit());
    let ending = core.get(figures.len()..)?;
    let known =
        matches!(ending, "º" | "ª" | ".º" | ".ª" | "°" | "st" | "nd" | "rd" | "th" | "er" | "ro" | "do");
    if known { figures.parse().ok().map(Shape::Ordinal) } else { None }
}

/// A count, with the thousands marked or with at most four digits; more digits in a row are a document or a telephone.
fn number(core: &str, locale: Locale) -> Option<Shape> {
    let comma = locale.language == Language::Es && locale.country.decimal_comma();
    let (thousands, decimal) = if comma { ('.', ',') } else { (',', '.') };
    let (whole, digits) = match core.split_once(decimal) {
        Some((whole, digits)) if !digits.is_empty() && is_only(digits, "") => (whole, Some(digits)),
        Some(_) => return None,
        None => (core, None),
    };
    // "1.5" is no thousand anywhere.
    if let Some((whole, digits)) = core.split_once(thousands).filter(|_| digits.is_none())
        && digits.len() < 3
        && is_only(digits, "")
        && !digits.is_empty()
    {
        return Some(Shape::Fraction { whole: whole.parse().ok()?, digits: digits.to_owned() });
    }
    let groups: Vec<&str> = whole.split(thousands).collect();
    let grouped = groups.len() > 1 && groups.iter().skip(1).all(|group| group.len() == 3);
    if whole.is_empty() || !is_only(whole, &thousands.to_string()) || (groups.len() > 1 && !grouped) {
        return None;
    }
    let plain: String = groups.concat();
    if !grouped && digits.is_none() && (plain.len() > 4 || (plain.len() > 1 && plain.starts_with('0'))) {
        return Some(Shape::Digits);
    }
    let whole = plain.parse().ok().filter(|&number: &u64| number < 1_000_000_000_000)?;
    Some(match digits {
        Some(digits) => Shape::Fraction { whole, digits: digits.to_owned() },
        None => Shape::Number(whole),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_apart() {
        let es = |core| Shape::of(core, Language::Es.into());
        assert_eq!(es("15:30"), Shape::Hour { hour: 15, minute: 30, half: None });
        assert_eq!(es("3pm"), Shape::Hour { hour: 3, minute: 0, half: Some(Half::Afternoon) });
        assert_eq!(es("24/11"), Shape::Date { day: 24, month: 11, year: None });
        assert_eq!(es("1.500"), Shape::Number(1500));
        assert_eq!(es("28400512"), Shape::Digits);
        assert_eq!(es("007"), Shape::Digits);
        assert_eq!(es("4023-3355"), Shape::Digits);
        assert_eq!(es("DNI"), Shape::Letters);
        assert_eq!(es("IVA"), Shape::Word);
        assert_eq!(es("29:75"), Shape::Word);
        assert_eq!(Shape::of("11/24", Language::En.into()), Shape::Date { day: 24, month: 11, year: None });
    }

    #[test]
    fn marks_are_taken_off_but_meaning_stays() {
        assert_eq!(bare("¿$1.500?"), ("¿", "$1.500", "?"));
        assert_eq!(bare("Dra."), ("", "Dra", ""));
        assert_eq!(bare("..."), ("", "", "..."));
    }
}
