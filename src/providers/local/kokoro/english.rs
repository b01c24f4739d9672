//! How American English is pronounced: the dictionary that the voice was trained with, then its endings, then the letters.

use serde::Deserialize;
use std::{collections::HashMap, fs, path::Path};

/// One entry of misaki's dictionaries: a pronunciation, or one for each part of speech.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Plain(String),
    ByUse(HashMap<String, Option<String>>),
}

/// The dictionaries `us_gold.json` and `us_silver.json` of misaki 0.9.4: 180,000 words, about 20 MB in memory.
pub(super) struct English(HashMap<String, Box<str>>);

impl std::fmt::Debug for English {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("English").field(&self.0.len()).finish()
    }
}

/// What a word with one of misaki's own vowels begins with: "the" and "to" sound otherwise before it.
const VOWELS: &str = "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ";

impl English {
    /// Reads the dictionaries; the first has precedence. Takes a few tenths of a second.
    ///
    /// # Errors
    /// Where one cannot be read or is no dictionary.
    pub(super) fn load(files: &[&Path]) -> std::io::Result<Self> {
        let mut words = HashMap::new();
        for file in files {
            let entries: HashMap<String, Entry> =
                serde_json::from_slice(&fs::read(file)?).map_err(std::io::Error::other)?;
            for (word, entry) in entries {
                let spoken = match entry {
                    Entry::Plain(spoken) => Some(spoken),
                    Entry::ByUse(mut uses) => uses.remove("DEFAULT").flatten(),
                };
                if let Some(spoken) = spoken {
                    words.entry(word).or_insert_with(|| spoken.into_boxed_str());
                }
            }
        }
        Ok(Self(words))
    }

    /// The phonemes of one word; `next` is the word that follows without a pause.
    pub(super) fn word(&self, word: &str, next: Option<&str>) -> String {
        let lower = word.to_lowercase();
        let before_vowel = || next.is_some_and(|next| self.plain(next).starts_with(is_vowel_or_mark));
        match lower.as_str() {
            "a" if word != "A" || next.is_some() => "ɐ".into(),
            "an" => "ɐn".into(),
            "the" => if before_vowel() { "ði" } else { "ðə" }.into(),
            "to" if next.is_some() => if before_vowel() { "tʊ" } else { "tə" }.into(),
            _ => self.plain(word),
        }
    }

    fn plain(&self, word: &str) -> String {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').replace('’', "'");
        if let Some(found) = self.found(&word).or_else(|| self.with_ending(&word)) {
            return found;
        }
        if word.contains('-') {
            return word.split('-').map(|part| self.plain(part)).collect();
        }
        by_letters(&word)
    }

    fn found(&self, word: &str) -> Option<String> {
        let lower = word.to_lowercase();
        let mut capital = lower.clone();
        if let Some(first) = capital.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        [word, &lower, &capital].into_iter().find_map(|form| self.0.get(form)).map(ToString::to_string)
    }

    /// Plural, possessive, past and -ing of words that are known.
    fn with_ending(&self, word: &str) -> Option<String> {
        let word = word.to_lowercase();
        let known = |stem: &str| self.found(stem);
        if let Some(stem) = word.strip_suffix("'s").or_else(|| word.strip_suffix('s')) {
            let found = known(stem).or_else(|| known(stem.strip_suffix('e')?));
            let found = found.or_else(|| known(&format!("{}y", stem.strip_suffix("ie")?)));
            return found.map(|stem| plural(&stem));
        }
        if let Some(stem) = word.strip_suffix("ed") {
            return stems(stem).iter().find_map(|stem| known(stem)).map(|stem| past(&stem));
        }
        let stem = word.strip_suffix("ing")?;
        stems(stem).iter().find_map(|stem| known(stem)).map(|stem| stem + "ɪŋ")
    }
}

/// What may stand before -ed and -ing: "book", "mak(e)", "stop(p)", "carr(y)".
fn stems(cut: &str) -> Vec<String> {
    let mut stems = vec![cut.to_owned(), format!("{cut}e")];
    let mut letters = cut.chars().rev();
    if letters.next().is_some_and(|last| letters.next() == Some(last)) {
        stems.push(cut.chars().take(cut.chars().count() - 1).collect());
    }
    if let Some(start) = cut.strip_suffix('i') {
        stems.push(format!("{start}y"));
    }
    stems
}

fn plural(stem: &str) -> String {
    let ending = if stem.ends_with(['s', 'z', 'ʃ', 'ʒ', 'ʧ', 'ʤ']) {
        "ᵻz"
    } else if stem.ends_with(['p', 't', 'k', 'f', 'θ']) {
        "s"
    } else {
        "z"
    };
    stem.to_owned() + ending
}

fn past(stem: &str) -> String {
    let ending = if stem.ends_with(['t', 'd']) {
        "ᵻd"
    } else if stem.ends_with(['p', 'k', 'f', 'θ', 's', 'ʃ', 'ʧ']) {
        "t"
    } else {
        "d"
    };
    stem.to_owned() + ending
}

fn is_vowel_or_mark(c: char) -> bool {
    c == 'ˈ' || c == 'ˌ' || VOWELS.contains(c)
}

/// Letter groups and their usual sounds, longest first. For names and rare words only.
const LETTERS: &[(&str, &str)] = &[
    ("tion", "ʃən"),
    ("sion", "ʒən"),
    ("ough", "O"),
    ("augh", "ɔ"),
    ("eigh", "A"),
    ("tch", "ʧ"),
    ("igh", "I"),
    ("sch", "sk"),
    ("ch", "ʧ"),
    ("sh", "ʃ"),
    ("th", "θ"),
    ("ph", "f"),
    ("wh", "w"),
    ("ck", "k"),
    ("qu", "kw"),
    ("ng", "ŋ"),
    ("gh", "ɡ"),
    ("kn", "n"),
    ("wr", "ɹ"),
    ("ee", "i"),
    ("ea", "i"),
    ("oo", "u"),
    ("ou", "W"),
    ("ow", "O"),
    ("oi", "Y"),
    ("oy", "Y"),
    ("ai", "A"),
    ("ay", "A"),
    ("au", "ɔ"),
    ("aw", "ɔ"),
    ("ey", "i"),
    ("ie", "i"),
    ("ll", "l"),
    ("ss", "s"),
    ("tt", "t"),
    ("ff", "f"),
    ("rr", "ɹ"),
    ("nn", "n"),
    ("mm", "m"),
    ("pp", "p"),
    ("bb", "b"),
    ("dd", "d"),
    ("gg", "ɡ"),
    ("zz", "z"),
    ("cc", "k"),
    ("ce", "sə"),
    ("ci", "sɪ"),
    ("ñ", "nj"),
    ("á", "ˈɑ"),
    ("é", "ˈA"),
    ("í", "ˈi"),
    ("ó", "ˈO"),
    ("ú", "ˈu"),
    ("ü", "u"),
    ("a", "æ"),
    ("b", "b"),
    ("c", "k"),
    ("d", "d"),
    ("e", "ɛ"),
    ("f", "f"),
    ("g", "ɡ"),
    ("h", "h"),
    ("i", "ɪ"),
    ("j", "ʤ"),
    ("k", "k"),
    ("l", "l"),
    ("m", "m"),
    ("n", "n"),
    ("o", "ɑ"),
    ("p", "p"),
    ("q", "k"),
    ("r", "ɹ"),
    ("s", "s"),
    ("t", "t"),
    ("u", "ʌ"),
    ("v", "v"),
    ("w", "w"),
    ("x", "ks"),
    ("y", "i"),
    ("z", "z"),
];

/// A guess at a word that no dictionary has. Stress falls on the first vowel unless an accent says otherwise.
pub(super) fn by_letters(word: &str) -> String {
    let lower = word.to_lowercase();
    let mut rest = match lower.strip_suffix('e') {
        // A final e is mute: "Blake", not "Chloe".
        Some(stem) if stem.chars().count() > 2 && !stem.ends_with(['a', 'o', 'e']) => stem,
        _ => lower.as_str(),
    };
    let mut spoken = String::new();
    while !rest.is_empty() {
        if let Some((letters, sound)) = LETTERS.iter().find(|(letters, _)| rest.starts_with(letters)) {
            // At the end an a is weak and an o is long: "Marta", "Mario".
            let open = rest == *letters && !spoken.is_empty();
            spoken.push_str(match (*letters, open) {
                ("a", true) => "ə",
                ("o", true) => "O",
                _ => sound,
            });
            rest = rest.get(letters.len()..).unwrap_or_default();
        } else {
            let mut letters = rest.chars();
            letters.next();
            rest = letters.as_str();
        }
    }
    match spoken.find(|c| VOWELS.contains(c)) {
        Some(at) if !spoken.contains('ˈ') => {
            spoken.insert(at, 'ˈ');
            spoken
        }
        _ => spoken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> English {
        let words = [
            ("book", "bˈʊk"),
            ("stop", "stˈɑp"),
            ("visit", "vˈɪzɪt"),
            ("clinic", "klˈɪnɪk"),
            ("carry", "kˈæɹi"),
            ("hour", "ˈWəɹ"),
            ("Monday", "mˈʌndˌA"),
            ("make", "mˈAk"),
        ];
        English(words.map(|(word, spoken)| (word.to_owned(), spoken.into())).into_iter().collect())
    }

    #[test]
    fn endings_are_added_to_known_words() {
        let english = english();
        for (word, spoken) in [
            ("booking", "bˈʊkɪŋ"),
            ("stopped", "stˈɑpt"),
            ("visited", "vˈɪzɪtᵻd"),
            ("clinic's", "klˈɪnɪks"),
            ("carried", "kˈæɹid"),
            ("Mondays", "mˈʌndˌAz"),
            ("making", "mˈAkɪŋ"),
            ("BOOK", "bˈʊk"),
        ] {
            assert_eq!(english.word(word, None), spoken, "{word}");
        }
    }

    #[test]
    fn articles_listen_to_the_next_word() {
        let english = english();
        assert_eq!(english.word("the", Some("clinic")), "ðə");
        assert_eq!(english.word("the", Some("hour")), "ði");
        assert_eq!(english.word("a", Some("visit")), "ɐ");
    }

    #[test]
    fn names_are_guessed_from_their_letters() {
        assert_eq!(by_letters("Marta"), "mˈæɹtə");
        assert_eq!(by_letters("Blake"), "blˈæk");
        assert_eq!(by_letters("Ramírez"), "ɹæmˈiɹɛz");
    }
}
