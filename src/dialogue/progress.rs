//! How a caller's turn goes on: by its words, whatever sounds on the line.

use crate::dialogue::caller::Standing;
use std::time::{Duration, Instant};

/// Under a sound that never ends, the words decide: so long after the recogniser said that the turn is over. Who only took
/// a breath has brought a partial by then: a streaming recogniser tells them up to 1.25 s apart
/// (`tests/protocols/deepgram/listen_v1_session.jsonl`), and the way there and back takes time too.
const ENDED_BY_SIGNAL: Duration = Duration::from_secs(2);
/// The same behind a final without that signal, or a sentence that is plainly unfinished: two partials more are missing.
const ENDED_BY_FINAL: Duration = Duration::from_secs(3);
/// The same behind a partial, or where no word came at all: a second less than the silence after which we ask whether the
/// caller is there (design §5: 8 s).
const ENDED_BY_NOTHING: Duration = Duration::from_secs(7);
/// The longest turn of a caller: by then they are answered, or asked to repeat (reliability: every turn is bounded).
const LONGEST_TURN: Duration = Duration::from_mins(1);

/// What the recogniser was last asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The text of a turn that is over by its silence.
    End,
    /// The text so far of a turn in which the caller still speaks, as it seems: words prove it.
    Proof,
    /// All there is of a turn that ends with it, whatever sounds on the line.
    Last,
}

/// The progress of one turn of the caller.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    began: Instant,
    by_utterance: bool,
    asked: Asked,
}

impl Progress {
    /// A turn that begins at `now`; `by_utterance` where its recogniser gives text only behind a pause or when asked.
    pub const fn new(now: Instant, by_utterance: bool) -> Self {
        Self { began: now, by_utterance, asked: Asked::End }
    }

    /// From now on somebody else listens.
    pub const fn heard_by(&mut self, by_utterance: bool) {
        self.by_utterance = by_utterance;
    }

    /// How long from `now` the words may stand still.
    pub fn deadline(&self, now: Instant, standing: Standing, noisy: bool) -> Instant {
        let patience = match standing {
            // That words stand still tells nothing where none come before they are asked for.
            _ if self.by_utterance && !noisy => ENDED_BY_NOTHING,
            Standing::Open => ENDED_BY_NOTHING,
            Standing::Final => ENDED_BY_FINAL,
            Standing::Signalled => ENDED_BY_SIGNAL,
        };
        (now + patience).min(self.began + LONGEST_TURN)
    }

    /// What a recogniser by utterance is to be asked for before it means anything that the words stand still at `now`; nothing
    /// of a streaming one, nor on a line that `is_noisy` once there is text.
    pub fn stands_still(&self, now: Instant, is_noisy: bool, has_text: bool) -> Option<Asked> {
        if !self.by_utterance || is_noisy && has_text {
            None
        } else if is_noisy || now >= self.began + LONGEST_TURN {
            Some(Asked::Last)
        } else {
            Some(Asked::Proof)
        }
    }

    /// The recogniser is asked for its text.
    pub const fn ask(&mut self, asked: Asked) {
        self.asked = asked;
    }

    /// What the recogniser was asked for, now that it answers.
    pub fn answered(&mut self) -> Asked {
        std::mem::replace(&mut self.asked, Asked::End)
    }
}
