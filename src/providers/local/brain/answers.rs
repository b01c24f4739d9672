//! Answers about the business, from its data and nothing else.

use super::{
    hear::intents::Topic,
    reply::{Opening, Reply},
    says::{self, pick, specialty},
    story::{Booked, Story},
};
use crate::{
    base::language::Language,
    dialogue::{
        clinic::{Hours, Week},
        spoken::{date, list, moment, number, stretch, weekdays},
    },
};
use jiff::civil::Weekday;

/// As many names are said in one breath.
const MOST_NAMES: usize = 8;

/// The answers to everything that was asked in the caller's last turn.
pub fn answer(story: &Story, mut reply: Reply) -> Reply {
    let turn = &story.turn;
    let topics = &turn.intents.topics;
    for topic in topics {
        reply = match topic {
            Topic::Specialties => reply.say(specialties(story)),
            Topic::Insurers => insurers(story, reply),
            Topic::Place => reply.say(place(story)),
            Topic::Price => reply.say(price(story)),
            Topic::Who => reply.say(who(story)),
            Topic::Phone => reply.say(phone(story)),
            Topic::Robot => reply.say(robot(story)),
            Topic::Hours if !turn.gave_when && !turn.intents.mine => hours(story, reply),
            Topic::Hours | Topic::Free => reply,
        };
    }
    if turn.intents.mine {
        reply = mine(story, reply);
    }
    if turn.insurer.is_some() && !topics.contains(&Topic::Insurers) {
        reply = insurers(story, reply);
    }
    if turn.foreign {
        reply = foreign(story, reply, topics.contains(&Topic::Specialties));
    }
    match turn.about {
        Some(index) if topics.is_empty() => reply.begin(Opening::Yes).say(has_specialty(story, index)),
        _ => reply,
    }
}

fn specialties(story: &Story) -> String {
    let language = story.world.language;
    let names: Vec<&str> =
        story.world.clinic.specialties.iter().take(MOST_NAMES).map(|each| each.called(language)).collect();
    if names.is_empty() {
        return unknown(story);
    }
    let names = list(language, &names);
    match language {
        Language::Es if story.world.says_tratamiento => format!("Ofrecemos {names}."),
        Language::Es => format!("Atendemos {names}."),
        Language::En => format!("We offer {names}."),
    }
}

fn foreign(story: &Story, reply: Reply, listed: bool) -> Reply {
    let no = match story.world.language {
        Language::Es if story.world.says_tratamiento => "Ese tratamiento no lo tenemos.",
        Language::Es => "Esa especialidad no la tenemos.",
        Language::En => "We don't have that specialty.",
    };
    let reply = reply.begin(Opening::Sorry).say(no);
    if listed { reply } else { reply.say(specialties(story)) }
}

fn has_specialty(story: &Story, index: usize) -> String {
    let (name, language) = (specialty(story, index), story.world.language);
    let days =
        story.world.clinic.specialties.get(index).map(|each| each.hours.open_days()).unwrap_or_default();
    let days = weekdays(language, &days);
    format!("{} {name} {days}.", pick(story, "Tenemos", "We have"))
}

fn hours(story: &Story, reply: Reply) -> Reply {
    let language = story.world.language;
    let asked = story.turn.about.and_then(|index| story.world.clinic.specialties.get(index));
    let week = asked.map_or(&story.world.clinic.hours, |each| &each.hours);
    let (lead, open, closed) = match (language, asked.map(|each| each.called(language))) {
        (Language::Es, Some(name)) => (format!("En {name}, "), "atendemos", "no atendemos"),
        (Language::Es, None) => (String::new(), "atendemos", "no atendemos"),
        (Language::En, Some(name)) => (format!("For {name}, "), "we are open", "we are closed"),
        (Language::En, None) => (String::new(), "we are open", "we are closed"),
    };
    let Some(day) = story.turn.day else {
        let groups = groups(week, language);
        let told = format!("{lead}{open} {}.", groups.join("; "));
        return reply.say(if groups.is_empty() { unknown(story) } else { capital(&told) });
    };
    let when = match language {
        _ if story.turn.weekly => weekdays(language, &[day.weekday()]),
        Language::Es => format!("el {}", date(language, day)),
        Language::En => format!("on {}", date(language, day)),
    };
    let usual = week.on(day.weekday());
    let then = if story.turn.weekly { usual.to_vec() } else { story.world.clinic.open(usual, day) };
    let (does, hours) = if then.is_empty() {
        (closed, String::new())
    } else {
        (open, format!(" {}", stretches(&then, language)))
    };
    let told = match language {
        Language::Es => format!("{lead}{when} {does}{hours}."),
        Language::En => format!("{lead}{does} {when}{hours}."),
    };
    reply.begin(if hours.is_empty() { Opening::Sorry } else { Opening::Willing }).say(capital(&told))
}

/// Days with the same hours together: "de lunes a viernes de ocho … a ocho …".
fn groups(week: &Week, language: Language) -> Vec<String> {
    let mut groups: Vec<(String, Vec<Weekday>)> = Vec::new();
    for day in week.open_days() {
        let open = stretches(week.on(day), language);
        match groups.iter_mut().find(|(same, _)| *same == open) {
            Some((_, days)) => days.push(day),
            None => groups.push((open, vec![day])),
        }
    }
    groups.iter().map(|(open, days)| format!("{} {open}", weekdays(language, days))).collect()
}

fn stretches(hours: &[Hours], language: Language) -> String {
    let stretches: Vec<String> = hours.iter().map(|hours| stretch(language, hours)).collect();
    list(language, &stretches)
}

fn insurers(story: &Story, reply: Reply) -> Reply {
    let with = pick(story, "Trabajamos con", "We work with");
    let insurers = &story.world.clinic.insurers;
    if let Some(one) = story.turn.insurer.and_then(|index| insurers.get(index)) {
        return reply.begin(Opening::Yes).say(format!("{with} {}.", one.name));
    }
    let names: Vec<&str> = insurers.iter().take(MOST_NAMES).map(|each| each.name.as_str()).collect();
    if names.is_empty() {
        let none = pick(story, "No tengo datos de coberturas.", "I have no information about insurers.");
        return reply.begin(Opening::Sorry).say(none);
    }
    reply.say(format!("{with} {}.", list(story.world.language, &names)))
}

fn place(story: &Story) -> String {
    let clinic = &story.world.clinic;
    if clinic.address.is_empty() {
        return unknown(story);
    }
    let directions = clinic.directions(story.world.language);
    let directions = if directions.is_empty() { String::new() } else { format!(" {directions}.") };
    match story.world.language {
        Language::Es => format!("Estamos en {}.{directions}", clinic.address),
        Language::En => format!("We are at {}.{directions}", clinic.address),
    }
}

fn price(story: &Story) -> String {
    let clinic = &story.world.clinic;
    let asked = story.turn.about.or(story.facts.specialty.filter(|_| story.booking));
    let asked = asked.and_then(|index| clinic.specialties.get(index));
    let language = story.world.language;
    match (asked.map(|each| (each.called(language), each.price)), language) {
        (Some((name, Some(price))), Language::Es) => {
            format!("Para {name}, el precio es de {} {}.", number(language, price), clinic.currency)
        }
        (Some((name, Some(price))), Language::En) => {
            format!("For {name}, the price is {} {}.", number(language, price), clinic.currency)
        }
        _ if clinic.specialties.iter().all(|each| each.price.is_none()) => {
            pick(story, "No tengo los precios.", "I don't have the prices.").to_owned()
        }
        (Some(_), _) => pick(story, "Ese precio no lo tengo.", "I don't have that price.").to_owned(),
        (None, _) => depends(story).to_owned(),
    }
}

fn depends(story: &Story) -> &'static str {
    match story.world.language {
        Language::Es if story.world.says_tratamiento => "Depende del tratamiento.",
        Language::Es => "Depende de la especialidad.",
        Language::En => "That depends on the specialty.",
    }
}

fn who(story: &Story) -> String {
    let language = story.world.language;
    let asked = story.turn.about.or(story.facts.specialty);
    if let (None, Some(slot)) = (story.turn.about, story.slot().filter(|slot| !slot.professional.is_empty()))
    {
        let name = says::title(&slot.professional, language);
        return match language {
            Language::Es => format!("Le atiende {name}."),
            Language::En => format!("You would see {name}."),
        };
    }
    let Some(each) = asked.and_then(|index| story.world.clinic.specialties.get(index)) else {
        return depends(story).to_owned();
    };
    let names: Vec<String> = each.professionals.iter().map(|name| says::title(name, language)).collect();
    let (names, what) = (list(language, &names), each.called(language));
    match (language, each.professionals.len()) {
        (Language::Es, 1) => format!("En {what} atiende {names}."),
        (Language::Es, _) => format!("En {what} atienden {names}."),
        (Language::En, _) => format!("For {what} you would see {names}."),
    }
}

fn phone(story: &Story) -> String {
    let phone = &story.world.clinic.phone;
    if phone.is_empty() {
        return unknown(story);
    }
    let digits = crate::dialogue::spoken::phone_as_written(story.world.language, phone);
    match story.world.language {
        Language::Es => format!("El teléfono es {digits}."),
        Language::En => format!("The phone number is {digits}."),
    }
}

fn robot(story: &Story) -> String {
    let name = &story.world.clinic.name;
    match story.world.language {
        Language::Es => format!("Soy un asistente virtual. Atiendo el teléfono de {name}."),
        Language::En => format!("I'm a virtual assistant. I answer the phone for {name}."),
    }
}

/// The appointments of this call.
fn mine(story: &Story, reply: Reply) -> Reply {
    let language = story.world.language;
    let told = |(place, one): (usize, &Booked)| {
        let lead = match (language, place) {
            (Language::Es, 0) => says::an_appointment(story),
            (Language::Es, _) if story.world.says_cita => "otra",
            (Language::Es, _) => "otro",
            (Language::En, 0) => "an appointment",
            (Language::En, _) => "another one",
        };
        let of = pick(story, "de", "for");
        format!("{lead} {of} {}, {}", one.specialty, moment(language, one.start))
    };
    let booked: Vec<String> = story.booked.iter().enumerate().map(told).collect();
    match (booked.is_empty(), language) {
        (true, _) => reply.begin(Opening::Sorry).say(pick(
            story,
            "En esta llamada todavía no reservé nada, y no puedo ver lo reservado antes.",
            "Nothing is booked in this call yet, and I can't see earlier bookings.",
        )),
        (false, Language::Es) => reply.say(format!("Tiene {}.", booked.join(", y "))),
        (false, Language::En) => reply.say(format!("You have {}.", booked.join(", and "))),
    }
}

fn unknown(story: &Story) -> String {
    pick(story, "Ese dato no lo tengo.", "I don't have that information.").to_owned()
}

/// The text with a capital first letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
