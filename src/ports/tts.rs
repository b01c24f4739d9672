//! Text to speech, streaming: one session per call, many turns in it.

use crate::{
    base::{
        ids::{CallSid, TurnId},
        language::Language,
    },
    dialogue::{agent::Agent, spoken::Locale},
};
use futures_util::stream::BoxStream;
use std::fmt;
use tokio::sync::mpsc;

pub use crate::dialogue::event::SpeechEvent;

/// Commands that wait for a voice before the call notices back-pressure.
pub const COMMANDS_WAITING: usize = 64;

/// What a voice is opened for.
#[derive(Clone, Debug)]
pub struct TtsSpec {
    /// The call, for logs.
    pub call: CallSid,
    /// The language spoken.
    pub language: Language,
    /// Where it is spoken: it decides whose peso `$` is and what a comma in a figure means.
    pub locale: Locale,
    /// The vendor's name of the voice; empty for the vendor's default in this language.
    pub voice: String,
}

impl TtsSpec {
    /// For that agent's side of that call.
    pub fn of(agent: &Agent, call: CallSid) -> Self {
        Self { call, language: agent.language, locale: agent.locale(), voice: agent.voice.clone() }
    }
}

/// What the call asks of its voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechCommand {
    /// Speak `text` after what was asked before in this turn.
    Say {
        /// The answer it belongs to.
        turn: TurnId,
        /// Counts the pieces of the turn from 0.
        piece: u32,
        /// A clause or a sentence, ready to be spoken.
        text: String,
    },
    /// No more pieces in this turn; answered by [`SpeechEvent::Done`] after the last audio.
    Finish {
        /// The answer that is complete.
        turn: TurnId,
    },
    /// Stop: nothing of this turn is wanted any more. No event needs to follow.
    Cancel {
        /// The answer that was interrupted.
        turn: TurnId,
    },
}

impl SpeechCommand {
    /// The answer it belongs to.
    pub const fn turn(&self) -> TurnId {
        match self {
            Self::Say { turn, .. } | Self::Finish { turn } | Self::Cancel { turn } => *turn,
        }
    }
}

/// The two ends of a voice. Dropping `commands` closes it.
pub struct TtsSession {
    /// What to speak.
    pub commands: mpsc::Sender<SpeechCommand>,
    /// What was spoken.
    pub events: BoxStream<'static, SpeechEvent>,
}

impl fmt::Debug for TtsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TtsSession").finish_non_exhaustive()
    }
}

/// A voice.
pub trait TextToSpeech: Send + Sync + 'static {
    /// Its name in logs and metrics.
    fn name(&self) -> &'static str;
    /// All that decides how a text sounds: whose voice, which model, its settings. Sound that was kept under another
    /// signature is made anew. Holds no secret.
    fn signature(&self, spec: &TtsSpec) -> String;
    /// Opens a voice for one call; connects behind the returned session. Must be called within a tokio runtime.
    fn open(&self, spec: TtsSpec) -> TtsSession;
}
