//! The receptionist's questions, and how it knows them again in what it said.

use super::{says, story::Story};
use crate::{base::language::Language, dialogue::spoken::plain};

/// What was asked of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which specialty.
    Specialty,
    /// Which day and hour, or which of the offered times.
    When,
    /// The name.
    Name,
    /// The surname, after a single word was given.
    Surname,
    /// The document.
    Document,
    /// The rest of the document.
    MoreDigits,
    /// Whether what was read back is right.
    Confirm,
    /// What of it is wrong.
    WhatIsWrong,
    /// Whether they want an appointment.
    Booking,
    /// Whether they need anything else.
    AnythingElse,
}

/// Words that stand in every wording of a question, in their plain form.
const SPANISH: [(Ask, &[&str]); 10] = [
    (Ask::Specialty, &["que especialidad", "que tratamiento"]),
    (
        Ask::When,
        &["que dia y a que hora", "cual prefiere", "le queda bien", "que otro dia", "a que hora prefiere"],
    ),
    (Ask::Name, &["nombre y apellido"]),
    (Ask::Surname, &["tambien el apellido"]),
    (Ask::Document, &["numero de documento", "numero de identificacion"]),
    (Ask::MoreDigits, &["como sigue el numero"]),
    (Ask::Confirm, &["es correcto", "lo intento de nuevo"]),
    (Ask::WhatIsWrong, &["que dato corrijo"]),
    (Ask::Booking, &["quiere sacar un turno", "quiere agendar una cita"]),
    (Ask::AnythingElse, &["algo mas"]),
];
const ENGLISH: [(Ask, &[&str]); 10] = [
    (Ask::Specialty, &["which specialty"]),
    (
        Ask::When,
        &[
            "which day and time",
            "which one do you prefer",
            "does that suit you",
            "which other day",
            "what time do you prefer",
        ],
    ),
    (Ask::Name, &["full name"]),
    (Ask::Surname, &["last name too"]),
    (Ask::Document, &["document number"]),
    (Ask::MoreDigits, &["how does the number go on"]),
    (Ask::Confirm, &["is that correct", "shall i try again"]),
    (Ask::WhatIsWrong, &["what should i correct"]),
    (Ask::Booking, &["like to book an appointment"]),
    (Ask::AnythingElse, &["anything else"]),
];

/// Begins every read-back.
pub const fn read_back(language: Language) -> &'static str {
    match language {
        Language::Es => "Le repito los datos",
        Language::En => "Let me read that back",
    }
}

/// Whether `text` reads the appointment back, as far as it was heard.
pub fn is_read_back(text: &str, language: Language) -> bool {
    plain(text).contains(&plain(read_back(language)))
}

/// The last question in `text`, as far as it was heard.
pub fn recognise(text: &str, language: Language) -> Option<Ask> {
    let text = plain(text);
    let table = if language == Language::Es { &SPANISH } else { &ENGLISH };
    let places =
        table.iter().flat_map(|(ask, marks)| marks.iter().filter_map(|mark| Some((text.rfind(mark)?, *ask))));
    places.max_by_key(|(place, _)| *place).map(|(_, ask)| ask)
}

/// The question as it is asked; `again` counts how often it was not understood.
pub fn question(ask: Ask, story: &Story, again: u32) -> String {
    match story.world.language {
        Language::Es => spanish(ask, again, story),
        Language::En => english(ask, again, story).to_owned(),
    }
}

fn spanish(ask: Ask, again: u32, story: &Story) -> String {
    let offered = !story.offer().is_empty();
    let (document, specialty) = (says::document(story), says::kind(story));
    let question = match (ask, again) {
        (Ask::Specialty, 0) => return format!("¿Para qué {specialty}?"),
        (Ask::Specialty, _) => return format!("¿Para qué {specialty} sería?"),
        (Ask::When, _) if offered => "¿Cuál prefiere?",
        (Ask::When, _) if story.facts.day.is_some() => "¿A qué hora prefiere?",
        (Ask::When, 0) => "¿Qué día y a qué hora le conviene?",
        (Ask::When, _) => "Dígame qué día y a qué hora, por ejemplo, el jueves a las diez.",
        (Ask::Name, 0) => "¿Me dice su nombre y apellido?",
        (Ask::Name, _) => "Dígame su nombre y apellido, por favor.",
        (Ask::Surname, _) => "¿Me dice también el apellido?",
        (Ask::Document, 0) => return format!("¿Y su número de {document}?"),
        (Ask::Document, _) => return format!("Dígame su número de {document}, cifra por cifra."),
        (Ask::MoreDigits, _) => "¿Cómo sigue el número?",
        (Ask::Confirm, _) => "¿Es correcto?",
        (Ask::WhatIsWrong, _) => {
            let specialty = format!("{} {specialty}", if story.world.says_tratamiento { "el" } else { "la" });
            let document =
                format!("{} {document}", if story.world.says_identificacion { "la" } else { "el" });
            return format!("¿Qué dato corrijo: {specialty}, el día, la hora, el nombre o {document}?");
        }
        (Ask::Booking, _) if story.world.says_cita => "¿Quiere agendar una cita?",
        (Ask::Booking, _) => "¿Quiere sacar un turno?",
        (Ask::AnythingElse, 0) if story.said.len().is_multiple_of(2) => "¿Necesita algo más?",
        (Ask::AnythingElse, _) => "¿Le ayudo con algo más?",
    };
    question.to_owned()
}

fn english(ask: Ask, again: u32, story: &Story) -> &'static str {
    let offered = !story.offer().is_empty();
    match (ask, again) {
        (Ask::Specialty, 0) => "Which specialty is it for?",
        (Ask::Specialty, _) => "Which specialty would it be?",
        (Ask::When, _) if offered => "Which one do you prefer?",
        (Ask::When, _) if story.facts.day.is_some() => "What time do you prefer?",
        (Ask::When, 0) => "Which day and time would you like?",
        (Ask::When, _) => "Tell me which day and time, for example, Thursday at ten.",
        (Ask::Name, 0) => "May I have your full name?",
        (Ask::Name, _) => "Please tell me your full name.",
        (Ask::Surname, _) => "And your last name too, please?",
        (Ask::Document, 0) => "And your document number?",
        (Ask::Document, _) => "Please tell me your document number, digit by digit.",
        (Ask::MoreDigits, _) => "How does the number go on?",
        (Ask::Confirm, _) => "Is that correct?",
        (Ask::WhatIsWrong, _) => {
            "What should I correct: the specialty, the day, the time, the name or the document?"
        }
        (Ask::Booking, _) => "Would you like to book an appointment?",
        (Ask::AnythingElse, 0) if story.said.len().is_multiple_of(2) => "Do you need anything else?",
        (Ask::AnythingElse, _) => "Can I help you with anything else?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_known_again() {
        let all = [
            Ask::Specialty,
            Ask::When,
            Ask::Name,
            Ask::Surname,
            Ask::Document,
            Ask::MoreDigits,
            Ask::Confirm,
            Ask::WhatIsWrong,
            Ask::Booking,
            Ask::AnythingElse,
        ];
        for language in [Language::Es, Language::En] {
            for local in [false, true] {
                let mut story = Story::default();
                story.world.language = language;
                let world = &mut story.world;
                (world.says_cita, world.says_identificacion, world.says_tratamiento) = (local, local, local);
                for (ask, again) in all.into_iter().flat_map(|ask| [(ask, 0), (ask, 0), (ask, 1)]) {
                    story.said.push(String::new());
                    let text = format!("Claro. {}", question(ask, &story, again));
                    assert_eq!(recognise(&text, language), Some(ask), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_question_that_was_not_heard_was_not_asked() {
        assert_eq!(recognise("Perfecto. ¿Me dice su nom", Language::Es), None);
        assert!(is_read_back("Muy bien. Le repito los datos: cardio", Language::Es));
        assert!(!is_read_back("Muy bien. Le rep", Language::Es));
    }
}
