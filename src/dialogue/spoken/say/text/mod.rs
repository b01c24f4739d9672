//! What an agent writes, as words that can be spoken: numbers, hours, dates, amounts, abbreviations.
//!
//! Also used the other way round: what a recogniser writes in digits is compared with what was said in words.

mod english;
mod shapes;
mod spanish;

use crate::{
    base::language::Language,
    dialogue::spoken::{Locale, say},
};
use shapes::Shape;

/// A stretch of a text as it was written, and as it is spoken. Blanks stand between stretches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// As it was written.
    pub written: String,
    /// As it is spoken.
    pub spoken: String,
}

/// `text` without digits and symbols. Punctuation stays with its words.
pub fn words(text: &str, locale: impl Into<Locale>) -> String {
    let spoken = stretches(text, locale.into());
    spoken.iter().map(|stretch| stretch.spoken.as_str()).collect::<Vec<_>>().join(" ")
}

/// The stretches of `text`, so that what was heard of its sound can be told in its own signs.
pub fn stretches(text: &str, locale: Locale) -> Vec<Stretch> {
    let tokens = shapes::tokens(text, locale);
    let mut stretches: Vec<Stretch> = Vec::with_capacity(tokens.len());
    // Marks before the first word are not spoken.
    let mut silent = String::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let (lead, core, tail) = shapes::bare(&token.text);
        let next = tokens.get(at + 1).filter(|_| tail.is_empty());
        let (words, taken) = if is_first_of_month(tokens.get(at..).unwrap_or_default(), locale) {
            ("primero".to_owned(), 1)
        } else {
            token_in_words(core, next.map(|next| next.text.as_str()), locale)
        };
        let mut written = token.written.clone();
        // A mark behind a second token that was taken in ("10:30 a.m.,") belongs to the end.
        let mut tail = tail;
        if let Some(next) = next.filter(|_| taken > 1) {
            tail = shapes::bare(&next.text).2;
            written = format!("{written} {}", next.written);
        }
        match stretches.last_mut() {
            Some(last) if words.is_empty() => {
                last.spoken.push_str(tail);
                last.written = format!("{} {written}", last.written);
            }
            _ if words.is_empty() => silent = format!("{silent}{written} "),
            _ => stretches.push(Stretch {
                written: std::mem::take(&mut silent) + &written,
                spoken: format!("{lead}{words}{tail}"),
            }),
        }
        at += taken;
    }
    stretches
}

/// "1 de diciembre" is "primero de diciembre".
fn is_first_of_month(tokens: &[shapes::Token], locale: Locale) -> bool {
    let [day, of, month, ..] = tokens else { return false };
    let month = shapes::bare(&month.text).1;
    let known = (1..=12).any(|number| say::month(Language::Es, number) == month);
    locale.language == Language::Es && day.text == "1" && of.text == "de" && known
}

/// The words of one token and how many tokens they stand for: 2 where `next` was needed ("a.m.", "%").
fn token_in_words(core: &str, next: Option<&str>, locale: Locale) -> (String, usize) {
    let language = locale.language;
    let following = next.map(|next| shapes::bare(next).1).unwrap_or_default();
    let shape = Shape::of(core, locale);
    let half = next.and_then(shapes::half_of_day);
    match (language, shape) {
        (_, Shape::Hour { hour, minute, half: own }) => {
            let words = match language {
                Language::Es => spanish::hour(hour, minute, own.or(half)),
                Language::En => english::hour(hour, minute, own.or(half)),
            };
            (words, if own.is_none() && half.is_some() { 2 } else { 1 })
        }
        (Language::En, Shape::Number(hour)) if half.is_some() && hour <= 24 => {
            (english::hour(hour, 0, half), 2)
        }
        (Language::Es, Shape::Number(hour)) if half.is_some() && hour <= 24 => {
            (spanish::hour(hour, 0, half), 2)
        }
        (_, Shape::Money(money)) => (say::money(locale, money), 1),
        (_, Shape::Phone(phone)) => (say::international(language, &phone), 1),
        (_, Shape::Letters) => (say::spelled(language, core), 1),
        (_, Shape::Address) => (say::address(language, core), 1),
        (Language::Es, shape) => (spanish::shape(&shape, core, following), 1),
        (Language::En, shape) => (english::shape(&shape, core, following), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: Language, written: &str, spoken: &str) {
        assert_eq!(words(written, language), spoken, "{written}");
    }

    #[test]
    fn spanish_figures_are_spoken() {
        let es = |written, spoken| check(Language::Es, written, spoken);
        es("A las 15:30.", "A las quince y treinta.");
        es("A las 3:30 p. m., ¿le queda bien?", "A las tres y media de la tarde, ¿le queda bien?");
        es("a las 10:00", "a las diez");
        es("a las 9:15 hs", "a las nueve y cuarto");
        es("el 2026-11-24", "el veinticuatro de noviembre de dos mil veintiséis");
        es("el 1/12", "el primero de diciembre");
        es("Hay 1 turno y 21 citas", "Hay un turno y veintiuna citas");
        es("200 personas", "doscientas personas");
        es("Cuesta $1.500,", "Cuesta mil quinientos pesos,");
        es("Un 20% menos", "Un veinte por ciento menos");
        es("DNI 28400512", "de ene i dos ocho, cuatro cero cero, cinco uno dos");
        es("28.400.512", "veintiocho millones cuatrocientos mil quinientos doce");
        es("11 4023-3355", "once cuatro cero dos tres, tres tres cinco cinco");
        es("Dra. Ana Ríos, consultorio 3", "doctora Ana Ríos, consultorio tres");
        es("3,5 km", "tres coma cinco kilómetros");
        es("el 2º piso", "el segundo piso");
        es("info@clinica.com", "info arroba clinica punto com");
        es("Lunes a viernes — de 8 a 20 h.", "Lunes a viernes, de ocho a veinte horas.");
    }

    #[test]
    fn english_figures_are_spoken() {
        let en = |written, spoken| check(Language::En, written, spoken);
        en("At 3:30 p.m., right?", "At three thirty p m, right?");
        en("At 15:05.", "At three oh five p m.");
        en("at 10 am", "at ten a m");
        en("at 10:00", "at ten o'clock");
        en("on 2026-11-24", "on November twenty-fourth, twenty twenty-six");
        en("November 24th", "November twenty-fourth");
        en("It costs $25.", "It costs twenty-five dollars.");
        en("in 1982", "in nineteen eighty-two");
        en("555-0142", "five five five, zero one four two");
        en("Dr. Lee, 3.5%", "doctor Lee, three point five percent");
        en("1,500 people", "one thousand five hundred people");
    }

    #[test]
    fn stretches_tell_what_was_written() {
        let told = |text: &str| {
            let stretches = stretches(text, Language::Es.into());
            stretches
                .into_iter()
                .map(|it| format!("{}={}", it.written, it.spoken))
                .collect::<Vec<_>>()
                .join("|")
        };
        assert_eq!(told("son $ 1.200, sí"), "son=son|$ 1.200,=mil doscientos pesos,|sí=sí");
        assert_eq!(told("a las 3:30 p. m."), "a=a|las=las|3:30 p. m.=tres y media de la tarde");
        assert_eq!(told("- uno"), "- uno=uno");
        assert_eq!(told("8–20 — 9"), "8–=ocho|20 —=veinte,|9=nueve");
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        check(Language::Es, "¡Hola! ¿En qué puedo ayudarle?", "¡Hola! ¿En qué puedo ayudarle?");
        check(Language::En, "Well - let me see...", "Well, let me see...");
        check(Language::Es, "", "");
    }
}
