//! Decides what a scripted caller says next, by what the agent asked last.

use super::scenario::Scenario;
use crate::{base::language::Language, testbed::caller::Asked};
use std::collections::BTreeMap;

/// Who has said the same line so often gets nowhere and hangs up.
const PATIENCE: usize = 4;

/// What the caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Speaks.
    Say(String),
    /// Ends the call: it is over for them, or of no use.
    HangUp,
}

/// A caller with a script.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    scenario: &'a Scenario,
    language: Language,
    /// How often each question was answered.
    answered: BTreeMap<Asked, usize>,
    said: BTreeMap<String, usize>,
    last: String,
}

impl<'a> Caller<'a> {
    /// A caller who speaks `language` where the script has no words of its own.
    pub const fn new(scenario: &'a Scenario, language: Language) -> Self {
        Self { scenario, language, answered: BTreeMap::new(), said: BTreeMap::new(), last: String::new() }
    }

    /// The first words, behind the greeting.
    pub fn opens(&mut self) -> String {
        self.last.clone_from(&self.scenario.opening);
        self.last.clone()
    }

    /// The agent has said `heard`.
    pub fn hears(&mut self, heard: &str) -> Move {
        let asked = match Asked::last(heard, self.language) {
            Some(Asked::Farewell) if !heard.contains('?') => return Move::HangUp,
            Some(Asked::Farewell) | None if heard.contains('?') => Asked::Again,
            Some(asked) => asked,
            None => Asked::AnythingElse,
        };
        let line = self.line(asked);
        let said = self.said.entry(line.clone()).or_default();
        *said += 1;
        if *said > PATIENCE {
            return Move::HangUp;
        }
        self.last.clone_from(&line);
        Move::Say(line)
    }

    fn line(&mut self, asked: Asked) -> String {
        let script = &self.scenario.answers;
        // Which of the times offered is a question after the time, and the other way round.
        let same = match asked {
            Asked::Which => Some(Asked::When),
            Asked::When | Asked::Mistake => Some(Asked::Which),
            Asked::Booking => Some(Asked::AnythingElse),
            _ => None,
        };
        let key = [Some(asked), same].into_iter().flatten().find(|key| script.contains_key(key));
        if let Some((key, lines)) = key.and_then(|key| Some((key, script.get(&key)?))) {
            let times = self.answered.entry(key).or_default();
            let line = lines.after(*times).unwrap_or_default().to_owned();
            *times += 1;
            return line;
        }
        self.unscripted(asked)
    }

    fn unscripted(&self, asked: Asked) -> String {
        let facts = &self.scenario.facts;
        let known = match asked {
            Asked::Name => facts.name.clone(),
            Asked::Document => facts.document.clone(),
            Asked::Phone => facts.phone.clone().or_else(|| Some(self.scenario.caller.clone())),
            Asked::Confirm => Some(self.pick("Sí, es correcto.", "Yes, that's correct.")),
            Asked::AnythingElse | Asked::Booking => {
                Some(self.pick("No, gracias. Hasta luego.", "No, thank you. Goodbye."))
            }
            Asked::Again => Some(self.last.clone()),
            _ => None,
        };
        known.unwrap_or_else(|| self.scenario.opening.clone())
    }

    fn pick(&self, spanish: &str, english: &str) -> String {
        if self.language == Language::Es { spanish } else { english }.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::eval::Lines;

    const SCRIPT: &str = r#"
title = "t"
goal = "g"
opening = "Quiero un turno."
[facts]
name = "Ana Paz"
[answers]
when = "El jueves a las diez."
more = ["¿Atienden por OSDE?", "No, gracias."]
"#;

    fn says(caller: &mut Caller<'_>, heard: &str) -> String {
        match caller.hears(heard) {
            Move::Say(line) => line,
            Move::HangUp => "-".to_owned(),
        }
    }

    #[test]
    fn a_caller_answers_what_was_asked_last() {
        let scenario: Scenario = toml::from_str(SCRIPT).unwrap();
        let mut caller = Caller::new(&scenario, Language::Es);
        assert_eq!(caller.opens(), "Quiero un turno.");
        for (heard, line) in [
            ("Claro. ¿Qué día y a qué hora?", "El jueves a las diez."),
            ("Tengo a las diez o a las once. ¿Cuál prefiere?", "El jueves a las diez."),
            ("¿Me dice su nombre?", "Ana Paz"),
            ("¿Sabe tejer?", "Ana Paz"),
            ("¿Es correcto?", "Sí, es correcto."),
            ("Listo. ¿Algo más?", "¿Atienden por OSDE?"),
            ("Sí, trabajamos con OSDE.", "No, gracias."),
            ("Gracias por llamar. Hasta luego.", "-"),
        ] {
            assert_eq!(says(&mut caller, heard), line, "{heard}");
        }
    }

    #[test]
    fn a_caller_who_gets_nowhere_hangs_up() {
        let scenario: Scenario = toml::from_str(SCRIPT).unwrap();
        let mut caller = Caller::new(&scenario, Language::Es);
        caller.opens();
        let moves: Vec<String> = (0..5).map(|_| says(&mut caller, "¿Qué especialidad?")).collect();
        assert_eq!(moves.last().map(String::as_str), Some("-"));
    }

    #[test]
    fn lines_are_said_one_after_the_other() {
        let lines = Lines::Many(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!([0, 1, 2].map(|times| lines.after(times)), [Some("a"), Some("b"), Some("b")]);
    }
}
