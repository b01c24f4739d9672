//! How the caller's turn sounds: its last seconds are kept, and at each pause a model is asked whether they sound over.
//!
//! Without a model nothing is kept and nobody is asked.

use crate::{
    base::units::PHONE_RATE,
    ports::turn_end::{Judgement, MOST_SOUND, TurnEnd},
    telemetry::metrics,
};
use std::{collections::VecDeque, fmt, future::pending, sync::Arc};

/// What is kept of the caller while the agent speaks: an interruption has begun before the agent falls silent.
const BEFORE_A_TURN: usize = PHONE_RATE as usize;

/// The memory grows by this much: 1 s.
const GROWTH: usize = PHONE_RATE as usize;

/// The melody of one call.
pub(super) struct Melody {
    model: Option<Arc<dyn TurnEnd>>,
    /// Mu-law, since shortly before the agent was silent; the newest [`MOST_SOUND`].
    sound: VecDeque<u8>,
    /// What the model says of the present pause, once it does.
    judgement: Option<Judgement>,
}

impl fmt::Debug for Melody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Melody").field("model", &self.model.is_some()).finish_non_exhaustive()
    }
}

impl Melody {
    pub(super) const fn new(model: Option<Arc<dyn TurnEnd>>) -> Self {
        Self { model, sound: VecDeque::new(), judgement: None }
    }

    /// Takes in 20 ms of the caller.
    pub(super) fn hear(&mut self, frame: &[u8]) {
        if self.model.is_none() {
            return;
        }
        let room = self.sound.capacity();
        if self.sound.len() + frame.len() > room && room < MOST_SOUND {
            let grown = (room + GROWTH).min(MOST_SOUND);
            self.sound.reserve_exact(grown - self.sound.len());
        }
        self.keep(MOST_SOUND.saturating_sub(frame.len()));
        self.sound.extend(frame);
    }

    /// The agent sounds: what the caller says next is another turn.
    pub(super) fn agent_speaks(&mut self) {
        self.keep(BEFORE_A_TURN);
        if self.sound.capacity() > BEFORE_A_TURN + GROWTH {
            self.sound.shrink_to(BEFORE_A_TURN + GROWTH);
        }
    }

    /// Keeps the newest `count` bytes.
    fn keep(&mut self, count: usize) {
        let surplus = self.sound.len().saturating_sub(count);
        self.sound.drain(..surplus);
    }

    /// The caller pauses: asks the model. An answer to an earlier question is not wanted any more.
    pub(super) fn pauses(&mut self) {
        let Some(model) = &self.model else { return };
        self.judgement = model.judge(self.sound.iter().copied().collect());
        if self.judgement.is_none() {
            metrics::turn_end_unjudged();
        }
    }

    /// The caller speaks: the pause is over, and with it the question.
    pub(super) fn goes_on(&mut self) {
        self.judgement = None;
    }

    /// How probably the caller's turn is over, by the sound before the present pause; told once. Cancel-safe.
    pub(super) async fn judged(&mut self) -> f32 {
        if let Some(judgement) = &mut self.judgement {
            let judged = judgement.await;
            self.judgement = None;
            if let Some(probability) = judged {
                return probability;
            }
        }
        pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::sync::{Mutex, PoisonError};
    use tokio::sync::oneshot;

    /// Keeps what it is asked, and the way to answer it; takes one question at a time.
    #[derive(Default)]
    struct Judge(Mutex<Vec<(Vec<u8>, oneshot::Sender<f32>)>>);

    impl Judge {
        fn asked(&self) -> Option<(Vec<u8>, oneshot::Sender<f32>)> {
            self.0.lock().unwrap().pop()
        }
    }

    impl TurnEnd for Judge {
        fn name(&self) -> &'static str {
            "scripted"
        }

        fn judge(&self, sound: Vec<u8>) -> Option<Judgement> {
            let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !questions.is_empty() {
                return None;
            }
            let (answer, judgement) = oneshot::channel();
            questions.push((sound, answer));
            Some(judgement.map(Result::ok).boxed())
        }
    }

    fn judged() -> (Arc<Judge>, Melody) {
        let judge = Arc::new(Judge::default());
        (Arc::clone(&judge), Melody::new(Some(judge)))
    }

    /// So many seconds of frames, all bytes the number of their second.
    fn hear(melody: &mut Melody, seconds: std::ops::Range<u8>) {
        for second in seconds {
            for _ in 0..50 {
                melody.hear(&[second; 160]);
            }
        }
    }

    #[test]
    fn without_a_model_nothing_is_kept_or_asked() {
        let mut melody = Melody::new(None);
        hear(&mut melody, 0..10);
        melody.pauses();
        assert_eq!(melody.sound.capacity(), 0);
        assert_eq!(melody.judged().now_or_never(), None);
    }

    #[test]
    fn the_newest_eight_seconds_are_judged_and_no_more_memory_is_held() {
        let (judge, mut melody) = judged();
        hear(&mut melody, 0..2);
        assert!(melody.sound.capacity() <= 2 * GROWTH, "{}", melody.sound.capacity());
        hear(&mut melody, 2..20);
        assert!(melody.sound.capacity() <= MOST_SOUND, "{}", melody.sound.capacity());
        melody.pauses();
        let sound = judge.asked().unwrap().0;
        assert_eq!(sound.len(), MOST_SOUND);
        assert_eq!((sound.first(), sound.last()), (Some(&12), Some(&19)));
    }

    #[test]
    fn a_turn_begins_a_second_before_the_agent_fell_silent() {
        let (judge, mut melody) = judged();
        hear(&mut melody, 0..7);
        melody.agent_speaks();
        assert!(melody.sound.capacity() <= BEFORE_A_TURN + GROWTH, "{}", melody.sound.capacity());
        hear(&mut melody, 7..9);
        melody.pauses();
        let sound = judge.asked().unwrap().0;
        assert_eq!(sound.len(), 3 * GROWTH);
        assert_eq!(sound.first(), Some(&6));
    }

    #[test]
    fn an_answer_is_told_once() {
        let (judge, mut melody) = judged();
        melody.pauses();
        assert_eq!(melody.judged().now_or_never(), None);
        judge.asked().unwrap().1.send(0.75).unwrap();
        assert_eq!(melody.judged().now_or_never(), Some(0.75));
        assert_eq!(melody.judged().now_or_never(), None);
    }

    #[test]
    fn a_pause_that_is_over_or_followed_by_another_withdraws_its_question() {
        let (judge, mut melody) = judged();
        melody.pauses();
        let first = judge.asked().unwrap().1;
        melody.pauses();
        assert!(first.is_closed());
        let second = judge.asked().unwrap().1;
        assert!(!second.is_closed());
        melody.goes_on();
        assert!(second.is_closed());
        assert_eq!(melody.judged().now_or_never(), None);
    }

    #[test]
    fn a_model_that_is_busy_or_fails_leaves_the_pause_unjudged() {
        let (judge, mut melody) = judged();
        melody.pauses();
        melody.pauses();
        assert!(melody.judgement.is_none(), "it was busy");
        drop(judge.asked());
        melody.pauses();
        drop(judge.asked());
        assert_eq!(melody.judged().now_or_never(), None);
        assert!(melody.judgement.is_none(), "it failed");
    }
}
