//! Numbers in words.

use crate::base::language::Language;

const SMALL_ES: [&str; 30] = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
];
const TENS_ES: [&str; 10] =
    ["", "", "veinte", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];
const HUNDREDS_ES: [&str; 10] = [
    "",
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
];
const SMALL_EN: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS_EN: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
/// How a Spanish number agrees with what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// It counts nothing: "uno".
    Alone,
    /// Before a masculine word: "un".
    Masculine,
    /// Before a feminine word: "una", "doscientas".
    Feminine,
}

/// The number in words, below 10^12; larger ones digit by digit.
pub fn number(language: Language, number: u64) -> String {
    match language {
        _ if number >= 1_000_000_000_000 => digits(language, &number.to_string()),
        Language::Es => counted(number, Agreement::Alone),
        Language::En => english(number),
    }
}

/// The ordinal: "twenty-sixth". In Spanish that of a day of the month: "primero", "dos".
pub fn ordinal(language: Language, number: u64) -> String {
    match (language, number) {
        (Language::Es, 1) => return "primero".to_owned(),
        (Language::Es, _) => return counted(number, Agreement::Alone),
        (Language::En, _) => {}
    }
    let words = english(number);
    let (head, last) = words.split_at(words.rfind([' ', '-']).map_or(0, |at| at + 1));
    let last = match last {
        "one" => "first",
        "two" => "second",
        "three" => "third",
        "five" => "fifth",
        "eight" => "eighth",
        "nine" => "ninth",
        "twelve" => "twelfth",
        _ => match last.strip_suffix('y') {
            Some(stem) => return format!("{head}{stem}ieth"),
            None => return format!("{words}th"),
        },
    };
    format!("{head}{last}")
}

const RANKS_ES: [&str; 11] = [
    "", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo",
];

/// The place in a row: "tercero", "tercera", before a masculine noun "tercer", "third". Beyond the tenth Spanish counts on.
pub fn rank(language: Language, place: u64, feminine: bool, before_masculine: bool) -> String {
    if language == Language::En {
        return ordinal(language, place);
    }
    let word = word(&RANKS_ES, place);
    let stem = word.strip_suffix('o').unwrap_or(word);
    match (word, feminine, before_masculine) {
        ("", ..) => number(language, place),
        (_, true, _) => format!("{stem}a"),
        (_, _, true) if matches!(place, 1 | 3) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// A document or a phone number, digit by digit in groups: "dos ocho, cuatro cero cero, cinco uno dos".
///
/// Letters are said as they are. Groups have three signs, the first one what is left over.
pub fn digits(language: Language, signs: &str) -> String {
    let signs: Vec<String> =
        signs.chars().filter(|sign| sign.is_alphanumeric()).map(|sign| say(language, sign)).collect();
    let (first, rest) = signs.split_at_checked(signs.len() % 3).unwrap_or((&[], &signs));
    let mut groups: Vec<String> = rest.chunks(3).map(|group| group.join(" ")).collect();
    if !first.is_empty() {
        groups.insert(0, first.join(" "));
    }
    groups.join(", ")
}

/// A phone number, digit by digit in the groups in which it is written; more than four signs in a row in threes.
pub fn phone(language: Language, text: &str) -> String {
    let groups = text.split(|sign: char| !sign.is_alphanumeric()).filter(|group| !group.is_empty());
    let group = |group: &str| match group.chars().count() {
        ..=4 => group.chars().map(|sign| say(language, sign)).collect::<Vec<_>>().join(" "),
        _ => digits(language, group),
    };
    groups.map(group).collect::<Vec<_>>().join(", ")
}

fn say(language: Language, sign: char) -> String {
    sign.to_digit(10).map_or_else(|| sign.to_uppercase().to_string(), |digit| number(language, digit.into()))
}

fn word(words: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| words.get(index)).copied().unwrap_or_default()
}

/// A Spanish number before what it counts: "veintiún", "doscientas una".
pub fn counted(number: u64, agreement: Agreement) -> String {
    let feminine = agreement == Agreement::Feminine;
    let rest = |rest| counted(rest, agreement);
    let thousands = if feminine { agreement } else { Agreement::Masculine };
    match (number, agreement) {
        (1, Agreement::Masculine) => "un".to_owned(),
        (21, Agreement::Masculine) => "veintiún".to_owned(),
        (1 | 21, Agreement::Feminine) => word(&SMALL_ES, number).replace("uno", "una"),
        (0..30, _) => word(&SMALL_ES, number).to_owned(),
        (30..100, _) if number.is_multiple_of(10) => word(&TENS_ES, number / 10).to_owned(),
        (30..100, _) => format!("{} y {}", word(&TENS_ES, number / 10), rest(number % 10)),
        (100, _) => "cien".to_owned(),
        (101..1_000, _) => {
            let hundreds = word(&HUNDREDS_ES, number / 100);
            follow(
                &if feminine { hundreds.replace("ientos", "ientas") } else { hundreds.to_owned() },
                number % 100,
                rest,
            )
        }
        (1_000..2_000, _) => follow("mil", number % 1_000, rest),
        (2_000..1_000_000, _) => {
            follow(&format!("{} mil", counted(number / 1_000, thousands)), number % 1_000, rest)
        }
        (1_000_000..2_000_000, _) => follow("un millón", number % 1_000_000, rest),
        _ => {
            let millions = counted(number / 1_000_000, Agreement::Masculine);
            follow(&format!("{millions} millones"), number % 1_000_000, rest)
        }
    }
}

fn english(number: u64) -> String {
    match number {
        0..20 => word(&SMALL_EN, number).to_owned(),
        20..100 if number.is_multiple_of(10) => word(&TENS_EN, number / 10).to_owned(),
        20..100 => format!("{}-{}", word(&TENS_EN, number / 10), word(&SMALL_EN, number % 10)),
        100..1_000 => follow(&format!("{} hundred", word(&SMALL_EN, number / 100)), number % 100, english),
        1_000..1_000_000 => follow(&format!("{} thousand", english(number / 1_000)), number % 1_000, english),
        1_000_000..1_000_000_000 => {
            follow(&format!("{} million", english(number / 1_000_000)), number % 1_000_000, english)
        }
        _ => follow(&format!("{} billion", english(number / 1_000_000_000)), number % 1_000_000_000, english),
    }
}

fn follow(head: &str, rest: u64, say: impl Fn(u64) -> String) -> String {
    if rest == 0 { head.to_owned() } else { format!("{head} {}", say(rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_in_spanish() {
        for (value, words) in [
            (0, "cero"),
            (26, "veintiséis"),
            (31, "treinta y uno"),
            (100, "cien"),
            (115, "ciento quince"),
            (21_000, "veintiún mil"),
            (31_500, "treinta y un mil quinientos"),
            (28_400_512, "veintiocho millones cuatrocientos mil quinientos doce"),
            (1_000_001, "un millón uno"),
            (2_000_000_000, "dos mil millones"),
        ] {
            assert_eq!(number(Language::Es, value), words);
        }
        assert_eq!(counted(31, Agreement::Masculine), "treinta y un");
        assert_eq!(counted(541, Agreement::Feminine), "quinientas cuarenta y una");
        assert_eq!(counted(21_021, Agreement::Masculine), "veintiún mil veintiún");
    }

    #[test]
    fn numbers_are_said_in_english() {
        for (value, words) in [
            (12, "twelve"),
            (40, "forty"),
            (45, "forty-five"),
            (28_400_512, "twenty-eight million four hundred thousand five hundred twelve"),
        ] {
            assert_eq!(number(Language::En, value), words);
        }
        for (value, words) in
            [(1, "first"), (4, "fourth"), (12, "twelfth"), (23, "twenty-third"), (30, "thirtieth")]
        {
            assert_eq!(ordinal(Language::En, value), words);
        }
    }

    #[test]
    fn documents_are_said_in_groups() {
        assert_eq!(digits(Language::Es, "28400512"), "dos ocho, cuatro cero cero, cinco uno dos");
        assert_eq!(digits(Language::En, "AB1234"), "A B one, two three four");
        assert_eq!(digits(Language::Es, ""), "");
        assert_eq!(phone(Language::En, "+54 11-23"), "five four, one one, two three");
        assert_eq!(phone(Language::Es, "28400512"), digits(Language::Es, "28400512"));
    }
}
