//! What a caller wants, and the sentences it has for it.

use crate::{
    base::{ids::CallSid, language::Language},
    dialogue::spoken::{digits, moment},
};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// The appointment that a caller wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The specialty, as the appointment book calls it.
    pub specialty: String,
    /// The same for a person who speaks the call's language.
    pub specialty_spoken: String,
    /// When, in the clinic's zone.
    pub start: DateTime,
    /// For whom.
    pub name: String,
    /// Their document: digits.
    pub document: String,
}

/// Everything that a simulated caller knows before it dials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// The call's identifier.
    pub call: CallSid,
    /// What it speaks: the tag of its language.
    pub language: String,
    /// The name of its voice.
    pub voice: String,
    /// Its sentences.
    pub lines: Lines,
    /// It interrupts the answer to its question so long after that begins.
    pub interrupt_after_ms: u64,
}

/// The sentences of a caller, each by what it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Says what it calls for.
    pub opening: String,
    /// Which specialty.
    pub specialty: String,
    /// Which day and hour.
    pub when: String,
    /// The name.
    pub name: String,
    /// The document.
    pub document: String,
    /// What was read back is right.
    pub yes: String,
    /// A question on the side, with a long answer.
    pub question: String,
    /// Interrupts that answer with a shorter question.
    pub interruption: String,
    /// Needs nothing else.
    pub goodbye: String,
}

impl Lines {
    /// The sentences for `wish`; `tag` is the agent's, such as `es-MX`.
    pub fn new(wish: &Wish, tag: &str) -> Self {
        let language = Language::of_tag(tag).unwrap_or_default();
        let (specialty, name) = (&wish.specialty_spoken, &wish.name);
        let (when, document) = (moment(language, wish.start), digits(language, &wish.document));
        match language {
            Language::Es => Self {
                opening: if tag == "es-AR" {
                    "Hola, buenas. Quisiera sacar un turno, por favor.".to_owned()
                } else {
                    "Hola, buenas. Quisiera hacer una cita, por favor.".to_owned()
                },
                specialty: format!("Es para {specialty}, por favor."),
                when: format!("Me gustaría {when}."),
                name: format!("Me llamo {name}."),
                document: format!("Mi número de documento es {document}."),
                yes: "Sí, es correcto.".to_owned(),
                question: "Sí, una pregunta. ¿Qué especialidades atienden?".to_owned(),
                interruption: "Disculpe que le interrumpa. ¿Qué horario de atención tienen?".to_owned(),
                goodbye: "No, gracias. Eso es todo. Hasta luego.".to_owned(),
            },
            Language::En => Self {
                opening: "Hello. I would like to book an appointment, please.".to_owned(),
                specialty: format!("It is for {specialty}, please."),
                when: format!("I would like {when}."),
                name: format!("My name is {name}."),
                document: format!("My document number is {document}."),
                yes: "Yes, that is correct.".to_owned(),
                question: "Yes, one question. Which specialties do you have?".to_owned(),
                interruption: "Excuse me for interrupting. What are your opening hours?".to_owned(),
                goodbye: "No, thank you. That is all. Goodbye.".to_owned(),
            },
        }
    }

    /// All of them, in the order in which they are likely to be needed.
    pub fn all(&self) -> [&str; 9] {
        [
            &self.opening,
            &self.specialty,
            &self.when,
            &self.name,
            &self.document,
            &self.yes,
            &self.question,
            &self.interruption,
            &self.goodbye,
        ]
    }
}
