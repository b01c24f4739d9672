//! Hours of the day in words.

use super::number::number;
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

/// The part of the day as it stands behind the hour: "de la mañana", "in the morning"; nothing at noon in English.
pub fn part_of_day(language: Language, time: Time) -> &'static str {
    match (language, time.hour(), time.minute()) {
        (Language::Es, 0 | 20.., _) => "de la noche",
        (Language::Es, 1..6, _) => "de la madrugada",
        (Language::Es, 6..12, _) => "de la mañana",
        (Language::Es, 12, _) => "del mediodía",
        (Language::Es, ..) => "de la tarde",
        (Language::En, 12, 0) => "",
        (Language::En, ..12, _) => "in the morning",
        (Language::En, 12..18, _) => "in the afternoon",
        (Language::En, ..) => "in the evening",
    }
}

/// The hour with the part of the day: "las diez y media de la mañana", "ten thirty in the morning", "noon".
pub fn hour_of_day(language: Language, time: Time) -> String {
    match part_of_day(language, time) {
        "" => "noon".to_owned(),
        part => format!("{} {part}", hour(language, time).trim_end_matches(" o'clock")),
    }
}

/// A stretch of a day: "de ocho de la mañana a doce del mediodía", "de dos a seis de la tarde".
pub fn stretch(language: Language, hours: &Hours) -> String {
    let same = part_of_day(language, hours.opens) == part_of_day(language, hours.closes);
    let opens = if same { hour(language, hours.opens) } else { hour_of_day(language, hours.opens) };
    let (opens, closes) = (opens.trim_end_matches(" o'clock"), hour_of_day(language, hours.closes));
    match language {
        Language::Es => {
            let bare = |hour: &str| hour.trim_start_matches("las ").trim_start_matches("la ").to_owned();
            format!("de {} a {}", bare(opens), bare(&closes))
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
            (time(12, 0, 0, 0), "las doce del mediodía", "noon"),
            (
                time(15, 45, 0, 0),
                "las tres y cuarenta y cinco de la tarde",
                "three forty-five in the afternoon",
            ),
            (time(20, 5, 0, 0), "las ocho y cinco de la noche", "eight oh five in the evening"),
            (time(0, 30, 0, 0), "las doce y media de la noche", "twelve thirty in the morning"),
        ] {
            assert_eq!(hour_of_day(Language::Es, at), es);
            assert_eq!(hour_of_day(Language::En, at), en);
        }
        assert_eq!(hour(Language::En, time(10, 0, 0, 0)), "ten o'clock");
    }

    #[test]
    fn a_stretch_has_no_articles_and_the_same_part_of_the_day_once() {
        let hours = |opens, closes| Hours { opens: time(opens, 0, 0, 0), closes: time(closes, 0, 0, 0) };
        assert_eq!(stretch(Language::Es, &hours(8, 20)), "de ocho de la mañana a ocho de la noche");
        assert_eq!(stretch(Language::Es, &hours(14, 18)), "de dos a seis de la tarde");
        assert_eq!(stretch(Language::En, &hours(9, 12)), "from nine in the morning to noon");
        assert_eq!(stretch(Language::En, &hours(9, 11)), "from nine to eleven in the morning");
    }
}
