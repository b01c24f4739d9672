//! Figures in Spanish words.

use super::shapes::{Half, Shape};
use crate::{
    base::language::Language,
    dialogue::spoken::{self, Agreement, counted},
};

/// Words in -a that are masculine, among those that are counted.
const MASCULINE: &[&str] =
    &["día", "días", "problema", "problemas", "sistema", "sistemas", "programa", "programas"];

/// How a number agrees with the word behind it.
fn agreement(following: &str) -> Agreement {
    let word = following.to_lowercase();
    if word.is_empty() || !word.chars().all(char::is_alphabetic) || is_function_word(&word) {
        Agreement::Alone
    } else if (word.ends_with('a') || word.ends_with("as")) && !MASCULINE.contains(&word.as_str()) {
        Agreement::Feminine
    } else {
        Agreement::Masculine
    }
}

fn cardinal(number: u64) -> String {
    spoken::number(Language::Es, number)
}

fn digits(core: &str) -> String {
    spoken::phone_as_written(Language::Es, core)
}

fn is_function_word(word: &str) -> bool {
    matches!(
        word,
        "a" | "de" | "del" | "y" | "o" | "u" | "por" | "en" | "es" | "con" | "al" | "que" | "hasta" | "para"
    )
}

/// A token of `shape`, written `core`, before the word `following`.
pub(super) fn shape(shape: &Shape, core: &str, following: &str) -> String {
    match shape {
        Shape::Number(1) if (1..=12).any(|month| spoken::month(Language::Es, month) == following) => {
            "primero".into()
        }
        Shape::Number(1) if following == "de" => "uno".into(),
        Shape::Number(number) => counted(*number, agreement(following)),
        Shape::Fraction { whole, digits } => {
            format!("{} coma {}", cardinal(*whole), fraction(digits))
        }
        Shape::Percent { whole, digits } if digits.is_empty() => format!("{} por ciento", cardinal(*whole)),
        Shape::Percent { whole, digits } => {
            format!("{} coma {} por ciento", cardinal(*whole), fraction(digits))
        }
        Shape::Ordinal(number) => ordinal(*number, core.ends_with('ª'), following),
        Shape::Date { day, month, year } => date(*day, *month, *year),
        Shape::Digits => digits(core),
        Shape::Hour { hour, minute, half } => self::hour(*hour, *minute, *half),
        // The others are said alike in both languages.
        _ => word(core),
    }
}

/// "las" is the writer's: gives "quince y treinta", "tres y media de la tarde".
pub(super) fn hour(hour: u64, minute: u64, half: Option<Half>) -> String {
    let spoken = counted(hour, Agreement::Feminine);
    let minutes = match minute {
        0 => String::new(),
        // "veinte y uno" is twenty-one.
        1..10 if hour == 20 => format!(" cero {}", cardinal(minute)),
        15 if (1..=12).contains(&hour) => " y cuarto".into(),
        30 if (1..=12).contains(&hour) => " y media".into(),
        _ => format!(" y {}", cardinal(minute)),
    };
    let part = match half {
        Some(Half::Morning) => " de la mañana",
        Some(Half::Afternoon) if hour == 12 => " del mediodía",
        Some(Half::Afternoon) if (8..12).contains(&hour) => " de la noche",
        Some(Half::Afternoon) if hour < 12 => " de la tarde",
        _ => "",
    };
    format!("{spoken}{minutes}{part}")
}

fn date(day: u64, month: i8, year: Option<u64>) -> String {
    let (day, month) = (spoken::ordinal(Language::Es, day), spoken::month(Language::Es, month));
    let year = year.map(|year| format!(" de {}", cardinal(year))).unwrap_or_default();
    format!("{day} de {month}{year}")
}

fn fraction(digits: &str) -> String {
    if digits.starts_with('0') || digits.len() > 2 {
        self::digits(digits)
    } else {
        cardinal(digits.parse().unwrap_or_default())
    }
}

fn ordinal(number: u64, feminine: bool, following: &str) -> String {
    spoken::rank(Language::Es, number, feminine, agreement(following) == Agreement::Masculine)
}

fn word(core: &str) -> String {
    let spoken = match core.to_lowercase().as_str() {
        "dr" => "doctor",
        "dra" => "doctora",
        "sr" => "señor",
        "sra" => "señora",
        "srta" => "señorita",
        "ud" => "usted",
        "uds" => "ustedes",
        "av" => "avenida",
        "tel" => "teléfono",
        "lic" => "licenciado",
        "nro" | "núm" | "nº" | "n°" | "#" => "número",
        "km" => "kilómetros",
        "kg" => "kilos",
        "mg" => "miligramos",
        "ml" => "mililitros",
        "cm" => "centímetros",
        "h" | "hs" | "hrs" => "horas",
        "&" => "y",
        "+" => "más",
        "@" => "arroba",
        "%" => "por ciento",
        _ => return mixed(core),
    };
    spoken.to_owned()
}

/// Figures inside a word ("B12", "COVID-19") are spoken apart.
fn mixed(core: &str) -> String {
    if !core.contains(|c: char| c.is_ascii_digit()) {
        return core.replace('/', " ");
    }
    let mut parts: Vec<String> = Vec::new();
    for run in core.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let figures = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        if !figures.is_empty() {
            parts.push(figures.parse().map_or_else(|_| digits(figures), cardinal));
        }
        let rest: String = run.chars().filter(|c| c.is_alphabetic()).collect();
        match parts.last_mut().filter(|last| figures.is_empty() && last.ends_with(char::is_alphabetic)) {
            Some(last) if !rest.is_empty() => last.push_str(&rest),
            _ if !rest.is_empty() => parts.push(rest),
            _ => {}
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_ordinals_agree() {
        assert_eq!(ordinal(3, false, "piso"), "tercer");
        assert_eq!(ordinal(1, true, "vez"), "primera");
        assert_eq!(hour(1, 0, None), "una");
        assert_eq!(hour(8, 45, Some(Half::Morning)), "ocho y cuarenta y cinco de la mañana");
        assert_eq!(mixed("B12"), "B doce");
    }
}
