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
const ORDINALS_EN: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

/// The number in words, below a billion (Spanish "mil millones"); larger ones digit by digit.
pub fn number(language: Language, number: u64) -> String {
    if number >= 1_000_000_000 {
        return digits(language, &number.to_string());
    }
    match language {
        Language::Es => spanish(number),
        Language::En => english(number),
    }
}

/// The ordinal of a day of the month, 1 to 31: "primero", "dos"; "first", "twenty-sixth".
pub fn ordinal(language: Language, number: u64) -> String {
    match (language, number) {
        (Language::Es, 1) => "primero".to_owned(),
        (Language::Es, _) => spanish(number),
        (Language::En, 0..20) => word(&ORDINALS_EN, number).to_owned(),
        (Language::En, _) if number.is_multiple_of(10) => {
            format!("{}ieth", word(&TENS_EN, number / 10).trim_end_matches('y'))
        }
        (Language::En, _) => format!("{}-{}", word(&TENS_EN, number / 10), word(&ORDINALS_EN, number % 10)),
    }
}

/// A document or a phone number, digit by digit in groups: "dos ocho, cuatro cero cero, cinco uno dos".
///
/// Letters are said as they are. Groups have three signs, the first one what is left over.
pub fn digits(language: Language, signs: &str) -> String {
    let signs: Vec<String> = signs
        .chars()
        .filter(|sign| sign.is_alphanumeric())
        .map(|sign| {
            let digit = sign.to_digit(10).map(|digit| match language {
                Language::Es => spanish(digit.into()),
                Language::En => english(digit.into()),
            });
            digit.unwrap_or_else(|| sign.to_uppercase().to_string())
        })
        .collect();
    let (first, rest) = signs.split_at_checked(signs.len() % 3).unwrap_or((&[], &signs));
    let mut groups: Vec<String> = rest.chunks(3).map(|group| group.join(" ")).collect();
    if !first.is_empty() {
        groups.insert(0, first.join(" "));
    }
    groups.join(", ")
}

/// A phone number, digit by digit in the groups in which it is written.
pub fn phone(language: Language, text: &str) -> String {
    let groups = text.split(|sign: char| !sign.is_alphanumeric()).filter(|group| !group.is_empty());
    let say = |group: &str| {
        group.chars().map(|sign| digits(language, &sign.to_string())).collect::<Vec<_>>().join(" ")
    };
    groups.map(say).collect::<Vec<_>>().join(", ")
}

fn word(words: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| words.get(index)).copied().unwrap_or_default()
}

fn spanish(number: u64) -> String {
    match number {
        0..30 => word(&SMALL_ES, number).to_owned(),
        30..100 if number.is_multiple_of(10) => word(&TENS_ES, number / 10).to_owned(),
        30..100 => format!("{} y {}", word(&TENS_ES, number / 10), word(&SMALL_ES, number % 10)),
        100 => "cien".to_owned(),
        101..1_000 => follow(word(&HUNDREDS_ES, number / 100), number % 100, spanish),
        1_000..2_000 => follow("mil", number % 1_000, spanish),
        2_000..1_000_000 => follow(&format!("{} mil", shortened(number / 1_000)), number % 1_000, spanish),
        1_000_000..2_000_000 => follow("un millón", number % 1_000_000, spanish),
        _ => follow(&format!("{} millones", shortened(number / 1_000_000)), number % 1_000_000, spanish),
    }
}

/// "veintiuno" before a noun is "veintiún", "treinta y uno" is "treinta y un".
fn shortened(number: u64) -> String {
    let words = spanish(number);
    match words.strip_suffix("uno") {
        Some("veinti") => "veintiún".to_owned(),
        Some(head) => format!("{head}un"),
        None => words,
    }
}

fn english(number: u64) -> String {
    match number {
        0..20 => word(&SMALL_EN, number).to_owned(),
        20..100 if number.is_multiple_of(10) => word(&TENS_EN, number / 10).to_owned(),
        20..100 => format!("{}-{}", word(&TENS_EN, number / 10), word(&SMALL_EN, number % 10)),
        100..1_000 => follow(&format!("{} hundred", word(&SMALL_EN, number / 100)), number % 100, english),
        1_000..1_000_000 => follow(&format!("{} thousand", english(number / 1_000)), number % 1_000, english),
        _ => follow(&format!("{} million", english(number / 1_000_000)), number % 1_000_000, english),
    }
}

fn follow(head: &str, rest: u64, say: fn(u64) -> String) -> String {
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
        ] {
            assert_eq!(number(Language::Es, value), words);
        }
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
        for (value, words) in [(1, "first"), (20, "twentieth"), (23, "twenty-third"), (30, "thirtieth")] {
            assert_eq!(ordinal(Language::En, value), words);
        }
    }

    #[test]
    fn documents_are_said_in_groups() {
        assert_eq!(digits(Language::Es, "28400512"), "dos ocho, cuatro cero cero, cinco uno dos");
        assert_eq!(digits(Language::En, "AB1234"), "A B one, two three four");
        assert_eq!(digits(Language::Es, ""), "");
        assert_eq!(phone(Language::En, "+54 11-23"), "five four, one one, two three");
    }
}
