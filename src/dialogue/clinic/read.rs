//! Reads the clinic's data; all mistakes are told together.

use super::{Clinic, Holiday, Insurer, Professional, Specialty, WEEKDAYS, Week, hours::stretch, roster};
use crate::dialogue::{
    agent::section::{Complaints, Mistake, Place, Section},
    spoken::plain,
};
use jiff::civil::Date;
use std::collections::BTreeMap;

const CLINIC: [&str; 12] = [
    "name",
    "address",
    "directions",
    "directions_en",
    "phone",
    "emergency",
    "currency",
    "hours",
    "specialties",
    "insurers",
    "holidays",
    "professionals",
];
const SPECIALTY: [&str; 7] = ["name", "name_en", "also", "professionals", "minutes", "price", "hours"];

/// The shortest and the longest visit, in minutes.
const VISIT: std::ops::RangeInclusive<u64> = 5..=480;

impl Clinic {
    /// Reads the data from TOML.
    ///
    /// # Errors
    /// Every mistake, by line: syntax, unknown keys, wrong hours, names that stand twice, specialties without hours.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Mistake>> {
        let mut complaints = Complaints::new(file, text, 0);
        let root = complaints.parse();
        let section = Section::new(root.get_ref(), 0..0, &CLINIC, &mut complaints);
        let clinic = clinic(&section, &mut complaints);
        if complaints.is_empty() { Ok(clinic) } else { Err(complaints.finish()) }
    }
}

fn clinic(section: &Section<'_>, complaints: &mut Complaints<'_>) -> Clinic {
    let mut optional = |key| section.text(key, complaints).map(|(text, _)| text).unwrap_or_default();
    let (directions, directions_en) = (optional("directions"), optional("directions_en"));
    let (emergency, currency) = (optional("emergency"), optional("currency"));
    let mut clinic = Clinic {
        name: section.need("name", complaints).0,
        address: section.need("address", complaints).0,
        phone: section.need("phone", complaints).0,
        directions,
        directions_en,
        emergency,
        currency,
        hours: week(section, complaints),
        ..Clinic::default()
    };
    let mut words = Words::default();
    for entry in section.sections("specialties", &SPECIALTY, complaints) {
        let specialty = specialty(&entry, &clinic.currency, &mut words, complaints);
        clinic.specialties.push(specialty);
    }
    if clinic.specialties.is_empty() {
        complaints.add(&section.place, "there are no specialties", "add at least one [[specialties]]");
    }
    let mut words = Words::default();
    for entry in section.sections("insurers", &["name", "also"], complaints) {
        let (name, place) = entry.need("name", complaints);
        words.take(&name, &place, complaints);
        let also = also(&entry, &mut words, complaints);
        clinic.insurers.push(Insurer { name, also });
    }
    for entry in section.sections("holidays", &["day", "until", "name", "hours"], complaints) {
        clinic.holidays.extend(holiday(&entry, complaints));
    }
    for entry in section.sections("professionals", &roster::KEYS, complaints) {
        let professional = Professional::read(&entry, &clinic, complaints);
        clinic.professionals.push(professional);
    }
    clinic
}

fn holiday(entry: &Section<'_>, complaints: &mut Complaints<'_>) -> Option<Holiday> {
    let day = entry.need("day", complaints);
    let until = entry.text("until", complaints);
    let name = entry.text("name", complaints).map(|(text, _)| text).unwrap_or_default();
    let mut hours = Vec::new();
    for (text, place) in entry.texts("hours", complaints) {
        match stretch(&text) {
            Some(open) => hours.push(open),
            None => complaints.add(&place, format!("`{text}` are no hours"), "write them as \"08:00-12:30\""),
        }
    }
    let mut date = |(text, place): &(String, Place)| {
        let date: Option<Date> = text.parse().ok();
        if date.is_none() && !text.is_empty() {
            complaints.add(place, format!("`{text}` is no date"), "write it as \"2027-12-25\"");
        }
        date
    };
    let first = date(&day)?;
    let last = until.as_ref().map_or(Some(first), &mut date)?;
    if last < first {
        complaints.add(&entry.place, "it ends before it begins", "write `until` as a later day than `day`");
    }
    Some(Holiday { day: first, until: last, name, hours })
}

fn specialty(
    entry: &Section<'_>,
    currency: &str,
    words: &mut Words,
    complaints: &mut Complaints<'_>,
) -> Specialty {
    let (name, place) = entry.need("name", complaints);
    words.take(&name, &place, complaints);
    let name_en = entry.text("name_en", complaints).map(|(text, place)| {
        if plain(&text) != plain(&name) {
            words.take(&text, &place, complaints);
        }
        text
    });
    let price = entry.number("price", 1..=1_000_000_000, complaints);
    if price.is_some() && currency.is_empty() {
        complaints.add(&entry.place, "there is a `price` but no `currency`", "add `currency` at the top");
    }
    let minutes = entry.number("minutes", VISIT, complaints);
    if !entry.has("minutes") {
        complaints.add(
            &entry.place,
            "`minutes` is missing",
            "add how long a visit takes, such as `minutes = 30`",
        );
    }
    let professionals: Vec<String> =
        entry.texts("professionals", complaints).into_iter().map(|(text, _)| text).collect();
    if professionals.is_empty() {
        complaints.add(
            &entry.place,
            format!("`{name}` has no professionals"),
            "add `professionals = [\"…\"]`",
        );
    }
    Specialty {
        also: also(entry, words, complaints),
        hours: week(entry, complaints),
        minutes: minutes.and_then(|minutes| u32::try_from(minutes).ok()).unwrap_or(30),
        name_en: name_en.unwrap_or_default(),
        name,
        professionals,
        price,
    }
}

fn also(entry: &Section<'_>, words: &mut Words, complaints: &mut Complaints<'_>) -> Vec<String> {
    let mut also = Vec::new();
    for (text, place) in entry.texts("also", complaints) {
        words.take(&text, &place, complaints);
        also.push(text);
    }
    also
}

pub(super) fn week(section: &Section<'_>, complaints: &mut Complaints<'_>) -> Week {
    let hours = section.section("hours", &WEEKDAYS, complaints);
    let week = hours.as_ref().map(|hours| Week::read(hours, complaints)).unwrap_or_default();
    if week.is_empty() {
        let place = hours.map_or(section.place.clone(), |hours| hours.place);
        complaints.add(&place, "there are no `hours`", "add `hours = { monday = \"08:00-12:00\" }`");
    }
    week
}

/// Every word may stand for one thing only.
#[derive(Default)]
struct Words(BTreeMap<String, String>);

impl Words {
    fn take(&mut self, word: &str, place: &Place, complaints: &mut Complaints<'_>) {
        if word.is_empty() {
            return;
        }
        if let Some(before) = self.0.insert(plain(word), word.to_owned()) {
            let what = format!("`{word}` stands twice (also as `{before}`)");
            complaints.add(place, what, "keep it in one place only");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "Consultorio"
address = "Calle 1"
phone = "+1"
hours = { monday = ["08:00-12:00", "14:00-18:00"] }
[[specialties]]
name = "Cardiología"
also = ["corazón"]
professionals = ["Dra. Paz"]
minutes = 30
hours = { monday = "09:00-10:30" }
[[insurers]]
name = "OSDE"
[[holidays]]
day = "2026-12-25"
"#;

    #[test]
    fn good_data_is_read() {
        let clinic = Clinic::parse("c.toml", GOOD).unwrap();
        let cardiology = clinic.specialty("CARDIOLOGIA").unwrap();
        let monday = "2026-11-23".parse().unwrap();
        let starts: Vec<String> =
            clinic.starts(cardiology, monday).iter().map(|start| start.time().to_string()).collect();
        assert_eq!(starts, ["09:00:00", "09:30:00", "10:00:00"]);
        assert_eq!(clinic.specialty("corazon"), Some(cardiology));
        assert_eq!(clinic.specialty(""), None);
    }

    #[test]
    fn a_holiday_has_no_visits() {
        let text = GOOD.replace("2026-12-25", "2026-11-23");
        let clinic = Clinic::parse("c.toml", &text).unwrap();
        assert!(clinic.starts(&clinic.specialties[0], "2026-11-23".parse().unwrap()).is_empty());
    }

    #[test]
    fn all_mistakes_are_told_with_their_lines() {
        let text = r#"name = "C"
adress = "Calle 1"
phone = 5
hours = { monday = "12:00-08:00", lunes = "8-9" }
[[specialties]]
name = "Cardiología"
also = ["cardiologia"]
professionals = ["Dra. Paz"]
minutes = 3
[[holidays]]
day = "mañana"
"#;
        let told: Vec<String> =
            Clinic::parse("c.toml", text).unwrap_err().iter().map(ToString::to_string).collect();
        let begin: Vec<&str> = told.iter().map(|line| line.split(';').next().unwrap()).collect();
        assert_eq!(
            begin,
            [
                "c.toml:1: `address` is missing",
                "c.toml:2: unknown key `adress`",
                "c.toml:3: `phone` is not a text",
                "c.toml:4: unknown key `lunes`",
                "c.toml:4: `12:00-08:00` are no hours",
                "c.toml:4: there are no `hours`",
                "c.toml:5: there are no `hours`",
                "c.toml:7: `cardiologia` stands twice (also as `Cardiología`)",
                "c.toml:9: `minutes` is out of range",
                "c.toml:11: `mañana` is no date",
            ]
        );
    }

    #[test]
    fn broken_syntax_is_told_with_its_line() {
        let told = Clinic::parse("c.toml", &GOOD.replace("minutes = 30", "minutes = ")).unwrap_err();
        assert_eq!(told[0].line, 10, "{told:?}");
    }
}
