//! What a recogniser hears again of the words that another one made final before: told once. Pure.

use super::seam::words;

/// So many words are known for a repetition wherever they stand. A single one may well be meant, as in a telephone number
/// ("dos, dos"), unless it is the very word that has to come.
const SURE: usize = 2;

/// The words that are final already and will be heard again, in that order.
#[derive(Debug)]
pub(super) struct Echo {
    before: Vec<String>,
    /// Some of them came again.
    begun: bool,
}

impl Echo {
    /// `None` where nothing was final.
    pub(super) fn of(before: &str) -> Option<Self> {
        let before: Vec<String> = words(before).into_iter().map(|word| word.letters).collect();
        (!before.is_empty()).then_some(Self { before, begun: false })
    }

    /// What is new in a text that may still grow.
    pub(super) fn hear(&self, text: &str) -> String {
        self.split(text).0
    }

    /// What is new in a text that is final. Returns also whether more words are to come again.
    pub(super) fn hear_final(&mut self, text: &str) -> (String, bool) {
        let (new, said) = self.split(text);
        self.begun |= said > 0;
        self.before.drain(..said);
        (new, !self.before.is_empty())
    }

    /// What is new, and how many of the words before are behind it.
    fn split(&self, text: &str) -> (String, usize) {
        let (told, all) = (words(text), self.before.len());
        if told.is_empty() {
            return (text.to_owned(), 0);
        }
        let letters: Vec<&str> = told.iter().map(|word| word.letters.as_str()).collect();
        let within = self.before.windows(letters.len()).position(|run| run == letters);
        if let Some(from) = within {
            let behind = from + letters.len();
            let due = from == 0 && (self.begun || behind < all);
            let again = letters.len() >= SURE || due;
            return (if again { String::new() } else { text.to_owned() }, behind);
        }
        let again = (1..=letters.len().min(all)).rev().find(|count| {
            let sure = *count >= SURE || (self.begun && *count == all);
            let (begin, end) = (letters.get(..*count), self.before.get(all - count..));
            sure && begin.zip(end).is_some_and(|(begin, end)| end == begin)
        });
        let from = again.and_then(|count| told.get(count - 1)).map_or(0, |word| word.end);
        (text.get(from..).unwrap_or_default().trim_start().to_owned(), all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_words(before: &str, text: &str) -> String {
        Echo::of(before).unwrap().hear(text)
    }

    #[test]
    fn what_was_final_is_left_out_wherever_the_text_ends() {
        let before = "cinco cinco dos cuatro";
        for (text, new) in [
            ("Cinco", ""),
            ("Cinco, cinco", ""),
            ("cinco dos", ""),
            ("Cinco, cinco, dos, cuatro.", ""),
            ("cinco cinco dos cuatro seis siete", "seis siete"),
            ("dos, cuatro, seis", "seis"),
            ("cuatro", "cuatro"),
            ("cuatro seis", "cuatro seis"),
            ("", ""),
        ] {
            assert_eq!(new_words(before, text), new, "{text}");
        }
    }

    #[test]
    fn a_single_word_of_a_caller_is_no_echo() {
        assert_eq!(new_words("Sí.", "Sí."), "Sí.");
        assert_eq!(new_words("Sí.", "Sí, claro."), "Sí, claro.");
        assert_eq!(new_words("cinco, dos", "dos, tres"), "dos, tres");
        assert!(Echo::of("¿?").is_none());
    }

    #[test]
    fn finals_come_again_one_after_the_other() {
        let mut echo = Echo::of("cinco cinco dos cuatro").unwrap();
        for (text, told) in [
            ("cinco cinco", ("", true)),
            ("", ("", true)),
            ("Dos.", ("", true)),
            ("cuatro, cinco cinco.", ("cinco cinco.", false)),
        ] {
            assert_eq!(echo.hear_final(text), (told.0.to_owned(), told.1), "{text}");
        }
        // Who understands something else says nothing of what was final.
        let mut echo = Echo::of("quiero una cita").unwrap();
        assert_eq!(echo.hear_final("¿Quién es?"), ("¿Quién es?".to_owned(), false));
    }
}
