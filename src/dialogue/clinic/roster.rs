//! Who attends when: hours of their own, absences, and extra hours.

use super::{
    Clinic, Hours, Specialty, Week,
    hours::{joined, stretch, within, without},
    read::week,
};
use crate::dialogue::agent::section::{Complaints, Place, Section};
use jiff::civil::{Date, Time};

/// The keys of a professional in TOML.
pub(super) const KEYS: [&str; 4] = ["name", "hours", "away", "extra"];

/// A whole day.
const ALL_DAY: Hours = Hours { opens: Time::MIN, closes: Time::MAX };

/// Somebody who does not attend just as their specialty does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Professional {
    /// The name, as the specialties have it.
    pub name: String,
    /// Of the specialty's hours they attend these only; `None` for all of them.
    pub hours: Option<Week>,
    /// When they are away.
    pub away: Vec<Exception>,
    /// When they attend although it is not their time, or not the specialty's.
    pub extra: Vec<Exception>,
}

/// Something out of the ordinary on a day, or on each of several days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
    /// Which hours of each day.
    pub hours: Hours,
}

impl Exception {
    fn on(&self, day: Date) -> Option<Hours> {
        (self.first..=self.last).contains(&day).then_some(self.hours)
    }

    /// Reads `2026-12-14`, `2026-12-14/2026-12-18`, and either with `09:00-11:00` behind it.
    fn parse(text: &str) -> Option<Self> {
        let (days, hours) = match text.split_once(' ') {
            Some((days, hours)) => (days, stretch(hours)?),
            None => (text, ALL_DAY),
        };
        let (first, last) = days.split_once('/').unwrap_or((days, days));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(Self { first, last, hours })
    }
}

impl Professional {
    /// Reads one of `[[professionals]]`.
    pub(super) fn read(entry: &Section<'_>, clinic: &Clinic, complaints: &mut Complaints<'_>) -> Self {
        let (name, place) = entry.need("name", complaints);
        let attends = clinic.specialties.iter().any(|each| each.professionals.contains(&name));
        if !attends && !name.is_empty() {
            let remedy = "write the name as in `professionals` of a specialty";
            complaints.add(&place, format!("no specialty has `{name}`"), remedy);
        }
        if clinic.professionals.iter().any(|each| each.name == name) {
            complaints.add(
                &place,
                format!("`{name}` stands twice"),
                "keep one [[professionals]] of that name",
            );
        }
        let hours = entry.has("hours").then(|| week(entry, complaints));
        let away = exceptions(entry, "away", complaints).into_iter().map(|(away, _)| away).collect();
        let extra = exceptions(entry, "extra", complaints).into_iter().filter_map(|(extra, place)| {
            if extra.hours == ALL_DAY {
                complaints.add(&place, "extra hours need hours", "write them as \"2026-12-05 09:00-12:00\"");
            }
            (extra.hours != ALL_DAY).then_some(extra)
        });
        Self { name, hours, extra: extra.collect(), away }
    }
}

fn exceptions(entry: &Section<'_>, key: &str, complaints: &mut Complaints<'_>) -> Vec<(Exception, Place)> {
    let mut exceptions = Vec::new();
    for (text, place) in entry.texts(key, complaints) {
        match Exception::parse(&text) {
            Some(exception) => exceptions.push((exception, place)),
            None => complaints.add(
                &place,
                format!("`{text}` is neither a day nor days"),
                "write \"2026-12-14\", \"2026-12-14/2026-12-18\" or \"2026-12-14 09:00-11:00\"",
            ),
        }
    }
    exceptions
}

impl Clinic {
    /// When `name` attends visits of `specialty` on `day`, in order: extra hours count as the specialty's, a holiday closes both,
    /// and who is away is away.
    pub fn hours_of(&self, specialty: &Specialty, name: &str, day: Date) -> Vec<Hours> {
        let usual = specialty.hours.on(day.weekday());
        let Some(own) = self.professionals.iter().find(|each| each.name == name) else {
            return self.open(usual, day);
        };
        let mut hours =
            own.hours.as_ref().map_or_else(|| usual.to_vec(), |week| within(usual, week.on(day.weekday())));
        hours.extend(own.extra.iter().filter_map(|extra| extra.on(day)));
        let hours = self.open(&joined(hours), day);
        own.away.iter().filter_map(|away| away.on(day)).fold(hours, without)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"
name = "C"
address = "A"
phone = "1"
hours = { monday = "08:00-20:00" }
[[specialties]]
name = "limpieza"
professionals = ["Ana", "Luis"]
minutes = 60
hours = { monday = "09:00-13:00", tuesday = "09:00-12:00" }
[[holidays]]
day = "2026-12-24"
until = "2026-12-25"
[[holidays]]
day = "2026-12-28"
name = "Inocentes"
hours = "09:00-11:00"
[[professionals]]
name = "Luis"
hours = { monday = "10:00-20:00" }
away = ["2026-11-30", "2026-12-14/2026-12-18", "2026-12-07 11:00-12:00"]
extra = ["2026-12-05 10:00-12:00", "2026-11-24 16:00-17:00", "2026-12-24/2026-12-25 09:00-12:00"]
"#;

    fn hours(name: &str, day: &str) -> String {
        let clinic = Clinic::parse("c.toml", DATA).unwrap();
        let hours = clinic.hours_of(&clinic.specialties[0], name, day.parse().unwrap());
        let told =
            |hours: &Hours| format!("{}-{}", hours.opens.strftime("%H:%M"), hours.closes.strftime("%H:%M"));
        hours.iter().map(told).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_professional_attends_by_specialty_own_hours_and_exceptions() {
        for (name, day, attends, why) in [
            ("Ana", "2026-11-23", "09:00-13:00", "the specialty's"),
            ("Luis", "2026-11-23", "10:00-13:00", "both the specialty's and his own"),
            ("Luis", "2026-11-24", "16:00-17:00", "an extra hour on a day that is not his"),
            ("Luis", "2026-12-05", "10:00-12:00", "extra hours on a Saturday"),
            ("Ana", "2026-12-05", "", "hers they are not"),
            ("Luis", "2026-11-30", "", "away for a day"),
            ("Ana", "2026-11-30", "09:00-13:00", "she is there"),
            ("Luis", "2026-12-14", "", "the first day away"),
            ("Luis", "2026-12-07", "10:00-11:00 12:00-13:00", "away for an hour"),
            ("Ana", "2026-12-28", "09:00-11:00", "less than usual"),
            ("Luis", "2026-12-28", "10:00-11:00", "less than usual"),
            ("Luis", "2026-12-25", "", "no extra hours on a holiday"),
        ] {
            assert_eq!(hours(name, day), attends, "{name} {day}: {why}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_lines() {
        let text = DATA
            .replace("name = \"Luis\"", "name = \"Luisa\"")
            .replace("2026-12-07 11:00-12:00", "2026-12-07 12:00-11:00")
            .replace("2026-12-05 10:00-12:00", "2026-12-05")
            .replace("until = \"2026-12-25\"", "until = \"2026-12-23\"")
            .replace("hours = \"09:00-11:00\"", "hours = \"nine\"")
            + "[[professionals]]\nname = \"Ana\"\nhours = {}\n[[professionals]]\nname = \"Ana\"\nlunch = 1\n";
        let told: Vec<String> =
            Clinic::parse("c.toml", &text).unwrap_err().iter().map(ToString::to_string).collect();
        let begin: Vec<&str> = told.iter().map(|line| line.split(';').next().unwrap()).collect();
        assert_eq!(
            begin,
            [
                "c.toml:11: it ends before it begins",
                "c.toml:17: `nine` are no hours",
                "c.toml:19: no specialty has `Luisa`",
                "c.toml:21: `2026-12-07 12:00-11:00` is neither a day nor days",
                "c.toml:22: extra hours need hours",
                "c.toml:25: there are no `hours`",
                "c.toml:27: `Ana` stands twice",
                "c.toml:28: unknown key `lunch`",
            ]
        );
    }
}
