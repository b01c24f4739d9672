//! The words of a text without marks, capitals and accents: recognisers write the same word in many ways.

use crate::dialogue::spoken::without_accent;

/// Sounds of thinking, which mean nothing.
pub(super) const HESITATIONS: &str = "eh ehm em mm mmm hm ah uh uhm um er erm eeh";

/// Whether `word` stands in `list`, whose words are separated by spaces.
pub(super) fn is_one(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}

/// The words, plain. E-mail signs and apostrophes stay within a word.
pub(super) fn plain(text: &str) -> Vec<String> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '@' | '\'');
    let words = text.split(|c: char| !(inside(c) || c == '.'));
    words
        .map(|word| word.trim_matches(|c| !inside(c)))
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().chars().map(without_accent).collect())
        .collect()
}

/// Whether two texts mean the same: the same words, whatever the marks, the capitals and the sounds of thinking.
pub fn same_words(one: &str, other: &str) -> bool {
    meant(one) == meant(other)
}

/// Whether the words of `part`, one or more, stand in `whole` in a row; compared as by [`same_words`].
pub fn says_part_of(part: &str, whole: &str) -> bool {
    let (part, whole) = (meant(part), meant(whole));
    !part.is_empty() && whole.windows(part.len()).any(|run| run == part)
}

/// Whether `whole` ends with the words of `part`, if there are any; compared as by [`same_words`].
pub fn ends_with_words(whole: &str, part: &str) -> bool {
    meant(whole).ends_with(&meant(part))
}

/// Whether `text` begins with at least half of the words of `start`, the first among them; compared as by [`same_words`].
pub fn begins_like(text: &str, start: &str) -> bool {
    let (text, start) = (meant(text), meant(start));
    let same = text.iter().zip(&start).take_while(|(one, other)| one == other).count();
    same > 0 && same * 2 >= start.len()
}

fn meant(text: &str) -> Vec<String> {
    let mut words = plain(text);
    words.retain(|word| !is_one(HESITATIONS, word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_by_what_they_mean() {
        assert!(same_words("¡El Jueves, a las 10!", "el jueves a las 10"));
        assert!(same_words("Eh, quiero un turno.", "quiero... un turno"));
        assert!(!same_words("el jueves", "el jueves no"));
        assert!(!same_words("a las 10", "a las 10.30"));
        assert_eq!(plain("Ana@mail.com, sí, mañana."), ["ana@mail.com", "si", "manana"]);
        assert!(ends_with_words("¿Qué día?", "que dia") && !ends_with_words("¿Qué día?", "el día"));
        assert!(begins_like("El miércoles a las diez", "eh, el miercoles a las 6"));
        assert!(!begins_like("El miércoles", "el jueves a las diez"));
    }
}
