//! Figures in Spanish words.

use super::{
    letter_by_letter,
    shapes::{Half, Shape, Unit},
};
use crate::{
    base::language::Language,
    dialogue::spoken::{self, Agreement, counted},
};

const ORDINALS: [&str; 11] = [
    "", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo",
];
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
    spoken::phone(Language::Es, core)
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
        Shape::Amount { whole, fraction: digits, unit } => amount(*whole, digits, *unit),
        Shape::Ordinal(number) => ordinal(*number, core.ends_with('ª'), following),
        Shape::Date { day, month, year } => date(*day, *month, *year),
        Shape::Digits => digits(core),
        Shape::Letters => letter_by_letter(core, letter),
        Shape::Address => address(core),
        Shape::Hour { hour, minute, half } => self::hour(*hour, *minute, *half),
        Shape::Word => word(core),
    }
}

/// "las" is the writer's: gives "quince y treinta", "tres y media de la tarde".
pub(super) fn hour(hour: u64, minute: u64, half: Option<Half>) -> String {
    let spoken = counted(hour, Agreement::Feminine);
    let minutes = match minute {
        0 => String::new(),
        15 if hour <= 12 => " y cuarto".into(),
        30 if hour <= 12 => " y media".into(),
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

fn amount(whole: u64, digits: &str, unit: Unit) -> String {
    let (one, many) = match unit {
        Unit::Percent => ("por ciento", "por ciento"),
        Unit::Peso => ("peso", "pesos"),
        Unit::Dollar => ("dólar", "dólares"),
        Unit::Euro => ("euro", "euros"),
    };
    let agreement = if unit == Unit::Percent { Agreement::Alone } else { Agreement::Masculine };
    let unit = if whole == 1 { one } else { many };
    // A whole number of millions takes "de": "dos millones de pesos".
    let of = if whole >= 1_000_000 && whole.is_multiple_of(1_000_000) { " de" } else { "" };
    match digits.trim_end_matches('0') {
        "" => format!("{}{of} {unit}", counted(whole, agreement)),
        rest if one == unit || many == "por ciento" => {
            format!("{} coma {} {unit}", cardinal(whole), fraction(rest))
        }
        _ => format!("{} {unit} con {}", counted(whole, agreement), fraction(digits)),
    }
}

fn fraction(digits: &str) -> String {
    if digits.starts_with('0') || digits.len() > 2 {
        self::digits(digits)
    } else {
        cardinal(digits.parse().unwrap_or_default())
    }
}

fn ordinal(number: u64, feminine: bool, following: &str) -> String {
    let spoken = usize::try_from(number).ok().and_then(|at| ORDINALS.get(at)).filter(|word| !word.is_empty());
    let Some(spoken) = spoken else { return cardinal(number) };
    let stem = spoken.strip_suffix('o').unwrap_or(spoken);
    match agreement(following) {
        _ if feminine => format!("{stem}a"),
        Agreement::Masculine if matches!(number, 1 | 3) => stem.to_owned(),
        _ => (*spoken).to_owned(),
    }
}

fn address(core: &str) -> String {
    let spaced = core
        .replace('@', " arroba ")
        .replace('.', " punto ")
        .replace('_', " guion bajo ")
        .replace('-', " guion ");
    spaced
        .split_whitespace()
        .map(|part| shape(&Shape::of(part, Language::Es), part, ""))
        .collect::<Vec<_>>()
        .join(" ")
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

fn letter(letter: char) -> Option<&'static str> {
    Some(match letter.to_lowercase().next()? {
        'a' | 'á' => "a",
        'b' => "be",
        'c' => "ce",
        'd' => "de",
        'e' | 'é' => "e",
        'f' => "efe",
        'g' => "ge",
        'h' => "hache",
        'i' | 'í' => "i",
        'j' => "jota",
        'k' => "ka",
        'l' => "ele",
        'm' => "eme",
        'n' => "ene",
        'ñ' => "eñe",
        'o' | 'ó' => "o",
        'p' => "pe",
        'q' => "cu",
        'r' => "erre",
        's' => "ese",
        't' => "te",
        'u' | 'ú' => "u",
        'v' => "ve",
        'w' => "doble ve",
        'x' => "equis",
        'y' => "ye",
        'z' => "zeta",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_ordinals_agree() {
        assert_eq!(amount(2_000_000, "", Unit::Peso), "dos millones de pesos");
        assert_eq!(amount(1, "", Unit::Dollar), "un dólar");
        assert_eq!(amount(10, "50", Unit::Peso), "diez pesos con cincuenta");
        assert_eq!(ordinal(3, false, "piso"), "tercer");
        assert_eq!(ordinal(1, true, "vez"), "primera");
        assert_eq!(hour(1, 0, None), "una");
        assert_eq!(hour(8, 45, Some(Half::Morning)), "ocho y cuarenta y cinco de la mañana");
        assert_eq!(mixed("B12"), "B doce");
    }
}
