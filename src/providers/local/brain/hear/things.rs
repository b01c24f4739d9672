//! Specialties and insurers, as callers and recognisers call them.

use crate::dialogue::{
    clinic::Clinic,
    spoken::{
        hear::said::{Said, distance},
        plain,
    },
};
use std::ops::Range;

/// Names are at most this many words long when they are looked for with slips.
const LONGEST: usize = 3;
/// So many last letters must be right where the beginning of a name was misheard: "-ogia", "-tria".
const ENDING: usize = 4;

/// Words near to names that mean something else.
const COMMON: &[&str] = &[
    "clinica", "clinicas", "medica", "medico", "general", "consulta", "turno", "horario", "persona",
    "doctora", "doctor", "medicina", "revisar", "cliente",
];

/// Fields of medicine; one that the clinic does not have must not be taken for one that sounds alike.
const FIELDS: &[&str] = &[
    "alergia",
    "alergologia",
    "anestesia",
    "cardiologia",
    "cirugia",
    "dermatologia",
    "dermatologo",
    "dermatologa",
    "endocrinologia",
    "fisioterapia",
    "fonoaudiologia",
    "gastroenterologia",
    "geriatria",
    "ginecologia",
    "hematologia",
    "infectologia",
    "kinesiologia",
    "nefrologia",
    "neumonologia",
    "neurologia",
    "neurologo",
    "nutricion",
    "nutricionista",
    "obstetricia",
    "odontologia",
    "oftalmologia",
    "oftalmologo",
    "oncologia",
    "ortopedia",
    "otorrinolaringologia",
    "pediatria",
    "podologia",
    "psicologia",
    "psicologo",
    "psicologa",
    "psiquiatria",
    "radiologia",
    "reumatologia",
    "traumatologia",
    "urologia",
    "urologo",
    "dermatology",
    "neurology",
    "ophthalmology",
];

/// Whether the word is a field of medicine, here or elsewhere.
pub fn is_field(word: &str) -> bool {
    FIELDS.contains(&word)
}

/// What a specialty was said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Specialty {
    /// The clinic's specialty of that index.
    Known(usize),
    /// A field of medicine that the clinic does not have.
    Foreign,
}

/// The specialty that was said last; marks its words as used.
pub fn specialty(said: &mut Said, clinic: &Clinic) -> Option<Specialty> {
    let names = |index: usize| {
        let entry = clinic.specialties.get(index)?;
        Some([&entry.name, &entry.name_en].into_iter().chain(&entry.also).map(|name| plain(name)).collect())
    };
    if let Some((index, range)) = exact(said, clinic.specialties.len(), &names) {
        said.take(range);
        return Some(Specialty::Known(index));
    }
    let foreign = (0..said.len()).find(|index| FIELDS.contains(&said.at(*index)));
    if let Some(index) = foreign {
        said.take(index..index + 1);
        return Some(Specialty::Foreign);
    }
    if let Some((index, range)) = nearly(said, clinic.specialties.len(), &names) {
        said.take(range);
        return Some(Specialty::Known(index));
    }
    if let Some(index) = by_professional(said, clinic) {
        return Some(Specialty::Known(index));
    }
    let (index, range) = by_its_ending(said, clinic)?;
    said.take(range);
    Some(Specialty::Known(index))
}

/// "autontología": a field of one word of which the beginning was misheard. No other field may be as near.
fn by_its_ending(said: &Said, clinic: &Clinic) -> Option<(usize, Range<usize>)> {
    let ours: Vec<String> = clinic.specialties.iter().map(|each| plain(&each.name)).collect();
    (0..said.len()).rev().find_map(|place| {
        let heard = said.at(place);
        let near = |name: &str| {
            let far = distance(heard, name);
            let ending = heard.bytes().rev().zip(name.bytes().rev()).take_while(|(a, b)| a == b).count();
            (ending >= ENDING && far * 10 <= name.len() * 3).then_some(far)
        };
        let (far, index) =
            ours.iter().enumerate().filter_map(|(index, name)| Some((near(name)?, index))).min()?;
        let other = |field: &&str| !ours.iter().any(|name| name == field);
        let alone =
            FIELDS.iter().filter(|field| other(field)).all(|field| near(field).is_none_or(|it| it > far));
        alone.then_some((index, place..place + 1))
    })
}

/// The insurer that was said; marks its words as used.
pub fn insurer(said: &mut Said, clinic: &Clinic) -> Option<usize> {
    let names = |index: usize| {
        let entry = clinic.insurers.get(index)?;
        Some(std::iter::once(&entry.name).chain(&entry.also).map(|name| plain(name)).collect())
    };
    let count = clinic.insurers.len();
    let (index, range) = exact(said, count, &names).or_else(|| nearly(said, count, &names))?;
    said.take(range);
    Some(index)
}

type Names<'a> = &'a dyn Fn(usize) -> Option<Vec<String>>;

/// The last exact mention; of two at one place the longer one.
fn exact(said: &Said, count: usize, names: Names<'_>) -> Option<(usize, Range<usize>)> {
    let mut best: Option<(usize, Range<usize>)> = None;
    for index in 0..count {
        for name in names(index)?.iter().filter(|name| !name.is_empty()) {
            for from in 0..said.len() {
                let end = said.starts(from, name).or_else(|| said.starts(from, &format!("{name}s")));
                let Some(end) = end else { continue };
                if best.as_ref().is_none_or(|(_, range)| (end, range.start) > (range.end, from)) {
                    best = Some((index, from..end));
                }
            }
        }
    }
    best
}

/// The nearest mention: one slip in five letters, words run together or torn apart.
fn nearly(said: &Said, count: usize, names: Names<'_>) -> Option<(usize, Range<usize>)> {
    let mut best: Option<(usize, usize, Range<usize>)> = None;
    for index in 0..count {
        for name in names(index)? {
            let name = name.replace(' ', "");
            let slips = name.chars().count() / 5;
            if name.chars().count() < 5 {
                continue;
            }
            for from in 0..said.len() {
                let mut heard = String::new();
                for to in from..(from + LONGEST).min(said.len()) {
                    if said.at(to).is_empty() || COMMON.contains(&said.at(to)) {
                        break;
                    }
                    heard.push_str(said.at(to));
                    if heard.len().abs_diff(name.len()) > slips {
                        continue;
                    }
                    let found = distance(&heard, &name);
                    if found <= slips && best.as_ref().is_none_or(|(least, ..)| found < *least) {
                        best = Some((found, index, from..to + 1));
                    }
                }
            }
        }
    }
    best.map(|(_, index, range)| (index, range))
}

/// "con la doctora Paz": the only specialty of that professional.
fn by_professional(said: &mut Said, clinic: &Clinic) -> Option<usize> {
    let title = (0..said.len()).find(|index| {
        matches!(said.at(*index), "doctor" | "doctora" | "dr" | "dra" | "licenciada" | "licenciado")
    })?;
    let name = said.at(title + 1).to_owned();
    if name.len() < 3 {
        return None;
    }
    let attends = |who: &String| plain(who).split(' ').any(|part| part == name);
    let mut found = (0..).zip(&clinic.specialties).filter(|(_, each)| each.professionals.iter().any(attends));
    let (index, _) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    said.take(title..title + 2);
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clinic() -> Clinic {
        Clinic::parse("clinica.toml", include_str!("../../../../../prompts/clinica.toml")).unwrap()
    }

    #[test]
    fn specialties_are_known_by_all_their_names_and_slips() {
        let clinic = clinic();
        for (text, name) in [
            ("un turno para cardiología", "cardiología"),
            ("un turno para cardiologia", "cardiología"),
            ("un turno para cardilogía", "cardiología"),
            ("para cardio logía", "cardiología"),
            ("para Cardiolojia", "cardiología"),
            ("necesito un cardiólogo", "cardiología"),
            ("traumatología no, pediatría", "pediatría"),
            ("con la doctora Paz", "cardiología"),
            ("Es para autontología, por favor.", "odontología"),
            ("clínica médica", "clínica médica"),
            ("a dentist please", "odontología"),
            ("gynaecology", "ginecología"),
            ("los pediatras", "pediatría"),
        ] {
            let Some(Specialty::Known(index)) = specialty(&mut Said::new(text), &clinic) else {
                panic!("{text}")
            };
            assert_eq!(clinic.specialties[index].name, name, "{text}");
        }
        for text in
            ["", "¿a qué hora abre la clínica?", "un turno", "con la doctora Nadie", "el jueves", "oncolojía"]
        {
            assert_eq!(specialty(&mut Said::new(text), &clinic), None, "{text}");
        }
        for text in ["para dermatología", "un psicólogo", "reumatología"] {
            assert_eq!(specialty(&mut Said::new(text), &clinic), Some(Specialty::Foreign), "{text}");
        }
    }

    #[test]
    fn insurers_are_known_by_all_their_spellings() {
        let clinic = clinic();
        for (text, name) in [
            ("¿Atienden por OSDE?", "OSDE"),
            ("¿Atienden por os de?", "OSDE"),
            ("tengo Suis Medical", "Swiss Medical"),
            ("galeno", "Galeno"),
            ("swissmedical", "Swiss Medical"),
        ] {
            let index = insurer(&mut Said::new(text), &clinic).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(clinic.insurers[index].name, name, "{text}");
        }
        assert_eq!(insurer(&mut Said::new("¿Atienden por Acme?"), &clinic), None);
    }
}
