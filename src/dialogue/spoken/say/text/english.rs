//! Figures in English words.

use super::shapes::{Half, Shape};
use crate::{base::language::Language, dialogue::spoken};
use jiff::civil::Time;

fn cardinal(number: u64) -> String {
    spoken::number(Language::En, number)
}

fn digits(core: &str) -> String {
    spoken::phone_as_written(Language::En, core)
}

/// A token of `shape`, written `core`, before the word `following`.
pub(super) fn shape(shape: &Shape, core: &str, following: &str) -> String {
    match shape {
        Shape::Number(year @ (1100..=1999 | 2010..=2099)) if is_year(core, following) => self::year(*year),
        Shape::Number(number) => cardinal(*number),
        Shape::Fraction { whole, digits } => {
            format!("{} point {}", cardinal(*whole), self::digits(digits))
        }
        Shape::Percent { whole, digits } if digits.is_empty() => format!("{} percent", cardinal(*whole)),
        Shape::Percent { whole, digits } => {
            format!("{} point {} percent", cardinal(*whole), self::digits(digits))
        }
        Shape::Ordinal(number) => spoken::ordinal(Language::En, *number),
        Shape::Date { day, month, year } => date(*day, *month, *year),
        Shape::Digits => digits(core),
        Shape::Hour { hour, minute, half } => self::hour(*hour, *minute, *half),
        // The others are said alike in both languages.
        _ => word(core),
    }
}

/// Four digits that count nothing are a year.
fn is_year(core: &str, following: &str) -> bool {
    !core.contains(',') && !following.ends_with('s')
}

fn year(year: u64) -> String {
    match year % 100 {
        0 => format!("{} hundred", cardinal(year / 100)),
        rest @ 1..=9 => format!("{} oh {}", cardinal(year / 100), cardinal(rest)),
        rest => format!("{} {}", cardinal(year / 100), cardinal(rest)),
    }
}

/// On the twelve-hour clock; `10:00` alone is "ten o'clock".
pub(super) fn hour(hour: u64, minute: u64, half: Option<Half>) -> String {
    let half = match half {
        Some(Half::Morning) => " a m",
        Some(Half::Afternoon) => " p m",
        _ if hour > 12 && hour < 24 => " p m",
        _ if hour == 0 || hour == 24 => " a m",
        _ => "",
    };
    let part = |value: u64| i8::try_from(value).unwrap_or_default();
    let clock =
        spoken::hour(Language::En, Time::new(part(hour % 24), part(minute), 0, 0).unwrap_or_default());
    if half.is_empty() { clock } else { format!("{}{half}", clock.trim_end_matches(" o'clock")) }
}

fn date(day: u64, month: i8, year: Option<u64>) -> String {
    let (month, day) = (spoken::month(Language::En, month), spoken::ordinal(Language::En, day));
    let year = year.map(|year| format!(", {}", shape(&Shape::Number(year), "", ""))).unwrap_or_default();
    format!("{month} {day}{year}")
}

fn word(core: &str) -> String {
    let spoken = match core.to_lowercase().as_str() {
        "dr" => "doctor",
        "mr" => "mister",
        "mrs" => "missus",
        "ms" => "miz",
        "prof" => "professor",
        "tel" => "telephone",
        "km" => "kilometers",
        "kg" => "kilos",
        "mg" => "milligrams",
        "&" => "and",
        "+" => "plus",
        "@" => "at",
        "#" => "number",
        "%" => "percent",
        _ => return mixed(core),
    };
    spoken.to_owned()
}

/// Figures inside a word ("B12") are spoken apart.
fn mixed(core: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = core;
    while let Some(first) = rest.chars().next() {
        let is_figure = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_figure).unwrap_or(rest.len());
        let (run, later) = rest.split_at(end);
        if is_figure {
            parts.push(run.parse().map_or_else(|_| digits(run), cardinal));
        } else {
            parts.extend(run.split('/').filter(|part| !part.is_empty()).map(str::to_owned));
        }
        rest = later;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_spelled() {
        assert_eq!(
            [year(2026), year(1905), year(1900)],
            ["twenty twenty-six", "nineteen oh five", "nineteen hundred"]
        );
        assert_eq!(mixed("B12"), "B twelve");
    }
}
