//! The tools that an agent may be given, as the model reads them.

use crate::{
    base::language::Language,
    dialogue::{clinic::Clinic, message::ToolSpec},
};
use serde_json::json;

/// Lists free slots.
pub const FIND_SLOTS: &str = "find_slots";
/// Books one slot.
pub const BOOK_APPOINTMENT: &str = "book_appointment";
/// Ends the call once what was said has been heard; carried out by the call itself.
pub const END_CALL: &str = "end_call";
/// Presses keys; carried out by the call itself.
pub const SEND_DIGITS: &str = "send_digits";

/// The most keys that are pressed at once, pauses among them.
pub const MOST_DIGITS: usize = 32;

/// All of them.
pub const TOOLS: [&str; 4] = [FIND_SLOTS, BOOK_APPOINTMENT, END_CALL, SEND_DIGITS];

/// The tool of that name; `None` when there is none.
pub fn spec(name: &str, clinic: &Clinic, language: Language) -> Option<ToolSpec> {
    let specialties: Vec<&str> = clinic.specialties.iter().map(|each| each.called(language)).collect();
    let specialty = json!({ "type": "string", "enum": specialties });
    let (description, parameters) = match name {
        FIND_SLOTS => (
            "Lists the free appointment times of a specialty. Call it before you offer or accept a time. Without `day` \
             it lists the next free times; when nothing is free on that day, `next` has the times that follow.",
            json!({
                "type": "object",
                "properties": {
                    "specialty": specialty,
                    "day": { "type": "string", "description": "YYYY-MM-DD, in the business's zone" },
                    "part_of_day": { "type": "string", "enum": ["morning", "afternoon", "evening"] },
                },
                "required": ["specialty"],
                "additionalProperties": false,
            }),
        ),
        BOOK_APPOINTMENT => (
            "Books one free time. Call it only after the caller has confirmed specialty, day, hour, name and document \
             that you read back to them.",
            json!({
                "type": "object",
                "properties": {
                    "specialty": specialty,
                    "start": { "type": "string", "description": "YYYY-MM-DDTHH:MM, one of the free times" },
                    "name": { "type": "string", "description": "the patient's full name" },
                    "document": { "type": "string", "description": "the patient's document, digits and letters only" },
                },
                "required": ["specialty", "start", "name", "document"],
                "additionalProperties": false,
            }),
        ),
        END_CALL => (
            "Ends the call. Say goodbye in the same answer; it is heard to its end before the line is closed.",
            json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        ),
        SEND_DIGITS => (
            "Presses keys of the telephone: menus and extensions. Say nothing in the same answer: the tones would come \
             before the words.",
            json!({
                "type": "object",
                "properties": {
                    "digits": {
                        "type": "string",
                        "description": "the keys, 0-9 * # A-D; w waits half a second",
                        "pattern": "^[0-9*#A-Dw]+$",
                        "maxLength": MOST_DIGITS,
                    },
                },
                "required": ["digits"],
                "additionalProperties": false,
            }),
        ),
        _ => return None,
    };
    Some(ToolSpec { name: name.to_owned(), description: description.to_owned(), parameters })
}
