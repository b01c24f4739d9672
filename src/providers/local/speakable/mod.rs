//! What an agent writes, as words that can be spoken: numbers, hours, dates, amounts, abbreviations.
//!
//! Also used the other way round: what a recogniser writes in digits is compared with what was said in words.

mod english;
mod shapes;
mod spanish;

use crate::base::language::Language;
use shapes::Shape;

/// `text` without digits and symbols. Punctuation stays with its words.
pub fn words(text: &str, language: Language) -> String {
    let tokens = shapes::tokens(text);
    let mut spoken: Vec<String> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let (lead, core, tail) = shapes::bare(token);
        let next = tokens.get(at + 1).filter(|_| tail.is_empty());
        let (words, taken) = token_in_words(core, next.map(String::as_str), language);
        // A mark behind a second token that was taken in ("10:30 a.m.,") belongs to the end.
        let tail = if taken > 1 { next.map_or("", |next| shapes::bare(next).2) } else { tail };
        match spoken.last_mut() {
            Some(last) if words.is_empty() => last.push_str(tail),
            _ if words.is_empty() => {}
            _ => spoken.push(format!("{lead}{words}{tail}")),
        }
        at += taken;
    }
    spoken.join(" ")
}

/// The words of one token and how many tokens they stand for: 2 where `next` was needed ("a.m.", "%").
fn token_in_words(core: &str, next: Option<&str>, language: Language) -> (String, usize) {
    let following = next.map(|next| shapes::bare(next).1).unwrap_or_default();
    let shape = Shape::of(core, language);
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
        (Language::Es, shape) => (spanish::shape(&shape, core, following), 1),
        (Language::En, shape) => (english::shape(&shape, core, following), 1),
    }
}

/// The letters of `core` one by one, with `name` for each; digits inside keep to themselves.
fn letter_by_letter(core: &str, name: impl Fn(char) -> Option<&'static str>) -> String {
    core.chars().filter_map(name).collect::<Vec<_>>().join(" ")
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
    fn plain_words_stay_as_they_are() {
        check(Language::Es, "¡Hola! ¿En qué puedo ayudarle?", "¡Hola! ¿En qué puedo ayudarle?");
        check(Language::En, "Well - let me see...", "Well, let me see...");
        check(Language::Es, "", "");
    }
}
