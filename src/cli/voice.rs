//! The embedded voice that somebody names.

use crate::{base::language::Language, providers::local::kokoro::Voice};
use anyhow::{Context as _, bail};

/// The voice of this name, which must speak the language; the language's first one where none is named.
pub(super) fn find(name: Option<&str>, language: Option<Language>) -> anyhow::Result<Voice> {
    let Some(name) = name else { return Ok(Voice::of("", language.unwrap_or_default())) };
    let voice = Voice::named(name).with_context(|| {
        format!("there is no voice `{name}`: take ef_dora, em_alex, af_heart or am_michael")
    })?;
    if let Some(language) = language.filter(|language| *language != voice.language) {
        bail!("{name} speaks {} and not {language}", voice.language);
    }
    Ok(voice)
}
