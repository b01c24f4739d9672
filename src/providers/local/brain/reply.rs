//! An answer: how it begins, what it says, which tool it calls.

use super::story::Story;
use crate::{
    base::language::Language,
    dialogue::{pieces::Pieces, spoken::plain},
};
use serde_json::Value;

/// A first piece of more characters keeps the caller waiting: a voice that makes each piece as a whole begins late.
const SHORT: usize = 30;

/// So many of the agent's last texts must not begin with the same word.
const LATELY: usize = 2;

/// A few words that are a piece of their own and reach the caller while the rest is being made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// Willing: the rest is what was asked for.
    #[default]
    Willing,
    /// There are free times: the rest tells which.
    Found,
    /// The rest is bad news.
    Sorry,
    /// Yes: the rest tells more.
    Yes,
    /// Takes in what is wanted.
    Agreed,
    /// Takes in a correction.
    Corrected,
    /// Takes in what was given.
    Thanks,
    /// Answers the caller's thanks.
    Welcome,
    /// Takes the blame.
    Excuse,
}

impl Opening {
    const ALL: [Self; 9] = [
        Self::Willing,
        Self::Found,
        Self::Sorry,
        Self::Yes,
        Self::Agreed,
        Self::Corrected,
        Self::Thanks,
        Self::Welcome,
        Self::Excuse,
    ];

    /// Whether it stands before short pieces too.
    const fn is_always_said(self) -> bool {
        !matches!(self, Self::Willing | Self::Found | Self::Sorry)
    }

    const fn wordings(self, language: Language) -> &'static [&'static str] {
        match (language, self) {
            (Language::Es, Self::Willing) => &["Sí, claro.", "Con mucho gusto.", "Claro que sí.", "Cómo no."],
            (Language::Es, Self::Found) => &["Sí, hay lugar.", "Hay lugar."],
            (Language::Es, Self::Sorry) => &["Lo siento.", "Lo lamento.", "Disculpe."],
            (Language::Es, Self::Yes) => &["Sí, claro.", "Claro que sí.", "Por supuesto."],
            (Language::Es, Self::Agreed) => &["Perfecto.", "Muy bien.", "De acuerdo."],
            (Language::Es, Self::Corrected) => &["De acuerdo.", "Entendido.", "Comprendo."],
            (Language::Es, Self::Thanks) => &["Gracias.", "Muchas gracias.", "Muy amable."],
            (Language::Es, Self::Welcome) => &["A usted.", "No hay de qué.", "Por nada."],
            (Language::Es, Self::Excuse) => &["Disculpe.", "Perdón."],
            (Language::En, Self::Willing) => &["Sure.", "Of course.", "Certainly."],
            (Language::En, Self::Found) => &["Yes, we have openings.", "There are openings."],
            (Language::En, Self::Sorry | Self::Excuse) => &["I'm sorry.", "Sorry."],
            (Language::En, Self::Yes) => &["Yes, of course.", "Certainly.", "Of course."],
            (Language::En, Self::Agreed) => &["Perfect.", "Very well.", "All right."],
            (Language::En, Self::Corrected) => &["All right.", "Understood.", "I see."],
            (Language::En, Self::Thanks) => &["Thank you.", "Thanks.", "Great, thank you."],
            (Language::En, Self::Welcome) => &["You're welcome.", "My pleasure.", "Anytime."],
        }
    }

    /// The next wording that is not how the agent began lately.
    fn pick(self, story: &Story) -> &'static str {
        let wordings = self.wordings(story.world.language);
        let lately: Vec<String> = story.said.iter().rev().take(LATELY).map(|said| first_word(said)).collect();
        let (late, early) = wordings.split_at(story.said.len() % wordings.len());
        let mut turn = early.iter().chain(late).copied();
        let next = turn.clone().next().unwrap_or_default();
        turn.find(|wording| !lately.contains(&first_word(wording))).unwrap_or(next)
    }
}

fn first_word(text: &str) -> String {
    plain(text).split(' ').next().unwrap_or_default().to_owned()
}

/// The text without the opening before it, if there is more.
pub fn without_opening(text: &str, language: Language) -> &str {
    let mut wordings = Opening::ALL.iter().flat_map(|opening| opening.wordings(language));
    let rest = wordings.find_map(|wording| text.strip_prefix(wording)).map(str::trim_start);
    rest.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// Sentences, then perhaps one tool.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Reply {
    /// In order.
    pub sentences: Vec<String>,
    /// The tool's name and arguments.
    pub call: Option<(&'static str, Value)>,
    opening: Opening,
}

impl Reply {
    /// How it begins, unless it has begun.
    pub fn begin(mut self, opening: Opening) -> Self {
        if self.sentences.is_empty() {
            self.opening = opening;
        }
        self
    }

    /// One more sentence.
    pub fn say(mut self, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        if !sentence.is_empty() {
            self.sentences.push(sentence);
        }
        self
    }

    /// The tool.
    pub fn call(mut self, name: &'static str, arguments: Value) -> Self {
        self.call = Some((name, arguments));
        self
    }

    /// Puts the opening in front where it belongs: before a long first piece, some openings always.
    pub fn open(mut self, story: &Story) -> Self {
        let is_long = first_piece(&self.sentences.join(" ")).chars().count() > SHORT;
        if is_long || self.opening.is_always_said() && !self.sentences.is_empty() {
            self.sentences.insert(0, self.opening.pick(story).to_owned());
        }
        self
    }
}

fn first_piece(text: &str) -> String {
    let (mut pieces, mut out) = (Pieces::default(), Vec::new());
    pieces.push(text, &mut out);
    pieces.finish(&mut out);
    out.into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_one_short_piece() {
        for (opening, language) in
            Opening::ALL.into_iter().flat_map(|o| [(o, Language::Es), (o, Language::En)])
        {
            for wording in opening.wordings(language) {
                assert_eq!(first_piece(&format!("{wording} Y más.")), *wording);
                assert!(wording.chars().count() <= 22, "{wording}");
            }
        }
    }

    #[test]
    fn only_a_long_beginning_is_opened_and_not_with_the_word_of_the_last_time() {
        let mut story = Story::default();
        let long = "Atendemos de lunes a viernes de ocho de la mañana a ocho de la noche.";
        let begins = |story: &Story, text: &str| Reply::default().say(text).open(story).sentences.remove(0);
        assert_eq!(
            begins(&story, "Atendemos cardiología, pediatría y más."),
            "Atendemos cardiología, pediatría y más."
        );
        assert_eq!(begins(&story, long), "Sí, claro.");
        story.said =
            vec!["Sí, claro. Atendemos".to_owned(), String::new(), "Cómo".to_owned(), "Con".to_owned()];
        assert_eq!(begins(&story, long), "Sí, claro.", "that was long ago");
        story.said.push("Sí, hay lugar: el lunes".to_owned());
        assert_eq!(begins(&story, long), "Claro que sí.");
        assert!(Reply::default().begin(Opening::Agreed).open(&story).sentences.is_empty());
        assert_eq!(without_opening("Con mucho gusto. Estamos", Language::Es), "Estamos");
        assert_eq!(without_opening("Con mucho gusto.", Language::Es), "Con mucho gusto.");
    }
}
