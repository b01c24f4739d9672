//! What `<Gather>` hears. Pure.
//!
//! Spec: <https://www.twilio.com/docs/voice/twiml/gather> (read 2026-11).

use crate::{base::language::Language, dialogue::turns::Heard, ports::carrier::Params};

/// More characters than this nobody says in one turn (reliability B7).
const LONGEST: usize = 4_096;

/// Of the languages that `<Gather>` recognises, those that we speak.
const RECOGNISED: [&str; 34] = [
    "es-AR", "es-BO", "es-CL", "es-CO", "es-CR", "es-DO", "es-EC", "es-ES", "es-GT", "es-HN", "es-MX",
    "es-NI", "es-PA", "es-PE", "es-PR", "es-PY", "es-SV", "es-US", "es-UY", "es-VE", "en-AU", "en-CA",
    "en-GB", "en-GH", "en-IE", "en-IN", "en-KE", "en-NG", "en-NZ", "en-PH", "en-SG", "en-TZ", "en-US",
    "en-ZA",
];

/// The nearest language that it recognises; with one that it does not the call would break off.
pub(super) fn heard_in(tag: &str) -> &'static str {
    let nearest = if Language::of_tag(tag) == Some(Language::En) { "en-US" } else { "es-MX" };
    RECOGNISED.into_iter().find(|known| known.eq_ignore_ascii_case(tag)).unwrap_or(nearest)
}

/// Reads its form: keys or words, or neither where the caller was silent; then an empty field may be there or not.
pub(super) fn gathered(params: &Params) -> Heard {
    let keys: String = params.get("Digits").unwrap_or_default().chars().filter(|key| is_key(*key)).collect();
    if !keys.is_empty() {
        return Heard::Keys(keys);
    }
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    let text: String =
        params.get("SpeechResult").unwrap_or_default().chars().map(visible).take(LONGEST).collect();
    let text = text.trim();
    if text.is_empty() {
        return Heard::Nothing;
    }
    let confidence = params.get("Confidence").and_then(|number| number.parse().ok());
    Heard::Words { text: text.to_owned(), confidence }
}

const fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Heard {
        gathered(&Params(
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ))
    }

    #[test]
    fn a_form_without_anything_in_it_is_silence() {
        for form in [&[][..], &[("Digits", "")], &[("SpeechResult", " \n")], &[("Digits", "x")]] {
            assert_eq!(read(form), Heard::Nothing, "{form:?}");
        }
        let words = |text: &str, confidence| Heard::Words { text: text.to_owned(), confidence };
        assert_eq!(read(&[("SpeechResult", "Hola.\u{0}")]), words("Hola.", None));
        assert_eq!(read(&[("SpeechResult", "Sí"), ("Confidence", "high")]), words("Sí", None));
        let Heard::Words { text, .. } = read(&[("SpeechResult", &"a".repeat(10_000))]) else { panic!() };
        assert_eq!(text.len(), LONGEST);
    }

    #[test]
    fn the_caller_is_heard_in_the_nearest_language() {
        let tags = ["es-ar", "es-419", "es", "en-US", "en-XX", "pt-BR"];
        assert_eq!(tags.map(heard_in), ["es-AR", "es-MX", "es-MX", "en-US", "en-US", "es-MX"]);
    }
}
