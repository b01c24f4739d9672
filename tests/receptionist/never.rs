//! What the receptionist never does, whatever it hears: panic, fall silent, begin late, name what is not in its data.

use crate::call::Call;
use centralita::{
    base::language::Language,
    dialogue::{clinic::Clinic, spoken::hour_of_day},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Specialties and insurers that no agent of the tests has.
const FOREIGN: [&str; 12] = [
    "dermatolog",
    "urolog",
    "oftalmolog",
    "psicolog",
    "neurolog",
    "reumatolog",
    "psiquiatr",
    "pami",
    "acme",
    "sancor",
    "dermatology",
    "neurology",
];

/// Bits of what callers say; sentences are drawn from them at random.
const BITS: [&str; 74] = [
    "hola",
    "quiero un turno",
    "una cita",
    "para",
    "cardiología",
    "cardilogia",
    "pediatría",
    "dermatología",
    "urología",
    "limpieza",
    "implantes",
    "el jueves",
    "el lunes",
    "mañana",
    "pasado mañana",
    "a la mañana",
    "por la tarde",
    "a las",
    "diez",
    "y media",
    "10:30",
    "10 y media",
    "las tres",
    "quince horas",
    "el 26",
    "de noviembre",
    "31 de febrero",
    "me llamo",
    "soy",
    "Marcela",
    "Fernández",
    "documento",
    "28 millones",
    "400.512",
    "28400512",
    "dos ocho cuatro",
    "mil",
    "sí",
    "no",
    "está bien",
    "correcto",
    "¿atienden por",
    "OSDE?",
    "Acme?",
    "PAMI",
    "¿a qué hora",
    "aquí ahora",
    "abren?",
    "¿dónde",
    "¿cuánto cuesta",
    "¿quién atiende?",
    "otro horario",
    "más tarde",
    "el segundo",
    "cualquiera",
    "lo antes posible",
    "repita",
    "espere",
    "un robot",
    "cancelar",
    "mi turno",
    "déjelo",
    "¿qué",
    "especialidades",
    "domingo",
    "25 de diciembre",
    "hoy",
    "apellido",
    "la hora",
    "cardiology",
    "Thursday",
    "half past ten",
    "nine",
    "my name is",
];

#[derive(Clone, Debug)]
enum Line {
    Says(String),
    Cut(usize),
}

fn line() -> impl Strategy<Value = Line> {
    let bits =
        prop::collection::vec(prop::sample::select(BITS.as_slice()), 1..7).prop_map(|bits| bits.join(" "));
    prop_oneof![
        8 => bits.prop_map(Line::Says),
        2 => any::<String>().prop_map(Line::Says),
        2 => (0_usize..80).prop_map(Line::Cut),
    ]
}

/// Every hour that the data holds, as it is said.
fn hours(clinic: &Clinic, language: Language) -> BTreeSet<String> {
    let mut hours = BTreeSet::new();
    let mut add = |time| {
        let said = hour_of_day(language, time);
        hours.insert(said.trim_start_matches("las ").trim_start_matches("la ").to_owned());
    };
    let weeks = std::iter::once(&clinic.hours).chain(clinic.specialties.iter().map(|each| &each.hours));
    for week in weeks {
        for day in week.open_days() {
            for open in week.on(day) {
                add(open.opens);
                add(open.closes);
            }
        }
    }
    let monday: jiff::civil::Date = "2026-11-23".parse().unwrap();
    for specialty in &clinic.specialties {
        for day in monday.series(jiff::ToSpan::days(1)).take(7) {
            clinic.starts(specialty, day).into_iter().for_each(|start| add(start.time()));
        }
    }
    hours
}

/// Everything before "de la mañana" and the like must be an hour of the data.
fn foreign_hour(answer: &str, known: &BTreeSet<String>, language: Language) -> Option<String> {
    let parts: &[&str] = match language {
        Language::Es => {
            &[" de la mañana", " del mediodía", " de la tarde", " de la noche", " de la madrugada"]
        }
        Language::En => &[" in the morning", " in the afternoon", " in the evening"],
    };
    for part in parts {
        for (at, _) in answer.match_indices(part) {
            let said = answer.get(..at + part.len()).unwrap_or_default();
            if !known.iter().any(|hour| said.ends_with(hour.as_str())) {
                return Some(said.to_owned());
            }
        }
    }
    None
}

fn check(agent: &str, lines: &[Line]) -> Result<(), TestCaseError> {
    let mut call = Call::begin(agent);
    let (clinic, language) = (call.agent.clinic.clone(), call.agent.language);
    let known = hours(&clinic, language);
    let mut heard = String::new();
    for line in lines {
        match line {
            Line::Cut(at) => call.cut_at(*at),
            Line::Says(text) => {
                // Checks inside that something is said or called, that its first piece is short, and that tools are not
                // called for ever.
                let answer = call.says(text);
                let lower = answer.to_lowercase();
                // A caller may be called Acme: then the name is said, not invented.
                heard.push_str(&text.to_lowercase());
                let invented = FOREIGN.iter().find(|name| lower.contains(*name) && !heard.contains(*name));
                prop_assert!(invented.is_none(), "{answer}");
                let hour = foreign_hour(&answer, &known, language);
                prop_assert!(hour.is_none(), "{hour:?}\n{answer}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_receptionist_never_panics_falls_silent_begins_late_or_invents(
        agent in prop::sample::select(vec!["clinica", "clinic-en", "dental"]),
        lines in prop::collection::vec(line(), 1..9),
    ) {
        check(agent, &lines)?;
    }
}
