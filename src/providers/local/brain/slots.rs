//! Free times as the tools told them, and which of them to offer.

use crate::dialogue::spoken::hear::{Part, hour::Hour};
use jiff::civil::{Date, DateTime};
use serde::Deserialize;
use std::cmp::Reverse;

/// As many times are offered at once.
const OFFER: usize = 3;

/// A free time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Slot {
    /// When.
    pub start: DateTime,
    /// With whom.
    #[serde(default)]
    pub professional: String,
}

/// The part of the day as the schema of `find_slots` calls it.
pub const fn argument(part: Part) -> &'static str {
    match part {
        Part::Dawn | Part::Morning => "morning",
        Part::Afternoon => "afternoon",
        Part::Evening => "evening",
    }
}

/// What was asked of `find_slots`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The index of the specialty.
    pub specialty: usize,
    /// The day; `None` for the next free times.
    pub day: Option<Date>,
    /// The part of the day.
    pub part: Option<Part>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The question.
    pub query: Query,
    /// The free times that fit it.
    pub slots: Vec<Slot>,
    /// The next ones when none fits.
    pub next: Vec<Slot>,
    /// The error's word when the tool refused.
    pub error: Option<String>,
}

/// The tool's answer as it is written.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    slots: Vec<Slot>,
    #[serde(default)]
    next: Vec<Slot>,
    error: Option<String>,
    status: Option<String>,
}

impl Lookup {
    /// Reads the tool's answer; `None` while it is still running.
    pub fn read(query: Query, reply: &str) -> Option<Self> {
        match serde_json::from_str::<Reply>(reply) {
            Ok(reply) if reply.status.is_some() && reply.slots.is_empty() => None,
            Ok(reply) => Some(Self { query, slots: reply.slots, next: reply.next, error: reply.error }),
            Err(_) => Some(Self {
                query,
                slots: Vec::new(),
                next: Vec::new(),
                error: Some("unreadable".to_owned()),
            }),
        }
    }

    /// Whether it answers `query` as well.
    pub fn covers(&self, query: &Query) -> bool {
        self.query.specialty == query.specialty
            && self.query.day == query.day
            && (self.query.part.is_none() || self.query.part == query.part)
    }

    /// The free time that the caller's day and hour mean.
    pub fn find(&self, day: Option<Date>, hour: Hour, part: Option<Part>) -> Option<&Slot> {
        hour.meanings(part).into_iter().find_map(|time| {
            let fits =
                |slot: &&Slot| slot.start.time() == time && day.is_none_or(|day| slot.start.date() == day);
            self.slots.iter().chain(&self.next).find(fits)
        })
    }

    /// What to offer: the times nearest to `hour`, or a few over the day; else the next ones.
    pub fn offer(&self, hour: Option<Hour>, part: Option<Part>) -> Vec<&Slot> {
        let pool = if self.slots.is_empty() { &self.next } else { &self.slots };
        let Some(first) = pool.first() else { return Vec::new() };
        let same_day: Vec<&Slot> =
            pool.iter().filter(|slot| slot.start.date() == first.start.date()).collect();
        if let Some(wanted) = hour.and_then(|hour| hour.meanings(part).first().copied()) {
            let away = |slot: &Slot| slot.start.time().duration_since(wanted).abs();
            let mut near: Vec<&Slot> =
                if self.query.day.is_some() { same_day } else { pool.iter().collect() };
            near.sort_by_key(|slot| (away(slot), Reverse(slot.start)));
            near.truncate(OFFER - 1);
            near.sort_by_key(|slot| slot.start);
            return near;
        }
        if self.query.day.is_none() || self.slots.is_empty() {
            return same_day.into_iter().take(OFFER - 1).collect();
        }
        let last = same_day.len() - 1;
        let mut places = vec![0, last / 2, last];
        places.dedup();
        places.into_iter().filter_map(|place| same_day.get(place).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(day: Option<&str>, starts: &[&str]) -> Lookup {
        let query = Query { specialty: 0, day: day.map(|day| day.parse().unwrap()), part: None };
        let slots: Vec<_> =
            starts.iter().map(|start| serde_json::json!({"start": start, "professional": "P"})).collect();
        Lookup::read(query, &serde_json::json!({ "slots": slots }).to_string()).unwrap()
    }

    fn told(slots: &[&Slot]) -> Vec<String> {
        slots.iter().map(|slot| slot.start.strftime("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn a_taken_hour_is_answered_with_its_neighbours() {
        let lookup = lookup(
            Some("2026-11-26"),
            &["2026-11-26T09:00", "2026-11-26T09:30", "2026-11-26T11:00", "2026-11-26T15:00"],
        );
        let ten = Hour::new(10, 0);
        assert!(lookup.find(lookup.query.day, ten, None).is_none());
        assert_eq!(told(&lookup.offer(Some(ten), None)), ["26 09:30", "26 11:00"]);
        assert_eq!(told(&lookup.offer(None, None)), ["26 09:00", "26 09:30", "26 15:00"]);
        let three = Hour::new(3, 0);
        assert!(lookup.find(lookup.query.day, three, None).is_some(), "three is in the afternoon");
    }

    #[test]
    fn a_running_tool_has_not_answered() {
        let query = Query { specialty: 0, day: None, part: None };
        assert_eq!(Lookup::read(query.clone(), r#"{"status":"still running"}"#), None);
        assert!(Lookup::read(query, "boom").unwrap().error.is_some());
    }
}
