//! Parts of the day: "a la tarde", "in the morning", "a primera hora".

use super::{calendar, number, said::Said};

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From midnight to six.
    Dawn,
    /// Before noon.
    Morning,
    /// From noon to eight.
    Afternoon,
    /// From six on.
    Evening,
}

/// An end of the day, or of a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// "a primera hora", "temprano".
    First,
    /// "a última hora".
    Last,
}

const PARTS: [(Part, &[&str]); 4] = [
    (
        Part::Dawn,
        &["de la madrugada", "a la madrugada", "en la madrugada", "por la madrugada", "de madrugada"],
    ),
    (
        Part::Morning,
        &[
            "por la manana",
            "a la manana",
            "de la manana",
            "en la manana",
            "para la manana",
            "a media manana",
            "la manana",
            "de manana",
            "in the morning",
            "mid morning",
            "morning",
        ],
    ),
    (
        Part::Afternoon,
        &[
            "por la tarde",
            "a la tarde",
            "de la tarde",
            "en la tarde",
            "para la tarde",
            "del mediodia",
            "a media tarde",
            "a la siesta",
            "a la tardecita",
            "la tarde",
            "de tarde",
            "despues de comer",
            "despues de almorzar",
            "in the afternoon",
            "afternoon",
            "after lunch",
        ],
    ),
    (
        Part::Evening,
        &[
            "por la noche",
            "a la noche",
            "de la noche",
            "en la noche",
            "la noche",
            "a la nochecita",
            "de noche",
            "in the evening",
            "evening",
            "at night",
        ],
    ),
];

/// The part of the day that was said, alone or with an hour; marks its words as used.
pub fn part(said: &mut Said) -> Option<Part> {
    for (part, phrases) in PARTS {
        for phrase in phrases {
            let Some(range) = said.find(phrase) else { continue };
            let before = said.before(range.start, 1);
            let is_part = number::word(before).is_some() || before.is_empty() && range.end == said.len();
            if before == "good" || *phrase == "de manana" && !is_part {
                continue;
            }
            // Behind an hour it is read with it; "esta tarde" is also a day.
            let of_hour = is_hour(before) && WITH_HOURS.iter().any(|start| phrase.starts_with(start));
            if !of_hour && !matches!(before, "this" | "esta") {
                said.take(range);
            }
            return Some(part);
        }
    }
    behind_a_day(said).or_else(|| {
        let today = said.find("esta tarde").map(|range| (range, Part::Afternoon));
        let today = today.or_else(|| said.find("esta noche").map(|range| (range, Part::Evening)));
        let today = today.or_else(|| said.find("tonight").map(|range| (range, Part::Evening)));
        Some(today?.1)
    })
}

/// How a part of the day begins that stands behind an hour.
const WITH_HOURS: &[&str] = &["de la ", "del ", "in the ", "at night"];

fn is_hour(word: &str) -> bool {
    number::word(word).is_some()
        || word.contains(':')
        || matches!(word, "media" | "cuarto" | "oclock" | "hs" | "horas")
}

/// "mañana tarde", "el lunes noche", "el jueves mañana".
fn behind_a_day(said: &mut Said) -> Option<Part> {
    for index in 1..said.len() {
        let before = said.before(index, 1);
        let named = calendar::weekday(before).is_some();
        let day = named || matches!(before, "manana" | "hoy");
        let part = match said.at(index) {
            "tarde" if day => Part::Afternoon,
            "noche" if day => Part::Evening,
            "manana" if named && !said.paused_before(index) => Part::Morning,
            _ => continue,
        };
        said.take(index..index + 1);
        return Some(part);
    }
    None
}

/// Which end of the day was said; marks its words as used.
pub fn edge(said: &mut Said) -> Option<Edge> {
    let ends = [
        (
            Edge::First,
            "a primera hora|primera hora|bien temprano|lo mas temprano posible|temprano|first thing|early",
        ),
        (Edge::Last, "a ultima hora|ultima hora|lo mas tarde posible|last thing|late"),
    ];
    for (edge, phrases) in ends {
        for index in 0..said.len() {
            let Some(end) = said.starts_one_of(index, phrases) else { continue };
            let modifies_a_month = said.at(index) != "first" && calendar::month(said.at(end)).is_some();
            if !modifies_a_month {
                said.take(index..end);
                return Some(edge);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

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
