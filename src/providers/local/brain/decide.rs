//! What to say and which tool to call next.

use super::{
    answers,
    asks::{self, Ask, question},
    hear::intents::Topic,
    reply::{Opening, Reply, without_opening},
    says::{self, pick},
    slots::{self, Query},
    story::{Last, Story},
};
use crate::{
    base::language::Language,
    dialogue::tools::{BOOK_APPOINTMENT, END_CALL, FIND_SLOTS, NOT_CONFIRMED},
};
use serde_json::{Value, json};

/// The receptionist's next answer.
pub fn decide(story: &Story) -> Reply {
    let reply = match &story.last {
        Last::Caller => to_caller(story),
        Last::Found => step(story, Reply::default().begin(Opening::Found), true),
        Last::Booked => booked(story),
        Last::NotBooked(error) => not_booked(story, error),
        Last::Nothing => silent(story),
        Last::OtherTool => Reply::default().say(pick(story, "Un momento, por favor.", "One moment, please.")),
    };
    reply.open(story)
}

/// The model was asked although nobody spoke: asks what is open.
fn silent(story: &Story) -> Reply {
    let ask = story.expects();
    let open = pick(story, "¿En qué puedo ayudarle?", "How can I help you?").to_owned();
    Reply::default().say(ask.map_or(open, |ask| question(ask, story, 0)))
}

fn to_caller(story: &Story) -> Reply {
    let turn = &story.turn;
    if turn.intents.emergency {
        return emergency(story);
    }
    if turn.farewell && !turn.confirmed {
        return goodbye(story);
    }
    let mut reply = answers::answer(story, Reply::default());
    let answered = !reply.sentences.is_empty();
    if turn.abandoned {
        let nothing = pick(story, "De acuerdo. No reservo nada.", "All right. I won't book anything.");
        return reply.say(nothing).say(question(Ask::AnythingElse, story, 0));
    }
    if turn.intents.human && !turn.changed {
        reply = reply.say(pick(
            story,
            "Lo siento. No puedo pasarle con una persona.",
            "I'm sorry. I can't put you through to a person.",
        ));
        return open_question(story, reply);
    }
    if turn.intents.change && !story.booking {
        reply = reply.say(pick(
            story,
            "Lo siento. Por ahora no puedo cambiar ni cancelar lo ya reservado.",
            "I'm sorry. I can't change or cancel earlier bookings yet.",
        ));
        return reply.say(question(Ask::AnythingElse, story, 0));
    }
    if !turn.understood {
        return missed(story, reply);
    }
    if turn.intents.hold && !turn.changed {
        return reply.say(pick(story, "Claro, le espero.", "Sure, take your time."));
    }
    if story.booking {
        return step(story, reply, false);
    }
    if answered {
        return after_answer(story, reply);
    }
    small_talk(story, reply)
}

/// After answers outside of an appointment.
fn after_answer(story: &Story, reply: Reply) -> Reply {
    let inviting = story.turn.about.is_some()
        || story.turn.foreign
        || story.turn.intents.topics.contains(&Topic::Specialties);
    let ask = if inviting && story.world.can_book { Ask::Booking } else { Ask::AnythingElse };
    reply.say(question(ask, story, 0))
}

fn small_talk(story: &Story, reply: Reply) -> Reply {
    let turn = &story.turn;
    if turn.intents.repeat && !story.said.is_empty() {
        return reply.say(without_opening(story.last_said(), story.world.language));
    }
    let lead =
        if turn.intents.hello { pick(story, "Hola.", "Hello.") } else { pick(story, "Claro.", "Sure.") };
    let help = match story.world.language {
        Language::Es => format!(
            "¿En qué puedo ayudarle? Puedo darle {} o responder sus preguntas.",
            says::an_appointment(story)
        ),
        Language::En => "How can I help you? I can book an appointment or answer your questions.".to_owned(),
    };
    reply.say(lead).say(help)
}

/// Comes back to what is open.
fn open_question(story: &Story, reply: Reply) -> Reply {
    let ask = story.expects().unwrap_or(Ask::AnythingElse);
    reply.say(question(ask, story, 0))
}

fn missed(story: &Story, reply: Reply) -> Reply {
    let reply = reply.say(says::not_understood(story));
    match story.expects() {
        Some(ask) if story.booking => {
            let ask = if story.asked_confirmation() { Ask::Confirm } else { ask };
            reply.say(question(ask, story, story.misses))
        }
        _ if story.misses >= 2 => reply,
        _ => reply.say(pick(story, "¿Me lo repite, por favor?", "Could you say that again, please?")),
    }
}

fn emergency(story: &Story) -> Reply {
    let number = &story.world.clinic.emergency;
    let spoken = crate::dialogue::spoken::digits(story.world.language, number);
    let text = match (story.world.language, number.is_empty()) {
        (Language::Es, true) => "Si es una emergencia, llame ya al número de emergencias.".to_owned(),
        (Language::Es, false) => format!("Si es una emergencia, llame ya al {spoken}."),
        (Language::En, true) => "If this is an emergency, call the emergency number now.".to_owned(),
        (Language::En, false) => format!("If this is an emergency, call {spoken} now."),
    };
    open_question(story, Reply::default().say(text))
}

fn goodbye(story: &Story) -> Reply {
    let mut reply = Reply::default();
    if story.booking && story.booked.is_empty() {
        reply =
            reply.say(pick(story, "De acuerdo. No quedó nada reservado.", "All right. Nothing was booked."));
    }
    let thanked = story.turn.intents.thanks;
    reply = reply.begin(if thanked { Opening::Welcome } else { Opening::Agreed }).say(says::goodbye(story));
    if story.world.can_end { reply.call(END_CALL, json!({})) } else { reply }
}

fn booked(story: &Story) -> Reply {
    let told = story.booked.last().map(|booked| says::booked(story, booked)).unwrap_or_default();
    Reply::default().say(told).say(question(Ask::AnythingElse, story, 0))
}

fn not_booked(story: &Story, error: &str) -> Reply {
    match error {
        "taken" | "start_is_past" | "bad_start" => {
            let gone = pick(
                story,
                "Lo siento. Ese horario ya no está libre.",
                "I'm sorry. That time is no longer free.",
            );
            let offer = story.offer();
            if offer.is_empty() {
                return no_slots(story, Reply::default().say(gone));
            }
            Reply::default().say(gone).say(says::offer(story, &offer)).say(says::which(story, &offer))
        }
        "bad_name" | "bad_document" | NOT_CONFIRMED => {
            step(story, Reply::default().begin(Opening::Excuse), true)
        }
        _ => Reply::default().say(pick(
            story,
            "Lo siento. No pude reservarlo, la agenda no responde. ¿Lo intento de nuevo?",
            "I'm sorry. I couldn't book it, the appointment book doesn't answer. Shall I try again?",
        )),
    }
}

/// The next step of an appointment. `from_tool`: the tool has just answered.
fn step(story: &Story, reply: Reply, from_tool: bool) -> Reply {
    if !story.world.can_book {
        let none = match story.world.language {
            Language::Es => format!("Lo siento. Ahora no puedo dar {}s.", says::appointment(story)),
            Language::En => "I'm sorry. I can't book appointments now.".to_owned(),
        };
        return reply.say(none).say(question(Ask::AnythingElse, story, 0));
    }
    let turn = &story.turn;
    if turn.confirmed && !from_tool {
        return book(story, reply);
    }
    let answered = !reply.sentences.is_empty();
    let reply = if from_tool { reply } else { reply.begin(opening(story)) };
    match story.missing() {
        Ask::When => when(story, reply, from_tool),
        Ask::Confirm if turn.disagreed => reply.say(question(Ask::WhatIsWrong, story, 0)),
        // What was heard once and has not changed is asked about, not read again.
        Ask::Confirm if !turn.intents.repeat && story.asked_confirmation() => {
            reply.say(question(Ask::Confirm, story, 0))
        }
        Ask::Confirm => reply.say(says::read_back(story)).say(question(Ask::Confirm, story, 0)),
        ask => {
            let free = from_tool.then(|| story.slot().map(|slot| says::is_free(story, slot))).flatten();
            let again = u32::from(!answered && story.expects_again(ask));
            let ask = if turn.more_digits && ask == Ask::Document { Ask::MoreDigits } else { ask };
            reply.say(free.unwrap_or_default()).say(question(ask, story, again))
        }
    }
}

/// How to take in what the caller said about the appointment.
fn opening(story: &Story) -> Opening {
    let turn = &story.turn;
    if turn.refused || turn.which || turn.intents.topics.contains(&Topic::Free) {
        Opening::Willing
    } else if turn.disagreed {
        Opening::Excuse
    } else if turn.changed && (turn.intents.no || story.last_asked() == Some(Ask::WhatIsWrong)) {
        Opening::Corrected
    } else if turn.gave_name || turn.gave_document {
        Opening::Thanks
    } else if turn.changed || turn.intents.booking {
        Opening::Agreed
    } else {
        Opening::Willing
    }
}

fn when(story: &Story, reply: Reply, from_tool: bool) -> Reply {
    let turn = &story.turn;
    let refused = |reply: Reply| reply.begin(Opening::Corrected).say(other_day(story));
    let free_asked = turn.intents.topics.contains(&Topic::Free);
    if !(story.facts.says_when() || free_asked || from_tool && story.covered()) {
        return if turn.refused {
            refused(reply)
        } else {
            reply.say(question(Ask::When, story, u32::from(story.expects_again(Ask::When))))
        };
    }
    let Some(query) = story.query() else { return reply };
    if !story.covered() {
        return if from_tool { no_slots(story, reply) } else { find(story, reply, &query) };
    }
    let offer = story.offer();
    if let Some(error) = story.lookup.as_ref().and_then(|lookup| lookup.error.as_deref()) {
        return lookup_failed(story, reply, error);
    }
    if offer.is_empty() {
        return no_slots(story, reply);
    }
    if turn.refused && !from_tool {
        return refused(reply);
    }
    let why_not = if turn.which || !from_tool { String::new() } else { why_not(story) };
    let reply = if why_not.is_empty() { reply } else { reply.begin(Opening::Sorry).say(why_not) };
    reply.say(says::offer(story, &offer)).say(says::which(story, &offer))
}

/// Why the caller does not get what they asked for; empty when they asked for nothing in particular.
fn why_not(story: &Story) -> String {
    let Some(lookup) = &story.lookup else { return String::new() };
    let facts = &story.facts;
    let closed = facts.day.zip(facts.specialty).is_some_and(|(day, index)| {
        let clinic = &story.world.clinic;
        clinic.specialties.get(index).is_some_and(|each| clinic.starts(each, day).is_empty())
    });
    let name = facts.specialty.map(|index| says::specialty(story, index)).unwrap_or_default();
    match (story.world.language, lookup.slots.is_empty()) {
        (Language::Es, true) if closed => format!("Ese día no hay atención de {name}."),
        (Language::En, true) if closed => format!("For {name}, we are closed that day."),
        (Language::Es, true) => "Para entonces no tengo lugar.".to_owned(),
        (Language::En, true) => "I have nothing free then.".to_owned(),
        (Language::Es, false) if facts.hour.is_some() => "A esa hora no tengo lugar.".to_owned(),
        (Language::En, false) if facts.hour.is_some() => "That time isn't free.".to_owned(),
        _ => String::new(),
    }
}

fn find(story: &Story, reply: Reply, query: &Query) -> Reply {
    let mut arguments = json!({ "specialty": says::specialty(story, query.specialty) });
    if let Value::Object(arguments) = &mut arguments {
        if let Some(day) = query.day {
            arguments.insert("day".to_owned(), json!(day.to_string()));
        }
        if let Some(part) = query.part {
            arguments.insert("part_of_day".to_owned(), json!(slots::argument(part)));
        }
    }
    let see = match story.world.language {
        Language::Es => "Déjeme ver la agenda.",
        Language::En => "Let me check the schedule.",
    };
    reply.say(see).call(FIND_SLOTS, arguments)
}

fn book(story: &Story, reply: Reply) -> Reply {
    let facts = &story.facts;
    let (Some(index), Some(slot), Some(name), Some(document)) =
        (facts.specialty, story.slot(), &facts.name, &facts.document)
    else {
        return open_question(story, reply);
    };
    let arguments = json!({
        "specialty": says::specialty(story, index),
        "start": slot.start.strftime("%Y-%m-%dT%H:%M").to_string(),
        "name": name,
        "document": document,
    });
    reply
        .say(pick(story, "Perfecto, lo reservo.", "Perfect, I'll book it."))
        .call(BOOK_APPOINTMENT, arguments)
}

fn lookup_failed(story: &Story, reply: Reply, error: &str) -> Reply {
    let why = match (error, story.world.language) {
        ("day_is_past", _) => pick(story, "Ese día ya pasó.", "That day is past.").to_owned(),
        ("day_is_too_far", Language::Es) => {
            format!("Todavía no doy {}s para esa fecha.", says::appointment(story))
        }
        ("day_is_too_far", Language::En) => "I can't book that far ahead yet.".to_owned(),
        (_, Language::Es) => "Lo siento. La agenda no responde.".to_owned(),
        (_, Language::En) => "I'm sorry. The appointment book doesn't answer.".to_owned(),
    };
    reply.begin(Opening::Sorry).say(why).say(other_day(story))
}

fn no_slots(story: &Story, reply: Reply) -> Reply {
    let none = pick(story, "No encuentro lugares libres.", "I find no free times.");
    reply.say(none).say(other_day(story))
}

fn other_day(story: &Story) -> &'static str {
    pick(story, "¿Qué otro día y a qué hora le conviene?", "Which other day and time would suit you?")
}

impl Story {
    /// Whether what is known now was read back and heard.
    fn asked_confirmation(&self) -> bool {
        self.missing() == Ask::Confirm && self.read_back.as_ref() == Some(&self.facts)
    }

    /// Whether `ask` had been asked before the caller's last turn and was not answered by it.
    fn expects_again(&self, ask: Ask) -> bool {
        self.last == Last::Caller
            && !self.turn.changed
            && self.turn.intents.topics.is_empty()
            && self.last_asked() == Some(ask)
    }

    /// What was asked before the caller's last turn.
    fn last_asked(&self) -> Option<Ask> {
        asks::recognise(self.last_said(), self.world.language)
    }
}
