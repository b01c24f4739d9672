//! Cuts the model's text into pieces that can be spoken at once: the first one short, the others whole sentences.

use crate::dialogue::markup::Markup;

/// The longest answer, in characters that are spoken, about 45 s of them; the rest is dropped.
pub const LONGEST_ANSWER: usize = 600;

/// A piece after the first may end at a comma once it is this long.
const CLAUSE: usize = 30;

/// No piece is longer than this; it is cut between words.
const LONGEST_PIECE: usize = 160;

/// Abbreviations whose full stop does not end a sentence.
const ABBREVIATIONS: [&str; 12] =
    ["dr", "dra", "sr", "sra", "srta", "lic", "ing", "av", "mr", "mrs", "ms", "st"];

/// Collects the tokens of one answer and gives out pieces.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    markup: Markup,
    /// What the markup left of the present letter; reused.
    left: String,
    waiting: String,
    taken: usize,
    given: u32,
}

impl Pieces {
    /// Takes in a token and appends the pieces that are complete to `out`.
    pub fn push(&mut self, token: &str, out: &mut Vec<String>) {
        let mut left = std::mem::take(&mut self.left);
        for letter in token.chars() {
            self.markup.push(letter, &mut left);
            self.take(&mut left, out);
        }
        self.left = left;
        if self.is_full() {
            return;
        }
        // A clause mark at the end of the token need not wait for the next token.
        if self.ends_here(self.waiting.len()) {
            self.give(self.waiting.len(), out);
        }
    }

    /// Whether the answer is as long as it may be; more tokens are dropped.
    pub const fn is_full(&self) -> bool {
        self.taken >= LONGEST_ANSWER
    }

    /// Forgets what was not given out: another try of the model takes its place.
    pub fn forget(&mut self) {
        self.taken = self.taken.saturating_sub(self.waiting.chars().count());
        self.waiting.clear();
        self.markup = Markup::default();
    }

    /// The model is done: what waits is the last piece. Of an answer that is too long it ends with a whole word.
    pub fn finish(&mut self, out: &mut Vec<String>) {
        let mut left = std::mem::take(&mut self.left);
        self.markup.finish(&mut left);
        self.take(&mut left, out);
        self.left = left;
        let end = self.waiting.len();
        let torn = self.is_full() && self.waiting.ends_with(char::is_alphanumeric);
        let whole = self.waiting.rfind(' ').filter(|_| torn);
        self.give(whole.unwrap_or(end), out);
        self.waiting.clear();
    }

    /// Takes what can be spoken, as far as there is room, and leaves `letters` empty.
    fn take(&mut self, letters: &mut String, out: &mut Vec<String>) {
        for letter in letters.drain(..) {
            let doubled = letter == ' ' && (self.waiting.is_empty() || self.waiting.ends_with(' '));
            if self.is_full() || doubled {
                continue;
            }
            // What was left out stood between a word and its mark.
            if matches!(letter, '.' | ',' | ';' | ':' | '!' | '?' | '…') && self.waiting.ends_with(' ') {
                self.waiting.pop();
                self.taken -= 1;
            }
            self.waiting.push(letter);
            self.taken += 1;
            self.cut(letter, out);
        }
    }

    fn cut(&mut self, letter: char, out: &mut Vec<String>) {
        if !letter.is_whitespace() {
            return;
        }
        let end = self.waiting.trim_end().len();
        if self.ends_here(end) || self.waiting.len() >= LONGEST_PIECE {
            self.give(end, out);
        }
    }

    /// Whether a piece may end before byte `end`.
    fn ends_here(&self, end: usize) -> bool {
        let Some(text) = self.waiting.get(..end) else { return false };
        let Some(mark) = text.chars().next_back() else { return false };
        let body = text.trim_end_matches(mark);
        // "10.30" and "28.400.512": after a digit only a following space tells that the number is over.
        let number_is_over = end < self.waiting.len() || !body.ends_with(|c: char| c.is_ascii_digit());
        match mark {
            '!' | '?' | '…' => true,
            '.' => number_is_over && !is_abbreviation(body),
            ';' | ':' | ',' => {
                let long_enough =
                    if self.given == 0 { body.split_whitespace().count() >= 2 } else { text.len() >= CLAUSE };
                long_enough && number_is_over
            }
            _ => false,
        }
    }

    fn give(&mut self, end: usize, out: &mut Vec<String>) {
        let rest = self.waiting.split_off(end.min(self.waiting.len()));
        let piece = std::mem::replace(&mut self.waiting, rest.trim_start().to_owned());
        let piece = piece.trim();
        if piece.chars().any(char::is_alphanumeric) {
            self.given += 1;
            out.push(piece.to_owned());
        }
    }
}

fn is_abbreviation(body: &str) -> bool {
    let word = body.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
    ABBREVIATIONS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(tokens: &[&str]) -> Vec<String> {
        let (mut pieces, mut out) = (Pieces::default(), Vec::new());
        for token in tokens {
            pieces.push(token, &mut out);
        }
        pieces.finish(&mut out);
        out
    }

    #[test]
    fn the_first_clause_is_given_with_its_comma_not_with_the_next_token() {
        let (mut pieces, mut out) = (Pieces::default(), Vec::new());
        for token in ["Muy", " bien", " gracias,"] {
            pieces.push(token, &mut out);
        }
        assert_eq!(out, ["Muy bien gracias,"]);
    }

    #[test]
    fn later_pieces_are_whole_sentences() {
        assert_eq!(
            cut(&["Claro. ", "Tenemos lugar el jueves, o el viernes. ", "¿Cuál prefiere?"]),
            ["Claro.", "Tenemos lugar el jueves, o el viernes.", "¿Cuál prefiere?"]
        );
    }

    #[test]
    fn numbers_hours_and_abbreviations_are_not_torn() {
        assert_eq!(cut(&["La Dra. Paz a las 10", ".", "30."]), ["La Dra. Paz a las 10.30."]);
        assert_eq!(
            cut(&["Documento 28", ".400", ".512, ¿correcto?"]),
            ["Documento 28.400.512,", "¿correcto?"]
        );
    }

    #[test]
    fn formatting_and_pictures_are_not_spoken() {
        assert_eq!(cut(&["**Hola** 😀 _mundo_\n\n- uno 😀."]), ["Hola mundo - uno."]);
    }

    #[test]
    fn an_endless_answer_is_cut() {
        let total: usize = cut(&["palabra "; 1_000]).iter().map(|piece| piece.chars().count()).sum();
        assert!((LONGEST_ANSWER - 100..=LONGEST_ANSWER).contains(&total), "{total}");
        let pieces = cut(&["palabra "; 1_000]);
        assert!(pieces.iter().all(|piece| piece.ends_with("palabra")), "{pieces:?}");
        assert_eq!(cut(&[&"a".repeat(10_000)])[0].len(), LONGEST_ANSWER);
    }

    #[test]
    fn an_address_is_no_end_of_a_piece_however_it_comes() {
        let whole = "Está en https://www.clinica.mx/citas: ahí reserva. ¿Algo más?";
        let letters: Vec<String> = whole.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        let spoken = ["Está en clinica.mx:", "ahí reserva.", "¿Algo más?"];
        assert_eq!(
            (cut(&[whole]), cut(&letters)),
            (spoken.map(str::to_owned).into(), spoken.map(str::to_owned).into())
        );
    }

    #[test]
    fn another_try_does_not_begin_within_what_the_first_one_left_open() {
        let (mut pieces, mut out) = (Pieces::default(), Vec::new());
        pieces.push("Hola <break", &mut out);
        pieces.forget();
        pieces.push("Claro, dígame.", &mut out);
        assert_eq!(out, ["Claro, dígame."]);
    }
}
