//! What the record of a call keeps, in order.

use crate::{
    base::ids::TurnId,
    dialogue::{
        message::{Message, ToolCall},
        transcript::Transcript,
    },
};
use serde::{Deserialize, Serialize};

/// The standard phrases, made beforehand so that they sound even when no voice can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clip {
    /// "One moment, please": model or voice take their time.
    Hold,
    /// "Let me check the schedule": a tool takes its time.
    Lookup,
    /// "Sorry, I did not catch that."
    Repeat,
    /// "I had a technical problem. Could you say that again?": an answer failed.
    Again,
    /// "I had a technical problem. How can I help you?": the greeting failed, or another sentence of our own.
    Help,
    /// "I can't hear you right now. Please hold on": the recogniser is away.
    Deaf,
    /// "We are having a technical problem": the call cannot go on.
    Trouble,
    /// "Please call again later, goodbye."
    Goodbye,
}

impl Clip {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Hold,
        Self::Lookup,
        Self::Repeat,
        Self::Again,
        Self::Help,
        Self::Deaf,
        Self::Trouble,
        Self::Goodbye,
    ];
}

/// One thing that happened, with its time since the call began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Entry {
    /// The caller said something.
    Caller {
        /// Milliseconds since the call began, of the last voiced sound.
        at_ms: u64,
        /// As the recogniser understood it.
        text: String,
    },
    /// What the caller said last, as the recogniser understood it in the end: it replaces what was noted before.
    Amended {
        /// Milliseconds since the call began, when the text came.
        at_ms: u64,
        /// All of it.
        text: String,
    },
    /// The agent said something.
    Agent {
        /// Milliseconds since the call began, when it began to sound.
        at_ms: u64,
        /// Which answer.
        turn: TurnId,
        /// The words that the caller heard.
        heard: String,
        /// The words that were to be said; longer than `heard` when the caller interrupted.
        meant: String,
        /// Whether the caller took the floor before the end.
        interrupted: bool,
    },
    /// A standard phrase was played.
    Clip {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// Which one.
        clip: Clip,
        /// Its words.
        #[serde(default)]
        text: String,
    },
    /// The model ran a tool.
    Tool {
        /// Milliseconds since the call began, when it replied.
        at_ms: u64,
        /// Its name.
        name: String,
        /// JSON text.
        arguments: String,
        /// JSON text.
        reply: String,
    },
    /// The caller pressed a key.
    Digit {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// The caller made a sound while the agent spoke, and the agent fell silent.
    Paused {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// Milliseconds since the first voiced frame; absent where only words came, or noise hides the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u64>,
    },
    /// What the agent fell silent for was no interruption, and the agent went on.
    Resumed {
        /// Milliseconds since the call began.
        at_ms: u64,
    },
    /// By a fault of ours nobody had the floor any more; the caller was asked to repeat.
    Recovered {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// Who should have had it.
        floor: String,
    },
    /// A provider failed.
    Trouble {
        /// Milliseconds since the call began.
        at_ms: u64,
        /// `stt`, `llm`, `tts` or `tool`.
        kind: String,
    },
}

impl Entry {
    /// Milliseconds since the call began.
    pub const fn at_ms(&self) -> u64 {
        match self {
            Self::Caller { at_ms, .. }
            | Self::Amended { at_ms, .. }
            | Self::Agent { at_ms, .. }
            | Self::Clip { at_ms, .. }
            | Self::Tool { at_ms, .. }
            | Self::Digit { at_ms, .. }
            | Self::Paused { at_ms, .. }
            | Self::Resumed { at_ms }
            | Self::Recovered { at_ms, .. }
            | Self::Trouble { at_ms, .. } => *at_ms,
        }
    }

    /// Its name in the record.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Caller { .. } => "caller",
            Self::Amended { .. } => "amended",
            Self::Agent { .. } => "agent",
            Self::Clip { .. } => "clip",
            Self::Tool { .. } => "tool",
            Self::Digit { .. } => "digit",
            Self::Paused { .. } => "paused",
            Self::Resumed { .. } => "resumed",
            Self::Recovered { .. } => "recovered",
            Self::Trouble { .. } => "trouble",
        }
    }
}

/// The conversation that a record tells of, for a model that goes on with it.
pub fn history(entries: &[Entry]) -> Vec<Message> {
    let (mut transcript, mut last) = (Transcript::default(), "");
    for (number, entry) in entries.iter().enumerate() {
        match entry {
            Entry::Caller { text, .. } => {
                transcript.caller(text);
                last = text;
            }
            Entry::Amended { text, .. } => {
                transcript.amend(last, text);
                last = text;
            }
            Entry::Agent { heard, .. } => transcript.agent(heard, &[]),
            Entry::Tool { name, arguments, reply, .. } => {
                let id = format!("earlier-{number}");
                let call = ToolCall { id: id.clone(), name: name.clone(), arguments: arguments.clone() };
                transcript.agent("", &[call]);
                transcript.tool_replied(&id, reply);
            }
            Entry::Clip { .. }
            | Entry::Digit { .. }
            | Entry::Paused { .. }
            | Entry::Resumed { .. }
            | Entry::Recovered { .. }
            | Entry::Trouble { .. } => {}
        }
    }
    transcript.into_messages()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_reads_what_was_heard_and_done_before_the_line_broke() {
        let at_ms = 0;
        let entries = [
            Entry::Agent {
                at_ms,
                turn: TurnId(1),
                heard: "Buenos días.".into(),
                meant: "Buenos días, diga.".into(),
                interrupted: true,
            },
            Entry::Caller { at_ms, text: "Quiero un".into() },
            Entry::Amended { at_ms, text: "Quiero un turno.".into() },
            Entry::Clip { at_ms, clip: Clip::Hold, text: "Un momento.".into() },
            Entry::Tool { at_ms, name: "free".into(), arguments: "{}".into(), reply: "[]".into() },
            Entry::Agent {
                at_ms,
                turn: TurnId(2),
                heard: "No hay.".into(),
                meant: "No hay.".into(),
                interrupted: false,
            },
        ];
        let call = ToolCall { id: "earlier-4".into(), name: "free".into(), arguments: "{}".into() };
        assert_eq!(
            history(&entries),
            [
                Message::Assistant { content: "Buenos días.".into(), tool_calls: vec![] },
                Message::User { content: "Quiero un turno.".into() },
                Message::Assistant { content: String::new(), tool_calls: vec![call] },
                Message::Tool { call_id: "earlier-4".into(), content: "[]".into() },
                Message::Assistant { content: "No hay.".into(), tool_calls: vec![] },
            ]
        );
    }
}
