//! Days with a name of their own.

use super::{calendar::Frame, day::Found, said::Said};

/// Names, `|` between, month and day.
const FEASTS: &[(&str, i8, i8)] = &[
    ("nochebuena|christmas eve", 12, 24),
    ("navidad|christmas day|christmas", 12, 25),
    ("noche vieja|nochevieja|fin de ano|new years eve", 12, 31),
    ("ano nuevo|new years day|new years", 1, 1),
    ("dia de reyes|reyes", 1, 6),
    ("san valentin|dia de los enamorados|valentines day|valentines", 2, 14),
    ("dia de muertos|dia de los muertos", 11, 2),
    ("halloween", 10, 31),
];

/// "en Navidad", "New Year's Eve".
pub(super) fn feast_at(said: &Said, index: usize, frame: Frame) -> Option<Found> {
    FEASTS.iter().find_map(|(names, month, day)| {
        let end = said.starts_one_of(index, names)?;
        Some(Found::one(frame.nearest(*month, *day)?, end))
    })
}
