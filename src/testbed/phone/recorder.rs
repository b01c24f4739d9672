//! What the caller heard, on the time line of the stream: silence where nothing was played. Pure; told the time.

use crate::{
    base::units::{FRAME, FRAME_SAMPLES},
    testbed::mulaw::SILENCE,
};
use bytes::Bytes;
use std::time::Instant;

/// Collects sound by its time.
#[derive(Debug)]
pub(super) struct Recorder {
    began: Instant,
    keep: bool,
    give: bool,
    kept: Vec<u8>,
    given: usize,
    /// Bytes before `kept` that are no longer held.
    dropped: usize,
}

impl Recorder {
    /// `keep` for [`Recorder::into_kept`], `give` for [`Recorder::frames`].
    pub(super) fn new(began: Instant, keep: bool, give: bool) -> Self {
        Self { began, keep, give, kept: Vec::new(), given: 0, dropped: 0 }
    }

    /// Adds sound that was played from `at` on.
    pub(super) fn heard(&mut self, at: Instant, audio: &[u8]) {
        if self.keep || self.give {
            let samples = at.saturating_duration_since(self.began).as_micros() / 125;
            self.fill(usize::try_from(samples).unwrap_or(usize::MAX));
            self.kept.extend_from_slice(audio);
        }
    }

    /// Silence up to this byte of the time line.
    fn fill(&mut self, until: usize) {
        let length = until.saturating_sub(self.dropped).max(self.kept.len());
        self.kept.resize(length, SILENCE);
    }

    /// The whole frames up to `now` that were not given yet; all sound before `now` must have been added.
    pub(super) fn frames(&mut self, now: Instant) -> Vec<Bytes> {
        if !self.give {
            return Vec::new();
        }
        let frames = now.saturating_duration_since(self.began).as_micros() / FRAME.as_micros();
        let until = usize::try_from(frames).unwrap_or(usize::MAX).saturating_mul(FRAME_SAMPLES);
        self.fill(until);
        let from = self.given.saturating_sub(self.dropped);
        let to = until.saturating_sub(self.dropped);
        let frames: Vec<Bytes> = self
            .kept
            .get(from..to)
            .map(|new| new.chunks(FRAME_SAMPLES).map(Bytes::copy_from_slice).collect())
            .unwrap_or_default();
        self.given = self.given.max(until);
        if !self.keep {
            self.kept.drain(..to.min(self.kept.len()));
            self.dropped = self.dropped.max(until);
        }
        frames
    }

    /// What was heard and not given yet, once nothing more comes; less than a frame, or none.
    pub(super) fn rest(&mut self) -> Bytes {
        let rest = self.kept.get(self.given.saturating_sub(self.dropped)..);
        let rest = rest.filter(|_| self.give).map(Bytes::copy_from_slice).unwrap_or_default();
        self.given += rest.len();
        rest
    }

    /// All that was kept.
    pub(super) fn into_kept(self) -> Vec<u8> {
        if self.keep { self.kept } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;
    use std::time::Duration;

    #[test]
    fn silence_stands_where_nothing_was_played() {
        let began = clock::now();
        let ms = |ms| began + Duration::from_millis(ms);
        for keep in [true, false] {
            let mut recorder = Recorder::new(began, keep, true);
            assert_eq!(recorder.frames(ms(25)), [vec![0xFF; 160]]);
            recorder.heard(ms(30), &[1; 80]);
            let second = [vec![0xFF; 80], vec![1; 80]].concat();
            assert_eq!(recorder.frames(ms(60)), [Bytes::from(second.clone()), Bytes::from(vec![0xFF; 160])]);
            recorder.heard(ms(60), &[2; 8]);
            assert_eq!([recorder.rest(), recorder.rest()], [vec![2; 8], Vec::new()]);
            let kept = if keep {
                [vec![0xFF; 160], second, vec![0xFF; 160], vec![2; 8]].concat()
            } else {
                Vec::new()
            };
            assert_eq!(recorder.into_kept(), kept);
        }
    }
}
