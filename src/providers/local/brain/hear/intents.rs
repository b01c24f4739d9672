//! What the caller wants, apart from the facts they give.

use super::phrases;
use crate::dialogue::spoken::hear::said::Said;

/// A question about the business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Which specialties there are.
    Specialties,
    /// When it is open, or when a specialty attends.
    Hours,
    /// Whether an insurer is taken.
    Insurers,
    /// Where it is.
    Place,
    /// What a visit costs.
    Price,
    /// Who attends.
    Who,
    /// The phone number.
    Phone,
    /// Which times are free.
    Free,
    /// Who is speaking.
    Robot,
}

/// Everything that was recognised in one turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one sentence")]
pub struct Intents {
    /// Questions, in a fixed order.
    pub topics: Vec<Topic>,
    /// Agrees.
    pub yes: bool,
    /// Disagrees.
    pub no: bool,
    /// Parts.
    pub farewell: bool,
    /// Needs nothing else.
    pub enough: bool,
    /// Thanks, and not only to decline.
    pub thanks: bool,
    /// Says hello.
    pub hello: bool,
    /// Wants it repeated.
    pub repeat: bool,
    /// Asks us to wait.
    pub hold: bool,
    /// Wants an appointment.
    pub booking: bool,
    /// Wants to stop what was begun.
    pub abandon: bool,
    /// Wants to change or cancel an appointment made earlier.
    pub change: bool,
    /// Asks for their appointment of this call.
    pub mine: bool,
    /// Wants a person.
    pub human: bool,
    /// Speaks of an emergency.
    pub emergency: bool,
    /// Takes whatever is first.
    pub soonest: bool,
    /// Does not want what was offered.
    pub other: bool,
    /// Asks, rather than tells.
    pub question: bool,
    /// The recogniser wrote a question mark.
    pub asks: bool,
}

/// What was said, by the words that people use for it. Looks at words that are not used yet.
pub fn read(said: &Said) -> Intents {
    let mut plain_no = said.has_one_of(phrases::NO) && !said.has(&["nombre no"]);
    if said.has_one_of(phrases::NO_BUT) {
        plain_no = false;
    }
    let repeat = said.has_one_of(phrases::REPEAT)
        || is_only(said, &["como", "que", "perdon", "eh", "what", "sorry", "disculpe"]);
    Intents {
        topics: topics(said),
        yes: said.has_one_of(phrases::YES) || said.has_one_of(phrases::YES_EN),
        no: plain_no,
        farewell: said.has_one_of(phrases::FAREWELL),
        enough: said.has_one_of(phrases::ENOUGH),
        thanks: said.has(&["gracias", "muy amable", "thanks", "thank you"])
            && !said.has(&["no gracias", "no muchas gracias", "no thanks", "no thank you"]),
        hello: said.has(&[
            "hola",
            "buenas",
            "buenos dias",
            "alo",
            "hello",
            "hi",
            "good morning",
            "good afternoon",
        ]),
        repeat,
        hold: said.has_one_of(phrases::HOLD),
        booking: said.has_one_of(phrases::BOOKING),
        abandon: said.has_one_of(phrases::ABANDON),
        change: said.has_one_of(phrases::CHANGE),
        mine: said.has_one_of(phrases::MINE),
        human: said.has_one_of(phrases::HUMAN),
        emergency: said.has_one_of(phrases::EMERGENCY),
        soonest: said.has_one_of(phrases::SOONEST),
        other: said.has_one_of(phrases::OTHER),
        question: said.has_one_of(phrases::QUESTION),
        asks: false,
    }
}

fn topics(said: &Said) -> Vec<Topic> {
    let table: [(Topic, &str); 9] = [
        (Topic::Specialties, phrases::SPECIALTIES),
        (Topic::Free, phrases::FREE),
        (Topic::Hours, phrases::HOURS),
        (Topic::Insurers, phrases::INSURERS),
        (Topic::Place, phrases::PLACE),
        (Topic::Price, phrases::PRICE),
        (Topic::Who, phrases::WHO),
        (Topic::Phone, phrases::PHONE),
        (Topic::Robot, phrases::ROBOT),
    ];
    table.into_iter().filter(|(_, asked)| said.has_one_of(asked)).map(|(topic, _)| topic).collect()
}

/// Whether every word is one of `words`.
pub fn is_only(said: &Said, words: &[&str]) -> bool {
    !said.is_empty() && (0..said.len()).all(|index| words.contains(&said.at(index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Intents {
        read(&Said::new(text))
    }

    #[test]
    fn yes_and_no_have_many_forms() {
        for text in
            ["Sí.", "si, esta bien", "Correcto", "dale", "así es", "Yes, please", "That works", "¡Cómo no!"]
        {
            let read = of(text);
            assert!(read.yes && !read.no, "{text}");
        }
        for text in ["No.", "no, el jueves", "está mal", "Nope", "that's wrong"] {
            assert!(of(text).no, "{text}");
        }
        for text in ["no sé", "no entendí", "no hay problema"] {
            assert!(!of(text).no, "{text}");
        }
    }

    #[test]
    fn questions_are_told_apart() {
        for (text, topic) in [
            ("¿Qué especialidades tienen?", Topic::Specialties),
            ("¿A qué hora abren?", Topic::Hours),
            ("¿Aquí ahora abren?", Topic::Hours),
            ("¿Atienden por OSDE?", Topic::Insurers),
            ("¿Dónde están?", Topic::Place),
            ("¿Cuánto sale la consulta?", Topic::Price),
            ("¿Quién atiende?", Topic::Who),
            ("¿Qué turnos hay disponibles?", Topic::Free),
            ("Do you take insurance?", Topic::Insurers),
            ("Where are you located?", Topic::Place),
            ("¿Con quién hablo?", Topic::Robot),
        ] {
            assert_eq!(of(text).topics, [topic], "{text}");
        }
        assert!(of("El jueves a las diez y media, por favor.").topics.is_empty());
    }

    #[test]
    fn partings_are_told_apart() {
        assert!(of("No, eso es todo. Muchas gracias, hasta luego.").farewell);
        assert!(of("no, nada más").enough);
        assert!(!of("hasta el jueves").farewell);
    }
}
