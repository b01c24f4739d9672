//! Hours: "las tres y media", "cuarto para las diez", "half past three", `15:30`.

use super::{number, part::Part, said::Said};
use jiff::civil::Time;

/// An hour as it was said: on a twelve-hour clock unless it is over twelve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
    /// Said with the hour ("tres de la tarde").
    pub part: Option<Part>,
    /// Only about then: "tipo tres", "tres y pico".
    pub about: bool,
}

impl Hour {
    /// An hour that was said without a part of the day.
    pub const fn new(hour: i8, minute: i8) -> Self {
        Self { hour, minute, part: None, about: false }
    }

    /// A time that needs no guess.
    pub fn exact(time: Time) -> Self {
        let part = if time.hour() < 12 { Part::Morning } else { Part::Afternoon };
        Self { part: Some(part), ..Self::new(time.hour(), time.minute()) }
    }

    /// The part of the day that makes an hour of the clock of 24 hours plain.
    const fn exactly(self) -> Option<Part> {
        if self.hour < 12 { Some(Part::Morning) } else { None }
    }

    /// The times it may mean, the likely one first. `part` is what was said of the day apart from the hour.
    pub fn meanings(self, part: Option<Part>) -> Vec<Time> {
        let late = (self.hour + 12) % 24;
        let hours = match (self.hour, self.part.or(part)) {
            (12, Some(Part::Evening | Part::Dawn)) => vec![0],
            (12, None) => vec![12, 0],
            (0 | 12.., _) | (1..12, Some(Part::Morning | Part::Dawn)) | (1..=4, Some(Part::Evening)) => {
                vec![self.hour]
            }
            (_, Some(Part::Afternoon | Part::Evening)) => vec![late],
            (1..=7, None) => vec![late, self.hour],
            _ => vec![self.hour, late],
        };
        hours.into_iter().filter_map(|hour| Time::new(hour, self.minute, 0, 0).ok()).collect()
    }
}

/// The hour that was said; marks its words as used. With `bare`, a number alone is an hour.
pub fn hour(said: &mut Said, bare: bool, part: Option<Part>) -> Option<Hour> {
    let mut found = None;
    let mut index = 0;
    while index < said.len() {
        match hour_at(said, index, bare) {
            Some((hour, end)) => {
                said.take(index..end);
                // "a las diez, no, a las once": the last one counts.
                found = Some(Hour { part: hour.part.or(part), ..hour });
                index = end;
            }
            None => index += 1,
        }
    }
    found
}

/// The hour that begins at `index`, with the part of the day behind it, and the place behind both.
pub fn hour_at(said: &Said, index: usize, bare: bool) -> Option<(Hour, usize)> {
    let (hour, end) =
        clock(said, index).or_else(|| in_words(said, index, bare)).or_else(|| named(said, index))?;
    let (hour, end) = suffix(said, hour, end);
    let (vague, end) = match said.starts_one_of(end, AFTER_ABOUT) {
        Some(end) => (true, end),
        None => (false, end),
    };
    let (hour, end) = if vague { suffix(said, hour, end) } else { (hour, end) };
    let led = (1..=3).map(|back| said.before(index, back)).find(|word| !matches!(*word, "las" | "la" | "a"));
    let about = hour.about || vague || led.is_some_and(|led| ABOUT.contains(&led));
    Some((Hour { about, ..hour }, end))
}

/// Words before an hour that is only about then; "como a las tres", "tipo tres".
const ABOUT: &[&str] = &[
    "tipo",
    "sobre",
    "como",
    "aproximadamente",
    "around",
    "about",
    "roughly",
    "eso",
    "de",
    "alrededor",
    "approximately",
];
/// Words behind it.
const AFTER_ABOUT: &str = "mas o menos|aproximadamente|o algo asi|o asi|or so|ish|more or less|approximately";

/// So many minutes before the hour; before one it is twelve.
fn before(hour: u64, minutes: u64) -> Option<Hour> {
    let earlier = match hour {
        1 => 12,
        hour => (hour + 23) % 24,
    };
    of(earlier, 60_u64.checked_sub(minutes)?)
}

fn of(hour: u64, minute: u64) -> Option<Hour> {
    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(Hour::new(hour, minute))
}

/// Noon and midnight.
fn named(said: &Said, index: usize) -> Option<(Hour, usize)> {
    let twelve = |part| Hour { part: Some(part), ..Hour::new(12, 0) };
    let is_part = matches!(said.before(index, 1), "del" | "este");
    if let Some(end) = said.starts_one_of(index, "mediodia|medio dia|noon|midday").filter(|_| !is_part) {
        return Some((twelve(Part::Afternoon), end));
    }
    let end = said.starts_one_of(index, "medianoche|media noche|midnight")?;
    Some((twelve(Part::Evening), end))
}

/// `10:30`, `10.30`, `10h30`, `10h`, `3pm`; a leading nought tells the clock of 24 hours.
fn clock(said: &Said, index: usize) -> Option<(Hour, usize)> {
    let word = said.at(index);
    let (word, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(word), _) => (word, Some(Half::Am)),
        (_, Some(word)) => (word, Some(Half::Pm)),
        _ => (word, None),
    };
    let (hour, minute) = match word.split_once([':', '.', 'h']) {
        Some((hour, "" | "s" | "rs")) if word.contains('h') => (hour, "00"),
        Some((hour, minute)) => (hour, minute.trim_end_matches(['h', 's', 'r'])),
        None if half.is_some() => (word, "00"),
        None => return None,
    };
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 {
        return None;
    }
    let read = of(hour.parse().ok()?, minute.parse().ok()?)?;
    let led = matches!(said.before(index, 1), "las" | "la" | "at" | "a" | "tipo");
    if half.is_none()
        && word.contains('.')
        && !led
        && !word.ends_with(['h', 's'])
        && said.before(index, 1) == "$"
    {
        return None;
    }
    let early = (hour.len() == 2 && hour.starts_with('0')).then_some(Part::Morning);
    let read = half.map_or(Hour { part: early, ..read }, |half| half.of(read));
    Some((read, index + 1))
}

/// "las diez y media", "cuarto para las tres", "half past ten", "quince horas".
fn in_words(said: &Said, index: usize, bare: bool) -> Option<(Hour, usize)> {
    if let Some(found) = relative(said, index).or_else(|| military(said, index)) {
        return Some(found);
    }
    let (value, end) = number::below_hundred(said, index).filter(|(value, _)| *value <= 24)?;
    let ahead = said.before(index, 1);
    if ahead == "y" || said.at(end) == "de" && !matches!(said.at(end + 1), "la" | "") {
        return None;
    }
    let value = value % 24;
    let led =
        matches!(ahead, "las" | "at" | "tipo" | "around" | "from" | "after" | "before" | "between" | "until")
            || ahead == "la" && value == 1;
    let led = led || ahead == "a" && value > 1;
    let minutes = minutes(said, end, led);
    let end = minutes.end;
    let followed = minutes.said || suffix(said, Hour::new(0, 0), end).1 > end || {
        matches!(said.at(end), "horas" | "hs" | "hrs" | "oclock" | "ish")
            || said.starts(end, "en punto").is_some()
    };
    // "un turno", "una consulta", "one moment": no hours.
    if !(led || followed || bare && !matches!(said.at(index), "un" | "una" | "one" | "oh")) {
        return None;
    }
    let end = match said.at(end) {
        "horas" | "hs" | "hrs" | "oclock" => end + 1,
        _ => said.starts_one_of(end, "en punto|sharp|on the dot").unwrap_or(end),
    };
    let hour = if minutes.back > 0 { before(value, minutes.back)? } else { of(value, minutes.forth)? };
    Some((Hour { about: minutes.about, ..hour }, end))
}

/// "cuarto para las diez", "diez para las tres", "half past ten", "quarter to three", "half three".
fn relative(said: &Said, index: usize) -> Option<(Hour, usize)> {
    let (amount, at) = match said.at(index) {
        "cuarto" | "quarter" => (15, index + 1),
        "half" => (30, index + 1),
        "un" if said.at(index + 1) == "cuarto" => (15, index + 2),
        _ => number::below_hundred(said, index)?,
    };
    let at = if matches!(said.at(at), "minutos" | "minutes") { at + 1 } else { at };
    let (at, to) = if let Some(at) = said.starts_one_of(at, "para las|para la|pa las|pa la") {
        (at, true)
    } else {
        match said.at(at) {
            "past" | "after" => (at + 1, false),
            "to" | "till" | "til" if said.before(index, 1) != "from" => (at + 1, true),
            "of" if said.at(index) == "quarter" => (at + 1, true),
            _ if said.at(index) == "half" => (at, false),
            _ => return None,
        }
    };
    if at == index + 1 && said.at(at).len() < 3 {
        return None;
    }
    if let Some((noon, end)) = named(said, at) {
        let hour = if to { before(12, amount)? } else { of(12, amount)? };
        // A quarter to midnight is not a quarter to noon, and neither needs a part of the day.
        let part = if to && noon.part == Some(Part::Afternoon) { Some(Part::Morning) } else { noon.part };
        return Some((Hour { part, ..hour }, end));
    }
    let (hour, end) = number::below_hundred(said, at).filter(|(hour, _)| (1..=12).contains(hour))?;
    let hour = if to { before(hour, amount)? } else { of(hour, amount)? };
    Some((hour, end))
}

/// "fifteen hundred hours", "oh nine hundred hours", "1530 horas".
fn military(said: &Said, index: usize) -> Option<(Hour, usize)> {
    let word = said.at(index);
    if word.len() == 4 && word.bytes().all(|sign| sign.is_ascii_digit()) {
        let end = said.starts_one_of(index + 1, "horas|hs|hours|hrs")?;
        let value: u64 = word.parse().ok()?;
        let hour = of(value / 100, value % 100)?;
        return Some((Hour { part: hour.exactly(), ..hour }, end));
    }
    let oh = matches!(word, "oh" | "zero");
    let (value, at) = number::below_hundred(said, if oh { index + 1 } else { index })?;
    let end = said.starts(at, "hundred").and_then(|at| said.starts_one_of(at, "hours|hrs"))?;
    let hour = of(value, 0)?;
    Some((Hour { part: hour.exactly(), ..hour }, end))
}

/// What was said of the minutes.
struct Minutes {
    forth: u64,
    /// To be taken off the hour.
    back: u64,
    /// The place behind them.
    end: usize,
    said: bool,
    about: bool,
}

/// "y media", "menos cuarto", "thirty", "y pico".
fn minutes(said: &Said, index: usize, led: bool) -> Minutes {
    let none = Minutes { forth: 0, back: 0, end: index, said: false, about: false };
    if let Some(end) = said.starts_one_of(index, "y pico|y algo|pasadas|y monedas|something") {
        return Minutes { end, said: true, about: true, ..none };
    }
    let sign = said.at(index);
    // Without "las" noughts are digits of something else.
    let joins = matches!(sign, "y" | "menos" | "and" | "con" | "oh" | "o") || sign == "cero" && led;
    let at = if joins { index + 1 } else { index };
    let amount = match said.at(at) {
        "media" | "medio" => Some((30, at + 1)),
        "cuarto" if at > index => Some((15, at + 1)),
        "un" if at > index && said.at(at + 1) == "cuarto" => Some((15, at + 2)),
        "cero" if sign == "cero" && led => Some((0, at + 1)),
        _ if matches!(sign, "and" | "con") => None,
        _ => number::below_hundred(said, at).filter(|(minute, end)| {
            let counts =
                said.starts_one_of(*end, "de|dias|semanas|days|weeks|personas").is_some() && at == index;
            // "tres catorce" needs more to be an hour than "tres quince" does.
            let plain = minute % 5 == 0 || led || suffix(said, Hour::new(0, 0), *end).1 > *end;
            (1..60).contains(minute) && !counts && (at > index || *minute >= 10 && plain)
        }),
    };
    match amount {
        Some((back, end)) if sign == "menos" => Minutes { back, end, said: true, ..none },
        Some((forth, end)) => {
            let end = if said.at(end) == "minutos" { end + 1 } else { end };
            Minutes { forth, end, said: true, ..none }
        }
        None => none,
    }
}

/// Before or after noon, exactly: 12 am is midnight.
#[derive(Clone, Copy)]
enum Half {
    Am,
    Pm,
}

impl Half {
    fn of(self, hour: Hour) -> Hour {
        match (self, hour.hour) {
            (Self::Am, 12) => Hour { part: Some(Part::Evening), ..hour },
            (Self::Am, _) => Hour { part: Some(Part::Morning), ..hour },
            (Self::Pm, _) => Hour { part: Some(Part::Afternoon), ..hour },
        }
    }
}

/// "de la tarde", "p m": the part of the day and the place behind it.
fn suffix(said: &Said, hour: Hour, index: usize) -> (Hour, usize) {
    for (phrases, half) in [("am|a m", Half::Am), ("pm|p m", Half::Pm)] {
        if let Some(end) = said.starts_one_of(index, phrases) {
            return (half.of(hour), end);
        }
    }
    let ends = [
        ("de la manana|in the morning", Part::Morning),
        ("de la madrugada", Part::Dawn),
        ("de la tarde|del mediodia|in the afternoon", Part::Afternoon),
        ("de la noche|at night|in the evening", Part::Evening),
    ];
    for (phrases, part) in ends {
        if let Some(end) = said.starts_one_of(index, phrases) {
            // In English the morning begins at midnight; "las doce de la mañana" is noon.
            let midnight = part == Part::Morning && hour.hour == 12 && said.at(index) == "in";
            let part = if midnight { Part::Evening } else { part };
            return (Hour { part: Some(part), ..hour }, end);
        }
    }
    (hour, index)
}

#[cfg(test)]
mod tests {
    use super::{super::part::part, *};

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
}
