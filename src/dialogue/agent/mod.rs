//! The agent: who answers, how it sounds, how patient it is. Read from `prompts/<agent>.md`.

mod file;
mod prompt;
pub mod section;
mod transfer;

pub use file::data_name;
pub use section::Mistake;
pub use transfer::Place;

use crate::{
    base::language::Language,
    dialogue::{clinic::Clinic, message::ToolSpec, spoken::Locale, tools::http::HttpTool},
};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// An agent, ready to take calls.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The file name without extension.
    pub name: String,
    /// The language it speaks.
    pub language: Language,
    /// The regional tag, such as `es-MX`.
    pub tag: String,
    /// The voice, by the vendor's name; empty for the vendor's default.
    pub voice: String,
    /// Whether its calls are held by turns: the telephone network listens and speaks.
    pub turns: bool,
    /// The network's voice then, by the network's name; empty for its usual one.
    pub say_voice: String,
    /// The zone whose hour decides between "Buenos días" and "Buenas noches".
    pub zone: TimeZone,
    /// What follows the greeting of the hour, such as "Clínica Santa Lucía, ¿en qué puedo ayudarle?".
    pub greeting: String,
    /// The text of the prompt, a template; [`Agent::system_message`] fills it.
    pub prompt: String,
    /// What the model may call.
    pub tools: Arc<[ToolSpec]>,
    /// To whom it may pass a call on.
    pub places: Arc<[Place]>,
    /// Those of its tools that are requests to servers of the business.
    pub http: Arc<[HttpTool]>,
    /// Whether the call is recorded.
    pub record: bool,
    /// How patient it is.
    pub patience: Patience,
    /// The business it speaks for.
    pub clinic: Arc<Clinic>,
    /// The business's data as its owner wrote it.
    pub data: String,
}

impl Agent {
    /// The language as it is spoken where the agent works.
    pub fn locale(&self) -> Locale {
        Locale::of_tag(&self.tag).unwrap_or_else(|| self.language.into())
    }

    /// Whether the model may call that tool.
    pub fn has_tool(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name == name)
    }

    /// The same agent without that tool, where it can't be carried out.
    #[must_use]
    pub fn without(&self, tool: &str) -> Self {
        let tools = self.tools.iter().filter(|each| each.name != tool).cloned().collect();
        Self { tools, ..self.clone() }
    }

    /// The first sentence of a call at that hour (0 to 23) of the agent's zone.
    ///
    /// "Buenos días" from 6 to 12, "Buenas tardes" to 20, "Buenas noches" else.
    pub fn opening(&self, hour: i8) -> String {
        let hello = match (self.language, hour) {
            (Language::Es, 6..12) => "Buenos días.",
            (Language::Es, 12..20) => "Buenas tardes.",
            (Language::Es, _) => "Buenas noches.",
            (Language::En, 6..12) => "Good morning.",
            (Language::En, 12..20) => "Good afternoon.",
            (Language::En, _) => "Good evening.",
        };
        format!("{hello} {}", self.greeting)
    }

    /// The first words after nobody answered where the call was passed on to.
    pub const fn nobody_answered(&self) -> &'static str {
        match self.language {
            Language::Es => {
                "Disculpe, no me contestan. ¿Quiere que tome un mensaje, o le ayudo con otra cosa?"
            }
            Language::En => {
                "Sorry, nobody is answering there. Shall I take a message, or help you with something else?"
            }
        }
    }

    /// The first words after a line that broke.
    pub const fn reopening(&self) -> &'static str {
        match self.language {
            Language::Es => "Disculpe, se cortó la comunicación por un momento. ¿Me decía?",
            Language::En => "Sorry, we were cut off for a moment. You were saying?",
        }
    }
}

/// The silence that ends the caller's turn: the surer its end, the shorter (design §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndOfTurn {
    /// Of a turn that is surely over; at least 200 ms.
    pub least: Duration,
    /// Of a turn that plainly goes on.
    pub most: Duration,
}

impl EndOfTurn {
    /// The same silence for every turn: nothing else decides.
    pub const fn fixed(silence: Duration) -> Self {
        Self { least: silence, most: silence }
    }
}

impl Default for EndOfTurn {
    fn default() -> Self {
        Self { least: Duration::from_millis(300), most: Duration::from_millis(1_600) }
    }
}

/// The times of the conversation (design §5); all from the agent's front matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Patience {
    /// The silence that ends the caller's turn.
    pub end_of_turn: EndOfTurn,
    /// Whether the model may begin an answer before the turn is surely over, at the price of tokens that nobody hears.
    pub speculation: bool,
    /// The caller's silence after which we ask whether they are still there.
    pub reprompt: Duration,
    /// How often we ask before we say goodbye.
    pub reprompts: u32,
    /// The longest call.
    pub max_call: Duration,
    /// Our own silence after which the hold clip plays.
    pub hold: Duration,
    /// How long a tool may take.
    pub tool: Duration,
    /// How long the next key of an entry on the keypad is waited for.
    pub keypad: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            end_of_turn: EndOfTurn::default(),
            speculation: true,
            reprompt: Duration::from_secs(8),
            reprompts: 2,
            max_call: Duration::from_hours(1),
            hold: Duration::from_millis(2_200),
            tool: Duration::from_secs(10),
            keypad: Duration::from_millis(2_500),
        }
    }
}
