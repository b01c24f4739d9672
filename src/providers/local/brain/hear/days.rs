//! The day that the caller wants, or does not want.

use crate::dialogue::spoken::hear::{
    calendar::{Frame, weekday},
    day::day_at,
    said::Said,
};
use jiff::civil::Date;

/// What was said about the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// This one.
    Wanted(Date),
    /// Not this one ("el jueves no puedo").
    Refused(Date),
}

/// The day that was said last and not refused; marks the words of all days as used. Of a week it is the first day.
pub fn day(said: &mut Said, today: Date) -> Option<Day> {
    let frame = Frame::ahead_of(today);
    let (mut wanted, mut refused) = (None, None);
    let mut index = 0;
    while index < said.len() {
        let found = day_at(said, index, frame);
        let Some((day, end)) = found.and_then(|found| Some((found.days.first()?.first, found.end))) else {
            index += 1;
            continue;
        };
        said.take(index..end);
        if !said.paused_before(end) && matches!(said.at(end), "no" | "not" | "doesnt" | "wont") {
            refused = Some(day);
        } else {
            wanted = Some(day);
        }
        index = end;
    }
    wanted.map(Day::Wanted).or(refused.map(Day::Refused))
}

/// Whether a day of every week is meant: "los sábados", "on Saturdays".
pub fn is_weekly(said: &Said) -> bool {
    let weekly = |index: &usize| {
        let plural = ["sabados", "domingos"].contains(&said.at(*index)) || said.at(*index).ends_with("days");
        plural || said.before(*index, 1) == "los"
    };
    (0..said.len()).filter(weekly).any(|index| weekday(said.at(index)).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::spoken::hear::part::part;

    /// 2026-11-21 is a Saturday.
    fn read(text: &str) -> Option<Day> {
        let mut said = Said::new(text);
        part(&mut said);
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
