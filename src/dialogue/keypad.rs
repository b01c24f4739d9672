//! What the caller types on the telephone's keypad: keys become entries.
//!
//! Digits and letters are collected. `#` ends the entry and is no part of it, `*` clears it, [`LONGEST`] keys fill it; how
//! long the next key is waited for is the call's matter. Without an open entry `#` and `*` mean nothing.

use std::time::{Duration, Instant};

/// The most keys of one entry (reliability A10).
pub const LONGEST: usize = 32;

/// Stands before what was typed, for whoever reads the conversation.
const MARK: &str = "[keypad]";

/// The words for an entry.
pub fn words(entry: &str) -> String {
    format!("{MARK} {entry}")
}

/// What was typed last in a turn of the caller.
pub fn typed_in(text: &str) -> Option<&str> {
    let (_, entry) = text.rsplit_once(MARK)?;
    entry.split_whitespace().next()
}

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Nothing: no entry is open and it opens none.
    Idle,
    /// Nothing: it follows at once on an entry that is full.
    Spilt,
    /// It belongs to an entry that goes on.
    Open,
    /// It ended the entry.
    Ended,
}

/// The keys of the present entry.
#[derive(Clone, Debug, Default)]
pub struct Keypad {
    entry: Option<String>,
    last: Option<Instant>,
    /// The last entry was full: keys that follow at once are no entry of their own.
    spills: bool,
}

impl Keypad {
    /// Takes in a key. After `patience` without one an entry is over.
    pub fn press(&mut self, now: Instant, key: char, patience: Duration) -> Pressed {
        let soon = self.last.is_some_and(|at| now.saturating_duration_since(at) < patience);
        self.last = Some(now);
        self.spills &= soon;
        if self.spills {
            self.spills = key != '#';
            return Pressed::Spilt;
        }
        match (key, &mut self.entry) {
            ('#', Some(_)) => Pressed::Ended,
            ('*', Some(entry)) => {
                entry.clear();
                Pressed::Open
            }
            ('0'..='9' | 'A'..='D', entry) => {
                let entry = entry.get_or_insert_default();
                entry.push(key);
                self.spills = entry.len() >= LONGEST;
                if self.spills { Pressed::Ended } else { Pressed::Open }
            }
            _ => Pressed::Idle,
        }
    }

    /// Whether an entry goes on.
    pub const fn is_open(&self) -> bool {
        self.entry.is_some()
    }

    /// Closes the entry; returns it with the time of its last key. It is empty where it was cleared.
    pub fn take(&mut self) -> Option<(Instant, String)> {
        self.last.zip(self.entry.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    const PATIENCE: Duration = Duration::from_millis(2_500);

    fn press(keypad: &mut Keypad, now: Instant, keys: &str) -> Pressed {
        keys.chars().map(|key| keypad.press(now, key, PATIENCE)).last().unwrap()
    }

    fn taken(keypad: &mut Keypad) -> Option<String> {
        keypad.take().map(|(_, entry)| entry)
    }

    #[test]
    fn an_entry_is_ended_by_its_terminator_and_cleared_by_the_star() {
        let (mut keypad, now) = (Keypad::default(), clock::now());
        assert_eq!(press(&mut keypad, now, "2840"), Pressed::Open);
        assert_eq!(press(&mut keypad, now, "#"), Pressed::Ended);
        assert_eq!(taken(&mut keypad).as_deref(), Some("2840"));
        assert_eq!(press(&mut keypad, now, "12*"), Pressed::Open);
        assert_eq!(press(&mut keypad, now, "9A#"), Pressed::Ended);
        assert_eq!(taken(&mut keypad).as_deref(), Some("9A"));
        assert_eq!(press(&mut keypad, now, "5*#"), Pressed::Ended);
        assert_eq!(taken(&mut keypad).as_deref(), Some(""));
        for key in ["#", "*", "x"] {
            assert_eq!(press(&mut keypad, now, key), Pressed::Idle, "{key}");
        }
        assert!(!keypad.is_open());
    }

    #[test]
    fn what_follows_at_once_on_a_full_entry_is_no_other_one() {
        let (mut keypad, now) = (Keypad::default(), clock::now());
        assert_eq!(press(&mut keypad, now, &"7".repeat(LONGEST)), Pressed::Ended);
        assert_eq!(taken(&mut keypad), Some("7".repeat(LONGEST)));
        assert_eq!(press(&mut keypad, now + PATIENCE / 2, "777*"), Pressed::Spilt);
        assert!(!keypad.is_open());
        // A terminator, or a pause, makes room for the next one.
        assert_eq!(press(&mut keypad, now + PATIENCE, "#"), Pressed::Spilt);
        assert_eq!(press(&mut keypad, now + PATIENCE, "12#"), Pressed::Ended);
        keypad.take();
        press(&mut keypad, now + PATIENCE, &"7".repeat(LONGEST));
        keypad.take();
        assert_eq!(press(&mut keypad, now + PATIENCE * 2, "3"), Pressed::Open);
    }

    #[test]
    fn what_was_typed_is_found_in_the_words() {
        assert_eq!(typed_in(&words("28400512")), Some("28400512"));
        assert_eq!(typed_in("es el [keypad] 28 [keypad] 33102040"), Some("33102040"));
        assert_eq!(typed_in("el keypad no anda"), None);
    }
}
