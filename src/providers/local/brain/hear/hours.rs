//! Hours and parts of the day.

use super::{numbers, words::Said};
use jiff::civil::Time;

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Before noon.
    Morning,
    /// From noon to eight.
    Afternoon,
    /// From six on.
    Evening,
}

impl Part {
    /// The name in the schema of `find_slots`.
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Evening => "evening",
        }
    }
}

/// An hour as it was said: on a twelve-hour clock unless it is over twelve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
    /// Said with the hour ("tres de la tarde").
    pub part: Option<Part>,
}

impl Hour {
    /// A time that needs no guess.
    pub fn exact(time: Time) -> Self {
        let part = if time.hour() < 12 { Part::Morning } else { Part::Afternoon };
        Self { hour: time.hour(), minute: time.minute(), part: Some(part) }
    }

    /// The times it may mean, the likely one first. `part` is what was said of the day apart from the hour.
    pub fn meanings(self, part: Option<Part>) -> Vec<Time> {
        let late = (self.hour + 12) % 24;
        let hours = match (self.hour, self.part.or(part)) {
            (0 | 13.., _) | (1..12, Some(Part::Morning)) => vec![self.hour],
            (12, Some(Part::Evening)) => vec![0],
            (12, _) => vec![12],
            (_, Some(Part::Afternoon | Part::Evening)) => vec![late],
            (1..=7, None) => vec![late, self.hour],
            _ => vec![self.hour, late],
        };
        hours.into_iter().filter_map(|hour| Time::new(hour, self.minute, 0, 0).ok()).collect()
    }
}

const MORNING: [&str; 9] = [
    "por la manana",
    "a la manana",
    "de la manana",
    "en la manana",
    "para la manana",
    "la manana",
    "de manana",
    "in the morning",
    "morning",
];
const AFTERNOON: [&str; 10] = [
    "por la tarde",
    "a la tarde",
    "de la tarde",
    "en la tarde",
    "para la tarde",
    "del mediodia",
    "la tarde",
    "de tarde",
    "in the afternoon",
    "afternoon",
];
const EVENING: [&str; 8] = [
    "por la noche",
    "a la noche",
    "de la noche",
    "en la noche",
    "la noche",
    "in the evening",
    "evening",
    "at night",
];

/// The part of the day that was said, alone or with an hour; marks its words as used.
pub fn part(said: &mut Said) -> Option<Part> {
    for (part, phrases) in
        [(Part::Morning, &MORNING[..]), (Part::Afternoon, &AFTERNOON[..]), (Part::Evening, &EVENING[..])]
    {
        for phrase in phrases {
            let Some(range) = said.find(phrase) else { continue };
            let before = said.before(range.start, 1);
            if before == "good" || *phrase == "de manana" && numbers::word(before).is_none() {
                continue;
            }
            said.take(range);
            return Some(part);
        }
    }
    let today = said.find("esta tarde").map(|range| (range, Part::Afternoon));
    let today = today.or_else(|| said.find("esta noche").map(|range| (range, Part::Evening)));
    let (range, part) = today?;
    said.take(range.start + 1..range.end);
    Some(part)
}

/// The hour that was said; marks its words as used. With `bare`, a number alone is an hour.
pub fn hour(said: &mut Said, bare: bool, part: Option<Part>) -> Option<Hour> {
    let mut found = None;
    let mut index = 0;
    while index < said.len() {
        match clock(said, index).or_else(|| spoken(said, index, bare)) {
            Some((hour, end)) => {
                let (suffix, end) = suffix(said, end);
                said.take(index..end);
                // "a las diez, no, a las once": the last one counts.
                found = Some(Hour { part: suffix.or(part), ..hour });
                index = end;
            }
            None => index += 1,
        }
    }
    if found.is_none() {
        let range = ["mediodia", "medio dia", "noon", "midday"].iter().find_map(|noon| said.find(noon))?;
        said.take(range);
        found = Some(Hour { hour: 12, minute: 0, part: Some(Part::Afternoon) });
    }
    found
}

fn of(hour: u64, minute: u64) -> Option<Hour> {
    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(Hour { hour, minute, part: None })
}

/// `10:30`, `10.30`, `10h30`, `10h`, `3pm`.
fn clock(said: &Said, index: usize) -> Option<(Hour, usize)> {
    let word = said.at(index);
    let (word, part) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(word), _) => (word, Some(Part::Morning)),
        (_, Some(word)) => (word, Some(Part::Afternoon)),
        _ => (word, None),
    };
    let (hour, minute) = match word.split_once([':', '.', 'h']) {
        Some((hour, "" | "s")) if word.contains('h') => (hour, "00"),
        Some((hour, minute)) => (hour, minute.trim_end_matches(['h', 's'])),
        None if part.is_some() => (word, "00"),
        None => return None,
    };
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 {
        return None;
    }
    Some((Hour { part, ..of(hour.parse().ok()?, minute.parse().ok()?)? }, index + 1))
}

/// "las diez y media", "cuarto para las tres", "half past ten", "quince horas".
fn spoken(said: &Said, index: usize, bare: bool) -> Option<(Hour, usize)> {
    if let Some(found) = relative(said, index) {
        return Some(found);
    }
    let (value, end) = numbers::below_hundred(said, index).filter(|(value, _)| *value <= 24)?;
    let before = said.before(index, 1);
    if before == "y" || said.at(end) == "de" && !matches!(said.at(end + 1), "la" | "") {
        return None;
    }
    let value = value % 24;
    let led = matches!(before, "las" | "at" | "tipo" | "around" | "from") || before == "la" && value == 1;
    let led = led || before == "a" && value > 1;
    let (minute, back, end, followed) = minutes(said, end);
    let followed = followed || suffix(said, end).1 > end || {
        let next = said.at(end);
        matches!(next, "horas" | "hs" | "hrs" | "oclock") || said.starts(end, "en punto").is_some()
    };
    // "un turno", "una consulta", "one moment": no hours.
    if !(led || followed || bare && !matches!(said.at(index), "un" | "una" | "one" | "oh")) {
        return None;
    }
    let end = match said.at(end) {
        "horas" | "hs" | "hrs" | "oclock" => end + 1,
        _ => said.starts(end, "en punto").unwrap_or(end),
    };
    let hour = if back > 0 { of((value + 23) % 24, 60 - back)? } else { of(value, minute)? };
    Some((hour, end))
}

/// "cuarto para las diez", "half past ten", "quarter to three", "ten past four".
fn relative(said: &Said, index: usize) -> Option<(Hour, usize)> {
    let (amount, at) = match said.at(index) {
        "cuarto" | "quarter" => (15, index + 1),
        "half" => (30, index + 1),
        _ => numbers::below_hundred(said, index)?,
    };
    let (at, to) = if let Some(at) = said.starts(at, "para las").or_else(|| said.starts(at, "para la")) {
        (at, true)
    } else {
        match said.at(at) {
            "past" => (at + 1, false),
            "to" if said.before(index, 1) != "from" => (at + 1, true),
            _ => return None,
        }
    };
    let (hour, end) = numbers::below_hundred(said, at).filter(|(hour, _)| (1..=12).contains(hour))?;
    let hour = if to { of((hour + 23) % 24, 60_u64.checked_sub(amount)?)? } else { of(hour, amount)? };
    Some((hour, end))
}

/// The minutes behind an hour: how many, how many before the hour, the place behind them, whether there were any.
fn minutes(said: &Said, index: usize) -> (u64, u64, usize, bool) {
    let sign = said.at(index);
    let at = if matches!(sign, "y" | "menos" | "and" | "con" | "oh" | "o") { index + 1 } else { index };
    let amount = match said.at(at) {
        "media" | "medio" => Some((30, at + 1)),
        "cuarto" if at > index => Some((15, at + 1)),
        _ if matches!(sign, "and" | "con") => None,
        _ => numbers::below_hundred(said, at).filter(|(minute, _)| {
            (1..60).contains(minute) && (at > index || *minute >= 10 && minute % 5 == 0)
        }),
    };
    match amount {
        Some((amount, end)) if sign == "menos" => (0, amount, end, true),
        Some((amount, end)) => (amount, 0, end, true),
        None => (0, 0, index, false),
    }
}

/// "de la tarde", "p m": the part of the day and the place behind it.
fn suffix(said: &Said, index: usize) -> (Option<Part>, usize) {
    let ends = [
        ("am", Part::Morning),
        ("a m", Part::Morning),
        ("pm", Part::Afternoon),
        ("p m", Part::Afternoon),
        ("de la manana", Part::Morning),
        ("de la tarde", Part::Afternoon),
        ("de la noche", Part::Evening),
    ];
    let found = ends.iter().find_map(|(phrase, part)| Some((Some(*part), said.starts(index, phrase)?)));
    found.unwrap_or((None, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, bare: bool) -> Option<String> {
        let mut said = Said::new(text);
        let part = part(&mut said);
        let hour = hour(&mut said, bare, part)?;
        Some(hour.meanings(None).first()?.strftime("%H:%M").to_string())
    }

    #[test]
    fn hours_are_read_in_every_form() {
        for (text, time) in [
            ("a las diez y media", "10:30"),
            ("A las 10 y media.", "10:30"),
            ("10 y media, por favor", "10:30"),
            ("diez y media", "10:30"),
            ("a las 10:30", "10:30"),
            ("a las 10.30", "10:30"),
            ("las 10h30", "10:30"),
            ("a las tres de la tarde", "15:00"),
            ("tres y cuarto de la tarde", "15:15"),
            ("a las 3 p. m.", "15:00"),
            ("a la una", "13:00"),
            ("a la una y media", "13:30"),
            ("quince horas", "15:00"),
            ("a las 15 hs", "15:00"),
            ("quince treinta", "15:30"),
            ("a las once menos cuarto", "10:45"),
            ("cuarto para las diez", "09:45"),
            ("al mediodía", "12:00"),
            ("a las cuatro", "16:00"),
            ("a las nueve en punto", "09:00"),
            ("a las nueve de la mañana", "09:00"),
            ("a las diez, no, a las once", "11:00"),
            ("a las diez y veinte", "10:20"),
            ("a las 20", "20:00"),
            ("a las ocho de la noche", "20:00"),
            ("half past ten", "10:30"),
            ("quarter to three", "14:45"),
            ("at ten thirty", "10:30"),
            ("ten thirty in the morning", "10:30"),
            ("3pm", "15:00"),
            ("at three o'clock", "15:00"),
            ("at noon", "12:00"),
        ] {
            assert_eq!(read(text, false).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn a_number_alone_is_an_hour_only_where_one_is_expected() {
        for text in ["diez", "10", "las diez"] {
            assert_eq!(read(text, true).as_deref(), Some("10:00"), "{text}");
        }
        for text in ["diez", "quiero un turno", "una consulta", "el 26 de noviembre", "hola"] {
            assert_eq!(read(text, false), None, "{text}");
        }
        assert_eq!(read("quiero un turno", true), None);
    }

    #[test]
    fn parts_of_the_day_are_not_the_next_day() {
        for (text, expected) in [
            ("el jueves a la mañana", Some(Part::Morning)),
            ("por la tarde", Some(Part::Afternoon)),
            ("mañana", None),
            ("Good morning", None),
            ("Buenas tardes", None),
            ("esta tarde", Some(Part::Afternoon)),
        ] {
            assert_eq!(part(&mut Said::new(text)), expected, "{text}");
        }
    }
}
