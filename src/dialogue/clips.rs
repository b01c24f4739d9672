//! The standard phrases as sound: they need no provider when they are played.

use crate::{
    base::language::Language,
    dialogue::{phrases, record::Clip},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One way to say a standard phrase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// The words.
    pub text: String,
    /// Mu-law, 8 kHz. Half a minute in all: logs hold only what was played.
    #[serde(skip)]
    pub sound: Bytes,
}

/// The standard phrases of one language, each in all the ways that [`phrases::clip`] has for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clips(BTreeMap<Clip, Vec<Spoken>>);

impl Clips {
    /// The phrases of `language`; `sound` is asked for each clip, and which of its ways it is.
    pub fn new(language: Language, sound: impl Fn(Clip, usize) -> Bytes) -> Self {
        let spoken = |clip| {
            let ways = phrases::clip(language, clip).iter().enumerate();
            ways.map(|(way, text)| Spoken { text: (*text).to_owned(), sound: sound(clip, way) }).collect()
        };
        Self(Clip::ALL.into_iter().map(|clip| (clip, spoken(clip))).collect())
    }

    /// The same phrases, with another sound for those for which `sound` has one.
    #[must_use]
    pub fn respoken(&self, sound: impl Fn(&str) -> Option<Bytes>) -> Self {
        let mut clips = self.clone();
        for spoken in clips.0.values_mut().flatten() {
            if let Some(sound) = sound(&spoken.text) {
                spoken.sound = sound;
            }
        }
        clips
    }

    /// The sound of exactly these words; nothing where it is no standard phrase.
    pub fn sound(&self, text: &str) -> Option<Bytes> {
        self.0.values().flatten().find(|spoken| spoken.text == text).map(|spoken| spoken.sound.clone())
    }

    /// What is played for the `count`th time, counted from 0: each way in its turn. Empty where there is no such phrase.
    pub fn spoken(&self, clip: Clip, count: usize) -> Spoken {
        let ways = self.0.get(&clip).map(Vec::as_slice).unwrap_or_default();
        ways.get(count % ways.len().max(1)).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filler_is_not_heard_twice_in_a_row() {
        for language in [Language::Es, Language::En] {
            let clips = Clips::new(language, |_, _| Bytes::new());
            for clip in [Clip::Hold, Clip::Lookup] {
                for count in 0..10 {
                    assert_ne!(clips.spoken(clip, count).text, clips.spoken(clip, count + 1).text);
                }
            }
        }
    }

    #[test]
    fn what_is_not_spoken_anew_sounds_as_before() {
        let clips = Clips::new(Language::Es, |_, _| Bytes::from_static(&[1]));
        let hold = clips.spoken(Clip::Hold, 0).text;
        let clips = clips.respoken(|text| (text == hold).then(|| Bytes::from_static(&[2])));
        assert_eq!(clips.spoken(Clip::Hold, 0).sound[0], 2);
        assert_eq!(clips.spoken(Clip::Hold, 1).sound[0], 1);
        assert_eq!(Clips::default().spoken(Clip::Hold, 3), Spoken::default());
    }
}
