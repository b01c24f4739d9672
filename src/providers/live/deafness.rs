//! Notices a recogniser that takes speech and gives nothing. Pure.

use std::time::{Duration, Instant};

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
