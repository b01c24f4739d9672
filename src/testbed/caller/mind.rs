//! Decides what the caller says next. It hears what its own recogniser makes of the agent, nothing else.

use super::{Asked, Scenario};
use crate::base::language::Language;
use std::time::Duration;

/// The caller gives up when the conversation has not advanced in so many turns.
const PATIENCE: u32 = 8;

/// What the caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Speaks.
    Say(String),
    /// Lets the agent go on.
    Wait,
    /// Hangs up, for it is of no use.
    GiveUp,
}

/// What the caller throws into the agent's speech.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// How long after the agent began to speak.
    pub after: Duration,
    /// What it says.
    pub line: String,
}

/// The caller's mind.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each true once and for all, not a state"
)]
pub struct Mind {
    scenario: Scenario,
    language: Language,
    last: String,
    booked: bool,
    asked: bool,
    interrupted: bool,
    leaving: bool,
    goodbye_heard: bool,
    /// Turns that brought nothing new.
    wasted: u32,
}

impl Mind {
    /// A caller about to dial.
    pub fn new(scenario: Scenario) -> Self {
        let language = Language::of_tag(&scenario.language).unwrap_or_default();
        Self {
            scenario,
            language,
            last: String::new(),
            booked: false,
            asked: false,
            interrupted: false,
            leaving: false,
            goodbye_heard: false,
            wasted: 0,
        }
    }

    /// The agent has said `heard` since the caller last spoke, and is silent now.
    pub fn hear(&mut self, heard: &str) -> Move {
        self.booked |= Asked::is_booked(heard, self.language);
        let asked = Asked::last(heard, self.language);
        self.goodbye_heard |= asked == Some(Asked::Farewell);
        let lines = &self.scenario.lines;
        let line = match asked {
            Some(Asked::Farewell) => return Move::Wait,
            _ if self.leaving => lines.goodbye.clone(),
            Some(Asked::Help) => lines.opening.clone(),
            Some(Asked::Specialty) => lines.specialty.clone(),
            Some(Asked::When | Asked::Which | Asked::Mistake) => lines.when.clone(),
            Some(Asked::Name) => lines.name.clone(),
            Some(Asked::Document) => lines.document.clone(),
            Some(Asked::Confirm) => lines.yes.clone(),
            Some(Asked::Again) => self.again(),
            Some(Asked::AnythingElse | Asked::Booking) if !self.booked => lines.opening.clone(),
            Some(Asked::AnythingElse | Asked::Booking) if !self.asked => {
                self.asked = true;
                lines.question.clone()
            }
            Some(Asked::AnythingElse | Asked::Booking) => {
                self.leaving = true;
                lines.goodbye.clone()
            }
            // It has nothing to leave and nobody to speak with.
            Some(Asked::Message | Asked::Phone | Asked::Place) | None => return Move::Wait,
        };
        self.say(line)
    }

    /// The agent has been silent for long and has asked nothing that was understood.
    pub fn lost(&mut self) -> Move {
        let line = self.again();
        self.say(line)
    }

    /// The agent begins to speak: what to throw in, once in a call.
    pub fn interrupts(&mut self) -> Option<Interruption> {
        if !self.asked || self.last != self.scenario.lines.question || self.interrupted {
            return None;
        }
        self.interrupted = true;
        let after = Duration::from_millis(self.scenario.interrupt_after_ms);
        let line = self.scenario.lines.interruption.clone();
        self.last.clone_from(&line);
        Some(Interruption { after, line })
    }

    /// Whether the agent was heard to say goodbye.
    pub const fn goodbye_heard(&self) -> bool {
        self.goodbye_heard
    }

    fn again(&self) -> String {
        if self.last.is_empty() { self.scenario.lines.opening.clone() } else { self.last.clone() }
    }

    fn say(&mut self, line: String) -> Move {
        self.wasted = if line == self.last { self.wasted + 1 } else { 0 };
        if self.wasted >= PATIENCE {
            return Move::GiveUp;
        }
        self.last.clone_from(&line);
        Move::Say(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::caller::{Lines, Wish};

    fn mind() -> Mind {
        let wish = Wish {
            specialty: "cardiología".to_owned(),
            specialty_spoken: "cardiología".to_owned(),
            start: "2026-11-26T10:30".parse().unwrap(),
            name: "Ana Torres".to_owned(),
            document: "28400512".to_owned(),
        };
        Mind::new(Scenario {
            call: "CA00000000000000000000000000000001".parse().unwrap(),
            language: "es-AR".to_owned(),
            voice: "em_alex".to_owned(),
            lines: Lines::new(&wish, "es-AR"),
            interrupt_after_ms: 1_500,
        })
    }

    #[track_caller]
    fn says(mind: &mut Mind, heard: &str) -> String {
        match mind.hear(heard) {
            Move::Say(line) => line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_appointment_is_booked_and_the_answer_interrupted_once() {
        let mut mind = mind();
        assert!(says(&mut mind, "Buenos días. ¿En qué puedo ayudarle?").contains("turno"));
        assert_eq!(mind.hear("Déjeme ver la agenda."), Move::Wait);
        assert!(says(&mut mind, "¿Para qué especialidad?").contains("cardiología"));
        assert!(says(&mut mind, "¿Es correcto?").starts_with("Sí"));
        assert_eq!(mind.interrupts(), None);
        let question = says(&mut mind, "Listo. Su turno quedó reservado. ¿Necesita algo más?");
        assert!(question.contains("especialidades"));
        assert_eq!(mind.interrupts().unwrap().after, Duration::from_millis(1_500));
        assert_eq!(mind.interrupts(), None);
        assert!(says(&mut mind, "Atendemos de lunes a viernes. ¿Algo más?").contains("Hasta luego"));
        assert_eq!(mind.hear("Gracias por llamar. Hasta luego."), Move::Wait);
        assert!(mind.goodbye_heard());
    }

    #[test]
    fn a_caller_who_gets_nowhere_gives_up() {
        let mut mind = mind();
        let given_up = (0..20).any(|_| mind.hear("¿Me lo repite, por favor?") == Move::GiveUp);
        assert!(given_up);
    }
}
