//! Answers about the business, from its data and nothing else.

use super::{
    hear::intents::Topic,
    says::{self, pick, specialty},
    story::{Booked, Story},
};
use crate::{
    base::language::Language,
    dialogue::{
        clinic::Week,
        spoken::{date, list, moment, number, stretch, weekday, weekdays},
    },
};
use jiff::civil::Weekday;

/// As many names are said in one breath.
const MOST_NAMES: usize = 8;

/// The answers to everything that was asked in the caller's last turn.
pub fn answers(story: &Story) -> Vec<String> {
    let turn = &story.turn;
    let mut answers = Vec::new();
    let about_hours = turn.intents.topics.contains(&Topic::Hours);
    for topic in &turn.intents.topics {
        match topic {
            Topic::Specialties => answers.push(specialties(story)),
            Topic::Insurers => answers.push(insurers(story)),
            Topic::Place => answers.push(place(story)),
            Topic::Price => answers.push(price(story)),
            Topic::Who => answers.push(who(story)),
            Topic::Phone => answers.push(phone(story)),
            Topic::Robot => answers.push(robot(story)),
            Topic::Hours if !turn.gave_when && !turn.intents.mine => answers.push(hours(story)),
            Topic::Hours | Topic::Free => {}
        }
    }
    if turn.intents.mine {
        answers.push(mine(story));
    }
    if turn.insurer.is_some() && !turn.intents.topics.contains(&Topic::Insurers) {
        answers.push(insurers(story));
    }
    if turn.foreign {
        answers.push(foreign(story, turn.intents.topics.contains(&Topic::Specialties)));
    }
    if let (Some(index), false, true) = (turn.about, about_hours, turn.intents.topics.is_empty()) {
        answers.push(has_specialty(story, index));
    }
    answers
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
        Language::Es => format!("Atendemos {names}."),
        Language::En => format!("We offer {names}."),
    }
}

fn foreign(story: &Story, listed: bool) -> String {
    let no = pick(story, "Esa especialidad no la tenemos.", "We don't have that specialty.");
    if listed { no.to_owned() } else { format!("{no} {}", specialties(story)) }
}

fn has_specialty(story: &Story, index: usize) -> String {
    let (name, language) = (specialty(story, index), story.world.language);
    let days =
        story.world.clinic.specialties.get(index).map(|each| each.hours.open_days()).unwrap_or_default();
    let days = weekdays(language, &days);
    match language {
        Language::Es => format!("Sí, tenemos {name}. Atiende {days}."),
        Language::En => format!("Yes, we have {name}. It is open {days}."),
    }
}

fn hours(story: &Story) -> String {
    let language = story.world.language;
    let asked = story.turn.about;
    let (week, name) = match asked.and_then(|index| story.world.clinic.specialties.get(index)) {
        Some(each) => (&each.hours, Some(each.called(language))),
        None => (&story.world.clinic.hours, None),
    };
    let opens = match (language, name) {
        (Language::Es, Some(name)) => format!("{} atiende", capital(name)),
        (Language::En, Some(name)) => format!("{} is open", capital(name)),
        (Language::Es, None) => "Atendemos".to_owned(),
        (Language::En, None) => "We are open".to_owned(),
    };
    if let Some(day) = story.turn.day {
        let open = week.on(day.weekday());
        let said = date(language, day);
        let holiday = story.world.clinic.holiday(day).is_some();
        return match (language, open.is_empty() || holiday) {
            (Language::Es, true) => format!("El {said} no hay atención."),
            (Language::En, true) => format!("On {said} we are closed."),
            (Language::Es, false) => {
                format!("{opens} el {said} {}.", stretches(week, day.weekday(), language))
            }
            (Language::En, false) => {
                format!("{opens} on {said} {}.", stretches(week, day.weekday(), language))
            }
        };
    }
    let groups = groups(week, language);
    if groups.is_empty() {
        return unknown(story);
    }
    format!("{opens} {}.", groups.join("; "))
}

/// Days with the same hours together: "de lunes a viernes de ocho … a ocho …".
fn groups(week: &Week, language: Language) -> Vec<String> {
    let mut groups: Vec<(String, Vec<Weekday>)> = Vec::new();
    for day in week.open_days() {
        let open = stretches(week, day, language);
        match groups.iter_mut().find(|(same, _)| *same == open) {
            Some((_, days)) => days.push(day),
            None => groups.push((open, vec![day])),
        }
    }
    let group = |(open, days): &(String, Vec<Weekday>)| match (days.as_slice(), language) {
        ([one], Language::Es) => format!("el {} {open}", weekday(language, *one)),
        _ => format!("{} {open}", weekdays(language, days)),
    };
    groups.iter().map(group).collect()
}

fn stretches(week: &Week, day: Weekday, language: Language) -> String {
    let stretches: Vec<String> = week.on(day).iter().map(|hours| stretch(language, hours)).collect();
    list(language, &stretches)
}

fn insurers(story: &Story) -> String {
    let language = story.world.language;
    if let Some(one) = story.turn.insurer.and_then(|index| story.world.clinic.insurers.get(index)) {
        return match language {
            Language::Es => format!("Sí, trabajamos con {}.", one.name),
            Language::En => format!("Yes, we work with {}.", one.name),
        };
    }
    let names: Vec<&str> =
        story.world.clinic.insurers.iter().take(MOST_NAMES).map(|each| each.name.as_str()).collect();
    if names.is_empty() {
        return pick(story, "No tengo datos de coberturas.", "I have no information about insurers.")
            .to_owned();
    }
    let names = list(language, &names);
    match language {
        Language::Es => format!("Trabajamos con {names}."),
        Language::En => format!("We work with {names}."),
    }
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
    let language = story.world.language;
    let asked = story.turn.about.or(story.facts.specialty);
    let priced = asked
        .and_then(|index| Some((specialty(story, index), story.world.clinic.specialties.get(index)?.price?)));
    match (priced, language) {
        (Some((name, price)), Language::Es) => {
            format!("{} cuesta {} {}.", capital(name), number(language, price), story.world.clinic.currency)
        }
        (Some((name, price)), Language::En) => {
            format!("{} costs {} {}.", capital(name), number(language, price), story.world.clinic.currency)
        }
        (None, _)
            if asked.is_none() && story.world.clinic.specialties.iter().any(|each| each.price.is_some()) =>
        {
            pick(story, "El precio depende de la especialidad.", "The price depends on the specialty.")
                .to_owned()
        }
        (None, _) => pick(story, "No tengo los precios.", "I don't have the prices.").to_owned(),
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
        return pick(story, "Depende de la especialidad.", "That depends on the specialty.").to_owned();
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
    let digits = crate::dialogue::spoken::phone(story.world.language, phone);
    match story.world.language {
        Language::Es => format!("El teléfono es {digits}."),
        Language::En => format!("The phone number is {digits}."),
    }
}

fn robot(story: &Story) -> String {
    let name = &story.world.clinic.name;
    match story.world.language {
        Language::Es => format!("Soy el asistente virtual de {name}."),
        Language::En => format!("I am the virtual assistant of {name}."),
    }
}

/// The appointments of this call.
fn mine(story: &Story) -> String {
    let language = story.world.language;
    let told = |one: &Booked| format!("{}, {}", one.specialty, moment(language, one.start));
    let booked: Vec<String> = story.booked.iter().map(told).collect();
    match (booked.as_slice(), language) {
        ([], Language::Es) => {
            "En esta llamada todavía no reservé nada, y no puedo ver lo reservado antes.".to_owned()
        }
        ([], Language::En) => {
            "Nothing is booked in this call yet, and I can't see earlier bookings.".to_owned()
        }
        (_, Language::Es) => format!("Tiene reservado {}.", list(language, &booked)),
        (_, Language::En) => format!("You have {}.", list(language, &booked)),
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
