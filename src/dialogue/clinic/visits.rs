//! The visits that the hours allow, as instants, and which of them are free.
//!
//! Clocks are set twice a year. Hours are what the clock on the wall shows, and a visit takes as long as it takes: so hours become
//! instants first, and everything is reckoned in those. An hour that the clock skips has no visits; one that it shows twice has
//! those of the first time only, since nobody could say on the telephone which of the two is meant.

use super::{Clinic, Specialty};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use std::collections::BTreeMap;

/// A visit that the hours allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Who attends.
    pub professional: String,
    /// When it starts, by the clock on the wall.
    pub start: DateTime,
    /// The instant at which it starts.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// When somebody has no time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Who.
    pub professional: String,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

impl Clinic {
    /// The visits of `specialty` that begin on `day` in `zone`, by their beginning, then as the professionals are listed.
    pub fn visits(&self, specialty: &Specialty, day: Date, zone: &TimeZone) -> Vec<Visit> {
        let length = i64::from(specialty.minutes.max(5)).minutes();
        let mut visits = Vec::new();
        for professional in &specialty.professionals {
            for hours in self.hours_of(specialty, professional, day) {
                let ends = [hours.opens, hours.closes].map(|time| instant(zone, day.to_datetime(time)));
                let [Some(mut from), Some(closes)] = ends else { continue };
                while let Some(to) = from.checked_add(length).ok().filter(|to| *to <= closes) {
                    let start = zone.to_datetime(from);
                    if instant(zone, start) == Some(from) {
                        visits.push(Visit { professional: professional.clone(), start, from, to });
                    }
                    from = to;
                }
            }
        }
        visits.sort_by_key(|visit| visit.from);
        visits
    }
}

/// Takes out the visits that overlap with something else of the same professional.
pub fn free(mut visits: Vec<Visit>, busy: &[Busy]) -> Vec<Visit> {
    let mut by_name: BTreeMap<&str, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for each in busy {
        by_name.entry(&each.professional).or_default().push((each.from, each.to));
    }
    for times in by_name.values_mut() {
        times.sort_unstable();
        // Each knows the latest end of all before it, so that one look tells whether any of them overlaps.
        let mut latest = Timestamp::MIN;
        for (_, to) in times {
            latest = latest.max(*to);
            *to = latest;
        }
    }
    visits.retain(|visit| {
        let times = by_name.get(visit.professional.as_str()).map(Vec::as_slice).unwrap_or_default();
        let begun = times.partition_point(|(from, _)| *from < visit.to);
        times.get(..begun).and_then(<[_]>::last).is_none_or(|(_, latest)| *latest <= visit.from)
    });
    visits
}

/// When the clock on the wall first shows this, or skips it.
fn instant(zone: &TimeZone, shown: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    let is_skipped = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    let first = ambiguous.earlier().ok()?;
    if is_skipped { zone.following(first).next().map(|set| set.timestamp()) } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A night clinic, open from `opens` to `closes` every day, with visits of `minutes`.
    fn clinic(hours: &str, minutes: u32) -> Clinic {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let week: Vec<String> = days.iter().map(|day| format!("{day} = {hours:?}")).collect();
        let text = format!(
            "name = \"C\"\naddress = \"A\"\nphone = \"1\"\nhours = {{ {week} }}\n[[specialties]]\nname = \"guardia\"\n\
             professionals = [\"Ana\"]\nminutes = {minutes}\nhours = {{ {week} }}\n",
            week = week.join(", ")
        );
        Clinic::parse("c.toml", &text).unwrap()
    }

    /// The visits of a day, each as the wall shows it and as it is in UTC.
    fn story(zone: &str, day: &str, hours: &str, minutes: u32) -> String {
        let (clinic, zone) = (clinic(hours, minutes), TimeZone::get(zone).unwrap());
        let visits = clinic.visits(&clinic.specialties[0], day.parse().unwrap(), &zone);
        let told = |visit: &Visit| {
            assert_eq!(visit.to.duration_since(visit.from).as_mins(), i64::from(minutes), "{visit:?}");
            format!("{}={}", visit.start.strftime("%H:%M"), visit.from.strftime("%H:%MZ"))
        };
        visits.iter().map(told).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_skipped_hour_has_no_visits() {
        // Madrid skips from two to three, New York too, Santiago from midnight to one.
        assert_eq!(
            story("Europe/Madrid", "2027-03-28", "01:00-04:00", 30),
            "01:00=00:00Z 01:30=00:30Z 03:00=01:00Z 03:30=01:30Z"
        );
        assert_eq!(
            story("America/New_York", "2027-03-14", "01:00-04:00", 30),
            "01:00=06:00Z 01:30=06:30Z 03:00=07:00Z 03:30=07:30Z"
        );
        assert_eq!(story("America/Santiago", "2026-09-06", "00:00-02:00", 30), "01:00=04:00Z 01:30=04:30Z");
    }

    #[test]
    fn who_opens_or_closes_in_a_skipped_hour_does_so_when_the_clock_is_set() {
        assert_eq!(story("Europe/Madrid", "2027-03-28", "02:30-03:30", 15), "03:00=01:00Z 03:15=01:15Z");
        assert_eq!(story("Europe/Madrid", "2027-03-28", "01:30-02:30", 15), "01:30=00:30Z 01:45=00:45Z");
        assert_eq!(story("America/Santiago", "2026-09-06", "00:10-00:50", 20), "");
    }

    #[test]
    fn a_visit_across_a_skipped_hour_takes_as_long_as_any_other() {
        assert_eq!(
            story("America/New_York", "2027-03-14", "01:00-05:00", 45),
            "01:00=06:00Z 01:45=06:45Z 03:30=07:30Z 04:15=08:15Z"
        );
    }

    #[test]
    fn an_hour_that_comes_twice_has_the_visits_of_its_first_time() {
        // Madrid shows two to three twice, New York one to two, Santiago 23 to 24.
        assert_eq!(
            story("Europe/Madrid", "2026-10-25", "01:30-03:30", 30),
            "01:30=23:30Z 02:00=00:00Z 02:30=00:30Z 03:00=02:00Z"
        );
        assert_eq!(
            story("America/New_York", "2026-11-01", "01:00-03:00", 30),
            "01:00=05:00Z 01:30=05:30Z 02:00=07:00Z 02:30=07:30Z"
        );
        assert_eq!(story("America/Santiago", "2027-04-03", "22:30-23:59", 30), "22:30=01:30Z 23:00=02:00Z");
        assert_eq!(story("America/Santiago", "2027-04-04", "00:00-01:00", 30), "00:00=04:00Z 00:30=04:30Z");
    }

    #[test]
    fn on_any_other_day_the_hours_are_those_of_the_wall() {
        let usual = "09:00=08:00Z 10:00=09:00Z";
        assert_eq!(story("Europe/Madrid", "2026-11-23", "09:00-11:00", 60), usual);
        assert_eq!(story("Europe/Madrid", "2027-06-23", "09:00-11:00", 60), "09:00=07:00Z 10:00=08:00Z");
        assert_eq!(story("Europe/Madrid", "2026-11-23", "09:00-09:50", 60), "", "too short");
    }

    fn busy(professional: &str, from: &str, to: &str) -> Busy {
        Busy { professional: professional.to_owned(), from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn what_overlaps_is_not_free_and_what_only_touches_is() {
        let clinic = clinic("09:00-13:00", 60);
        let visits = clinic.visits(&clinic.specialties[0], "2026-11-23".parse().unwrap(), &TimeZone::UTC);
        let left = |busy: &[Busy]| {
            let left = free(visits.clone(), busy);
            left.iter().map(|visit| visit.start.hour().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(left(&[]), "9 10 11 12");
        assert_eq!(left(&[busy("Ana", "2026-11-23T10:00Z", "2026-11-23T11:00Z")]), "9 11 12");
        assert_eq!(left(&[busy("Ana", "2026-11-23T10:59Z", "2026-11-23T11:01Z")]), "9 12");
        assert_eq!(left(&[busy("Luis", "2026-11-23T09:00Z", "2026-11-23T13:00Z")]), "9 10 11 12");
        let nested = [
            busy("Ana", "2026-11-23T09:10Z", "2026-11-23T12:10Z"),
            busy("Ana", "2026-11-23T09:20Z", "2026-11-23T09:30Z"),
        ];
        assert_eq!(left(&nested), "", "a short one within a long one does not end it");
    }
}
