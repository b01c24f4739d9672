//! The last seconds of audio that no final result covers: what a new connection must hear again.

use crate::base::units::Samples;
use bytes::Bytes;
use std::{collections::VecDeque, time::Duration};

/// Audio kept for replay, in order, and how much of it this connection has.
///
/// Positions count samples of caller audio since the session began; one sample is one byte of mu-law.
#[derive(Debug)]
pub(super) struct Replay {
    frames: VecDeque<Bytes>,
    /// Where the first kept frame begins.
    start: u64,
    /// Samples kept.
    kept: u64,
    /// Frames from the front that this connection was given.
    sent: usize,
    /// The position that this connection calls second 0.
    zero: u64,
    /// Up to here a result reached by guess, until one tells where it ends.
    guessed: Option<u64>,
    limit: u64,
}

impl Replay {
    pub(super) fn new(keep: Duration) -> Self {
        let limit = Samples::in_time(keep).0;
        Self { frames: VecDeque::new(), start: 0, kept: 0, sent: 0, zero: 0, guessed: None, limit }
    }

    /// Appends caller audio; beyond the limit the oldest is forgotten. Empty frames are left out: they would end the stream.
    pub(super) fn push(&mut self, frame: Bytes) {
        if frame.is_empty() {
            return;
        }
        self.kept += frame.len() as u64;
        self.frames.push_back(frame);
        while self.kept > self.limit && self.frames.len() > 1 {
            self.forget_first();
        }
    }

    /// The next frame that this connection has not had; a reference count, no copy.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let frame = self.frames.get(self.sent)?.clone();
        self.sent += 1;
        Some(frame)
    }

    /// A new connection begins: everything kept is to be sent again.
    pub(super) fn restart(&mut self) {
        if let Some(end) = self.guessed.take() {
            self.cover_to(end);
        }
        self.sent = 0;
        self.zero = self.start;
    }

    /// A final result reached `seconds` of this connection's audio: what lies before it need never be replayed.
    pub(super) fn cover(&mut self, seconds: f64) {
        if !seconds.is_finite() || seconds <= 0.0 {
            return;
        }
        self.guessed = None;
        let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        self.cover_to(self.zero.saturating_add(Samples::in_time(time).0));
    }

    /// A final result came that does not tell its end, which lies at least `rest` before that of what was sent. It counts
    /// only where no other result tells it on this connection: what was sent since may hold the next words.
    pub(super) fn may_cover_all_but(&mut self, rest: Duration) {
        let sent: u64 = self.frames.iter().take(self.sent).map(|frame| frame.len() as u64).sum();
        self.guessed = Some((self.start + sent).saturating_sub(Samples::in_time(rest).0));
    }

    fn cover_to(&mut self, end: u64) {
        while self.sent > 0 && self.start < end {
            let Some(first) = self.frames.front_mut() else { return };
            let past = end - self.start;
            if past >= first.len() as u64 {
                self.forget_first();
            } else {
                let cut = usize::try_from(past).unwrap_or(0);
                drop(first.split_to(cut));
                self.start += past;
                self.kept -= past;
            }
        }
    }

    fn forget_first(&mut self) {
        let Some(first) = self.frames.pop_front() else { return };
        let samples = first.len() as u64;
        self.start += samples;
        self.kept -= samples;
        if self.sent > 0 {
            self.sent -= 1;
        } else {
            // It was never sent on this connection, so the connection's clock lacks it.
            self.zero += samples;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: u8) -> Bytes {
        Bytes::from(vec![value; 160])
    }

    fn rest(replay: &mut Replay) -> Vec<u8> {
        std::iter::from_fn(|| replay.next()).flatten().collect()
    }

    #[test]
    fn a_new_connection_hears_what_follows_the_last_final() {
        let mut replay = Replay::new(Duration::from_secs(5));
        (0..10).for_each(|value| replay.push(frame(value)));
        assert_eq!(rest(&mut replay).len(), 1600);
        replay.cover(0.09); // in the middle of the fifth frame
        replay.restart();
        let again = rest(&mut replay);
        assert_eq!((again.len(), again[0], again[79], again[80]), (880, 4, 4, 5));
        // The new connection's clock begins at the replayed audio.
        replay.cover(0.01);
        replay.restart();
        assert_eq!(rest(&mut replay)[0], 5);
    }

    #[test]
    fn a_guess_holds_only_until_a_result_tells_better() {
        let mut replay = Replay::new(Duration::from_secs(5));
        (0..10).for_each(|value| replay.push(frame(value)));
        assert_eq!(rest(&mut replay).len(), 1600);
        replay.may_cover_all_but(Duration::from_millis(60));
        replay.push(frame(10));
        replay.cover(0.1);
        replay.restart();
        assert_eq!(rest(&mut replay)[0], 5);
        replay.may_cover_all_but(Duration::from_millis(60));
        replay.push(frame(11));
        replay.restart();
        assert_eq!(rest(&mut replay)[0], 8);
        replay.may_cover_all_but(Duration::from_mins(1));
        replay.restart();
        assert_eq!(rest(&mut replay)[0], 8);
    }

    #[test]
    fn only_the_last_seconds_are_kept() {
        let mut replay = Replay::new(Duration::from_millis(100));
        replay.restart();
        (0..50).for_each(|value| replay.push(frame(value)));
        assert_eq!(replay.kept, 800);
        assert_eq!(rest(&mut replay)[0], 45);
        replay.cover(0.02); // frames that were never sent do not count on the connection's clock
        replay.restart();
        assert_eq!(rest(&mut replay)[0], 46);
    }

    #[test]
    fn a_strange_clock_never_loses_unsent_audio() {
        let mut replay = Replay::new(Duration::from_secs(5));
        replay.push(frame(1));
        replay.next();
        replay.push(frame(2));
        for seconds in [f64::NAN, -1.0, f64::INFINITY, 1e300, 100.0] {
            replay.cover(seconds);
        }
        replay.restart();
        assert_eq!(rest(&mut replay)[0], 2);
    }
}
