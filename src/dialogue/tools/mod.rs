//! The tools that an agent may be given, as the model reads them: name, description, schema of the arguments.
//!
//! The schema is made from the Rust type that the arguments are read into, so the two can't differ. Who runs them is a matter of
//! [`crate::ports::tool`]; a few are carried out by the call itself.

mod arguments;
mod confirm;
pub mod http;

pub use arguments::{
    BookAppointment, CallBack, CancelAppointment, FindSlots, HOW_TO_WRITE_A_DAY, HOW_TO_WRITE_A_START,
    HoldSlot, MOST_DIGITS, MoveAppointment, MyAppointments, PartOfDay, SendDigits, TakeMessage, TransferCall,
};
pub use confirm::{Exchange, is_agreement};

use crate::{
    base::language::Language,
    dialogue::{
        agent::Place,
        clinic::Clinic,
        message::{Message, ToolSpec},
    },
};
use arguments::Nothing;
use serde_json::{Value, json};
use utoipa::PartialSchema;

/// Lists free slots.
pub const FIND_SLOTS: &str = "find_slots";
/// Books one slot.
pub const BOOK_APPOINTMENT: &str = "book_appointment";
/// Keeps one slot for a while.
pub const HOLD_SLOT: &str = "hold_slot";
/// Tells the caller's own appointments.
pub const MY_APPOINTMENTS: &str = "my_appointments";
/// Moves one of them.
pub const MOVE_APPOINTMENT: &str = "move_appointment";
/// Cancels one of them.
pub const CANCEL_APPOINTMENT: &str = "cancel_appointment";
/// Takes a message for the staff.
pub const TAKE_MESSAGE: &str = "take_message";
/// Has the staff call the caller back.
pub const CALL_BACK: &str = "call_back";
/// Passes the call on to a place of the agent's; begins once what was said has been heard.
pub const TRANSFER_CALL: &str = "transfer_call";
/// Ends the call once what was said has been heard; carried out by the call itself.
pub const END_CALL: &str = "end_call";
/// Presses keys; carried out by the call itself.
pub const SEND_DIGITS: &str = "send_digits";

/// Why a tool waits: the caller has not agreed yet.
pub const NOT_CONFIRMED: &str = "not_confirmed";

/// All of them.
pub const TOOLS: [&str; 11] = [
    FIND_SLOTS,
    HOLD_SLOT,
    BOOK_APPOINTMENT,
    MY_APPOINTMENTS,
    MOVE_APPOINTMENT,
    CANCEL_APPOINTMENT,
    TAKE_MESSAGE,
    CALL_BACK,
    TRANSFER_CALL,
    END_CALL,
    SEND_DIGITS,
];

/// The tool of that name; `None` when there is none.
pub fn spec(name: &str, clinic: &Clinic, places: &[Place], language: Language) -> Option<ToolSpec> {
    let specialties: Vec<&str> = clinic.specialties.iter().map(|each| each.called(language)).collect();
    let (description, parameters) = match name {
        FIND_SLOTS => (
            "Lists the free appointment times of a specialty. Call it before you offer or accept a time. Without `day` \
             it lists the next free times; when nothing is free on that day, `next` has the times that follow.",
            one_of(schema::<FindSlots>(), "specialty", &specialties),
        ),
        BOOK_APPOINTMENT => (
            "Books one free time. Call it only after the caller has confirmed specialty, day, hour, name and document \
             that you read back to them.",
            one_of(schema::<BookAppointment>(), "specialty", &specialties),
        ),
        HOLD_SLOT => (
            "Keeps one free time for the caller for some minutes. Call it as soon as they accept a time, before you ask \
             for name and document; it books nothing.",
            one_of(schema::<HoldSlot>(), "specialty", &specialties),
        ),
        MY_APPOINTMENTS => (
            "Lists the caller's own appointments to come. Ask for the document first. Only what was booked from the \
             number that is calling, for that document, is told.",
            schema::<MyAppointments>(),
        ),
        MOVE_APPOINTMENT => (
            "Moves one of the caller's own appointments to a free time that `find_slots` listed. Say from when to when, \
             and call it once the caller has agreed. It stays the same appointment: do not cancel or book another one.",
            schema::<MoveAppointment>(),
        ),
        CANCEL_APPOINTMENT => (
            "Cancels one of the caller's own appointments. Say which one, and call it once the caller has agreed.",
            schema::<CancelAppointment>(),
        ),
        TAKE_MESSAGE => (
            "Takes a message for the staff, who read it after the call. Use it when the caller wants something that you \
             can't do, or asks for somebody who is not there. Say first what you will write down.",
            schema::<TakeMessage>(),
        ),
        CALL_BACK => (
            "Asks the staff to call the caller back, at the number they call from: no other number can be given.",
            schema::<CallBack>(),
        ),
        TRANSFER_CALL => {
            let names: Vec<&str> = places.iter().map(|place| place.name.as_str()).collect();
            (
                "Passes the caller on to a person. Say in the same answer whom you pass them on to. When it is refused, \
                 offer to take a message instead.",
                one_of(schema::<TransferCall>(), "to", &names),
            )
        }
        END_CALL => (
            "Ends the call. Say goodbye in the same answer; it is heard to its end before the line is closed.",
            schema::<Nothing>(),
        ),
        SEND_DIGITS => (
            "Presses keys of the telephone: menus and extensions. Say nothing in the same answer: the tones would come \
             before the words.",
            schema::<SendDigits>(),
        ),
        _ => return None,
    };
    Some(ToolSpec { name: name.to_owned(), description: description.to_owned(), parameters })
}

/// The place that a tool's reply passes the call on to; `None` where it does not.
pub fn transfer_to(tool: &str, reply: &str) -> Option<u8> {
    let reply: Value = serde_json::from_str(reply).ok().filter(|_| tool == TRANSFER_CALL)?;
    reply.get("place")?.as_u64()?.try_into().ok()
}

/// Whether the last that happened in a conversation is that it was passed on.
pub fn was_passed_on(messages: &[Message]) -> bool {
    let mut back = messages.iter().rev();
    let Some(reply) = back.find_map(|message| match message {
        Message::Tool { content, .. } => Some(Some(content)),
        Message::User { .. } => Some(None),
        _ => None,
    }) else {
        return false;
    };
    reply.is_some_and(|reply| transfer_to(TRANSFER_CALL, reply).is_some())
}

/// The JSON schema of a type, without what says nothing to a model.
fn schema<T: PartialSchema>() -> Value {
    let mut schema = serde_json::to_value(T::schema()).unwrap_or_default();
    if let Some(schema) = schema.as_object_mut() {
        // It describes the Rust type to us; the tool's own description is for the model.
        schema.remove("description");
        schema.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// Allows only these values of an argument.
fn one_of(mut schema: Value, argument: &str, values: &[&str]) -> Value {
    let argument = schema.pointer_mut(&format!("/properties/{argument}")).and_then(Value::as_object_mut);
    if let Some(argument) = argument {
        argument.insert("enum".to_owned(), json!(values));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_that_of_the_type_and_knows_the_business() {
        let clinic = Clinic::parse("clinica.toml", include_str!("../../../prompts/dental.toml")).unwrap();
        let find = spec(FIND_SLOTS, &clinic, &[], Language::Es).unwrap().parameters;
        let specialties: Vec<&str> = clinic.specialties.iter().map(|each| each.name.as_str()).collect();
        assert_eq!(
            find,
            json!({
                "type": "object",
                "required": ["specialty"],
                "properties": {
                    "specialty": { "type": "string", "description": "one of the specialties", "enum": specialties },
                    "day": { "type": "string", "description": "YYYY-MM-DD, in the business's zone" },
                    "part_of_day": {
                        "type": "string",
                        "description": "only times of this part of the day",
                        "enum": ["morning", "afternoon", "evening"],
                    },
                },
                "additionalProperties": false,
            })
        );
        let end = spec(END_CALL, &clinic, &[], Language::Es).unwrap().parameters;
        assert_eq!(end, json!({ "type": "object", "properties": {}, "additionalProperties": false }));
    }
}
