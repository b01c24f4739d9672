//! Hours of the day in words.

use super::number;
use crate::{base::language::Language, dialogue::clinic::Hours};
use jiff::civil::Time;

/// The hour on a twelve-hour clock, with its article in Spanish: "las diez y media", "ten thirty".
pub fn hour(language: Language, time: Time) -> String {
    let hour = match time.hour().rem_euclid(12) {
        0 => 12,
        hour => u64::try_from(hour).unwrap_or_default(),
    };
    let minute = u64::try_from(time.minute()).unwrap_or_default();
    match language {
        Language::Es => spanish(hour, minute),
        Language::En => english(hour, minute),
    }
}

/// The hour with the part of the day: "las diez y media de la mañana", "ten thirty in the morning".
pub fn hour_of_day(language: Language, time: Time) -> String {
    let part = match (language, time.hour()) {
        (Language::Es, 0..6) => " de la madrugada",
        (Language::Es, 6..12) => " de la mañana",
        (Language::Es, 12) => " del mediodía",
        (Language::Es, 13..20) => " de la tarde",
        (Language::Es, _) => " de la noche",
        (Language::En, 0..12) => " in the morning",
        (Language::En, 12..18) => " in the afternoon",
        (Language::En, _) => " in the evening",
    };
    let hour = hour(language, time);
    let hour = hour.strip_suffix(" o'clock").unwrap_or(&hour);
    format!("{hour}{part}")
}

/// A stretch of a day: "de ocho de la mañana a doce del mediodía", "from eight in the morning to …".
pub fn stretch(language: Language, hours: &Hours) -> String {
    let (opens, closes) = (hour_of_day(language, hours.opens), hour_of_day(language, hours.closes));
    match language {
        Language::Es => {
            let bare = |hour: &str| hour.trim_start_matches("las ").trim_start_matches("la ").to_owned();
            format!("de {} a {}", bare(&opens), bare(&closes))
        }
        Language::En => format!("from {opens} to {closes}"),
    }
}

fn spanish(hour: u64, minute: u64) -> String {
    let hour = if hour == 1 { "la una".to_owned() } else { format!("las {}", number(Language::Es, hour)) };
    match minute {
        0 => hour,
        15 => format!("{hour} y cuarto"),
        30 => format!("{hour} y media"),
        _ => format!("{hour} y {}", number(Language::Es, minute)),
    }
}

fn english(hour: u64, minute: u64) -> String {
    let hour = number(Language::En, hour);
    match minute {
        0 => format!("{hour} o'clock"),
        1..10 => format!("{hour} oh {}", number(Language::En, minute)),
        _ => format!("{hour} {}", number(Language::En, minute)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    #[test]
    fn hours_are_said_as_people_do() {
        for (at, es, en) in [
            (time(10, 30, 0, 0), "las diez y media de la mañana", "ten thirty in the morning"),
            (time(13, 0, 0, 0), "la una de la tarde", "one in the afternoon"),
            (time(12, 0, 0, 0), "las doce del mediodía", "twelve in the afternoon"),
            (
                time(15, 45, 0, 0),
                "las tres y cuarenta y cinco de la tarde",
                "three forty-five in the afternoon",
            ),
            (time(20, 5, 0, 0), "las ocho y cinco de la noche", "eight oh five in the evening"),
        ] {
            assert_eq!(hour_of_day(Language::Es, at), es);
            assert_eq!(hour_of_day(Language::En, at), en);
        }
        assert_eq!(hour(Language::En, time(10, 0, 0, 0)), "ten o'clock");
    }

    #[test]
    fn a_stretch_has_no_articles() {
        let hours = Hours { opens: time(8, 0, 0, 0), closes: time(20, 0, 0, 0) };
        assert_eq!(stretch(Language::Es, &hours), "de ocho de la mañana a ocho de la noche");
    }
}
