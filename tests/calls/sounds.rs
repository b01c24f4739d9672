//! What the caller may hear, as mu-law.

use centralita::{
    base::language::Language,
    dialogue::{phrases, record::Clip},
    testbed::{mulaw::SILENCE, voice},
};
use std::fs;

/// How fast the fake voices of these tests speak: twice as fast as people.
pub(crate) const CHARS_PER_SECOND: u32 = 28;

/// The sound that a fake voice gives for a piece of text.
pub(crate) fn said(text: &str) -> Vec<u8> {
    let length = text.trim().chars().count() * 8_000 / CHARS_PER_SECOND as usize;
    (0..length).step_by(8_000).flat_map(|from| voice::agent(from, (length - from).min(8_000))).collect()
}

/// A standard phrase of the Spanish agents by the name of its file, such as `hold-2`.
pub(crate) fn clip(name: &str) -> Vec<u8> {
    fs::read(format!("{}/audio/clips/es/{name}.ulaw", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The same by its words; `None` where it is no standard phrase.
pub(crate) fn clip_of(text: &str) -> Option<Vec<u8>> {
    Clip::ALL.into_iter().find_map(|each| {
        let way = phrases::clip(Language::Es, each).iter().position(|way| *way == text)?;
        let name = serde_json::to_value(each).unwrap().as_str().unwrap().to_owned();
        Some(clip(&if way == 0 { name } else { format!("{name}-{}", way + 1) }))
    })
}

/// The sound without its silent samples: pauses and what fills up frames do not count.
pub(crate) fn voiced(sound: &[u8]) -> Vec<u8> {
    sound.iter().copied().filter(|code| *code != SILENCE).collect()
}
