//! Days: of the week, of the month, from today.

use super::{
    numbers,
    words::{Said, distance},
};
use crate::{base::language::Language, dialogue::spoken};
use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// "jueves 10" is a date if that Thursday is at most so many days away; else ten is the hour.
const DATED: i64 = 13;

/// What was said about the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// This one.
    Wanted(Date),
    /// Not this one ("el jueves no puedo").
    Refused(Date),
}

/// The day that was said last and not refused; marks the words of all days as used.
pub fn day(said: &mut Said, today: Date) -> Option<Day> {
    let (mut wanted, mut refused) = (None, None);
    let mut index = 0;
    while index < said.len() {
        let found = month_day(said, index, today)
            .or_else(|| week_day(said, index, today))
            .or_else(|| from_today(said, index, today))
            .or_else(|| number_day(said, index, today));
        let Some((day, end)) = found else {
            index += 1;
            continue;
        };
        said.take(index..end);
        let paused = said.words.get(end.saturating_sub(1)).is_some_and(|word| word.pause);
        if !paused && matches!(said.at(end), "no" | "not" | "doesnt" | "wont") {
            refused = Some(day);
        } else {
            wanted = Some(day);
        }
        index = end;
    }
    wanted.map(Day::Wanted).or(refused.map(Day::Refused))
}

/// "26 de noviembre", "noviembre 26", "November twenty-sixth", "26/11", "2026-11-26".
fn month_day(said: &Said, index: usize, today: Date) -> Option<(Date, usize)> {
    if let Some(date) = written(said.at(index), today) {
        return Some((date, index + 1));
    }
    if let Some(month) = month(said.at(index)) {
        let (day, end) = numbers::below_hundred(said, index + 1)?;
        return Some((next_date(month, day, today)?, end));
    }
    let (day, end) = numbers::below_hundred(said, index)?;
    let end = if matches!(said.at(end), "de" | "of") { end + 1 } else { end };
    Some((next_date(month(said.at(end))?, day, today)?, end + 1))
}

fn written(word: &str, today: Date) -> Option<Date> {
    if let Ok(date) = word.parse::<Date>() {
        return word.contains('-').then_some(date).filter(|date| *date >= today);
    }
    let (day, month) = word.split_once('/')?;
    next_date(month.parse().ok()?, day.parse().ok()?, today)
}

fn month(word: &str) -> Option<i8> {
    if word.chars().count() < 3 {
        return None;
    }
    (1..=12).find(|month| {
        [Language::Es, Language::En].into_iter().any(|language| {
            let name = spoken::plain(spoken::month(language, *month));
            name == word || word.len() >= 6 && distance(&name, word) <= 1
        })
    })
}

fn next_date(month: i8, day: u64, today: Date) -> Option<Date> {
    let day = i8::try_from(day).ok()?;
    let this = Date::new(today.year(), month, day).ok().filter(|date| *date >= today);
    this.or_else(|| Date::new(today.year() + 1, month, day).ok())
}

/// "jueves", "el jueves que viene", "jueves de la semana que viene", "jueves 26".
fn week_day(said: &Said, index: usize, today: Date) -> Option<(Date, usize)> {
    let weekday = weekday(said.at(index))?;
    let mut end = index + 1;
    for phrase in ["que viene", "proximo", "siguiente", "next"] {
        end = said.starts(end, phrase).unwrap_or(end);
    }
    let next_week =
        ["de la semana que viene", "de la proxima semana", "de la otra semana", "next week", "of next week"];
    if let Some(end) = next_week.iter().find_map(|phrase| said.starts(end, phrase)) {
        return Some((monday_after(today).saturating_add(offset(weekday).days()), end));
    }
    // "jueves 26" is a date where the calendar agrees; in "jueves diez y media" the number is the hour.
    if let Some((day, after)) = numbers::below_hundred(said, index + 1) {
        let is_hour = matches!(said.at(after), "y" | "media" | "horas" | "hs" | "thirty");
        let near = today.saturating_add(DATED.days());
        let date = of_month(day, today).filter(|date| date.weekday() == weekday && *date <= near);
        if let Some(date) = date.filter(|_| !is_hour) {
            return Some((date, after));
        }
    }
    let ahead = (offset(weekday) - offset(today.weekday())).rem_euclid(7);
    Some((today.saturating_add(if ahead == 0 { 7 } else { ahead }.days()), end))
}

fn offset(weekday: Weekday) -> i64 {
    weekday.to_monday_zero_offset().into()
}

fn monday_after(today: Date) -> Date {
    today.saturating_add((7 - offset(today.weekday())).days())
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

/// Whether a day of every week is meant: "los sábados", "on Saturdays".
pub fn is_weekly(said: &Said) -> bool {
    let weekly = |index: &usize| {
        let plural = ["sabados", "domingos"].contains(&said.at(*index)) || said.at(*index).ends_with("days");
        plural || said.before(*index, 1) == "los"
    };
    (0..said.len()).filter(weekly).any(|index| weekday(said.at(index)).is_some())
}

/// "hoy", "pasado mañana", "dentro de tres días", "la semana que viene".
fn from_today(said: &Said, index: usize, today: Date) -> Option<(Date, usize)> {
    let fixed = [
        ("pasado manana", 2),
        ("the day after tomorrow", 2),
        ("day after tomorrow", 2),
        ("manana", 1),
        ("tomorrow", 1),
        ("hoy", 0),
        ("today", 0),
        ("esta tarde", 0),
        ("tonight", 0),
    ];
    for (phrase, days) in fixed {
        if let Some(end) = said.starts(index, phrase) {
            let is_part = phrase == "manana" && matches!(said.before(index, 1), "la" | "esta");
            return (!is_part).then(|| (today.saturating_add(days.days()), end));
        }
    }
    let week = ["la semana que viene", "la proxima semana", "la otra semana", "next week"];
    if let Some(end) = week.iter().find_map(|phrase| said.starts(index, phrase)) {
        return Some((monday_after(today), end));
    }
    let at = said
        .starts(index, "dentro de")
        .or_else(|| said.starts(index, "in"))
        .or_else(|| said.starts(index, "en"))?;
    let (count, end) = if said.at(at) == "a" { (1, at + 1) } else { numbers::below_hundred(said, at)? };
    let days = match said.at(end) {
        "dia" | "dias" | "day" | "days" => 1,
        "semana" | "semanas" | "week" | "weeks" => 7,
        _ => return None,
    };
    let count = i64::try_from(count).ok()?;
    Some((today.saturating_add((count * days).days()), end + 1))
}

/// "el 26", "el día 26", "the twenty-sixth".
fn number_day(said: &Said, index: usize, today: Date) -> Option<(Date, usize)> {
    let at = match said.at(index) {
        "el" | "dia" => said.starts(index, "el dia").unwrap_or(index + 1),
        "the" => index + 1,
        _ => return None,
    };
    // "el primero" and "the first" choose among offers.
    let is_choice = matches!(said.at(at), "primero" | "primer" | "first" | "second" | "third" | "one");
    let (day, end) = numbers::below_hundred(said, at).filter(|_| !is_choice)?;
    let is_hour = matches!(said.at(end), "horas" | "hs" | "am" | "pm" | "media" | "cuarto");
    let after = if matches!(said.at(end), "de" | "of") { end + 1 } else { end };
    // "el 26 de noviembre" is read from its number on.
    if month(said.at(after)).is_some() || is_hour {
        return None;
    }
    Some((of_month(day, today)?, end))
}

/// The next day of that number.
fn of_month(day: u64, today: Date) -> Option<Date> {
    let day = i8::try_from(day).ok()?;
    let this = Date::new(today.year(), today.month(), day).ok().filter(|date| *date >= today);
    let next = today.first_of_month().saturating_add(1.month());
    this.or_else(|| Date::new(next.year(), next.month(), day).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::local::brain::hear::hours;

    /// 2026-11-21 is a Saturday.
    fn read(text: &str) -> Option<Day> {
        let mut said = Said::new(text);
        hours::part(&mut said);
        day(&mut said, "2026-11-21".parse().unwrap())
    }

    #[test]
    fn days_are_read_in_every_form() {
        for (text, date) in [
            ("el jueves", "2026-11-26"),
            ("El juebes a las diez", "2026-11-26"),
            ("los jueves", "2026-11-26"),
            ("el miercole", "2026-11-25"),
            ("el jueves que viene", "2026-11-26"),
            ("el sábado", "2026-11-28"),
            ("el lunes de la semana que viene", "2026-11-23"),
            ("mañana", "2026-11-22"),
            ("mañana a la mañana", "2026-11-22"),
            ("pasado mañana por la tarde", "2026-11-23"),
            ("hoy mismo", "2026-11-21"),
            ("el 26", "2026-11-26"),
            ("el día veintiséis", "2026-11-26"),
            ("el 2", "2026-12-02"),
            ("jueves 26", "2026-11-26"),
            ("el jueves diez y media", "2026-11-26"),
            ("jueves 26 de noviembre", "2026-11-26"),
            ("el tres de diciembre", "2026-12-03"),
            ("el 5 de enero", "2027-01-05"),
            ("26/11", "2026-11-26"),
            ("dentro de tres días", "2026-11-24"),
            ("en una semana", "2026-11-28"),
            ("la semana que viene", "2026-11-23"),
            ("el lunes no, el martes", "2026-11-24"),
            ("no, el viernes", "2026-11-27"),
            ("next Thursday", "2026-11-26"),
            ("Thursday at ten", "2026-11-26"),
            ("November 26th", "2026-11-26"),
            ("the twenty-sixth of November", "2026-11-26"),
            ("tomorrow", "2026-11-22"),
            ("the day after tomorrow", "2026-11-23"),
        ] {
            assert_eq!(read(text), Some(Day::Wanted(date.parse().unwrap())), "{text}");
        }
    }

    #[test]
    fn days_of_every_week_are_told_apart() {
        for (text, weekly) in [
            ("los lunes", true),
            ("Saturdays?", true),
            ("todos los sábados", true),
            ("el lunes", false),
            ("los dos", false),
        ] {
            assert_eq!(is_weekly(&Said::new(text)), weekly, "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for text in
            ["", "por la mañana", "a las diez", "el primero", "el turno", "nueve y media", "Buenos días"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("el jueves no puedo"), Some(Day::Refused("2026-11-26".parse().unwrap())));
    }
}
