//! What the agent asked for: it tells how long a complete answer is.

use super::words::{is_one, plain};

/// What the agent's last question wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Slot {
    /// Anything.
    #[default]
    Open,
    /// Yes or no.
    YesNo,
    /// The number of a document.
    Document,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// Somebody's name.
    Name,
    /// Something letter by letter.
    Spelling,
    /// A day or an hour.
    When,
}

/// How the agent spoke last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// It asked what it can do: whoever calls says why.
    #[default]
    Opening,
    /// It asked something.
    Question,
    /// It asked nothing.
    Statement,
}

/// What the agent's last sentence wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) slot: Slot,
    pub(super) manner: Manner,
}

impl Asked {
    /// What the sentence that the agent said last wants.
    pub(super) fn by(said: &str) -> Self {
        let sentence = last_question(said);
        let helps = plain(sentence).iter().any(|word| is_one(HELP, word));
        let manner = match sentence.contains('?') {
            true if helps => Manner::Opening,
            true => Manner::Question,
            false => Manner::Statement,
        };
        Self { slot: Slot::asked_by(said), manner }
    }
}

/// What somebody offers who asks why one calls.
const HELP: &str = "ayudar ayudarle ayudarlo ayudarla servirle colaborar asistirle atenderle help assist";
const DOCUMENT: &str = "\
    documento dni cedula rut curp cpf nit cuit cuil pasaporte afiliado credencial poliza carnet document id \
    passport policy member ssn";
const PHONE: &str = "telefono celular movil whatsapp contacto phone telephone cell mobile callback";
const EMAIL: &str = "correo mail email electronico e-mail";
const NAME: &str = "nombre apellido apellidos llama name surname nombres";
const SPELLING: &str = "deletree deletrea deletrear deletreo spell spelling";
const WHEN: &str = "\
    dia fecha hora horario cuando turno semana manana tarde day date time when week morning nacimiento";
const NUMBER: &str = "numero number";
/// What a question that wants yes or no begins with.
const YES_NO: &str = "\
    es esta le lo la quiere desea puede tiene confirmo confirma prefiere necesita sigue agendo reservo is are do \
    does did would shall can has";
/// What a question that wants yes or no ends with.
const YES_NO_END: &str = "correcto bien verdad no correct right ok";

impl Slot {
    /// What the sentence that the agent said last asks for.
    pub(super) fn asked_by(said: &str) -> Self {
        let sentence = last_question(said);
        let words = plain(sentence);
        let asks = |list| words.iter().any(|word| is_one(list, word));
        if asks(SPELLING) {
            Self::Spelling
        } else if asks(EMAIL) {
            Self::Email
        } else if asks(DOCUMENT) {
            Self::Document
        } else if asks(PHONE) || asks(NUMBER) {
            Self::Phone
        } else if !sentence.contains('?') {
            Self::Open
        } else if words.first().is_some_and(|first| is_one(YES_NO, first))
            || words.last().is_some_and(|last| is_one(YES_NO_END, last))
        {
            Self::YesNo
        } else if asks(NAME) {
            Self::Name
        } else if asks(WHEN) {
            Self::When
        } else {
            Self::Open
        }
    }
}

/// The last question, or the last sentence where nothing is asked.
pub(super) fn last_question(said: &str) -> &str {
    let said = said.trim();
    let is_end = |c: char| matches!(c, '.' | '!' | '?' | '…');
    let body = said.trim_end_matches(is_end);
    if let Some(at) = said.rfind('¿') {
        return said.get(at..).unwrap_or(said);
    }
    let start = body.rfind(is_end).map_or(0, |at| at + 1);
    said.get(start..).unwrap_or(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_question_tells_what_is_awaited() {
        for (said, slot) in [
            ("Buenas tardes. Clínica Santa Lucía, ¿en qué puedo ayudarle?", Slot::Open),
            ("Perfecto. ¿Me da su número de documento?", Slot::Document),
            ("¿Cuál es su teléfono?", Slot::Phone),
            ("Dígame un número de contacto, por favor.", Slot::Phone),
            ("¿A qué correo se lo envío?", Slot::Email),
            ("¿Cómo se llama?", Slot::Name),
            ("¿Me lo puede deletrear?", Slot::Spelling),
            ("¿Para qué día lo quiere?", Slot::When),
            ("Tengo el jueves a las diez. ¿Le sirve?", Slot::YesNo),
            ("El jueves a las diez, ¿es correcto?", Slot::YesNo),
            ("Your appointment is on Monday. Is that right?", Slot::YesNo),
            ("What is your date of birth?", Slot::When),
            ("Queda reservado.", Slot::Open),
            ("", Slot::Open),
        ] {
            assert_eq!(Slot::asked_by(said), slot, "{said}");
        }
    }
}
