//! Appointments of whoever is on the line, as the tools tell them.
//!
//! An appointment opens with the number that the network verified and the document that the caller gives, together; the book itself
//! sees to it, and writes down who tries otherwise (reliability SEC69, SEC70).

use super::times::{self, written};
use crate::{
    dialogue::agent::Agent,
    ports::{
        calendar::{Appointment, CalendarError, Subject, Theirs},
        tool::{Occasion, Refusal},
    },
};
use serde_json::{Value, json};

/// Who asks, which no argument of a tool can change.
pub(super) fn subject(occasion: &Occasion) -> Subject {
    Subject { session: occasion.call.to_string(), phone: occasion.caller.clone() }
}

/// The appointment that the model means, on behalf of whoever is on the line.
pub(super) fn theirs(occasion: &Occasion, id: &str, document: &str) -> Theirs {
    Theirs { by: subject(occasion), document: signs(document), id: id.trim().to_owned() }
}

/// An appointment for the model.
pub(super) fn tell(agent: &Agent, appointment: &Appointment) -> Value {
    let slot = &appointment.slot;
    let specialty = agent.clinic.specialty(&slot.specialty);
    json!({
        "id": appointment.id,
        "specialty": specialty.map_or(slot.specialty.as_str(), |specialty| specialty.called(agent.language)),
        "professional": slot.professional,
        "start": written(slot.start),
        "name": appointment.name,
    })
}

/// The same after something was done with it.
pub(super) fn done(agent: &Agent, appointment: &Appointment, what: &str) -> Value {
    let mut told = tell(agent, appointment);
    if let Some(told) = told.as_object_mut() {
        told.insert(what.to_owned(), Value::Bool(true));
    }
    told
}

/// Why the book did not do it.
pub(super) fn refusal(error: &CalendarError) -> Refusal {
    match error {
        CalendarError::NotTheirs => Refusal::new(
            "not_theirs",
            "there is no such appointment under the caller's own number and this document; take `id` from my_appointments",
        ),
        CalendarError::Past => Refusal::new("past", "that appointment has begun or is over"),
        CalendarError::Unsupported => {
            Refusal::new("unsupported", "this can't be done on the phone; offer something else")
        }
        error => times::unavailable(error),
    }
}

/// A document's digits and letters.
pub(super) fn signs(document: &str) -> String {
    document.chars().filter(|sign| sign.is_alphanumeric()).collect()
}
