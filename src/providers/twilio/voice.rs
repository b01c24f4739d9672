//! Who speaks in `<Say>`. Pure.
//!
//! Spec: <https://www.twilio.com/docs/voice/twiml/say/text-speech> (read 2026-11).

use crate::{base::language::Language, ports::carrier::Tongue};

/// A voice, and the language that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Voice<'a> {
    pub(super) name: &'a str,
    /// Absent where the name decides: a voice that is given a language of another one says nothing.
    pub(super) language: Option<&'a str>,
}

/// The usual voices. No Polly voice comes from Argentina: Lupe, from the United States, is the one that is taken for neutral.
const MIA: Voice<'_> = Voice { name: "Polly.Mia", language: Some("es-MX") };
const LUPE: Voice<'_> = Voice { name: "Polly.Lupe", language: Some("es-US") };
const LUCIA: Voice<'_> = Voice { name: "Polly.Lucia", language: Some("es-ES") };
const JOANNA: Voice<'_> = Voice { name: "Polly.Joanna", language: Some("en-US") };
const AMY: Voice<'_> = Voice { name: "Polly.Amy", language: Some("en-GB") };

impl<'a> Voice<'a> {
    pub(super) fn of(tongue: Tongue<'a>) -> Self {
        if tongue.voice.is_empty() { usual(tongue.tag) } else { Self { name: tongue.voice, language: None } }
    }
}

fn usual(tag: &str) -> Voice<'static> {
    match (Language::of_tag(tag), tag.to_ascii_lowercase().as_str()) {
        (_, "es-mx") => MIA,
        (_, "es-es") => LUCIA,
        (_, "en-gb") => AMY,
        (Some(Language::En), _) => JOANNA,
        (Some(Language::Es) | None, _) => LUPE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_voice_and_an_agent_may_have_its_own() {
        let name = |tag, voice| Voice::of(Tongue { tag, voice }).name;
        let usual = ["es-MX", "es-AR", "es-ES", "es-US", "en-US", "en-GB", "en"].map(|tag| name(tag, ""));
        assert_eq!(
            usual,
            [
                "Polly.Mia",
                "Polly.Lupe",
                "Polly.Lucia",
                "Polly.Lupe",
                "Polly.Joanna",
                "Polly.Amy",
                "Polly.Joanna"
            ]
        );
        let own = Voice::of(Tongue { tag: "es-MX", voice: "Polly.Miguel" });
        assert_eq!(own, Voice { name: "Polly.Miguel", language: None });
    }
}
