//! Digits that were dictated: one by one, in groups, as large numbers, "doble cero".

use super::{
    number::{self, Number},
    said::Said,
};
use crate::dialogue::spoken::letters;

/// So many readings of one run are looked at.
const MOST_READINGS: usize = 48;

/// Words that may stand between the groups.
const BETWEEN: [&str; 20] = [
    "y", "con", "punto", "puntos", "coma", "guion", "eh", "este", "and", "dash", "point", "um", "uh", "es",
    "hyphen", "barra", "raya", "slash", "letra", "letter",
];

/// Which letters belong to what is dictated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// None.
    None,
    /// Only K, the check digit of Chile.
    K,
    /// All of them, and their names.
    All,
}

/// A stretch of dictated signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What was said, the likely reading first: "treinta dos" is 32, or 30 and 2.
    pub readings: Vec<String>,
    /// Whether the number plainly goes on ("veintiocho millones").
    pub open: bool,
    /// Where it begins.
    pub start: usize,
    /// The place behind it.
    pub end: usize,
}

/// All runs of `said`, in order.
pub fn runs(said: &Said, letters: Letters) -> Vec<Run> {
    let (mut runs, mut at) = (Vec::new(), 0);
    while at < said.len() {
        match run_at(said, at, letters) {
            Some(run) => {
                at = run.end;
                runs.push(run);
            }
            None => at += 1,
        }
    }
    runs
}

/// The run that begins at `index`.
pub fn run_at(said: &Said, index: usize, letters: Letters) -> Option<Run> {
    let mut search = Search { said, letters, found: Vec::new(), end: index, open: false };
    search.extend(index, String::new(), None);
    let readings = search.found;
    (search.end > index).then_some(Run { readings, open: search.open, start: index, end: search.end })
}

struct Search<'a> {
    said: &'a Said,
    letters: Letters,
    found: Vec<String>,
    /// The place behind the run; the likely reading, which comes first, sets it.
    end: usize,
    open: bool,
}

impl Search<'_> {
    /// Goes on at `at` behind `signs`; `last` is the number that ended there.
    fn extend(&mut self, at: usize, signs: String, last: Option<&Number>) {
        if self.found.len() >= MOST_READINGS {
            return;
        }
        let mut next = at;
        while !signs.is_empty() && BETWEEN.contains(&self.said.at(next)) {
            next += 1;
        }
        if let Some((text, end)) =
            self.repeated(next).or_else(|| self.letter(next, signs.is_empty())).or_else(|| self.figures(next))
        {
            return self.extend(end, format!("{signs}{text}"), None);
        }
        let numbers = number::numbers_at(self.said, next);
        if let Some((whole, end)) = last.and_then(|last| fills_the_room(last, numbers.last())) {
            let kept = signs.len().saturating_sub(last.map_or(0, |last| last.digits.len()));
            let joined = format!("{}{whole}", signs.get(..kept).unwrap_or_default());
            self.extend(end, joined, None);
        }
        for number in numbers.iter().rev() {
            self.extend(number.end, format!("{signs}{}", number.digits), Some(number));
        }
        if numbers.is_empty() && !signs.is_empty() {
            if self.found.is_empty() {
                self.end = at;
                self.open = last.is_some_and(|last| last.value >= 1_000_000 && last.value % 1_000_000 == 0);
            }
            if !self.found.contains(&signs) {
                self.found.push(signs);
            }
        }
    }

    /// "doble cero", "triple siete", "double four".
    fn repeated(&self, at: usize) -> Option<(String, usize)> {
        let times = match self.said.at(at) {
            "doble" | "double" => 2,
            "triple" => 3,
            _ => return None,
        };
        if self.letter(at, false).is_some() {
            return None; // "doble ve" is a letter
        }
        let (sign, end) = self.letter(at + 1, false).or_else(|| {
            let number = number::numbers_at(self.said, at + 1).into_iter().next()?;
            Some((number.digits, number.end))
        })?;
        Some((sign.repeat(times), end))
    }

    /// "y" is a letter only at the beginning: between groups it joins them.
    fn letter(&self, at: usize, first: bool) -> Option<(String, usize)> {
        let (letter, end) = match self.letters {
            Letters::None => return None,
            Letters::K => letters::heard(self.said, at).filter(|(letter, _)| *letter == 'k')?,
            Letters::All => letters::heard_surely(self.said, at).or_else(|| {
                // "ex", "why": the letters that a NIE begins with.
                // "…, ese": a check that ends the document.
                let begins = first && number::number_at(self.said, at + 1).is_some();
                letters::heard(self.said, at).filter(|(letter, end)| {
                    let ends = *end >= self.said.len()
                        || self.said.paused_before(at)
                        || self.said.paused_before(*end);
                    begins && matches!(letter, 'x' | 'y' | 'z') || !first && ends
                })
            })?,
        };
        let joins = self.said.at(at) == "y" && !first;
        (!joins).then(|| (letter.to_uppercase().to_string(), end))
    }

    /// Signs in one word with marks or letters between: `12.345.678-5`, `GOMC850101`, `8400-512`, `10:30` not.
    fn figures(&self, at: usize) -> Option<(String, usize)> {
        let word = self.said.at(at);
        let figures = word.chars().filter(char::is_ascii_digit).count();
        let is_mark = |sign: char| ".,-/".contains(sign);
        let letters: Vec<char> = word.chars().filter(char::is_ascii_alphabetic).collect();
        let allowed = match self.letters {
            Letters::None => letters.is_empty(),
            Letters::K => letters.is_empty() || letters == ['k'] && word.ends_with('k'),
            Letters::All => true,
        };
        let only = word.chars().all(|sign| sign.is_ascii_alphanumeric() || is_mark(sign));
        // Plain figures may be part of a larger number: "28 millones".
        let plain = super::lexicon::figures(word).is_some();
        let sole_letters = figures == 0 && !(self.letters == Letters::All && is_code(self.said, at));
        if !only || !allowed || plain || sole_letters || figures > 18 {
            return None;
        }
        Some((word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase(), at + 1))
    }
}

/// A word of capitals such as the `HDFMRR` of a CURP.
fn is_code(said: &Said, at: usize) -> bool {
    let raw = said.words.get(at).map_or("", |word| &word.raw);
    raw.len() >= 2
        && raw.chars().all(|sign| sign.is_ascii_uppercase())
        && !matches!(raw, "DNI" | "NIE" | "CURP" | "NIF")
}

/// What "mil" or a hesitation has torn: "28 millones 400 512", "28 millones, eh, 400 mil".
fn fills_the_room(last: &Number, next: Option<&Number>) -> Option<(u64, usize)> {
    let (rest, next) = (last.value % 1_000_000, next.filter(|_| last.value >= 1_000_000)?);
    match rest {
        0 if next.value < 1_000_000 && next.value >= 1_000 => {
            Some((last.value.saturating_add(next.value), next.end))
        }
        1..1_000 if next.digits.len() == 3 => {
            Some(((last.value - rest).saturating_add(rest * 1_000 + next.value), next.end))
        }
        _ => None,
    }
}
