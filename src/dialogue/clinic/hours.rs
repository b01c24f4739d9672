//! Opening hours by weekday.

use crate::dialogue::agent::section::{Complaints, Section};
use jiff::civil::{Date, Time, Weekday};

/// The keys of a week in TOML, Monday first.
pub const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A stretch of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first minute.
    pub opens: Time,
    /// The first minute after it.
    pub closes: Time,
}

/// The hours of a week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week([Vec<Hours>; 7]);

impl Week {
    /// The hours of that weekday, in order; empty when closed.
    pub fn on(&self, day: Weekday) -> &[Hours] {
        let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
        self.0.get(index).map(Vec::as_slice).unwrap_or_default()
    }

    /// The days on which it is open, Monday first.
    pub fn open_days(&self) -> Vec<Weekday> {
        Weekday::Monday.cycle_forward().take(7).filter(|day| !self.on(*day).is_empty()).collect()
    }

    /// Whether it is never open.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// The starts of visits of `minutes` on `date`.
    pub fn starts(&self, date: Date, minutes: u32) -> Vec<Time> {
        let step = minutes.max(5);
        let mut starts = Vec::new();
        for hours in self.on(date.weekday()) {
            let (mut at, end) = (minute_of(hours.opens), minute_of(hours.closes));
            while at + step <= end {
                starts.extend(time_of(at));
                at += step;
            }
        }
        starts
    }

    /// Reads a week: `monday = "08:00-12:00"` or a list of such stretches.
    pub fn read(section: &Section<'_>, complaints: &mut Complaints<'_>) -> Self {
        let mut week = Self::default();
        for (day, key) in week.0.iter_mut().zip(WEEKDAYS) {
            for (text, place) in section.texts(key, complaints) {
                let Some(hours) = stretch(&text) else {
                    let what = format!("`{text}` are no hours");
                    complaints.add(&place, what, "write them as \"08:00-12:30\", the end after the start");
                    continue;
                };
                if day.last().is_some_and(|last: &Hours| last.closes > hours.opens) {
                    complaints.add(
                        &place,
                        format!("`{text}` overlaps the hours before it"),
                        "write them in order, apart",
                    );
                    continue;
                }
                day.push(hours);
            }
        }
        week
    }
}

fn stretch(text: &str) -> Option<Hours> {
    let (opens, closes) = text.split_once('-')?;
    let hours = Hours { opens: clock(opens)?, closes: clock(closes)? };
    (hours.opens < hours.closes).then_some(hours)
}

fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn minute_of(time: Time) -> u32 {
    u32::try_from(time.hour()).unwrap_or_default() * 60 + u32::try_from(time.minute()).unwrap_or_default()
}

fn time_of(minute: u32) -> Option<Time> {
    Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()
}
