//! A telephone call by turns: the network itself listens and speaks, and asks what to say to what it heard.
//!
//! Pure. What the agent answers is a matter of [`Conversation`](super::text::Conversation); here it is decided when it is asked, and
//! what is said when it is not.

use crate::{
    base::language::Language,
    dialogue::{agent::Patience, keypad, output::Ending, phrases, record::Clip},
};
use std::time::Instant;

/// What the network heard since we spoke last.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The caller said something.
    Words {
        /// As the network's recogniser understood it.
        text: String,
        /// How sure it is of that, from 0 to 1, where it tells.
        confidence: Option<f32>,
    },
    /// The caller pressed keys.
    Keys(String),
    /// The caller was silent.
    Nothing,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Ask the agent what it answers to this.
    Ask(String),
    /// Say this, and listen again.
    Say(&'static str),
    /// Say this, and end the call.
    End(&'static str, Ending),
}

/// How a call by turns goes.
#[derive(Clone, Debug)]
pub struct Course {
    language: Language,
    patience: Patience,
    began: Instant,
    /// Times in a row that the caller was silent.
    silences: u32,
    /// Phrases that have covered a wait.
    holds: usize,
    /// Somebody wants it to end.
    asked: bool,
}

impl Course {
    /// A call that begins at `now`.
    pub const fn new(language: Language, patience: Patience, now: Instant) -> Self {
        Self { language, patience, began: now, silences: 0, holds: 0, asked: false }
    }

    /// The caller's turn is over.
    pub fn heard(&mut self, now: Instant, heard: &Heard) -> Move {
        if self.asked {
            return Move::End(phrases::time_is_up(self.language), Ending::Asked);
        }
        if now.saturating_duration_since(self.began) >= self.patience.max_call {
            return Move::End(phrases::time_is_up(self.language), Ending::TooLong);
        }
        let said = match heard {
            Heard::Words { text, .. } => text.clone(),
            Heard::Keys(keys) => keypad::words(keys),
            Heard::Nothing => return self.silent(),
        };
        self.silences = 0;
        Move::Ask(said)
    }

    fn silent(&mut self) -> Move {
        if self.silences >= self.patience.reprompts {
            return Move::End(phrases::silent_goodbye(self.language), Ending::Silence);
        }
        self.silences += 1;
        Move::Say(phrases::still_there(self.language, self.silences - 1))
    }

    /// The agent needs longer: what the caller hears meanwhile, in other words each time.
    pub fn holds(&mut self) -> &'static str {
        let ways = phrases::clip(self.language, Clip::Hold);
        let way = ways.get(self.holds % ways.len().max(1)).copied().unwrap_or_default();
        self.holds += 1;
        way
    }

    /// The call is to end politely, as soon as it is our turn.
    pub const fn end(&mut self) {
        self.asked = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn course() -> (Course, Instant) {
        let now = crate::base::clock::now();
        (Course::new(Language::Es, Patience::default(), now), now)
    }

    fn words(text: &str) -> Heard {
        Heard::Words { text: text.to_owned(), confidence: Some(0.9) }
    }

    #[test]
    fn a_silent_caller_is_asked_twice_and_then_bid_goodbye() {
        let (mut course, now) = course();
        assert_eq!(course.heard(now, &Heard::Nothing), Move::Say("¿Sigue ahí?"));
        assert_eq!(course.heard(now, &words("Sí")), Move::Ask("Sí".to_owned()));
        assert_eq!(course.heard(now, &Heard::Nothing), Move::Say("¿Sigue ahí?"));
        assert_eq!(course.heard(now, &Heard::Nothing), Move::Say("No le escucho. ¿Me oye bien?"));
        let Move::End(goodbye, Ending::Silence) = course.heard(now, &Heard::Nothing) else { panic!() };
        assert!(goodbye.ends_with("Hasta luego."), "{goodbye}");
    }

    #[test]
    fn what_is_typed_reads_as_on_a_media_stream() {
        let (mut course, now) = course();
        let Move::Ask(text) = course.heard(now, &Heard::Keys("28400512".to_owned())) else { panic!() };
        assert_eq!(keypad::typed_in(&text), Some("28400512"));
    }

    #[test]
    fn a_call_ends_when_it_is_too_long_or_somebody_asks_for_it() {
        let (mut course, now) = course();
        let limit = Patience::default().max_call;
        let early = limit.saturating_sub(Duration::from_nanos(1));
        assert!(matches!(course.heard(now + early, &words("Hola")), Move::Ask(_)));
        assert!(matches!(course.heard(now + limit, &words("Hola")), Move::End(_, Ending::TooLong)));
        course.end();
        assert!(matches!(course.heard(now, &words("Hola")), Move::End(_, Ending::Asked)));
    }

    #[test]
    fn who_waits_does_not_hear_the_same_words_again() {
        let (mut course, _) = course();
        let said = [course.holds(), course.holds(), course.holds(), course.holds()];
        assert!(said[0] != said[1] && said[1] != said[2] && said[0] == said[3], "{said:?}");
    }
}
