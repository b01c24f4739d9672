//! What was said, cut into words that can be compared, and how far a misheard word is from the right one.

use crate::dialogue::spoken::plain;
use std::ops::Range;

/// No more than this many words of one turn are looked at, the last ones.
const MOST_WORDS: usize = 160;

/// Signs that mean something beside a number; each is a word of its own: `$ 1.200`, `+ 54`, `20 %`.
const SIGNS: &str = "$€£+%";

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As the recogniser wrote it, without punctuation.
    pub raw: String,
    /// Lower case, no accents; numbers keep their inner marks (`10:30`, `28.400.512`).
    pub norm: String,
    /// A comma, a full stop or the like follows.
    pub pause: bool,
}

/// What the caller said in one turn, and which words have been made sense of.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// In order.
    pub words: Vec<Word>,
    used: Vec<bool>,
}

impl Said {
    /// Cuts `text` into words.
    pub fn new(text: &str) -> Self {
        let mut words = Vec::new();
        for chunk in text.split_whitespace() {
            let pause = chunk.ends_with([',', '.', ';', ':', '?', '!', '…']);
            let first = words.len();
            split(chunk, &mut words);
            if pause && words.len() > first {
                words.iter_mut().next_back().into_iter().for_each(|word: &mut Word| word.pause = true);
            }
        }
        let words = words.split_off(words.len().saturating_sub(MOST_WORDS));
        let used = vec![false; words.len()];
        Self { words, used }
    }

    /// The normal form of the word at `index`; empty beyond the end or when the word has been used.
    pub fn at(&self, index: usize) -> &str {
        match (self.words.get(index), self.used.get(index)) {
            (Some(word), Some(false)) => &word.norm,
            _ => "",
        }
    }

    /// The normal form of the word `back` places before `index`, used or not.
    pub fn before(&self, index: usize, back: usize) -> &str {
        index.checked_sub(back).and_then(|index| self.words.get(index)).map_or("", |word| &word.norm)
    }

    /// Marks words as understood.
    pub fn take(&mut self, range: Range<usize>) {
        for index in range {
            if let Some(used) = self.used.get_mut(index) {
                *used = true;
            }
        }
    }

    /// Whether the words from `index` on are `phrase`; returns the place behind it.
    pub fn starts(&self, index: usize, phrase: &str) -> Option<usize> {
        let mut at = index;
        for word in phrase.split(' ') {
            if self.at(at) != word {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    /// Where `phrase` stands, among words that are not used.
    pub fn find(&self, phrase: &str) -> Option<Range<usize>> {
        (0..self.words.len()).find_map(|from| Some(from..self.starts(from, phrase)?))
    }

    /// Whether any of the phrases was said.
    pub fn has(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.find(phrase).is_some())
    }

    /// Whether the word at `index` has been used or does not exist.
    pub fn is_used(&self, index: usize) -> bool {
        self.used.get(index).copied().unwrap_or(true)
    }

    /// Whether any of the phrases was said; a comma stands between them.
    pub fn has_one_of(&self, phrases: &str) -> bool {
        phrases.split(", ").any(|phrase| self.find(phrase).is_some())
    }

    /// The end of the first of `phrases` that begins at `index`; `|` stands between them.
    pub fn starts_one_of(&self, index: usize, phrases: &str) -> Option<usize> {
        phrases.split('|').find_map(|phrase| self.starts(index, phrase))
    }

    /// Whether a pause follows the word before `index`.
    pub fn paused_before(&self, index: usize) -> bool {
        index.checked_sub(1).and_then(|index| self.words.get(index)).is_some_and(|word| word.pause)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }
}

fn split(chunk: &str, words: &mut Vec<Word>) {
    let chunk: String = chunk.chars().filter(|sign| !matches!(sign, '\'' | '’')).collect();
    let is_sign = |sign: char| SIGNS.contains(sign);
    if chunk.eq_ignore_ascii_case("s/") {
        words.push(Word { norm: chunk.to_lowercase(), raw: chunk, pause: false });
        return;
    }
    let chunk = chunk.trim_matches(|sign: char| !sign.is_alphanumeric() && !is_sign(sign));
    let is_digit = |sign: char| sign.is_ascii_digit();
    if let (Some(first), Some(last)) = (chunk.find(is_digit), chunk.rfind(is_digit)) {
        let (lead, rest) = chunk.split_at(first);
        let lead_is_sign = lead.contains(is_sign) || lead.eq_ignore_ascii_case("s/");
        let tail = rest.get(last + 1 - first..).unwrap_or_default();
        let tail_is_sign = tail.starts_with(is_sign);
        let figures = if lead_is_sign { rest } else { chunk };
        let figures = if tail_is_sign { figures.strip_suffix(tail).unwrap_or(figures) } else { figures };
        let sides = [(lead, lead_is_sign), (figures, true), (tail, tail_is_sign)];
        words.extend(sides.into_iter().filter(|(_, own)| *own).map(|(part, _)| Word {
            norm: part.to_lowercase(),
            raw: part.to_owned(),
            pause: false,
        }));
        return;
    }
    if chunk.contains(is_sign) {
        words.push(Word { norm: chunk.to_lowercase(), raw: chunk.to_owned(), pause: false });
        return;
    }
    let parts: Vec<&str> =
        chunk.split(|sign: char| !sign.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    // "p.m." is one word, "diez,gracias" are two.
    if parts.len() > 1 && parts.iter().all(|part| part.chars().count() == 1) {
        let raw = parts.concat();
        words.push(Word { norm: plain(&raw), raw, pause: false });
    } else {
        words.extend(parts.iter().map(|part| Word {
            norm: plain(part),
            raw: (*part).to_owned(),
            pause: false,
        }));
    }
}

/// How many letters must be put in, left out, changed or swapped with their neighbour to make `a` into `b`.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let swap = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            let change = at(&last, j) + usize::from(x != y);
            let mut cost = change.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if swap {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    at(&last, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_words() {
        let said = Said::new("Sí,gracias. A las 10:30 p. m., DNI 28.400.512. I'm fine p.m.");
        let norms: Vec<&str> = said.words.iter().map(|word| word.norm.as_str()).collect();
        assert_eq!(
            norms,
            ["si", "gracias", "a", "las", "10:30", "p", "m", "dni", "28.400.512", "im", "fine", "pm"]
        );
        assert!(said.words[1].pause && !said.words[2].pause);
    }

    #[test]
    fn signs_beside_a_number_are_words_of_their_own() {
        let norms =
            |text| Said::new(text).words.into_iter().map(|word| word.norm).collect::<Vec<_>>().join(" ");
        for (text, words) in [
            ("US$20 o $1.200,50.", "us$ 20 o $ 1.200,50"),
            ("20€ (+54 11)", "20 € + 54 11"),
            ("S/20, 15%", "s/ 20 15 %"),
            ("U$S 20", "u$s 20"),
            ("el 3º, 26th, 3pm", "el 3º 26th 3pm"),
        ] {
            assert_eq!(norms(text), words, "{text}");
        }
    }

    #[test]
    fn slips_are_counted() {
        for (a, b, slips) in [
            ("", "", 0),
            ("juebes", "jueves", 1),
            ("cardilogia", "cardiologia", 1),
            ("ab", "ba", 1),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }
}
