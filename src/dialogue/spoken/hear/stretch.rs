//! Stretches of days: weeks, weekends, months and their parts, and "the first Monday of".

use super::{
    calendar::{Days, Frame, later, monday_after, month, month_ahead, offset, weekday, whole},
    day::{self, Found},
    lexicon,
    said::Said,
};

const THIS_WEEK: &str = "esta semana|this week";
const NEXT_WEEK: &str = "la semana que viene|la proxima semana|la semana proxima|la otra semana|la semana entrante|\
     la semana siguiente|semana que viene|next week";
const NEXT_WEEKEND: &str = "el fin de semana que viene|fin de semana que viene|el proximo fin de semana|el finde que viene|\
     finde que viene|proximo finde|next weekend";
const WEEKEND: &str =
    "este fin de semana|el fin de semana|fin de semana|este finde|el finde|this weekend|the weekend|weekend";
const THIS_MONTH: &str = "este mes|del mes|de mes|mes|this month|the month";
const NEXT_MONTH: &str = "el mes que viene|el proximo mes|proximo mes|mes que viene|el mes proximo|el mes entrante|mes proximo|\
     mes entrante|next month";

/// Where in a month: the days from `.1` to `.2`, counted from its end where they are negative.
const PARTS_OF_MONTH: &[(&str, i64, i64)] = &[
    (
        "a principios de|a principio de|a comienzos de|a primeros de|principios de|the beginning of|beginning of|early in|early",
        1,
        10,
    ),
    ("a mediados de|mediados de|the middle of|middle of|mid", 11, 20),
    (
        "a fines de|a fin de|a finales de|a final de|fines de|fin de|finales de|the end of|end of|late in|late",
        -7,
        -1,
    ),
    ("la primera quincena de", 1, 15),
    ("la segunda quincena de", 16, -1),
];

/// The days that the words at `index` mean, where they are more than one, or one that is counted within a month.
pub(super) fn stretch_at(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    week(said, index, frame)
        .or_else(|| nth_of_month(said, index, frame))
        .or_else(|| part_of_month(said, index, frame))
        .or_else(|| entire_month(said, index, frame))
}

fn week(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let (today, monday) = (frame.today, monday_after(frame.today));
    let one = |first, last, end| Found { days: vec![Days::from_today(first, last, today)], end };
    // A weekday of that week is read from the weekday on.
    if let Some(end) = said.starts_one_of(index, THIS_WEEK) {
        return Some(one(today, later(monday, -1), end));
    }
    if let Some(end) = said.starts_one_of(index, NEXT_WEEK) {
        return Some(one(monday, later(monday, 6), end));
    }
    if let Some(end) = said.starts_one_of(index, "the week after next") {
        return Some(one(later(monday, 7), later(monday, 13), end));
    }
    let next = said.starts_one_of(index, NEXT_WEEKEND);
    let end = next.or_else(|| said.starts_one_of(index, WEEKEND))?;
    let (soon, beyond) = (later(monday, -2), later(monday, 5));
    let in_it = offset(today.weekday()) >= 5;
    let weekend = |saturday| Days::from_today(saturday, later(saturday, 1), today);
    let days = match (next.is_some(), in_it) {
        (false, _) => vec![weekend(soon)],
        (true, true) => vec![weekend(beyond)],
        (true, false) => vec![weekend(soon), weekend(beyond)],
    };
    Some(Found { days, end })
}

/// "del mes que viene", "de diciembre", "of the month", "de enero de 2027": the month and the place behind it.
pub(super) fn month_at(said: &Said, index: usize, frame: Frame) -> Option<(Days, usize)> {
    let at = said.starts_one_of(index, "de|del|of|in|en").unwrap_or(index);
    if let Some(end) = said.starts_one_of(at, NEXT_MONTH) {
        return Some((month_ahead(frame.today, 1), end));
    }
    if let Some(end) = said.starts_one_of(at, THIS_MONTH) {
        return Some((month_ahead(frame.today, 0), end));
    }
    let month = month(said.at(at)).filter(|_| at > index || said.before(index, 1) != "de")?;
    if at == index {
        return None;
    }
    named_month(said, month, at + 1, frame)
}

fn named_month(said: &Said, month: i8, at: usize, frame: Frame) -> Option<(Days, usize)> {
    if let Some((year, end)) = day::year_at(said, at, frame) {
        return Some((whole(year, month)?, end));
    }
    let year = frame.today.year() + i16::from(month < frame.today.month());
    Some((whole(year, month)?, at))
}

/// "el primer lunes de diciembre", "the last Friday of the month", "la primera semana de enero".
fn nth_of_month(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let at = said.starts_one_of(index, "el|la|the").unwrap_or(index);
    let last = said.starts_one_of(at, "ultimo|ultima|last").is_some();
    let nth =
        if last { 0 } else { lexicon::ordinal_word(said.at(at)).filter(|nth| (1..=5).contains(nth))? };
    let nth = i8::try_from(nth).ok()?;
    let is_week = matches!(said.at(at + 1), "semana" | "week");
    let is_day = matches!(said.at(at + 1), "dia" | "day");
    let weekday = weekday(said.at(at + 1));
    if !is_week && !is_day && weekday.is_none() {
        return None;
    }
    let (mut days, end) = month_at(said, at + 2, frame)?;
    let named = matches!(said.at(end - 1), "mes" | "month");
    loop {
        let found = match weekday {
            Some(weekday) => {
                let date = days.first.nth_weekday_of_month(if last { -1 } else { nth }, weekday).ok()?;
                Days::one(date)
            }
            None if is_day => Days::one(if last { days.last } else { later(days.first, i64::from(nth) - 1) }),
            None if last => Days { first: later(days.last, -6), last: days.last },
            None => {
                let first = later(days.first, i64::from(nth - 1) * 7);
                Days { first, last: later(first, 6).min(days.last) }
            }
        };
        if found.last >= frame.today || frame.past {
            return Some(Found { days: vec![found], end });
        }
        // Over already: the next month of that name, or simply the next one.
        let on = if named { 1 } else { 12 };
        days = month_ahead(days.first, on);
    }
}

/// "a fin de mes", "a principios de diciembre", "the end of next month".
fn part_of_month(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let (first, last, at) = PARTS_OF_MONTH.iter().find_map(|(names, first, last)| {
        // "a fin de mes", "a fin del mes que viene"
        let ends = names.split('|').filter_map(|name| {
            said.starts(index, name)
                .or_else(|| said.starts(index, &format!("{name}l")).filter(|_| name.ends_with(" de")))
        });
        Some((*first, *last, ends.max()?))
    })?;
    // "fin de mes" and "late November" have no second preposition.
    let (month, end) = match said.starts_one_of(at, NEXT_MONTH) {
        Some(end) => (month_ahead(frame.today, 1), end),
        None => match said.starts_one_of(at, "este mes|mes|this month|the month") {
            Some(end) => (month_ahead(frame.today, 0), end),
            None => named_month(said, month(said.at(at))?, at + 1, frame)?,
        },
    };
    let within = |month: Days| {
        let place = |day: i64| if day < 0 { later(month.last, day + 1) } else { later(month.first, day - 1) };
        Days { first: place(first), last: place(last) }
    };
    let mut days = within(month);
    if days.last < frame.today {
        let bare = matches!(said.at(end - 1), "mes" | "month");
        days = within(month_ahead(month.first, if bare { 1 } else { 12 }));
    }
    Some(Found { days: vec![Days::from_today(days.first, days.last, frame.today)], end })
}

/// "el mes que viene", "en diciembre".
fn entire_month(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    let today = frame.today;
    if let Some(end) = said.starts_one_of(index, NEXT_MONTH) {
        return Some(Found { days: vec![month_ahead(today, 1)], end });
    }
    if let Some(end) = said.starts_one_of(index, "este mes|this month") {
        let month = month_ahead(today, 0);
        return Some(Found { days: vec![Days::from_today(month.first, month.last, today)], end });
    }
    let at = said.starts_one_of(index, "en|in|para|for")?;
    let month = month(said.at(at))?;
    if super::number::below_hundred(said, at + 1).is_some_and(|(day, _)| (1..=31).contains(&day)) {
        return None;
    }
    let (days, end) = named_month(said, month, at + 1, frame)?;
    Some(Found { days: vec![Days::from_today(days.first, days.last, today)], end })
}
