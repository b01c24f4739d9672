//! What the caller may hear, as mu-law.

use centralita::testbed::{mulaw::SILENCE, voice};
use std::fs;

/// How fast the fake voices of these tests speak: twice as fast as people.
pub(crate) const CHARS_PER_SECOND: u32 = 28;

/// The sound that a fake voice gives for a piece of text.
pub(crate) fn said(text: &str) -> Vec<u8> {
    let length = text.trim().chars().count() * 8_000 / CHARS_PER_SECOND as usize;
    (0..length).step_by(8_000).flat_map(|from| voice::agent(from, (length - from).min(8_000))).collect()
}

/// A standard phrase of the Spanish agents: `hold`, `repeat`, `trouble` or `goodbye`.
pub(crate) fn clip(name: &str) -> Vec<u8> {
    fs::read(format!("{}/audio/clips/es/{name}.ulaw", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The sound without its silent samples: pauses and what fills up frames do not count.
pub(crate) fn voiced(sound: &[u8]) -> Vec<u8> {
    sound.iter().copied().filter(|code| *code != SILENCE).collect()
}
