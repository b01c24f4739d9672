//! What an agent asks, known by words that survive a telephone line and a recogniser.

use crate::{base::language::Language, dialogue::spoken::plain};
use serde::Deserialize;

/// What the agent wants of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// What the call is for.
    Help,
    /// Which specialty.
    Specialty,
    /// Which day and hour.
    When,
    /// Which of the times that it offers.
    Which,
    /// The name.
    Name,
    /// The document.
    Document,
    /// Whether what was read back is right.
    Confirm,
    /// What of it is wrong.
    Mistake,
    /// Whether they want an appointment.
    Booking,
    /// What to write down for somebody.
    Message,
    /// The number to be called back.
    Phone,
    /// Whom they want to be put through to.
    Place,
    /// Whether they need anything else.
    #[serde(rename = "more")]
    AnythingElse,
    /// To say it again.
    Again,
    /// Nothing: it says goodbye.
    Farewell,
}

type Marks = [(Asked, &'static [&'static str]); 15];

const SPANISH: Marks = [
    (Asked::Help, &["puedo ayudar", "puede ayudar", "puedo servir"]),
    (Asked::Specialty, &["que especialidad", "que tratamiento", "especialidad seria", "tratamiento seria"]),
    (Asked::When, &["que dia", "que hora", "otro dia", "hora prefiere", "le conviene"]),
    (Asked::Which, &["cual prefiere", "queda bien", "le sirve", "le viene bien", "cual de "]),
    (Asked::Name, &["su nombre", "nombre y apellido", "el apellido", "nombre completo"]),
    (
        Asked::Document,
        &["de documento", "de identificacion", "su identificacion", "sigue el numero", "cifra por cifra"],
    ),
    (
        Asked::Confirm,
        &[
            "correcto",
            "de acuerdo con eso",
            "intento de nuevo",
            "confirma",
            "lo cancelo",
            "la cancelo",
            "lo cambio",
            "la cambio",
        ],
    ),
    (Asked::Mistake, &["dato corrijo", "dato corregi"]),
    (Asked::Booking, &["sacar un turno", "agendar una cita"]),
    (Asked::Message, &["que mensaje", "dejar un mensaje", "dejar mensaje", "que le digo", "le digo que"]),
    (
        Asked::Phone,
        &["que numero le llam", "que numero lo llam", "numero de telefono le", "numero para llam"],
    ),
    (Asked::Place, &["con quien quiere", "con quien desea", "con que area", "con que sector"]),
    (Asked::AnythingElse, &["algo mas", "alguna otra"]),
    (
        Asked::Again,
        &["repite por favor", "no le entendi", "sigo sin entender", "sigue ahi", "me oye", "mas despacio"],
    ),
    (Asked::Farewell, &["hasta luego", "gracias por llamar", "hasta pronto"]),
];

const ENGLISH: Marks = [
    (Asked::Help, &["can i help you", "how can i help", "may i help"]),
    (Asked::Specialty, &["which specialty", "what specialty"]),
    (Asked::When, &["which day", "what time", "day and time", "time do you prefer", "other day"]),
    (Asked::Which, &["one do you prefer", "suit you", "which one", "work for you"]),
    (Asked::Name, &["full name", "last name", "your name"]),
    (Asked::Document, &["document number", "the number go on", "digit by digit"]),
    (
        Asked::Confirm,
        &["that correct", "is correct", "try again", "shall i cancel", "shall i move", "is that right"],
    ),
    (Asked::Mistake, &["should i correct"]),
    (Asked::Booking, &["like to book"]),
    (Asked::Message, &["what message", "leave a message", "what should i tell"]),
    (Asked::Phone, &["number should we call", "number to call you", "which number can"]),
    (Asked::Place, &["whom would you like", "who would you like to", "which department"]),
    (Asked::AnythingElse, &["anything else", "with anything"]),
    (
        Asked::Again,
        &["say that again", "didn t get that", "still don t follow", "still there", "hear me", "more slowly"],
    ),
    (Asked::Farewell, &["goodbye", "good bye", "thank you for calling"]),
];

impl Asked {
    /// The last thing that `heard` asks, if anything.
    pub fn last(heard: &str, language: Language) -> Option<Self> {
        let heard = plain(heard);
        let table = if language == Language::Es { &SPANISH } else { &ENGLISH };
        let places = table.iter().flat_map(|(asked, marks)| {
            marks.iter().filter_map(|mark| Some((heard.rfind(mark)? + mark.len(), *asked)))
        });
        places.max_by_key(|(place, _)| *place).map(|(_, asked)| asked)
    }

    /// Whether `heard` says that the appointment was made.
    pub fn is_booked(heard: &str, language: Language) -> bool {
        let heard = plain(heard);
        match language {
            Language::Es => heard.contains("reservad") || heard.contains("quedo "),
            Language::En => heard.contains("is booked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_question_counts() {
        let asked = |heard| Asked::last(heard, Language::Es);
        assert_eq!(asked("Le repito: a nombre de Ana, documento 1, 2. ¿Es correcto?"), Some(Asked::Confirm));
        assert_eq!(asked("Sí, hay lugar. ¿Me dice su nombre y apellido?"), Some(Asked::Name));
        assert_eq!(asked("Disculpe, no le entendí. ¿Y su número de documento?"), Some(Asked::Document));
        assert_eq!(asked("Déjeme ver la agenda."), None);
        assert_eq!(Asked::last("Thank you. Goodbye.", Language::En), Some(Asked::Farewell));
    }
}
