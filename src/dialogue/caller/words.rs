//! The words of a turn, as the recogniser tells and changes them.

use crate::dialogue::{
    event::HEARD_AGAIN,
    question::{Question, append},
};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A partial tells words that were spoken so long before it, or earlier. Of a word at the border rather two than none.
const TOLD_AFTER: Duration = Duration::from_millis(500);

/// What was understood so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) said: Question,
    /// How many words the partial had when, as far back as a recogniser hears again.
    grown: VecDeque<(Instant, usize)>,
}

impl Words {
    pub(super) const fn is_empty(&self) -> bool {
        let Question { finals, partial, typed } = &self.said;
        finals.is_empty() && partial.is_empty() && typed.is_empty()
    }

    /// Takes in text that may still change. Returns whether it brought any.
    pub(super) fn partial(&mut self, now: Instant, text: &str) -> bool {
        let text = text.trim();
        if text.is_empty() {
            return false;
        }
        text.clone_into(&mut self.said.partial);
        self.grown.push_back((now, text.split_whitespace().count()));
        while self.grown.get(1).is_some_and(|(told, _)| *told + HEARD_AGAIN <= now) {
            self.grown.pop_front();
        }
        true
    }

    /// Takes in text that stays, in place of the partial. Returns whether it brought any.
    pub(super) fn last(&mut self, text: &str) -> bool {
        self.said.partial.clear();
        self.grown.clear();
        append(&mut self.said.finals, text.trim());
        !text.trim().is_empty()
    }

    /// The partial stays as it is.
    pub(super) fn settle(&mut self) {
        let partial = std::mem::take(&mut self.said.partial);
        self.last(&partial);
    }

    /// The recogniser begins anew at `now`, with the last of the sound: the words of what it does not hear again stay.
    pub(super) fn hears_anew(&mut self, now: Instant) {
        let forgotten = |told: Instant| told + HEARD_AGAIN <= now + TOLD_AFTER;
        let before = self.grown.iter().take_while(|(told, _)| forgotten(*told)).last();
        if let Some((_, count)) = before {
            let words: Vec<&str> = self.said.partial.split_whitespace().collect();
            let (stay, again) = words.split_at(words.len().min(*count));
            append(&mut self.said.finals, &stay.join(" "));
            self.said.partial = again.join(" ");
        }
        self.grown.clear();
    }
}
