//! What a token looks like, before anybody says it.

use crate::base::language::Language;

/// What a written token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// `15:30`, `9:15hs`, `3:30pm`.
    Hour { hour: u64, minute: u64, half: Option<Half> },
    /// `2026-11-24`, `24/11`; the year where it was written.
    Date { day: u64, month: i8, year: Option<u64> },
    /// `$1.500`, `20%`: a number with its unit.
    Amount { whole: u64, fraction: String, unit: Unit },
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

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Percent,
    Peso,
    Dollar,
    Euro,
}

/// Before or after noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
    /// `hs`, `h`: says nothing about the half.
    None,
}

/// The tokens of `text`: cut at spaces and dashes, `p. m.` in one.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for token in text.split_whitespace() {
        if matches!(token, "-" | "–" | "—") {
            tokens.push(",".into());
            continue;
        }
        match tokens.last_mut() {
            Some(last) if matches!(last.as_str(), "a." | "p.") && token.starts_with("m.") => {
                last.push_str(token);
            }
            _ => tokens.extend(token.split(['–', '—']).filter(|part| !part.is_empty()).map(str::to_owned)),
        }
    }
    tokens
}

/// Leading marks, the token itself, marks behind it. Marks that mean something (`$`, `%`, `º`, the point of `Dr.`) stay.
pub(super) fn bare(token: &str) -> (&str, &str, &str) {
    let means = |c: char| c.is_alphanumeric() || "$%€ºª°#&@+".contains(c);
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
    pub(super) fn of(core: &str, language: Language) -> Self {
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
            .or_else(|| date(core, language))
            .or_else(|| amount(core, language))
            .or_else(|| ordinal(core))
            .or_else(|| number(core, language))
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

fn amount(core: &str, language: Language) -> Option<Shape> {
    let dollar = if language == Language::Es { Unit::Peso } else { Unit::Dollar };
    let (unit, figures) = match core {
        _ if core.ends_with('%') => (Unit::Percent, core.trim_end_matches('%')),
        _ if core.contains("US$") || core.starts_with("USD") => (Unit::Dollar, core),
        _ if core.starts_with('$') => (dollar, core),
        _ if core.contains('€') => (Unit::Euro, core),
        _ => return None,
    };
    match number(figures.trim_matches(|c: char| !c.is_ascii_digit()), language)? {
        Shape::Number(whole) => Some(Shape::Amount { whole, fraction: String::new(), unit }),
        Shape::Fraction { whole, digits } => Some(Shape::Amount { whole, fraction: digits, unit }),
        Shape::Digits => {
            let whole = figures.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
            Some(Shape::Amount { whole, fraction: String::new(), unit })
        }
        _ => None,
    }
}

fn ordinal(core: &str) -> Option<Shape> {
    let figures = core.trim_end_matches(|c: char| !c.is_ascii_digit());
    let ending = core.get(figures.len()..)?;
    let known =
        matches!(ending, "º" | "ª" | ".º" | ".ª" | "°" | "st" | "nd" | "rd" | "th" | "er" | "ro" | "do");
    if known { figures.parse().ok().map(Shape::Ordinal) } else { None }
}

/// A count, with the thousands marked or with at most four digits; more digits in a row are a document or a telephone.
fn number(core: &str, language: Language) -> Option<Shape> {
    let (thousands, decimal) = match language {
        Language::Es => ('.', ','),
        Language::En => (',', '.'),
    };
    let (whole, digits) = match core.split_once(decimal) {
        Some((whole, digits)) if !digits.is_empty() && is_only(digits, "") => (whole, Some(digits)),
        Some(_) => return None,
        None => (core, None),
    };
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
        let es = |core| Shape::of(core, Language::Es);
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
        assert_eq!(Shape::of("11/24", Language::En), Shape::Date { day: 24, month: 11, year: None });
    }

    #[test]
    fn marks_are_taken_off_but_meaning_stays() {
        assert_eq!(bare("¿$1.500?"), ("¿", "$1.500", "?"));
        assert_eq!(bare("Dra."), ("", "Dra", ""));
        assert_eq!(bare("..."), ("", "", "..."));
    }
}
