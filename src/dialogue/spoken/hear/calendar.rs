//! Names of days and months as they are heard, and sums on the calendar.

use super::said::distance;
use crate::{base::language::Language, dialogue::spoken};
use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// A stretch of days, both ends included; a day has the same ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days {
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
}

impl Days {
    /// One day.
    pub const fn one(date: Date) -> Self {
        Self { first: date, last: date }
    }

    /// From `first` to `last`; what lies before `today` is cut off, as nobody means it.
    pub fn from_today(first: Date, last: Date, today: Date) -> Self {
        Self { first: first.max(today.min(last)), last }
    }
}

/// How dates are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The day on which it is said.
    pub today: Date,
    /// Dates lie behind, as those of birth do.
    pub past: bool,
    /// `11/26` is the 26th of November.
    pub month_first: bool,
    /// A day was asked for: "el primero" and "26" are days.
    pub asked: bool,
}

impl Frame {
    /// Dates that lie ahead, the day written before the month.
    pub const fn ahead_of(today: Date) -> Self {
        Self { today, past: false, month_first: false, asked: false }
    }

    /// The date of that month and day that is meant when no year was said; `None` where there is none.
    pub fn nearest(self, month: i8, day: i8) -> Option<Date> {
        let years = 0..=8;
        let year = self.today.year();
        if self.past {
            years.filter_map(|back| Date::new(year - back, month, day).ok()).find(|date| *date <= self.today)
        } else {
            years.filter_map(|on| Date::new(year + on, month, day).ok()).find(|date| *date >= self.today)
        }
    }

    /// The next day of that number.
    pub fn of_month(self, day: u64) -> Option<Date> {
        let day = i8::try_from(day).ok()?;
        let months = 0..=2;
        let first = self.today.first_of_month();
        months
            .map(|on| first.saturating_add(on.months()))
            .filter_map(|month| Date::new(month.year(), month.month(), day).ok())
            .find(|date| *date >= self.today)
    }

    /// The year that was said, two digits of it completed.
    pub fn year(self, said: u64) -> Option<i16> {
        let this = self.today.year();
        let said = i16::try_from(said).ok()?;
        match said {
            0..100 if self.past => Some(if said <= this % 100 { 2_000 + said } else { 1_900 + said }),
            0..100 => Some(2_000 + said),
            1_900..2_100 => Some(said),
            _ => None,
        }
    }
}

/// The month of that name; one slip is forgiven in long ones.
pub fn month(word: &str) -> Option<i8> {
    if word.chars().count() < 3 {
        return None;
    }
    if word == "setiembre" {
        return Some(9);
    }
    (1..=12).find(|month| {
        [Language::Es, Language::En].into_iter().any(|language| {
            let name = spoken::plain(spoken::month(language, *month));
            name == word || word.len() >= 6 && distance(&name, word) <= 1
        })
    })
}

/// The weekday that the word means; one slip is forgiven in long names.
pub fn weekday(word: &str) -> Option<Weekday> {
    let nearly = |name: &str| {
        let name = spoken::plain(name);
        name == word
            || format!("{name}s") == word
            || name.len() >= 6 && word.len() >= 5 && word != "nueves" && distance(&name, word) <= 1
    };
    Weekday::Monday.cycle_forward().take(7).find(|day| {
        [Language::Es, Language::En].into_iter().any(|language| nearly(spoken::weekday(language, *day)))
    })
}

/// Days since Monday.
pub fn offset(weekday: Weekday) -> i64 {
    weekday.to_monday_zero_offset().into()
}

/// The Monday of next week.
pub fn monday_after(today: Date) -> Date {
    today.saturating_add((7 - offset(today.weekday())).days())
}

/// The next such weekday, never today.
pub fn coming(weekday: Weekday, today: Date) -> Date {
    let ahead = (offset(weekday) - offset(today.weekday())).rem_euclid(7);
    today.saturating_add(if ahead == 0 { 7 } else { ahead }.days())
}

/// The month that lies `on` months ahead, whole.
pub fn month_ahead(today: Date, on: i64) -> Days {
    let first = today.first_of_month().saturating_add(on.months());
    Days { first, last: first.last_of_month() }
}

/// The whole month.
pub fn whole(year: i16, month: i8) -> Option<Days> {
    let first = Date::new(year, month, 1).ok()?;
    Some(Days { first, last: first.last_of_month() })
}

/// The date, `days` later.
pub fn later(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}
