//! What the results of Deepgram mean for the turn. Pure.

use super::wire::{FromDeepgram, Results, TurnInfo, TurnState};
use crate::ports::stt::SttEvent;

/// Whether words wait for the end of their turn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    /// Text came since the last end of turn.
    words: bool,
    /// The newest text is a partial.
    unfinished: bool,
}

impl Turn {
    /// What a message of Nova means to the call, if anything.
    ///
    /// Empty results are normal on silence: they start no turn, but `speech_final` on one ends a turn that has words.
    /// `UtteranceEnd` often repeats a `speech_final`, so it counts only when words came since.
    pub(super) fn read(&mut self, message: FromDeepgram) -> Option<SttEvent> {
        match message {
            FromDeepgram::Results(results) => self.results(results),
            FromDeepgram::UtteranceEnd if self.words => {
                *self = Self::default();
                Some(SttEvent::UtteranceEnd)
            }
            _ => None,
        }
    }

    /// Words were heard that are not final yet.
    pub(super) fn has_unfinished(self) -> bool {
        self.unfinished
    }

    fn results(&mut self, results: Results) -> Option<SttEvent> {
        let Results { text, is_final, speech_final, from_finalize, .. } = results;
        if !is_final {
            if text.is_empty() {
                return None;
            }
            *self = Self { words: true, unfinished: true };
            return Some(SttEvent::Partial { text });
        }
        // `Finalize` is sent when the call has decided that the turn is over.
        let end_of_turn = speech_final || from_finalize;
        let news = !text.is_empty() || (end_of_turn && self.words);
        self.words = !end_of_turn && (self.words || !text.is_empty());
        self.unfinished = false;
        news.then_some(SttEvent::Final { text, end_of_turn })
    }
}

/// What Flux says of a turn. It tells the whole turn each time, and never that an empty one is over.
pub(super) fn of_flux(info: TurnInfo) -> Vec<SttEvent> {
    let TurnInfo { text, state, .. } = info;
    match state {
        _ if text.is_empty() => Vec::new(),
        TurnState::Open => vec![SttEvent::Partial { text }],
        TurnState::SeemsOver => vec![SttEvent::EagerEnd { text }],
        TurnState::Resumed => vec![SttEvent::Resumed, SttEvent::Partial { text }],
        TurnState::Over => vec![SttEvent::Final { text, end_of_turn: true }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(text: &str, is_final: bool, speech_final: bool) -> FromDeepgram {
        FromDeepgram::Results(Results {
            text: text.to_owned(),
            is_final,
            speech_final,
            from_finalize: false,
            end: 0.0,
        })
    }

    #[test]
    fn an_empty_speech_final_ends_only_a_turn_that_has_words() {
        let mut turn = Turn::default();
        assert_eq!(turn.read(results("", true, true)), None);
        assert_eq!(turn.read(FromDeepgram::UtteranceEnd), None);
        turn.read(results("hola", true, false));
        let end = SttEvent::Final { text: String::new(), end_of_turn: true };
        assert_eq!(turn.read(results("", true, true)), Some(end));
        assert_eq!(turn.read(results("", true, true)), None);
    }

    #[test]
    fn an_utterance_end_counts_when_words_came_since_the_last_end() {
        let mut turn = Turn::default();
        turn.read(results("hola", false, false));
        assert!(turn.has_unfinished());
        assert_eq!(turn.read(FromDeepgram::UtteranceEnd), Some(SttEvent::UtteranceEnd));
        assert_eq!(turn.read(FromDeepgram::UtteranceEnd), None);
    }
}
