//! What the business is: its address, hours, specialties and insurers, as its owner wrote them down.

mod hours;
mod read;
mod roster;
mod visits;

pub use hours::{Hours, WEEKDAYS, Week};
pub use roster::{Exception, Professional};
pub use visits::{Busy, Visit, free};

use crate::{base::language::Language, dialogue::spoken::plain};
use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// A clinic, or any practice that gives appointments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clinic {
    /// As it answers the phone.
    pub name: String,
    /// Street, number, city.
    pub address: String,
    /// How to get there, in Spanish; empty when not told.
    pub directions: String,
    /// The same in English; empty when not told.
    pub directions_en: String,
    /// The number to call.
    pub phone: String,
    /// The number for emergencies; empty when not told.
    pub emergency: String,
    /// The currency of the prices; empty when none are told.
    pub currency: String,
    /// When somebody is there.
    pub hours: Week,
    /// What it attends.
    pub specialties: Vec<Specialty>,
    /// Whose patients it attends.
    pub insurers: Vec<Insurer>,
    /// Days on which nobody attends, or less than usual.
    pub holidays: Vec<Holiday>,
    /// Of those who attend: who has other hours than their specialty, is away, or attends more for once.
    pub professionals: Vec<Professional>,
}

/// One kind of visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specialty {
    /// Its name; the appointment book uses it.
    pub name: String,
    /// Its name in English; empty when not told.
    pub name_en: String,
    /// Other words that people use for it.
    pub also: Vec<String>,
    /// Who attends.
    pub professionals: Vec<String>,
    /// How long a visit takes.
    pub minutes: u32,
    /// What a visit costs, in whole units of [`Clinic::currency`].
    pub price: Option<u64>,
    /// When it attends.
    pub hours: Week,
}

impl Specialty {
    /// Its name for a caller who speaks `language`.
    pub fn called(&self, language: Language) -> &str {
        match language {
            Language::En if !self.name_en.is_empty() => &self.name_en,
            _ => &self.name,
        }
    }
}

/// A health insurer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insurer {
    /// Its name.
    pub name: String,
    /// Other spellings, also those of a recogniser.
    pub also: Vec<String>,
}

/// Days on which nobody attends, or only at certain hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The first day.
    pub day: Date,
    /// The last day; the first one again where it is one day.
    pub until: Date,
    /// What it is called; empty when not told.
    pub name: String,
    /// Of the usual hours only these are open; empty when none is.
    pub hours: Vec<Hours>,
}

impl Clinic {
    /// The specialty of that name, in either language or by another word for it; case and accents do not matter.
    pub fn specialty(&self, name: &str) -> Option<&Specialty> {
        let wanted = plain(name);
        let names = |specialty: &&Specialty| {
            plain(&specialty.name) == wanted
                || !wanted.is_empty() && plain(&specialty.name_en) == wanted
                || specialty.also.iter().any(|word| plain(word) == wanted)
        };
        self.specialties.iter().find(names)
    }

    /// The holiday on that day.
    pub fn holiday(&self, day: Date) -> Option<&Holiday> {
        self.holidays.iter().find(|holiday| (holiday.day..=holiday.until).contains(&day))
    }

    /// Whether somebody is there at that moment.
    pub fn is_open(&self, at: DateTime) -> bool {
        let holds = |hours: &Hours| (hours.opens..hours.closes).contains(&at.time());
        self.open(self.hours.on(at.date().weekday()), at.date()).iter().any(holds)
    }

    /// What of these hours a holiday on `day` leaves open.
    pub fn open(&self, hours: &[Hours], day: Date) -> Vec<Hours> {
        self.holiday(day).map_or_else(|| hours.to_vec(), |holiday| hours::within(hours, &holiday.hours))
    }

    /// When visits of `specialty` start on `day`, whoever attends, by a clock that is never set.
    pub fn starts(&self, specialty: &Specialty, day: Date) -> Vec<DateTime> {
        let mut starts: Vec<DateTime> =
            self.visits(specialty, day, &TimeZone::UTC).into_iter().map(|visit| visit.start).collect();
        starts.dedup();
        starts
    }

    /// How to get there, in the caller's language if it is told.
    pub fn directions(&self, language: Language) -> &str {
        match language {
            Language::Es => &self.directions,
            Language::En => &self.directions_en,
        }
    }
}
