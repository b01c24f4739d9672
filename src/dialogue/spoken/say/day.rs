//! Days in words.

use super::number::ordinal;
use crate::{base::language::Language, dialogue::spoken::list};
use jiff::civil::{Date, Weekday};

/// The day of the week: "jueves", "Thursday".
pub const fn weekday(language: Language, day: Weekday) -> &'static str {
    match (language, day) {
        (Language::Es, Weekday::Monday) => "lunes",
        (Language::Es, Weekday::Tuesday) => "martes",
        (Language::Es, Weekday::Wednesday) => "miércoles",
        (Language::Es, Weekday::Thursday) => "jueves",
        (Language::Es, Weekday::Friday) => "viernes",
        (Language::Es, Weekday::Saturday) => "sábado",
        (Language::Es, Weekday::Sunday) => "domingo",
        (Language::En, Weekday::Monday) => "Monday",
        (Language::En, Weekday::Tuesday) => "Tuesday",
        (Language::En, Weekday::Wednesday) => "Wednesday",
        (Language::En, Weekday::Thursday) => "Thursday",
        (Language::En, Weekday::Friday) => "Friday",
        (Language::En, Weekday::Saturday) => "Saturday",
        (Language::En, Weekday::Sunday) => "Sunday",
    }
}

/// The month, 1 to 12: "noviembre", "November"; empty for another number.
pub fn month(language: Language, month: i8) -> &'static str {
    const ES: [&str; 12] = [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ];
    const EN: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let names = if language == Language::Es { &ES } else { &EN };
    usize::try_from(month - 1).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// The date: "jueves veintiséis de noviembre", "Thursday, November twenty-sixth".
pub fn date(language: Language, date: Date) -> String {
    let day = ordinal(language, u64::try_from(date.day()).unwrap_or_default());
    let (weekday, month) = (weekday(language, date.weekday()), month(language, date.month()));
    match language {
        Language::Es => format!("{weekday} {day} de {month}"),
        Language::En => format!("{weekday}, {month} {day}"),
    }
}

/// Days of every week, neighbours joined: "de lunes a viernes y los domingos", "Monday to Friday and on Sundays".
pub fn weekdays(language: Language, days: &[Weekday]) -> String {
    let follows = |a: &Weekday, b: &Weekday| a.next() == *b;
    let mut runs: Vec<String> = Vec::new();
    let mut alone = false;
    for run in days.chunk_by(follows) {
        if let [first, _, .., last] = run {
            let (first, last) = (weekday(language, *first), weekday(language, *last));
            runs.push(match language {
                Language::Es => format!("de {first} a {last}"),
                Language::En => format!("{first} to {last}"),
            });
            alone = false;
            continue;
        }
        for day in run {
            let name = weekday(language, *day);
            let name = format!("{}s", name.trim_end_matches('s'));
            runs.push(match (alone, language) {
                (true, _) => name,
                (false, Language::Es) => format!("los {name}"),
                (false, Language::En) => format!("on {name}"),
            });
            alone = true;
        }
    }
    list(language, &runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn days_are_said_with_their_month() {
        assert_eq!(date(Language::Es, day(2026, 12, 1)), "martes primero de diciembre");
        assert_eq!(date(Language::En, day(2026, 12, 31)), "Thursday, December thirty-first");
        assert_eq!(month(Language::Es, 13), "");
    }

    #[test]
    fn neighbouring_days_are_joined() {
        use Weekday::{Friday, Monday, Saturday, Thursday, Tuesday, Wednesday};
        let week = [Monday, Tuesday, Wednesday, Thursday, Friday];
        assert_eq!(weekdays(Language::Es, &week), "de lunes a viernes");
        assert_eq!(weekdays(Language::Es, &[Monday, Tuesday, Saturday]), "los lunes, martes y sábados");
        assert_eq!(
            weekdays(Language::Es, &[Monday, Tuesday, Wednesday, Saturday]),
            "de lunes a miércoles y los sábados"
        );
        assert_eq!(weekdays(Language::En, &[Monday, Thursday]), "on Mondays and Thursdays");
    }
}
