//! One turn of the caller: what it changes in the story.

use super::{
    asks::Ask,
    hear::{
        days::{self, Day},
        intents::{self, Intents, Topic},
        things,
    },
    slots::Slot,
    story::{Facts, Story},
    told::{self, DOCUMENT},
};
use crate::dialogue::spoken::hear::{
    Part,
    hour::{Hour, hour},
    part::part,
    said::Said,
};
use jiff::civil::Date;

/// What was understood of one turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one turn")]
pub struct Turn {
    /// What they want.
    pub intents: Intents,
    /// The specialty that a question is about.
    pub about: Option<usize>,
    /// They named a field of medicine that the business does not have.
    pub foreign: bool,
    /// The insurer they named.
    pub insurer: Option<usize>,
    /// The day they named.
    pub day: Option<Date>,
    /// They named it as a day of every week ("los sábados").
    pub weekly: bool,
    /// Specialty, day, hour, name or document changed.
    pub changed: bool,
    /// The day or the hour changed.
    pub gave_when: bool,
    /// The name was given.
    pub gave_name: bool,
    /// The document was given.
    pub gave_document: bool,
    /// They agreed to what was read back.
    pub confirmed: bool,
    /// They disagreed with it without saying why.
    pub disagreed: bool,
    /// They agreed to several offers at once.
    pub which: bool,
    /// They took none of the offers.
    pub refused: bool,
    /// They gave the appointment up.
    pub abandoned: bool,
    /// The document goes on.
    pub more_digits: bool,
    /// They part.
    pub farewell: bool,
    /// Something was understood.
    pub understood: bool,
}

/// Words that ask for an appointment, whatever else is asked.
const WANTS: &[&str] = &[
    "quiero",
    "quisiera",
    "necesito",
    "sacar",
    "reservar",
    "agendar",
    "pedir",
    "queria",
    "me gustaria",
    "i want",
    "i need",
    "id like",
    "i would like",
    "book",
    "schedule",
];

/// Takes in what the caller said.
pub fn hear(story: &mut Story, text: &str) {
    let mut said = Said::new(text);
    let before = story.facts.clone();
    let ask = story.expects();
    let offers = story.offer();
    let mut turn = Turn { intents: intents::read(&said), ..Turn::default() };
    read_question(story, &said, ask, text, &mut turn.intents);
    let wants = said.has(WANTS) && turn.intents.booking && !turn.intents.change && !turn.intents.mine;
    told::read_document(story, &mut said, ask, &mut turn, text);
    told::read_introduction(story, &mut said, ask, &mut turn);
    turn.insurer = things::insurer(&mut said, &story.world.clinic);
    told::read_specialty(story, &mut said, wants, ask, &mut turn);
    if !pick(story, &mut said, ask, &offers) {
        read_when(story, &mut said, wants, ask, &mut turn);
    }
    let when_changed = !same_when(&before, &story.facts);
    let other_fact = when_changed || before.specialty != story.facts.specialty || turn.gave_document;
    if matches!(ask, Some(Ask::Name | Ask::Surname)) && !turn.gave_name && !other_fact {
        told::read_name(story, &mut said, ask, &mut turn);
    } else if ask == Some(Ask::Surname) && turn.gave_document {
        story.facts.one_name = true;
    }
    turn.changed = before != story.facts;
    turn.gave_when = when_changed;
    start(story, wants, ask, when_changed, &mut turn);
    answer(story, &said, ask, &offers, &mut turn);
    turn.farewell = is_farewell(story, &said, ask, &turn);
    turn.understood = is_understood(&turn);
    story.misses = if turn.understood { 0 } else { story.misses + 1 };
    story.turn = turn;
}

/// What a question is about: "¿y traumatología?" asks what was asked before, "¿a qué hora hay?" asks for free times.
fn read_question(story: &Story, said: &Said, ask: Option<Ask>, text: &str, intents: &mut Intents) {
    intents.asks = text.trim_end().ends_with('?');
    intents.question |= intents.asks;
    let goes_on = ["y", "and", "what about", "how about"].iter().any(|lead| said.starts(0, lead).is_some());
    if intents.asks && goes_on && intents.topics.is_empty() {
        intents.topics.clone_from(&story.turn.intents.topics);
    }
    let of_slots =
        ["tienen", "tiene", "hay", "puede", "pueden", "queda", "quedan", "have", "available", "free"];
    if ask == Some(Ask::When) && intents.topics == [Topic::Hours] && said.has(&of_slots) {
        intents.topics = vec![Topic::Free];
    }
    if intents.topics.contains(&Topic::Free) {
        intents.topics.retain(|topic| *topic != Topic::Hours);
    }
}

fn same_when(a: &Facts, b: &Facts) -> bool {
    (a.day, a.hour, a.part, a.soonest) == (b.day, b.hour, b.part, b.soonest)
}

/// "el segundo", "cualquiera", "sí": takes one of the offers.
fn pick(story: &mut Story, said: &mut Said, ask: Option<Ask>, offers: &[Slot]) -> bool {
    if ask != Some(Ask::When) || offers.is_empty() {
        return false;
    }
    let places: [(&[&str], usize); 4] = [
        (&["primero", "primera", "first"], 0),
        (&["segundo", "segunda", "second"], 1),
        (&["tercero", "tercera", "third"], 2),
        (&["ultimo", "ultima", "last"], offers.len() - 1),
    ];
    let ordinal = places.iter().find(|(words, _)| said.has(words) && !said.has(&["primera hora"]));
    let any = said.has(&["cualquiera", "me da igual", "da lo mismo", "any of them", "either"]);
    let chosen = ordinal.and_then(|(_, place)| offers.get(*place)).or_else(|| offers.first().filter(|_| any));
    if let Some(slot) = chosen {
        take(&mut story.facts, slot);
        return true;
    }
    false
}

fn take(facts: &mut Facts, slot: &Slot) {
    facts.day = Some(slot.start.date());
    facts.hour = Some(Hour::exact(slot.start.time()));
    (facts.part, facts.soonest) = (None, false);
}

fn read_when(story: &mut Story, said: &mut Said, wants: bool, ask: Option<Ask>, turn: &mut Turn) {
    let Some(now) = story.world.now else { return };
    let part = part(said);
    turn.weekly = days::is_weekly(said);
    let day = days::day(said, now.date());
    let bare = ask == Some(Ask::When);
    let hour = hour(said, bare, part);
    turn.day = match day {
        Some(Day::Wanted(day)) => Some(day),
        _ => None,
    };
    let asks = !wants
        && turn.intents.topics.iter().any(|topic| matches!(topic, Topic::Hours | Topic::Price | Topic::Who))
        && !(ask == Some(Ask::When) && hour.is_some());
    if asks || turn.intents.mine || turn.intents.change && !story.booking {
        return;
    }
    let was_free = story.slot().is_some();
    let facts = &mut story.facts;
    match day {
        Some(Day::Wanted(day)) => (facts.day, facts.soonest) = (Some(day), false),
        Some(Day::Refused(_)) => {
            facts.forget_when();
            turn.refused = true;
        }
        None => {}
    }
    match (hour, part) {
        (Some(hour), _) => {
            let late = facts.part == Some(Part::Afternoon) && (8..12).contains(&hour.hour);
            if hour.part.is_some() || late {
                facts.part = None;
            }
            (facts.hour, facts.soonest) = (Some(hour), false);
        }
        (None, Some(part)) => {
            if !was_free || facts.hour.is_some_and(|hour| hour.part.is_some()) {
                facts.hour = None;
            }
            facts.part = Some(part);
        }
        (None, None) => {}
    }
    if turn.intents.soonest && hour.is_none() && day.is_none() {
        facts.soonest = true;
    }
}

/// Whether this turn begins an appointment, or gives one up.
fn start(story: &mut Story, wants: bool, ask: Option<Ask>, when_changed: bool, turn: &mut Turn) {
    let intents = &turn.intents;
    let asks = intents.question && !intents.topics.is_empty() || turn.about.is_some();
    let told = turn.changed && !asks && (when_changed || story.facts.specialty.is_some());
    let agreed = ask == Some(Ask::Booking) && intents.yes && !intents.no;
    let bare_wish = intents.booking && intents.topics.is_empty() && !intents.change && !intents.mine;
    if wants || agreed || bare_wish || told || intents.topics.contains(&Topic::Free) {
        story.booking = true;
    }
    let gives_up = intents.abandon && !turn.changed && !turn.gave_name;
    if story.booking && gives_up && ask != Some(Ask::Booking) && ask.is_some() {
        story.booking = false;
        story.facts.forget_visit();
        (story.lookup, story.read_back) = (None, None);
        turn.abandoned = true;
    }
}

/// What yes and no mean here.
fn answer(story: &mut Story, said: &Said, ask: Option<Ask>, offers: &[Slot], turn: &mut Turn) {
    let (yes, no) = (turn.intents.yes && !turn.intents.no, turn.intents.no);
    if turn.changed || turn.abandoned {
        return;
    }
    match ask {
        Some(Ask::Confirm) if yes && story.read_back.as_ref() == Some(&story.facts) => turn.confirmed = true,
        Some(Ask::Confirm) if no => {
            turn.disagreed = !forget_what_is_wrong(&mut story.facts, said);
            turn.changed = !turn.disagreed;
        }
        Some(Ask::WhatIsWrong) => turn.changed = forget_what_is_wrong(&mut story.facts, said),
        Some(Ask::When) if !offers.is_empty() && (no || turn.intents.other) => {
            story.facts.forget_when();
            turn.refused = true;
            let offered_morning = offers.iter().all(|slot| slot.start.hour() < 12);
            if said.has(&["mas tarde", "later"]) && offered_morning {
                story.facts.day = offers.first().map(|slot| slot.start.date());
                story.facts.part = Some(Part::Afternoon);
            } else if said.has(&["mas temprano", "earlier"]) && !offered_morning {
                story.facts.day = offers.first().map(|slot| slot.start.date());
                story.facts.part = Some(Part::Morning);
            }
        }
        Some(Ask::When) if yes => match offers {
            [one] => {
                take(&mut story.facts, one);
                turn.changed = true;
            }
            [] => {}
            _ => turn.which = true,
        },
        _ => {}
    }
}

/// Forgets the facts whose names were said.
fn forget_what_is_wrong(facts: &mut Facts, said: &Said) -> bool {
    let before = facts.clone();
    if said.has(&["nombre", "apellido", "name"]) {
        (facts.name, facts.one_name) = (None, false);
    }
    if said.has(DOCUMENT) || said.has(&["numero", "number"]) {
        facts.document = None;
    }
    if said.has(&["dia", "fecha", "day", "date"]) {
        facts.forget_when();
    } else if said.has(&["hora", "horario", "time", "hour"]) {
        (facts.hour, facts.part) = (None, None);
    }
    if said.has(&["especialidad", "tratamiento", "specialty"]) {
        facts.specialty = None;
        (facts.hour, facts.soonest) = (None, false);
    }
    before != *facts
}

fn is_farewell(story: &Story, said: &Said, ask: Option<Ask>, turn: &Turn) -> bool {
    let intents = &turn.intents;
    if turn.confirmed || turn.changed || turn.abandoned {
        return intents.farewell && !story.booking && !turn.confirmed;
    }
    let asks = !intents.topics.is_empty() || intents.booking && story.booking && !story.booked.is_empty();
    let closing = matches!(ask, Some(Ask::AnythingElse | Ask::Booking));
    let only_thanks = intents::is_only(
        said,
        &[
            "muchas", "gracias", "muy", "amable", "bueno", "perfecto", "listo", "thanks", "thank", "you",
            "ok", "very", "much",
        ],
    ) && intents.thanks;
    intents.farewell && !(asks && intents.question)
        || !story.booking && !asks && (intents.enough || closing && intents.no || only_thanks)
}

fn is_understood(turn: &Turn) -> bool {
    let intents = &turn.intents;
    let wishes = [
        intents.yes,
        intents.no,
        intents.farewell,
        intents.enough,
        intents.thanks,
        intents.hello,
        intents.repeat,
        intents.hold,
        intents.booking,
        intents.change,
        intents.mine,
        intents.human,
        intents.emergency,
        intents.soonest,
        intents.other,
        intents.abandon,
    ];
    let facts = [
        turn.changed,
        turn.foreign,
        turn.insurer.is_some(),
        turn.about.is_some(),
        turn.gave_name,
        turn.gave_document,
        turn.more_digits,
        turn.confirmed,
        turn.which,
        turn.refused,
        turn.abandoned,
        turn.day.is_some(),
    ];
    !intents.topics.is_empty() || wishes.contains(&true) || facts.contains(&true)
}
