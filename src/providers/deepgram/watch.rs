//! Judges the stream of a recogniser: what its results mean for the turn, and whether it has gone deaf.

use super::wire::{FromDeepgram, Results, TurnInfo};
use crate::ports::stt::SttEvent;
use std::time::{Duration, Instant};

/// Whether words wait for the end of their turn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    /// Text came since the last end of turn.
    words: bool,
    /// The newest text is a partial.
    unfinished: bool,
}

impl Turn {
    /// What a message means to the call, if anything.
    ///
    /// Empty results are normal on silence: they start no turn, but `speech_final` on one ends a turn that has words.
    /// `UtteranceEnd` often repeats a `speech_final`, so it counts only when words came since.
    pub(super) fn read(&mut self, message: FromDeepgram) -> Option<SttEvent> {
        match message {
            FromDeepgram::Results(results) => self.results(results),
            FromDeepgram::TurnInfo(info) => turn_info(info),
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

/// Flux tells the whole turn each time, and never that an empty one is over.
fn turn_info(TurnInfo { text, is_over, .. }: TurnInfo) -> Option<SttEvent> {
    let event = if is_over {
        SttEvent::Final { text: text.clone(), end_of_turn: true }
    } else {
        SttEvent::Partial { text: text.clone() }
    };
    (!text.is_empty()).then_some(event)
}

/// Loud bytes in a frame that make it count as speech: a quarter of it.
const LOUD_SHARE: usize = 4;
/// The mu-law magnitude code of about −45 dBFS: (33 + 2·4)·2 − 33 = 49 of 8,159 (ITU-T G.711 table 2a).
const LOUD: u8 = 0x14;
/// Loud frames before an answer is expected: 200 ms.
const ENOUGH: u32 = 10;

/// Notices a recogniser that takes speech and gives nothing.
#[derive(Debug)]
pub(super) struct Deafness {
    patience: Duration,
    loud: u32,
    since: Option<Instant>,
    /// One reconnection per silence: a caller's noise that is no speech must not reconnect for ever.
    fired: bool,
}

impl Deafness {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, loud: 0, since: None, fired: false }
    }

    /// A frame was sent at `now`.
    pub(super) fn sent(&mut self, frame: &[u8], now: Instant) {
        if self.since.is_some() || self.fired {
            return;
        }
        let loud = frame.iter().filter(|byte| !**byte & 0x7F >= LOUD).count();
        self.loud += u32::from(loud * LOUD_SHARE > frame.len());
        if self.loud >= ENOUGH {
            self.since = Some(now);
        }
    }

    /// A result came, even an empty one.
    pub(super) fn answered(&mut self) {
        (self.loud, self.since, self.fired) = (0, None, false);
    }

    /// A new connection begins.
    pub(super) fn reconnected(&mut self) {
        (self.loud, self.since) = (0, None);
    }

    /// When to look again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + self.patience)
    }

    /// Whether speech has waited too long at `now`; says so once until the next result.
    pub(super) fn fires(&mut self, now: Instant) -> bool {
        let due = self.deadline().is_some_and(|at| at <= now);
        if due {
            self.fired = true;
            self.since = None;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

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

    #[test]
    fn speech_without_a_result_fires_once_and_silence_never() {
        let start = clock::now();
        let mut deaf = Deafness::new(Duration::from_secs(5));
        (0..100).for_each(|_| deaf.sent(&[0xFF; 160], start));
        assert_eq!(deaf.deadline(), None);
        (0..10).for_each(|_| deaf.sent(&[0x90; 160], start));
        assert!(!deaf.fires(start + Duration::from_millis(4_999)));
        assert!(deaf.fires(start + Duration::from_secs(5)));
        deaf.reconnected();
        (0..100).for_each(|_| deaf.sent(&[0x90; 160], start));
        assert!(!deaf.fires(start + Duration::from_mins(1)));
        deaf.answered();
        (0..10).for_each(|_| deaf.sent(&[0x10; 160], start));
        assert!(deaf.deadline().is_some());
    }
}
