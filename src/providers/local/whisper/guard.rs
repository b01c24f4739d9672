//! What Whisper says though nobody did: loops, and the sign-offs of the films that it learned from.

/// A passage said at least this often in a row is a loop …
const TIMES: usize = 4;
/// … when it is this many tokens together: "no, no, no, no" is none.
const TOGETHER: usize = 12;
/// A loop of a longer passage is believed sooner.
const LONG: usize = 5;
/// Longest passage that is looked for.
const LONGEST: usize = 24;

/// Cuts a loop at the end of `said` down to one passage; true where there was one.
pub(super) fn cut_loop(said: &mut Vec<u32>) -> bool {
    for length in 1..=LONGEST.min(said.len() / 2) {
        let passage = said.get(said.len() - length..).unwrap_or_default();
        let times = said.rchunks_exact(length).take_while(|chunk| *chunk == passage).count();
        let looped = if length >= LONG { times >= TIMES - 1 } else { times >= TIMES };
        if looped && times * length >= TOGETHER {
            said.truncate(said.len() - (times - 1) * length);
            return true;
        }
    }
    false
}

/// Parts of sign-offs that no caller says.
const NEVER_SAID: [&str; 8] = [
    "amara.org",
    "subtítulos realizados",
    "subtítulos por",
    "subtitulado por",
    "subtitles by",
    "thanks for watching",
    "thank you for watching",
    "transcribed by",
];

/// Sign-offs that are dropped when they are the whole text.
const NEVER_ALONE: [&str; 7] = [
    "gracias por ver el video",
    "gracias por ver el vídeo",
    "gracias por ver",
    "suscríbete",
    "suscríbete al canal",
    "please subscribe",
    "¡suscríbete al canal",
];

/// The text without its surrounding space; nothing where it is a known invention or holds no letter and no digit.
pub(super) fn believable(text: &str) -> &str {
    let text = text.trim();
    let lower = text.to_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let invented = bare.is_empty()
        || NEVER_SAID.iter().any(|part| lower.contains(part))
        || NEVER_ALONE.iter().any(|whole| bare == whole.trim_start_matches('¡'));
    if invented { "" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_cut_to_one_passage() {
        let mut said = vec![9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3];
        assert!(cut_loop(&mut said));
        assert_eq!(said, [9, 1, 2, 3]);
    }

    #[test]
    fn what_people_repeat_is_no_loop() {
        let mut digits = vec![5; 8];
        assert!(!cut_loop(&mut digits));
        let mut no = vec![7, 8, 7, 8, 7, 8];
        assert!(!cut_loop(&mut no));
    }

    #[test]
    fn sign_offs_of_films_are_not_believed() {
        for line in [
            " Subtítulos realizados por la comunidad de Amara.org",
            "¡Gracias por ver el video!",
            "Thanks for watching!",
            "...",
            "¡Suscríbete al canal!",
        ] {
            assert_eq!(believable(line), "", "{line}");
        }
        assert_eq!(believable(" Gracias, eso es todo. "), "Gracias, eso es todo.");
    }
}
