//! Where one provider goes on with what another one began: what it says again is left out. Pure.

/// Words that must be the same to count as said again: a single one may well be meant, as in a telephone number ("dos, dos").
const LEAST: usize = 2;

/// The beginning of a continuation, held until it is known how much of it repeats the text before.
#[derive(Debug)]
pub(super) struct Seam {
    before: Vec<String>,
    least: usize,
    held: String,
    closed: bool,
}

/// A word, compared by its letters and digits, and where it ends in its text, in bytes.
pub(super) struct Word {
    pub(super) letters: String,
    pub(super) end: usize,
}

impl Seam {
    /// Between what one model said and what another one says: it was asked to go on, so one word that was all may come again.
    pub(super) fn new(before: &str) -> Self {
        let before: Vec<String> = words(before).into_iter().map(|word| word.letters).collect();
        let least = LEAST.min(before.len()).max(1);
        Self { before, least, held: String::new(), closed: false }
    }

    /// Takes in a token; returns what is new, which may be nothing yet.
    pub(super) fn push(&mut self, token: &str) -> String {
        if self.closed {
            return token.to_owned();
        }
        self.held.push_str(token);
        let mut told = words(&self.held);
        let growing = if self.held.ends_with(char::is_whitespace) { None } else { told.pop() };
        let growing = growing.map(|word| word.letters).unwrap_or_default();
        if self.may_go_on(&told, &growing) { String::new() } else { self.close(&told) }
    }

    /// The continuation is over; returns the rest.
    pub(super) fn finish(&mut self) -> String {
        if self.closed { String::new() } else { self.close(&words(&self.held)) }
    }

    /// Whether more of the text before may still be said again.
    fn may_go_on(&self, told: &[Word], growing: &str) -> bool {
        (0..self.before.len()).filter_map(|from| self.before.get(from..)).any(|rest| {
            is_prefix(told, rest) && rest.get(told.len()).is_some_and(|next| next.starts_with(growing))
        })
    }

    fn close(&mut self, told: &[Word]) -> String {
        self.closed = true;
        let held = std::mem::take(&mut self.held);
        let again = (self.least..=told.len().min(self.before.len())).rev().find(|count| {
            let end = self.before.get(self.before.len() - count..).unwrap_or_default();
            told.get(..*count).is_some_and(|begin| is_prefix(begin, end))
        });
        let from = again.and_then(|count| told.get(count - 1)).map_or(0, |word| word.end);
        held.get(from..).unwrap_or_default().trim_start().to_owned()
    }
}

fn is_prefix(told: &[Word], of: &[String]) -> bool {
    told.len() <= of.len() && told.iter().zip(of).all(|(word, other)| word.letters == *other)
}

/// Marks that stand alone are no words.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut end = 0;
    let parts = text.split_inclusive(char::is_whitespace).map(|part| {
        end += part.len();
        let letters = part.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Word { letters, end }
    });
    parts.filter(|word: &Word| !word.letters.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The continuation letter by letter, and in one token: the same comes out.
    fn goes_on(before: &str, continuation: &str) -> String {
        let mut seam = Seam::new(before);
        let mut told: String = continuation.chars().map(|c| seam.push(c.encode_utf8(&mut [0; 4]))).collect();
        told += &seam.finish();
        let mut seam = Seam::new(before);
        let whole = seam.push(continuation) + &seam.finish();
        assert_eq!(told, whole);
        told
    }

    #[test]
    fn what_was_said_is_not_said_again_and_nothing_is_lost() {
        let before = "Tenemos lugar este martes. El";
        for (continuation, new) in [
            ("doctor atiende.", "doctor atiende."),
            (" doctor atiende.", "doctor atiende."),
            ("Tenemos lugar este martes. El doctor atiende.", "doctor atiende."),
            ("**tenemos** lugar, este martes; el doctor atiende.", "doctor atiende."),
            ("este martes. El doctor atiende.", "doctor atiende."),
            ("Tenemos lugar este miércoles.", "Tenemos lugar este miércoles."),
            ("Tenemos lugar este mar", "Tenemos lugar este mar"),
            ("Tenemos lugar este martes. El", ""),
            ("El Salvador queda cerca.", "El Salvador queda cerca."),
            ("", ""),
        ] {
            assert_eq!(goes_on(before, continuation), new, "{continuation}");
        }
    }

    #[test]
    fn a_number_that_goes_on_with_the_same_digit_keeps_it() {
        assert_eq!(goes_on("Su número es cinco, dos,", "dos, tres."), "dos, tres.");
        assert_eq!(goes_on("Claro,", "Claro, dígame."), "dígame.");
        assert_eq!(goes_on("", "Claro."), "Claro.");
    }

    #[test]
    fn the_first_word_that_differs_is_not_waited_behind() {
        let mut seam = Seam::new("Tenemos lugar este martes. El");
        assert_eq!(seam.push("doc"), "doc");
        assert_eq!(seam.push("tor "), "tor ");
    }
}
