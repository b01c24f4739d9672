//! How much of what was said was heard: the word error rate.

use std::{fmt, iter};

/// Wrong words among words said. Add up the sentences of a test, then ask for the [rate](Self::rate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordErrors {
    /// Words changed, left out or invented, at least.
    pub wrong: usize,
    /// Words said.
    pub said: usize,
}

impl WordErrors {
    /// Compares without regard to case, accents and punctuation. `in_words` spells figures out, so that "15" is heard as "quince".
    ///
    /// ```
    /// use centralita::testbed::word_error::WordErrors;
    /// let errors = WordErrors::between("¿A qué hora abren?", "a que ahora abren", &str::to_owned);
    /// assert_eq!((errors.wrong, errors.said), (1, 4));
    /// ```
    pub fn between(said: &str, heard: &str, in_words: &dyn Fn(&str) -> String) -> Self {
        let (said, heard) = (words(&in_words(said)), words(&in_words(heard)));
        Self { wrong: distance(&said, &heard), said: said.len() }
    }

    /// Wrong words per word said; more than 1 where much was invented. 0 where nothing was said and nothing heard.
    pub fn rate(self) -> f64 {
        self.wrong as f64 / self.said.max(1) as f64
    }
}

impl iter::Sum for WordErrors {
    fn sum<I: Iterator<Item = Self>>(errors: I) -> Self {
        errors.fold(Self::default(), |sum, one| Self {
            wrong: sum.wrong + one.wrong,
            said: sum.said + one.said,
        })
    }
}

impl fmt::Display for WordErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} % ({} of {})", 100.0 * self.rate(), self.wrong, self.said)
    }
}

fn words(text: &str) -> Vec<String> {
    let plain: String = text.to_lowercase().chars().map(without_accent).collect();
    plain
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.replace('\'', ""))
        .filter(|word| !word.is_empty())
        .collect()
}

fn without_accent(c: char) -> char {
    match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        '’' => '\'',
        _ => c,
    }
}

/// Words to change, to leave out or to put in (Levenshtein), row by row.
fn distance(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (index, word) in said.iter().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        let mut next = vec![left];
        for (other, &above) in heard.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(word != other)).min(above + 1).min(left + 1);
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wrong(said: &str, heard: &str) -> usize {
        WordErrors::between(said, heard, &str::to_owned).wrong
    }

    #[test]
    fn changed_missing_and_invented_words_count() {
        assert_eq!(wrong("quiero un turno", "quiero un turno"), 0);
        assert_eq!(wrong("quiero un turno", "quiero el turno"), 1);
        assert_eq!(wrong("quiero un turno", "quiero turno"), 1);
        assert_eq!(wrong("quiero un turno", "sí quiero un turno ya"), 2);
        assert_eq!(wrong("", "hola"), 1);
        assert_eq!(wrong("hola", ""), 1);
    }

    #[test]
    fn case_accents_and_marks_do_not_count() {
        assert_eq!(wrong("¿Está el Dr. Núñez?", "esta el dr nunez"), 0);
        assert_eq!(wrong("What's new?", "whats new"), 0);
    }

    #[test]
    fn sentences_add_up() {
        let one = WordErrors { wrong: 1, said: 4 };
        let all: WordErrors = [one, one].into_iter().sum();
        assert_eq!(all.to_string(), "25.0 % (2 of 8)");
        assert!(WordErrors::default().rate().abs() < f64::EPSILON);
    }
}
