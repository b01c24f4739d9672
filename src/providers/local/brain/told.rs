//! The facts that one turn tells about the patient: document, name, specialty.

use super::{
    asks::Ask,
    hear::{
        document::{self, Heard},
        intents::Topic,
        names,
        things::{self, Specialty},
    },
    story::Story,
    turn::Turn,
};
use crate::dialogue::{keypad, spoken::hear::said::Said};
use std::ops::RangeInclusive;

/// Words that announce a document.
pub const DOCUMENT: &[&str] = &[
    "documento",
    "dni",
    "cedula",
    "pasaporte",
    "identificacion",
    "curp",
    "document",
    "passport",
    "id number",
];

/// Keys of a document that is typed on the keypad.
const DIGITS_TYPED: RangeInclusive<usize> = 5..=20;

/// The document, whole or in parts.
pub fn read_document(story: &mut Story, said: &mut Said, mut ask: Option<Ask>, turn: &mut Turn, text: &str) {
    let asked = matches!(ask, Some(Ask::Document | Ask::MoreDigits));
    let announced = said.has(DOCUMENT);
    let mut probe = said.clone();
    let typed = keypad::typed_in(text).filter(|digits| asked && DIGITS_TYPED.contains(&digits.len()));
    let mut heard = document::read(&mut probe);
    if let Some(typed) = typed {
        // Who types a document means it as it is, however short.
        probe = said.clone();
        probe.take(said.len().saturating_sub(2)..said.len());
        (heard, ask) = (Some(Heard::Whole(typed.to_owned())), Some(Ask::Document));
    }
    let is_whole = |heard: &Option<Heard>| matches!(heard, Some(Heard::Whole(digits)) if digits.len() >= 7);
    if ask == Some(Ask::MoreDigits) && heard.is_some() && !is_whole(&heard) {
        let joined = format!("{} {text}", story.digits);
        heard = document::read(&mut Said::new(&joined));
        story.digits = joined;
    } else if asked && heard == Some(Heard::Part) {
        text.clone_into(&mut story.digits);
    }
    match heard {
        Some(Heard::Whole(document))
            if asked || announced || story.booking && document.len() >= 7 && ask != Some(Ask::When) =>
        {
            *said = probe;
            story.facts.document = Some(document);
            story.digits.clear();
            turn.gave_document = true;
        }
        Some(Heard::Part) if asked => turn.more_digits = true,
        _ => {}
    }
}

/// A name behind "me llamo" and the like; "el apellido es" keeps the first name.
pub fn read_introduction(story: &mut Story, said: &mut Said, ask: Option<Ask>, turn: &mut Turn) {
    let surname_only = said.has(&["apellido es", "last name is"]);
    let Some(name) = names::introduced(said) else { return };
    let first = story.facts.name.as_deref().and_then(|name| name.split(' ').next()).unwrap_or_default();
    let joined = if surname_only && !first.is_empty() { format!("{first} {name}") } else { name };
    story.facts.name = Some(joined);
    // Asked once more it is all that we get to know.
    story.facts.one_name = ask == Some(Ask::Surname);
    turn.gave_name = true;
}

/// A name said alone, where the name or the surname was asked for.
pub fn read_name(story: &mut Story, said: &mut Said, ask: Option<Ask>, turn: &mut Turn) {
    let intents = &turn.intents;
    let other = intents.asks || intents.repeat || intents.hold || intents.farewell || intents.abandon;
    let quiet = !(other || turn.foreign || !intents.topics.is_empty());
    let name = if quiet { names::alone(said) } else { None };
    let first = story.facts.name.clone().unwrap_or_default();
    match (name, ask) {
        (Some(name), Some(Ask::Surname)) if name.split(' ').next() != Some(first.as_str()) => {
            story.facts.name = Some(format!("{first} {name}"));
        }
        (Some(name), _) => {
            story.facts.one_name = ask == Some(Ask::Surname);
            story.facts.name = Some(name);
        }
        (None, Some(Ask::Surname)) if quiet => story.facts.one_name = true,
        (None, _) => return,
    }
    turn.gave_name = true;
}

/// The specialty: for the appointment, or as what a question is about.
pub fn read_specialty(story: &mut Story, said: &mut Said, wants: bool, ask: Option<Ask>, turn: &mut Turn) {
    let told = match things::specialty(said, &story.world.clinic) {
        Some(Specialty::Known(index)) => index,
        Some(Specialty::Foreign) => {
            turn.foreign = true;
            return;
        }
        None => return,
    };
    let asks = !wants
        && ask != Some(Ask::Specialty)
        && !turn.intents.topics.contains(&Topic::Free)
        && (turn.intents.question || !turn.intents.topics.is_empty());
    let answers_and_asks = ask == Some(Ask::Specialty) && turn.intents.topics.contains(&Topic::Hours);
    if asks || answers_and_asks {
        turn.about = Some(told);
    }
    if !asks || !story.booking {
        if story.facts.specialty != Some(told) && story.booking && story.facts.hour.is_some() {
            // Another specialty has other hours; the day stays.
            (story.facts.hour, story.facts.soonest) = (None, false);
        }
        story.facts.specialty = Some(told);
    }
}
