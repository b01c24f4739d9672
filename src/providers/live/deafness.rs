//! Notices a recogniser that takes speech and gives nothing. Pure.

use crate::base::{clock, units::Samples};
use std::time::{Duration, Instant};

/// Loud bytes in a frame that make it count as speech: a quarter of it.
const LOUD_SHARE: usize = 4;
/// The mu-law magnitude code of about −45 dBFS: (33 + 2·4)·2 − 33 = 49 of 8,159 (ITU-T G.711 table 2a).
const LOUD: u8 = 0x14;
/// So much silence ends a stretch of sound: knocks that lie further apart are no speech.
const APART: Samples = Samples::in_time(Duration::from_millis(500));

/// When it is looked again behind a deadline that was missed.
const LOOKS_AGAIN: Duration = Duration::from_secs(1);

/// Notices a recogniser that takes speech and gives nothing.
#[derive(Debug)]
pub(super) struct Deafness {
    patience: Duration,
    /// So much sound in one stretch wants an answer.
    enough: Samples,
    /// When the present stretch of sound began.
    began: Option<Instant>,
    /// Of it.
    loud: Samples,
    /// Since it.
    quiet: Samples,
    /// From when on an answer is owed.
    since: Option<Instant>,
    /// One reconnection per silence: a caller's noise that is no speech must not reconnect for ever.
    fired: bool,
}

impl Deafness {
    /// An answer to a stretch with `enough` sound may come so long after its beginning: counted from there, what a new
    /// connection hears again still holds it. But never less than half as long after the sound was enough.
    pub(super) fn new(patience: Duration, enough: Duration) -> Self {
        let (enough, none) = (Samples::in_time(enough), Samples(0));
        Self { patience, enough, began: None, loud: none, quiet: none, since: None, fired: false }
    }

    /// A frame was sent at `now`.
    pub(super) fn sent(&mut self, frame: &[u8], now: Instant) {
        if self.since.is_some() || self.fired {
            return;
        }
        let loud = frame.iter().filter(|byte| !**byte & 0x7F >= LOUD).count();
        let length = Samples(frame.len() as u64);
        if loud * LOUD_SHARE > frame.len() {
            self.began.get_or_insert(now);
            self.loud += length;
            self.quiet = Samples(0);
        } else {
            self.quiet += length;
            if self.quiet >= APART {
                (self.began, self.loud) = (None, Samples(0));
            }
        }
        if self.loud >= self.enough {
            let latest = now.checked_sub(self.patience / 2);
            self.since = self.began.max(latest);
        }
    }

    /// A result came, even an empty one.
    pub(super) fn answered(&mut self) {
        self.reconnected();
        self.fired = false;
    }

    /// A new connection begins.
    pub(super) fn reconnected(&mut self) {
        (self.began, self.since) = (None, None);
        (self.loud, self.quiet) = (Samples(0), Samples(0));
    }

    /// When to look again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + self.patience)
    }

    /// Whether speech has waited too long at `now`; says so once until the next result. Who looks too late reads what waits first.
    pub(super) fn fires(&mut self, now: Instant) -> bool {
        if self.deadline().is_some_and(|at| clock::was_missed(at, now)) {
            self.since = (now + LOOKS_AGAIN).checked_sub(self.patience);
        }
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

    const SPEECH: Duration = Duration::from_millis(200);

    #[test]
    fn coughs_with_silence_between_them_want_no_answer() {
        let start = clock::now();
        let mut deaf = Deafness::new(Duration::from_secs(5), SPEECH);
        for _ in 0..10 {
            (0..9).for_each(|_| deaf.sent(&[0x90; 160], start));
            (0..25).for_each(|_| deaf.sent(&[0xFF; 160], start));
        }
        assert_eq!(deaf.deadline(), None);
        // Speech has pauses too, but shorter ones.
        for _ in 0..2 {
            (0..9).for_each(|_| deaf.sent(&[0x90; 160], start));
            (0..24).for_each(|_| deaf.sent(&[0xFF; 160], start));
        }
        assert!(deaf.deadline().is_some());
    }

    #[test]
    fn an_answer_is_owed_from_the_beginning_of_the_sound_on() {
        let (start, second) = (clock::now(), Duration::from_secs(1));
        let mut deaf = Deafness::new(5 * second, SPEECH);
        (0..10).for_each(|frame| deaf.sent(&[0x90; 160], start + frame * Duration::from_millis(20)));
        assert_eq!(deaf.deadline(), Some(start + 5 * second));
        // Sound so sparse that it was enough only after 3.6 s.
        deaf.answered();
        (0..10).for_each(|frame| {
            deaf.sent(&[0x90; 160], start + frame * Duration::from_millis(400));
            deaf.sent(&[0xFF; 3_040], start);
        });
        assert_eq!(deaf.deadline(), Some(start + Duration::from_millis(3_600 + 2_500)));
    }

    #[test]
    fn who_stood_still_looks_once_more() {
        let (start, second) = (clock::now(), Duration::from_secs(1));
        let mut deaf = Deafness::new(5 * second, SPEECH);
        (0..10).for_each(|_| deaf.sent(&[0x90; 160], start));
        assert!(!deaf.fires(start + 35 * second));
        assert_eq!(deaf.deadline(), Some(start + 36 * second));
        assert!(deaf.fires(start + 36 * second));
    }

    #[test]
    fn speech_without_a_result_fires_once_and_silence_never() {
        let start = clock::now();
        let mut deaf = Deafness::new(Duration::from_secs(5), SPEECH);
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
