//! What the receptionist says apart from its questions: short, for the ear.

use super::{
    asks,
    slots::Slot,
    story::{Booked, Story},
};
use crate::{
    base::language::Language,
    dialogue::spoken::{date, digits, either, hour, hour_of_day, moment},
};

/// Picks the wording of the story's language.
pub fn pick<'a>(story: &Story, es: &'a str, en: &'a str) -> &'a str {
    if story.world.language == Language::Es { es } else { en }
}

/// "turno" or "cita", or "appointment".
pub fn appointment(story: &Story) -> &'static str {
    match story.world.language {
        Language::En => "appointment",
        Language::Es if story.world.says_cita => "cita",
        Language::Es => "turno",
    }
}

/// The name of a specialty for this caller.
pub fn specialty(story: &Story, index: usize) -> &str {
    story.world.clinic.specialties.get(index).map_or("", |each| each.called(story.world.language))
}

/// A short word of agreement, varied.
pub fn agreed(story: &Story) -> &'static str {
    match (story.world.language, story.spoken % 3) {
        (Language::Es, 0) => "Perfecto.",
        (Language::Es, 1) => "Muy bien.",
        (Language::Es, _) => "De acuerdo.",
        (Language::En, 0) => "Perfect.",
        (Language::En, 1) => "Very well.",
        (Language::En, _) => "All right.",
    }
}

/// That nothing was understood; the second time with what can be done.
pub fn not_understood(story: &Story) -> String {
    let cita = appointment(story);
    match (story.world.language, story.misses) {
        (Language::Es, ..=1) => "Disculpe, no le entendí.".to_owned(),
        (Language::Es, 2) => format!(
            "Perdón, sigo sin entender. Puedo darle un{} {cita} o contarle de especialidades, horarios, coberturas y dirección.",
            if story.world.says_cita { "a" } else { "" }
        ),
        (Language::Es, _) => "No le escucho bien. Hable despacio, por favor.".to_owned(),
        (Language::En, ..=1) => "Sorry, I didn't get that.".to_owned(),
        (Language::En, 2) => {
            "Sorry, I still don't follow. I can book an appointment, or tell you about specialties, opening hours, \
             insurers and the address."
                .to_owned()
        }
        (Language::En, _) => "I can't hear you well. Please speak slowly.".to_owned(),
    }
}

/// That a time is free.
pub fn is_free(story: &Story, slot: &Slot) -> String {
    let when = moment(story.world.language, slot.start);
    match story.world.language {
        Language::Es => format!("Sí, hay lugar {when}."),
        Language::En => format!("Yes, {when} is free."),
    }
}

/// The free times, of one day or of several.
pub fn offer(story: &Story, slots: &[Slot]) -> String {
    let language = story.world.language;
    let Some(first) = slots.first() else { return String::new() };
    let one_day = slots.iter().all(|slot| slot.start.date() == first.start.date());
    let times: Vec<String> = slots
        .iter()
        .enumerate()
        .map(|(place, slot)| {
            if !one_day {
                return moment(language, slot.start);
            }
            // "a las tres o a las cuatro de la tarde": the part of the day once.
            let same = slots.get(place + 1).is_some_and(|next| part(next, language) == part(slot, language));
            let time = slot.start.time();
            let time = if same { hour(language, time) } else { hour_of_day(language, time) };
            if language == Language::Es { format!("a {time}") } else { time }
        })
        .collect();
    let times = either(language, &times);
    match (one_day, language) {
        (true, Language::Es) => format!("El {} tengo {times}.", date(language, first.start.date())),
        (true, Language::En) => format!("On {} I have {times}.", date(language, first.start.date())),
        (false, Language::Es) => format!("Tengo {times}."),
        (false, Language::En) => format!("I have {times}."),
    }
}

/// How the part of the day of a slot is said.
fn part(slot: &Slot, language: Language) -> String {
    let hour = hour_of_day(language, slot.start.time());
    let bare = hour.find(if language == Language::Es { " de" } else { " in " }).unwrap_or(hour.len());
    hour.get(bare..).unwrap_or_default().to_owned()
}

/// The question behind an offer.
pub fn which(story: &Story, slots: &[Slot]) -> &'static str {
    match (story.world.language, slots.len()) {
        (Language::Es, 1) => "¿Le queda bien?",
        (Language::Es, _) => "¿Cuál prefiere?",
        (Language::En, 1) => "Does that suit you?",
        (Language::En, _) => "Which one do you prefer?",
    }
}

/// Reads the appointment back; empty while anything is missing.
pub fn read_back(story: &Story) -> String {
    let facts = &story.facts;
    let (Some(specialty_index), Some(slot), Some(name), Some(document)) =
        (facts.specialty, story.slot(), &facts.name, &facts.document)
    else {
        return String::new();
    };
    let language = story.world.language;
    let (what, when) = (specialty(story, specialty_index), moment(language, slot.start));
    let (lead, document) = (asks::read_back(language), digits(language, document));
    match language {
        Language::Es => format!("{lead}: {what}, {when}, a nombre de {name}, documento {document}."),
        Language::En => format!("{lead}: {what}, {when}, for {name}, document {document}."),
    }
}

/// That it is booked.
pub fn booked(story: &Story, booked: &Booked) -> String {
    let (what, when) = (&booked.specialty, moment(story.world.language, booked.start));
    let who = professional(&booked.professional, story.world.language);
    match (story.world.language, story.world.says_cita) {
        (Language::Es, true) => format!("Listo. Su cita quedó reservada: {what}{who}, {when}."),
        (Language::Es, false) => format!("Listo. Su turno quedó reservado: {what}{who}, {when}."),
        (Language::En, _) => format!("Done. Your appointment is booked: {what}{who}, {when}."),
    }
}

/// ", con la doctora Helena Paz"; empty without a name.
pub fn professional(name: &str, language: Language) -> String {
    if name.is_empty() {
        return String::new();
    }
    let name = title(name, language);
    match language {
        Language::Es => format!(" con {name}"),
        Language::En => format!(" with {name}"),
    }
}

/// The title said in full: a voice reads "Dra." letter by letter.
pub fn title(name: &str, language: Language) -> String {
    let titles = [("Dra. ", "la doctora ", "doctor "), ("Dr. ", "el doctor ", "doctor ")];
    let spoken = titles.iter().find_map(|(short, es, en)| {
        let rest = name.strip_prefix(short)?;
        Some(format!("{}{rest}", if language == Language::Es { es } else { en }))
    });
    spoken.unwrap_or_else(|| name.to_owned())
}

/// The goodbye.
pub fn goodbye(story: &Story) -> String {
    let name = &story.world.clinic.name;
    match story.world.language {
        Language::Es if name.is_empty() => "Gracias por llamar. Hasta luego.".to_owned(),
        Language::Es => format!("Gracias por llamar a {name}. Que tenga un buen día. Hasta luego."),
        Language::En if name.is_empty() => "Thank you for calling. Goodbye.".to_owned(),
        Language::En => format!("Thank you for calling {name}. Have a good day. Goodbye."),
    }
}
