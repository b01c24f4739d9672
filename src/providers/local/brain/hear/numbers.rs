//! Numbers in words or digits.

use super::words::Said;

const WORDS: &[(&str, u64)] = &[
    ("cero", 0),
    ("un", 1),
    ("uno", 1),
    ("una", 1),
    ("dos", 2),
    ("tres", 3),
    ("cuatro", 4),
    ("cinco", 5),
    ("seis", 6),
    ("siete", 7),
    ("ocho", 8),
    ("nueve", 9),
    ("diez", 10),
    ("once", 11),
    ("doce", 12),
    ("trece", 13),
    ("catorce", 14),
    ("quince", 15),
    ("dieciseis", 16),
    ("diecisiete", 17),
    ("dieciocho", 18),
    ("diecinueve", 19),
    ("veinte", 20),
    ("veintiuno", 21),
    ("veintiun", 21),
    ("veintiuna", 21),
    ("veintidos", 22),
    ("veintitres", 23),
    ("veinticuatro", 24),
    ("veinticinco", 25),
    ("veintiseis", 26),
    ("veintisiete", 27),
    ("veintiocho", 28),
    ("veintinueve", 29),
    ("treinta", 30),
    ("cuarenta", 40),
    ("cincuenta", 50),
    ("sesenta", 60),
    ("setenta", 70),
    ("ochenta", 80),
    ("noventa", 90),
    ("cien", 100),
    ("ciento", 100),
    ("doscientos", 200),
    ("doscientas", 200),
    ("trescientos", 300),
    ("trescientas", 300),
    ("cuatrocientos", 400),
    ("cuatrocientas", 400),
    ("quinientos", 500),
    ("quinientas", 500),
    ("seiscientos", 600),
    ("seiscientas", 600),
    ("setecientos", 700),
    ("setecientas", 700),
    ("ochocientos", 800),
    ("ochocientas", 800),
    ("novecientos", 900),
    ("novecientas", 900),
    ("zero", 0),
    ("oh", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
    ("eleventh", 11),
    ("twelfth", 12),
    ("thirteenth", 13),
    ("fifteenth", 15),
    ("nineteenth", 19),
    ("twentieth", 20),
    ("thirtieth", 30),
    ("primero", 1),
    ("primer", 1),
];

/// The number that one word says, in words or plain digits; ordinals of English dates included.
pub fn word(norm: &str) -> Option<u64> {
    if norm.len() <= 4 && norm.starts_with(|sign: char| sign.is_ascii_digit()) {
        let digits = norm.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h', 'º', '°']);
        return digits.parse().ok();
    }
    let known = |(name, value): &(&str, u64)| (*name == norm).then_some(*value);
    WORDS.iter().find_map(known).or_else(|| {
        let teen = norm.strip_suffix("teenth")?;
        WORDS.iter().find_map(|(name, value)| (*name == format!("{teen}teen")).then_some(*value))
    })
}

/// A number under a hundred at `index` ("treinta y cinco", "twenty five", "26"), and the place behind it.
pub fn below_hundred(said: &Said, index: usize) -> Option<(u64, usize)> {
    let tens = word(said.at(index)).filter(|value| *value < 100)?;
    let is_digits = said.at(index).starts_with(|sign: char| sign.is_ascii_digit());
    if tens < 20 || tens % 10 != 0 || is_digits {
        return Some((tens, index + 1));
    }
    // "veinte y seis" is also heard for "veintiséis"; "las veinte y cinco" is 20:05, which nobody books.
    let unit_at = if said.at(index + 1) == "y" { index + 2 } else { index + 1 };
    let english = said.at(index).ends_with("ty");
    let unit = word(said.at(unit_at)).filter(|unit| (1..10).contains(unit));
    match unit {
        Some(unit) if english != (unit_at == index + 2) => Some((tens + unit, unit_at + 1)),
        _ => Some((tens, index + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_read() {
        for (text, value, words) in [
            ("treinta y cinco", 35, 3),
            ("veintiséis", 26, 1),
            ("26", 26, 1),
            ("26th", 26, 1),
            ("twenty-sixth", 26, 2),
            ("twenty six", 26, 2),
            ("fourteenth", 14, 1),
            ("diez y media", 10, 1),
            ("diez y cinco", 10, 1),
            ("treinta", 30, 1),
        ] {
            assert_eq!(below_hundred(&Said::new(text), 0), Some((value, words)), "{text}");
        }
        for text in ["", "jueves", "mil", "10:30", "28400512"] {
            assert_eq!(below_hundred(&Said::new(text), 0), None, "{text}");
        }
    }
}
