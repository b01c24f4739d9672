//! The voices that ship with the program: styles of Kokoro-82M, vendored under `audio/voices/` (see its NOTICE).

use crate::base::language::Language;

/// Numbers in one style.
pub(super) const STYLE: usize = 256;

/// A voice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Its name at the origin: language, sex, name.
    pub name: &'static str,
    /// What it speaks.
    pub language: Language,
    /// One style per length of the text in tokens: rows of [`STYLE`] 32-bit floats, little-endian.
    styles: &'static [u8],
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Voice").field(&self.name).finish()
    }
}

/// All voices; the first of a language is its default.
pub const VOICES: [Voice; 4] = [
    Voice {
        name: "ef_dora",
        language: Language::Es,
        styles: include_bytes!("../../../../audio/voices/ef_dora.bin"),
    },
    Voice {
        name: "em_alex",
        language: Language::Es,
        styles: include_bytes!("../../../../audio/voices/em_alex.bin"),
    },
    Voice {
        name: "af_heart",
        language: Language::En,
        styles: include_bytes!("../../../../audio/voices/af_heart.bin"),
    },
    Voice {
        name: "am_michael",
        language: Language::En,
        styles: include_bytes!("../../../../audio/voices/am_michael.bin"),
    },
];

impl Voice {
    /// The voice of this name, whatever it speaks.
    pub fn named(name: &str) -> Option<Self> {
        VOICES.into_iter().find(|voice| voice.name == name)
    }

    /// The voice called `name` where it speaks `language`, else the language's own.
    pub fn of(name: &str, language: Language) -> Self {
        let [spanish, _, english, _] = VOICES;
        let own = match language {
            Language::Es => spanish,
            Language::En => english,
        };
        Self::named(name).filter(|voice| voice.language == language).unwrap_or(own)
    }

    /// The style for a text of so many tokens; the last one for longer texts.
    pub(super) fn style(self, tokens: usize) -> Vec<f32> {
        let (rows, _) = self.styles.as_chunks::<{ 4 * STYLE }>();
        let row = rows.get(tokens.saturating_sub(1)).or(rows.last());
        row.map(|row| row.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_voice_has_a_style_for_every_length() {
        for voice in VOICES {
            assert_eq!(voice.styles.len(), 510 * STYLE * 4, "{}", voice.name);
            assert_eq!(voice.style(1).len(), STYLE);
            assert_eq!(voice.style(9_999), voice.style(510));
            assert!(voice.style(20).iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn a_voice_of_another_language_is_not_taken() {
        assert_eq!(Voice::of("em_alex", Language::Es).name, "em_alex");
        assert_eq!(Voice::of("em_alex", Language::En).name, "af_heart");
        assert_eq!(Voice::of("", Language::Es).name, "ef_dora");
    }
}
