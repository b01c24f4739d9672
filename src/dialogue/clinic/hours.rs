//! Opening hours by weekday, and what is left of them on a day.

use crate::dialogue::agent::section::{Complaints, Section};
use jiff::civil::{Time, Weekday};

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

/// Reads `08:00-12:30`.
pub(super) fn stretch(text: &str) -> Option<Hours> {
    let (opens, closes) = text.split_once('-')?;
    let hours = Hours { opens: clock(opens)?, closes: clock(closes)? };
    (hours.opens < hours.closes).then_some(hours)
}

fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// What of `hours` lies within `limits`; both are in order.
pub(super) fn within(hours: &[Hours], limits: &[Hours]) -> Vec<Hours> {
    let both = |of: &Hours, limit: &Hours| {
        let (opens, closes) = (of.opens.max(limit.opens), of.closes.min(limit.closes));
        (opens < closes).then_some(Hours { opens, closes })
    };
    hours.iter().flat_map(|of| limits.iter().filter_map(move |limit| both(of, limit))).collect()
}

/// What of `hours` is left without `away`.
pub(super) fn without(hours: Vec<Hours>, away: Hours) -> Vec<Hours> {
    let rest = |of: Hours| {
        let before = Hours { opens: of.opens, closes: of.closes.min(away.opens) };
        let after = Hours { opens: of.opens.max(away.closes), closes: of.closes };
        [before, after].into_iter().filter(|part| part.opens < part.closes)
    };
    hours.into_iter().flat_map(rest).collect()
}

/// The same in order, where those that overlap are one. Those that only touch stay apart: each has visits of its own.
pub(super) fn joined(mut hours: Vec<Hours>) -> Vec<Hours> {
    hours.sort_by_key(|each| each.opens);
    let mut apart: Vec<Hours> = Vec::with_capacity(hours.len());
    for next in hours {
        match apart.last_mut() {
            Some(last) if last.closes > next.opens => last.closes = last.closes.max(next.closes),
            _ => apart.push(next),
        }
    }
    apart
}
