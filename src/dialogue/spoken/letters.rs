//! The names of letters, said and heard.

use super::hear::{number, said::Said};
use crate::base::language::Language;

/// Letter, its name in Spanish, its name in English, and how else it is called; `|` stands between those.
const NAMES: [(char, &str, &str, &str); 27] = [
    ('a', "a", "ay", ""),
    ('b', "be", "bee", "be larga|be grande|be alta|be labial"),
    ('c', "ce", "see", "cee"),
    ('d', "de", "dee", ""),
    ('e', "e", "ee", ""),
    ('f', "efe", "eff", "ef"),
    ('g', "ge", "gee", ""),
    ('h', "hache", "aitch", "haitch|ache"),
    ('i', "i", "eye", "i latina"),
    ('j', "jota", "jay", ""),
    ('k', "ka", "kay", "ca"),
    ('l', "ele", "ell", ""),
    ('m', "eme", "em", ""),
    ('n', "ene", "en", ""),
    ('ñ', "eñe", "enye", ""),
    ('o', "o", "oh", ""),
    ('p', "pe", "pee", ""),
    ('q', "cu", "queue", "cue|ku"),
    ('r', "erre", "are", "ere|ar"),
    ('s', "ese", "ess", ""),
    ('t', "te", "tea", "tee"),
    ('u', "u", "you", ""),
    ('v', "ve", "vee", "uve|ve corta|ve chica|ve baja|be corta|be chica|ve de vaca"),
    ('w', "doble ve", "double you", "doble u|uve doble|doble uve|double u|ve doble"),
    ('x', "equis", "ex", ""),
    ('y', "ye", "why", "i griega"),
    ('z', "zeta", "zee", "zed|ceta|seta"),
];

/// Names that are also plain words: they are letters only beside other letters.
const WORDS: &[&str] = &[
    "de", "ese", "te", "see", "en", "are", "tea", "you", "ay", "oh", "eye", "why", "ex", "ar", "cue", "ache",
    "ca", "seta", "em", "jay",
];

/// The name of the letter in `language`; `None` for another sign.
pub fn name(language: Language, letter: char) -> Option<&'static str> {
    let letter = letter.to_lowercase().next()?;
    let letter = if letter == 'ñ' { letter } else { super::without_accent(letter) };
    let (_, es, en, _) = NAMES.iter().find(|(known, ..)| *known == letter)?;
    Some(if language == Language::Es { es } else { en })
}

/// The letter whose name, or which itself, stands at `index`, with "de Ana" or "as in Anna" behind it; and the place behind.
pub fn heard(said: &Said, index: usize) -> Option<(char, usize)> {
    let (letter, end) = named(said, index)?;
    Some((letter, explained(said, letter, end).unwrap_or(end)))
}

/// A letter that needs no neighbours to be one: not "de", which is also a word.
pub fn heard_surely(said: &Said, index: usize) -> Option<(char, usize)> {
    let (letter, end) = heard(said, index)?;
    let word = said.at(index);
    let unsure = end == index + 1 && WORDS.contains(&word);
    let beside = |at: usize| named(said, at).is_some_and(|(_, end)| end > at);
    (!unsure || beside(end) || index > 0 && beside(index - 1)).then_some((letter, end))
}

fn named(said: &Said, index: usize) -> Option<(char, usize)> {
    let word = said.at(index);
    if let Some(letter) = single(word) {
        let longer = if letter == 'i' { said.starts_one_of(index, "i griega|i latina") } else { None };
        return match longer {
            Some(end) if said.at(index + 1) == "griega" => Some(('y', end)),
            Some(end) => Some((letter, end)),
            None => Some((letter, index + 1)),
        };
    }
    let known = NAMES.iter().flat_map(|(letter, es, en, more)| {
        [*es, *en]
            .into_iter()
            .chain(more.split('|'))
            .filter(|name| !name.is_empty())
            .map(move |name| (*letter, name))
    });
    // "ene" is also how "eñe" looks without its tilde.
    let is_enye =
        said.words.get(index).is_some_and(|word| word.raw.eq_ignore_ascii_case("eñe") || word.raw == "Eñe");
    if is_enye && !word.is_empty() {
        return Some(('ñ', index + 1));
    }
    known
        .filter(|(letter, _)| *letter != 'ñ')
        .filter_map(|(letter, name)| Some((letter, said.starts(index, name)?)))
        // "ve doble ve": V and W.
        .filter(|(letter, end)| *letter != 'w' || word != "ve" || said.at(*end) != "ve")
        .max_by_key(|(_, end)| *end)
}

fn single(word: &str) -> Option<char> {
    let mut letters = word.chars();
    letters.next().filter(|letter| letters.next().is_none() && letter.is_ascii_alphabetic())
}

/// "be de burro", "n as in Nancy", "eme como María".
fn explained(said: &Said, letter: char, index: usize) -> Option<usize> {
    let at = said.starts_one_of(index, "as in|like|for|de|como en|como|is for")?;
    let example = said.at(at);
    // "e de efe" are three letters, and "ene de, nueve" goes on with a digit.
    // In "j de jota" the name tells the letter.
    let is_letter =
        named(said, at).is_some_and(|(name, _)| name != letter || said.before(index, 1).len() > 1);
    let is_other = is_letter
        || number::word(example).is_some()
        || matches!(example, "arroba" | "punto" | "guion" | "mas");
    let is_word = example.chars().count() > 1 && !is_other && !said.paused_before(at);
    (example.starts_with(letter) && is_word).then_some(at + 1)
}
