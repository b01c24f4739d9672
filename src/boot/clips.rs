//! The standard phrases, built into the program: they must sound when nothing else does.

use crate::{base::language::Language, dialogue::call::Clips};
use bytes::Bytes;
use std::sync::{Arc, LazyLock};

macro_rules! clip {
    ($language:literal, $name:literal) => {
        Bytes::from_static(include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/audio/clips/",
            $language,
            "/",
            $name,
            ".ulaw"
        )))
    };
}

macro_rules! clips {
    ($language:literal) => {
        LazyLock::new(|| {
            Arc::new(Clips {
                hold: clip!($language, "hold"),
                repeat: clip!($language, "repeat"),
                trouble: clip!($language, "trouble"),
                goodbye: clip!($language, "goodbye"),
            })
        })
    };
}

static SPANISH: LazyLock<Arc<Clips>> = clips!("es");
static ENGLISH: LazyLock<Arc<Clips>> = clips!("en");

/// The phrases of a language.
pub(super) fn clips(language: Language) -> Arc<Clips> {
    match language {
        Language::Es => Arc::clone(&SPANISH),
        Language::En => Arc::clone(&ENGLISH),
    }
}
