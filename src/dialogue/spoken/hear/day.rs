//! Days: of the month, of the week, from today.

use super::{
    calendar::{Days, Frame, coming, later, monday_after, month, offset, weekday},
    feast, number,
    said::Said,
    stretch,
};
use jiff::{ToSpan, civil::Date};

/// "jueves 10" is a date if that Thursday is at most so many days away; else ten is the hour.
const DATED: i64 = 13;

/// What follows a weekday, or stands before it, and means the next one.
const NEXT: &str = "que viene|proximo|siguiente|que entra|next";
/// What follows a weekday and puts it into next week.
const NEXT_WEEK: &str = "de la semana que viene|de la proxima semana|de la otra semana|de la semana proxima|de la semana entrante|next week|of next week";

/// What a few words say of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What they may mean, the likely one first; nothing when there is no such day ("31 de noviembre").
    pub days: Vec<Days>,
    /// The place behind them.
    pub end: usize,
}

impl Found {
    pub(super) fn one(date: Date, end: usize) -> Self {
        Self { days: vec![Days::one(date)], end }
    }

    fn of(date: Option<Date>, end: usize) -> Self {
        Self { days: date.map(Days::one).into_iter().collect(), end }
    }
}

/// The day or days that the words at `index` mean.
pub fn day_at(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    stretch::stretch_at(said, index, frame)
        .or_else(|| month_day(said, index, frame))
        .or_else(|| week_day(said, index, frame))
        .or_else(|| from_today(said, index, frame))
        .or_else(|| number_day(said, index, frame))
        .or_else(|| feast::feast_at(said, index, frame))
}

/// "26 de noviembre", "noviembre 26", "November twenty-sixth", "26/11", "2026-11-26", "veintiséis del once".
fn month_day(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    if let Some(date) = written(said.at(index), frame) {
        return Some(Found::of(date, index + 1));
    }
    if let Some(month) = month(said.at(index)) {
        let at = said.starts_one_of(index + 1, "the").unwrap_or(index + 1);
        let (day, end) = number::below_hundred(said, at).filter(|(day, _)| (1..=31).contains(day))?;
        return Some(dated(said, day, month, end, frame));
    }
    let (day, end) = number::below_hundred(said, index)?;
    let at = said.starts_one_of(end, "de|del|of").unwrap_or(end);
    if let Some(month) = month(said.at(at)) {
        return Some(dated(said, day, month, at + 1, frame));
    }
    // "el veintiséis del once", never "diez de dos".
    let at = said.starts_one_of(end, "del mes|del")?;
    let (month, end) = number::below_hundred(said, at).filter(|(month, _)| (1..=12).contains(month))?;
    Some(dated(said, day, i8::try_from(month).ok()?, end, frame))
}

/// The day of that month, in the year that may follow at `at`.
fn dated(said: &Said, day: u64, month: i8, at: usize, frame: Frame) -> Found {
    let Ok(day) = i8::try_from(day) else { return Found { days: Vec::new(), end: at } };
    match year_at(said, at, frame) {
        Some((year, end)) => Found::of(Date::new(year, month, day).ok(), end),
        None => Found::of(frame.nearest(month, day), at),
    }
}

/// "de 2026", "del ochenta", "nineteen eighty-four", "twenty twenty-six".
pub(super) fn year_at(said: &Said, index: usize, frame: Frame) -> Option<(i16, usize)> {
    let led = said.starts_one_of(index, "de|del|del ano|of|in");
    let at = said.starts(index, "del ano").or(led).unwrap_or(index);
    let number = number::number_at(said, at)?;
    let full = (1_900..2_100).contains(&number.value);
    if full {
        return Some((frame.year(number.value)?, number.end));
    }
    if let (19..=20, Some(rest)) = (number.value, number::number_at(said, number.end))
        && (10..100).contains(&rest.value)
    {
        return Some((frame.year(number.value * 100 + rest.value)?, rest.end));
    }
    let short = frame.past && number.value < 100 && (led.is_some() || number.value > 31);
    short.then_some(()).and_then(|()| Some((frame.year(number.value)?, number.end)))
}

/// A date in figures; the inner `None` is a date that does not exist.
#[expect(clippy::option_option, reason = "no date, and a date that does not exist, are answered differently")]
fn written(word: &str, frame: Frame) -> Option<Option<Date>> {
    if let Ok(date) = word.parse::<Date>() {
        return word.contains('-').then_some(Some(date)).filter(|_| frame.past || date >= frame.today);
    }
    let mark = ['/', '-', '.'].into_iter().find(|mark| word.contains(*mark))?;
    let parts: Vec<&str> = word.split(mark).collect();
    let short = |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|sign| sign.is_ascii_digit());
    let (first, second, year) = match parts.as_slice() {
        [first, second] if mark == '/' => (first, second, None),
        [first, second, year] if year.len() == 2 || year.len() == 4 => {
            (first, second, Some(year.parse().ok()?))
        }
        _ => return None,
    };
    if !short(first) || !short(second) {
        return None;
    }
    let (first, second): (i8, i8) = (first.parse().ok()?, second.parse().ok()?);
    let year_first = frame.month_first && first <= 12 || second > 12;
    let (day, month) = if year_first { (second, first) } else { (first, second) };
    Some(match year {
        Some(year) => frame.year(year).and_then(|year| Date::new(year, month, day).ok()),
        None => frame.nearest(month, day),
    })
}

/// "jueves", "el jueves que viene", "jueves de la semana que viene", "jueves 26", "Thursday week".
fn week_day(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let weekday = weekday(said.at(index))?;
    let (today, end) = (frame.today, index + 1);
    let soon = coming(weekday, today);
    if frame.past
        && let Some(found) = dated_weekday(said, end, frame)
    {
        return Some(found);
    }
    if let Some(end) = said.starts_one_of(end, NEXT_WEEK) {
        return Some(Found::one(later(monday_after(today), offset(weekday)), end));
    }
    if let Some(end) = said.starts_one_of(end, "en ocho dias|en ocho|en 8|a week|week") {
        return Some(Found::one(later(soon, 7), end));
    }
    if let Some(found) = dated_weekday(said, end, frame) {
        // A Thursday that is no Thursday: one of the two was meant.
        let agrees = |days: &Days| days.first.weekday() == weekday;
        let mut days = found.days;
        if !days.iter().all(agrees) {
            days.push(Days::one(soon));
        }
        return Some(Found { days, end: found.end });
    }
    // "jueves 26" is a date where the calendar agrees; in "jueves diez y media" the number is the hour.
    if let Some((day, after)) = number::below_hundred(said, end) {
        let is_hour = said.starts_one_of(after, "y|media|horas|hs|thirty|am|pm|a m|p m|oclock").is_some();
        let near = later(today, DATED);
        let date = frame.of_month(day).filter(|_| !is_hour);
        match date {
            Some(date) if date.weekday() == weekday && date <= near => return Some(Found::one(date, after)),
            Some(date) if day > 24 => {
                return Some(Found { days: vec![Days::one(date), Days::one(soon)], end: after });
            }
            _ => {}
        }
    }
    let mut after = end;
    while let Some(end) = said.starts_one_of(after, NEXT) {
        after = end;
    }
    let before = said.before(index, 1);
    let next = after > end || matches!(before, "proximo" | "next" | "siguiente");
    let in_this_week = soon < monday_after(today);
    let (soon, beyond) = (Days::one(soon), Days::one(later(soon, 7)));
    let days = match before {
        "otro" | "next" if in_this_week => vec![beyond, soon],
        "otro" => vec![soon, beyond],
        _ if next && in_this_week => vec![soon, beyond],
        _ => vec![soon],
    };
    Some(Found { days, end: after })
}

/// "26 de noviembre" or "the 26th" behind a weekday.
fn dated_weekday(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let at = said.starts_one_of(index, "the|el dia|dia|el").unwrap_or(index);
    let led = at > index && said.at(at) != "a";
    month_day(said, at, frame).or_else(|| number_day(said, index, frame).filter(|_| led))
}

/// Days from today, and the phrases for them.
const FROM_TODAY: &[(&str, i64)] = &[
    ("pasado manana", 2),
    ("the day after tomorrow", 2),
    ("day after tomorrow", 2),
    ("de hoy en ocho", 7),
    ("de hoy en 8", 7),
    ("de hoy en quince", 14),
    ("de hoy en 15", 14),
    ("de manana en ocho", 8),
    ("de manana en 8", 8),
    ("tomorrow week", 8),
    ("manana", 1),
    ("tomorrow", 1),
    ("hoy", 0),
    ("today", 0),
    ("esta tarde", 0),
    ("esta noche", 0),
    ("esta manana", 0),
    ("this morning", 0),
    ("this afternoon", 0),
    ("this evening", 0),
    ("tonight", 0),
];
/// The same for days that are over.
const BACK: &[(&str, i64)] = &[
    ("anteayer", -2),
    ("antier", -2),
    ("antes de ayer", -2),
    ("the day before yesterday", -2),
    ("ayer", -1),
    ("yesterday", -1),
];

/// "hoy", "pasado mañana", "dentro de tres días", "de hoy en ocho", "a week from Monday".
fn from_today(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let today = frame.today;
    let back = BACK.iter().filter(|_| frame.past);
    for (phrase, days) in back.chain(FROM_TODAY) {
        if let Some(end) = said.starts(index, phrase) {
            let is_part = *phrase == "manana" && matches!(said.before(index, 1), "la" | "esta");
            return (!is_part).then(|| Found::one(later(today, *days), end));
        }
    }
    // "mañana o pasado"
    if said.at(index) == "pasado" && said.before(index, 1) == "o" {
        return Some(Found::one(later(today, 2), index + 1));
    }
    if let Some(found) = counted_from(said, index, frame) {
        return Some(found);
    }
    let at = said.starts_one_of(index, "dentro de|de aca a|de aqui a|in|en")?;
    let (span, end) = span(said, at)?;
    let days = match span {
        // "quince días" are two weeks, and "ocho días" one.
        Span::Days(8) => vec![7, 8],
        Span::Days(15) if !said.at(at).starts_with("fif") => vec![14, 15],
        Span::Days(days) => vec![days],
        Span::Months(months) => return Some(Found::one(today.saturating_add(months.months()), end)),
    };
    Some(Found { days: days.into_iter().map(|days| Days::one(later(today, days))).collect(), end })
}

enum Span {
    Days(i64),
    Months(i64),
}

/// "tres días", "una semana", "a couple of weeks", "a fortnight", "un mes".
fn span(said: &Said, index: usize) -> Option<(Span, usize)> {
    let (count, at) = match said.starts_one_of(index, "un par de|a couple of|par de") {
        Some(at) => (2, at),
        None if matches!(said.at(index), "a" | "an") => (1, index + 1),
        None => number::below_hundred(said, index)?,
    };
    let count = i64::try_from(count).ok()?;
    let span = match said.at(at) {
        "dia" | "dias" | "day" | "days" => Span::Days(count),
        "semana" | "semanas" | "week" | "weeks" => Span::Days(count * 7),
        "quincena" | "fortnight" => Span::Days(count * 14),
        "mes" | "meses" | "month" | "months" => Span::Months(count),
        _ => return None,
    };
    Some((span, at + 1))
}

/// "a week from today", "two weeks from Monday", "three days from now".
fn counted_from(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let (span, at) = span(said, index)?;
    let at = said.starts_one_of(at, "from|on")?;
    let (from, end) = match said.starts_one_of(at, "now|today") {
        Some(end) => (frame.today, end),
        None => match said.starts(at, "tomorrow") {
            Some(end) => (later(frame.today, 1), end),
            None => (coming(weekday(said.at(at))?, frame.today), at + 1),
        },
    };
    let date = match span {
        Span::Days(days) => later(from, days),
        Span::Months(months) => from.saturating_add(months.months()),
    };
    Some(Found::one(date, end))
}

/// "el 26", "el día 26", "the twenty-sixth", "el 26 del mes que viene".
fn number_day(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let at = match said.at(index) {
        "el" | "dia" => said.starts(index, "el dia").unwrap_or(index + 1),
        "the" => index + 1,
        _ => return None,
    };
    // "el primero" and "the first" choose among offers.
    let is_choice = matches!(said.at(at), "primero" | "primer" | "first" | "second" | "third" | "one");
    let is_one = matches!(said.at(at), "primer" | "one") || is_choice && !frame.asked;
    let (day, end) = number::below_hundred(said, at)?;
    if let Some((days, end)) = stretch::month_at(said, end, frame) {
        let day = i8::try_from(day).ok()?;
        return Some(Found::of(Date::new(days.first.year(), days.first.month(), day).ok(), end));
    }
    if let Some(found) = month_day(said, at, frame) {
        return Some(found);
    }
    let is_hour = matches!(said.at(end), "horas" | "hs" | "am" | "pm" | "media" | "cuarto");
    if is_one || is_hour || !(1..=31).contains(&day) {
        return None;
    }
    Some(Found::of(Some(frame.of_month(day)?), end))
}
