//! What the receptionist says apart from its questions: short, for the ear.

use super::{
    asks,
    slots::Slot,
    story::{Booked, Story},
};
use crate::{
    base::language::Language,
    dialogue::spoken::{date, digits, either, hour, hour_of_day, moment, part_of_day},
};
use jiff::civil::DateTime;

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

/// "un turno" or "una cita".
pub fn an_appointment(story: &Story) -> &'static str {
    if story.world.says_cita { "una cita" } else { "un turno" }
}

/// "documento" or "identificación", or "document".
pub fn document(story: &Story) -> &'static str {
    match story.world.language {
        Language::En => "document",
        Language::Es if story.world.says_identificacion => "identificación",
        Language::Es => "documento",
    }
}

/// "especialidad" or "tratamiento".
pub fn kind(story: &Story) -> &'static str {
    if story.world.says_tratamiento { "tratamiento" } else { "especialidad" }
}

/// That nothing was understood; the second time with what can be done.
pub fn not_understood(story: &Story) -> String {
    let kinds = if story.world.says_tratamiento { "tratamientos" } else { "especialidades" };
    match (story.world.language, story.misses) {
        (Language::Es, ..=1) => "Disculpe, no le entendí.".to_owned(),
        (Language::Es, 2) => format!(
            "Perdón, sigo sin entender. Puedo darle {} o informarle sobre {kinds}, horarios, coberturas y dirección.",
            an_appointment(story)
        ),
        (Language::Es, _) => "No le escucho bien. ¿Podría hablar más despacio, por favor?".to_owned(),
        (Language::En, ..=1) => "Sorry, I didn't get that.".to_owned(),
        (Language::En, 2) => {
            "Sorry, I still don't follow. I can book an appointment, or tell you about specialties, opening hours, \
             insurers and the address."
                .to_owned()
        }
        (Language::En, _) => "I can't hear you well. Could you speak more slowly, please?".to_owned(),
    }
}

/// That a time is free.
pub fn is_free(story: &Story, slot: &Slot) -> String {
    let when = moment(story.world.language, slot.start);
    match story.world.language {
        Language::Es => format!("Sí, hay lugar: {when}."),
        Language::En => format!("Yes, that time is free: {when}."),
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
            let part = |slot: &Slot| part_of_day(language, slot.start.time());
            let same = slots.get(place + 1).is_some_and(|next| part(next) == part(slot));
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
    let (Some(specialty_index), Some(slot), Some(name), Some(number)) =
        (facts.specialty, story.slot(), &facts.name, &facts.document)
    else {
        return String::new();
    };
    let language = story.world.language;
    let (what, when) = (specialty(story, specialty_index), moment(language, slot.start));
    let (lead, document, number) = (asks::read_back(language), document(story), digits(language, number));
    let to = if language == Language::Es { "a nombre de" } else { "for" };
    format!("{lead}: {what}, {when}, {to} {name}, {document} {number}.")
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

/// The goodbye, with good wishes by the hour.
pub fn goodbye(story: &Story) -> String {
    let (name, hour) = (&story.world.clinic.name, story.world.now.map_or(9, DateTime::hour));
    let wish = match (story.world.language, hour) {
        (Language::Es, 6..12) => "Que tenga un buen día",
        (Language::Es, 12..20) => "Que tenga buenas tardes",
        (Language::Es, _) => "Que tenga buenas noches",
        (Language::En, 6..12) => "Have a good day",
        (Language::En, 12..18) => "Have a good afternoon",
        (Language::En, _) => "Have a good evening",
    };
    match story.world.language {
        Language::Es if name.is_empty() => format!("Gracias por llamar. {wish}. Hasta luego."),
        Language::Es => format!("Gracias por llamar a {name}. {wish}. Hasta luego."),
        Language::En if name.is_empty() => format!("Thank you for calling. {wish}. Goodbye."),
        Language::En => format!("Thank you for calling {name}. {wish}. Goodbye."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wishes_at_the_end_fit_the_hour() {
        let mut story = Story::default();
        for (hour, es, en) in [
            (9, "un buen día", "a good day"),
            (15, "buenas tardes", "a good afternoon"),
            (21, "buenas noches", "a good evening"),
        ] {
            story.world.now = Some(DateTime::constant(2026, 11, 21, hour, 30, 0, 0));
            for (language, wish) in [(Language::Es, es), (Language::En, en)] {
                story.world.language = language;
                assert!(goodbye(&story).contains(&format!(" {wish}. ")), "{}", goodbye(&story));
            }
        }
    }
}
