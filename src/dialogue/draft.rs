//! An answer that is prepared while the caller may still go on: it is spoken only if they said what it answers.

use crate::{
    base::ids::TurnId,
    dialogue::{
        endpoint::same_words,
        event::{AnswerEvent, SpeechEvent},
        pieces::Pieces,
        stats::Waste,
    },
};
use std::time::Instant;

/// What came for a draft.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// From the model.
    Answer(AnswerEvent),
    /// From the voice, of the first piece.
    Speech(SpeechEvent),
}

/// One draft. It keeps what comes, with its time, and gives nothing but its first piece to the voice.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The answer that it becomes.
    pub turn: TurnId,
    /// When the model was asked.
    pub began: Instant,
    words: String,
    edition: u32,
    arrived: Vec<(Instant, Arrival)>,
    pieces: Pieces,
    first_piece: Option<String>,
    tokens: u32,
    done: bool,
}

impl Draft {
    /// A draft that answers `words`, which are the `edition` of the caller's text.
    pub fn new(turn: TurnId, began: Instant, words: String, edition: u32) -> Self {
        Self {
            turn,
            began,
            words,
            edition,
            arrived: Vec::new(),
            pieces: Pieces::default(),
            first_piece: None,
            tokens: 0,
            done: false,
        }
    }

    /// Whether it was made for this edition of the text.
    pub const fn is_of(&self, edition: u32) -> bool {
        self.edition == edition
    }

    /// Whether it answers `words`, which are the `edition` of the text.
    pub fn answers(&mut self, words: &str, edition: u32) -> bool {
        let same = same_words(&self.words, words);
        if same {
            self.edition = edition;
        }
        same
    }

    /// Keeps what the model said. Returns the first piece when it is complete.
    pub fn answer(&mut self, now: Instant, event: AnswerEvent) -> Option<String> {
        let mut pieces = Vec::new();
        match &event {
            AnswerEvent::Text(token) => {
                self.tokens += 1;
                self.pieces.push(token, &mut pieces);
            }
            AnswerEvent::Done { .. } => {
                self.done = true;
                self.pieces.finish(&mut pieces);
            }
            AnswerEvent::ToolCall(_) | AnswerEvent::Working | AnswerEvent::Switched => {}
        }
        self.arrived.push((now, Arrival::Answer(event)));
        if self.first_piece.is_some() {
            return None;
        }
        self.first_piece = pieces.into_iter().next();
        self.first_piece.clone()
    }

    /// Keeps what the voice gave.
    pub fn speech(&mut self, now: Instant, event: SpeechEvent) {
        self.arrived.push((now, Arrival::Speech(event)));
    }

    /// Whether the voice was given the first piece.
    pub const fn has_spoken(&self) -> bool {
        self.first_piece.is_some()
    }

    /// Whether the model has said all.
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// What it has cost in vain, if it is dropped.
    pub fn waste(&self) -> Waste {
        let characters = self.first_piece.as_ref().map_or(0, |piece| piece.chars().count());
        Waste { tokens: self.tokens, characters: u32::try_from(characters).unwrap_or(u32::MAX) }
    }

    /// What came for it, in order.
    pub fn arrived(self) -> Vec<(Instant, Arrival)> {
        self.arrived
    }
}
