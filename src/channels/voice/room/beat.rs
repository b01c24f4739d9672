//! A metronome beside the calls: how late a timer of theirs would be.
//!
//! A call sends its sound when a timer of the runtime rings or a message of the phone wakes it, and both wait for the same threads and
//! the same processors as this one does. So its lateness is theirs, at 20 wake-ups a second however many calls there are, and it is
//! known before a caller hears anything: calls send at least 100 ms ahead. Frames that callers missed are told of only when the answer
//! is over, and only where one is spoken.

use super::Beats;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::time::{Instant, interval};

/// From beat to beat.
const EVERY: Duration = Duration::from_millis(50);

/// Counts its beats. Beats that a stall held back come at once behind it, each with its own lateness.
#[derive(Debug, Default)]
pub(super) struct Metronome {
    all: AtomicU32,
    late: AtomicU32,
}

impl Metronome {
    /// Beats for ever; what comes later than `bound` counts as late.
    pub(super) async fn beat(&self, bound: Duration) {
        let mut ticks = interval(EVERY);
        loop {
            let due = ticks.tick().await;
            self.count(Instant::now().saturating_duration_since(due), bound);
        }
    }

    fn count(&self, late: Duration, bound: Duration) {
        self.all.fetch_add(1, Ordering::Relaxed);
        if late > bound {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was counted since it was last asked.
    pub(super) fn take(&self) -> Beats {
        Beats { all: self.all.swap(0, Ordering::Relaxed), late: self.late.swap(0, Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_beat_that_a_stall_held_back_counts_until_it_is_asked_for() {
        let (metronome, bound) = (Metronome::default(), Duration::from_millis(40));
        // Of the beats of half a second that come together at its end only the last is in time.
        for late in (0..10).rev() {
            metronome.count(late * EVERY, bound);
        }
        assert_eq!(metronome.take(), Beats { all: 10, late: 9 });
        metronome.count(bound, bound);
        assert_eq!(metronome.take(), Beats { all: 1, late: 0 });
        assert_eq!(metronome.take(), Beats::default());
    }

    #[tokio::test]
    async fn it_beats() {
        let metronome = Metronome::default();
        let heard = async {
            while metronome.take() == Beats::default() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = metronome.beat(EVERY) => {}
            () = heard => {}
        }
    }
}
