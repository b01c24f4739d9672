//! To whom a call can be passed on. The model chooses among these names; a number is never its to choose.

use super::section::{Complaints, Section};
use std::time::Duration;

const KEYS: [&str; 5] = ["name", "number", "announced", "always", "timeout_s"];

/// As many places an agent may have.
const MOST: usize = 20;

/// A place that calls can be passed on to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As the model calls it.
    pub name: String,
    /// The number that is dialled (E.164).
    pub number: String,
    /// Whether who answers is told who calls before they are connected.
    pub announced: bool,
    /// Whether somebody is there outside the business's hours.
    pub always: bool,
    /// How long it rings before the agent takes the call back.
    pub rings: Duration,
}

/// Reads the places of an agent's front matter.
pub(super) fn read(section: &Section<'_>, complaints: &mut Complaints<'_>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for entry in section.sections("transfer", &KEYS, complaints) {
        let (name, place) = entry.need("name", complaints);
        if places.iter().any(|known| known.name == name) {
            complaints.add(&place, format!("there is a place `{name}` already"), "choose another name");
        }
        let (number, number_place) = entry.need("number", complaints);
        if !number.is_empty() && !is_number(&number) {
            let remedy = "write it as +5491155500101";
            complaints.add(&number_place, format!("`{number}` is no telephone number"), remedy);
        }
        places.push(Place {
            name,
            number,
            announced: entry.flag("announced", complaints).unwrap_or(false),
            always: entry.flag("always", complaints).unwrap_or(false),
            rings: Duration::from_secs(entry.number("timeout_s", 5..=60, complaints).unwrap_or(20)),
        });
    }
    if places.len() > MOST {
        let remedy = format!("keep {MOST} at most: the model chooses among them");
        complaints.add(&section.place, "there are too many places to transfer to", remedy);
    }
    places
}

/// E.164: a plus, and 8 to 15 digits of which the first is not 0.
fn is_number(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}
