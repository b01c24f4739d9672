//! Is what the caller said over our voice an interruption, or only "mm-hm"?

use crate::dialogue::spoken::without_accent;

/// Words that say "I am listening" and take no floor.
const BACKCHANNELS: [&str; 34] = [
    "si", "aja", "mm", "mmm", "mhm", "hm", "ok", "okay", "okey", "claro", "bien", "bueno", "ya", "entiendo",
    "perfecto", "vale", "dale", "listo", "exacto", "eh", "ah", "oh", "uh", "yes", "yeah", "yep", "right",
    "sure", "fine", "good", "great", "huh", "aha", "uhuh",
];

/// Words of parting, which do not interrupt a goodbye.
const PARTINGS: [&str; 18] = [
    "gracias",
    "muchas",
    "muy",
    "amable",
    "adios",
    "chau",
    "chao",
    "hasta",
    "luego",
    "igualmente",
    "pronto",
    "que",
    "este",
    "thanks",
    "thank",
    "you",
    "bye",
    "goodbye",
];

/// Whether `text` takes no floor. During a goodbye (`ending`) words of parting do not either.
pub fn is_backchannel(text: &str, ending: bool) -> bool {
    let mut words = 0;
    let all = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
        words += 1;
        let word: String = word.to_lowercase().chars().map(without_accent).collect();
        BACKCHANNELS.contains(&word.as_str()) || ending && PARTINGS.contains(&word.as_str())
    });
    all && words <= if ending { 8 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::is_backchannel;

    #[test]
    fn listening_noises_take_no_floor_and_sentences_do() {
        for text in ["Sí.", "ajá", "Mm, claro.", "ok", "Right."] {
            assert!(is_backchannel(text, false), "{text}");
        }
        for text in ["Espere", "no", "sí pero el viernes", "perdón", "Wait a moment"] {
            assert!(!is_backchannel(text, false), "{text}");
        }
    }

    #[test]
    fn a_farewell_does_not_interrupt_a_goodbye() {
        assert!(is_backchannel("Muchas gracias, hasta luego.", true));
        assert!(!is_backchannel("Muchas gracias, hasta luego.", false));
    }
}
