//! The standard phrases, built into the program: they must sound when nothing else does.

use crate::{
    base::language::Language,
    dialogue::{clips::Clips, record::Clip},
};
use bytes::Bytes;
use std::sync::{Arc, LazyLock};

macro_rules! clips {
    ($language:literal: $($clip:ident $($name:literal)+;)+) => {
        |clip, way| {
            let ways: &[&[u8]] = match clip {
                $(Clip::$clip => &[$(include_bytes!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/audio/clips/", $language, "/", $name, ".ulaw"
                ))),+],)+
            };
            Bytes::from_static(ways.get(way).copied().unwrap_or_default())
        }
    };
}

macro_rules! of_language {
    ($language:literal) => {
        clips! { $language:
            Hold "hold" "hold-2" "hold-3";
            Lookup "lookup" "lookup-2";
            Repeat "repeat";
            Again "again";
            Help "help";
            Deaf "deaf";
            Trouble "trouble";
            Goodbye "goodbye";
        }
    };
}

static SPANISH: LazyLock<Arc<Clips>> =
    LazyLock::new(|| Arc::new(Clips::new(Language::Es, of_language!("es"))));
static ENGLISH: LazyLock<Arc<Clips>> =
    LazyLock::new(|| Arc::new(Clips::new(Language::En, of_language!("en"))));

/// The phrases of a language.
pub(super) fn clips(language: Language) -> Arc<Clips> {
    match language {
        Language::Es => Arc::clone(&SPANISH),
        Language::En => Arc::clone(&ENGLISH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::phrases;
    use std::fs;

    #[test]
    fn every_phrase_has_a_clip_that_was_made_of_its_words() {
        let made = include_str!("../../audio/README.md");
        let mut count = 0;
        for language in [Language::Es, Language::En] {
            for clip in Clip::ALL {
                for (way, text) in phrases::clip(language, clip).iter().enumerate() {
                    let number = if way == 0 { String::new() } else { format!("-{}", way + 1) };
                    let name = serde_json::to_value(clip).unwrap();
                    let name = format!("audio/clips/{language}/{}{number}.ulaw", name.as_str().unwrap());
                    assert!(made.contains(&format!("--out {name} \"{text}\"\n")), "{name} {text}");
                    assert_eq!(clips(language).spoken(clip, way).sound, fs::read(&name).unwrap(), "{name}");
                    count += 1;
                }
            }
        }
        assert_eq!(made.matches("--out audio/clips/").count(), count);
    }
}
