//! The last seconds of audio that no final result covers: what a new connection must hear again.

use crate::{
    base::units::{FRAME_SAMPLES, Samples},
    ports::stt,
};
use bytes::{Buf as _, Bytes, BytesMut};
use std::{collections::VecDeque, time::Duration};

/// Samples that lie in one piece of memory: 200 ms. Frames of 20 ms on their own would take a quarter more.
const AT_ONCE: usize = 1_600;

/// Audio that no connection has had yet.
#[derive(Debug)]
struct Frame {
    sound: Bytes,
    quiet: bool,
}

/// Audio that was sent.
#[derive(Debug)]
enum Run {
    Sound(BytesMut),
    /// So many samples in which there was nothing to be heard.
    Quiet(usize),
}

impl Run {
    fn len(&self) -> usize {
        match self {
            Self::Sound(sound) => sound.len(),
            Self::Quiet(samples) => *samples,
        }
    }

    fn forget(&mut self, samples: usize) {
        match self {
            Self::Sound(sound) => sound.advance(samples.min(sound.len())),
            Self::Quiet(left) => *left = left.saturating_sub(samples),
        }
    }

    /// What a new connection hears behind so many samples of it: at most a frame, whose end is one of those that came.
    fn again(&self, past: usize) -> Bytes {
        match self {
            Self::Sound(sound) => {
                let left = sound.get(past..).unwrap_or_default();
                let length = left.len().saturating_sub(1) % FRAME_SAMPLES + 1;
                Bytes::copy_from_slice(left.get(..length).unwrap_or(left))
            }
            Self::Quiet(samples) => stt::silence(samples - past.min(*samples)),
        }
    }
}

/// Audio kept for replay, in order, and how much of it this connection has.
///
/// Positions count samples of caller audio since the session began; one sample is one byte of mu-law.
#[derive(Debug)]
pub(super) struct Replay {
    /// What was sent on this connection or on one before.
    runs: VecDeque<Run>,
    /// What follows the runs.
    frames: VecDeque<Frame>,
    /// Where the first run begins, or the first frame where there is none.
    start: u64,
    /// Up to here this connection was given the runs.
    sent: u64,
    /// Samples kept.
    kept: u64,
    /// The position that this connection calls second 0.
    zero: u64,
    /// Up to here a result reached by guess, until one tells where it ends.
    guessed: Option<u64>,
    limit: u64,
}

impl Replay {
    pub(super) fn new(keep: Duration) -> Self {
        Self {
            runs: VecDeque::new(),
            frames: VecDeque::new(),
            start: 0,
            sent: 0,
            kept: 0,
            zero: 0,
            guessed: None,
            limit: Samples::in_time(keep).0,
        }
    }

    /// Appends caller audio; beyond the limit the oldest is forgotten. Empty frames are left out: they would end the stream.
    pub(super) fn push(&mut self, sound: Bytes) {
        self.keep(Frame { sound, quiet: false });
    }

    /// Appends caller audio that has to be heard only once: a new connection hears silence in its place.
    pub(super) fn push_quiet(&mut self, sound: Bytes) {
        self.keep(Frame { sound, quiet: true });
    }

    fn keep(&mut self, frame: Frame) {
        if frame.sound.is_empty() {
            return;
        }
        self.kept += frame.sound.len() as u64;
        self.frames.push_back(frame);
        while self.kept > self.limit && self.forget_oldest(self.kept - self.limit) {}
    }

    /// The next audio that this connection has not had; what comes for the first time is not copied.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let mut begin = self.start;
        for run in &self.runs {
            let end = begin + run.len() as u64;
            if self.sent < end {
                let again = run.again(usize::try_from(self.sent - begin).unwrap_or_default());
                self.sent += again.len() as u64;
                return Some(again);
            }
            begin = end;
        }
        let Frame { sound, quiet } = self.frames.pop_front()?;
        match self.runs.back_mut() {
            _ if quiet => self.runs.push_back(Run::Quiet(sound.len())),
            Some(Run::Sound(run)) if run.capacity() - run.len() >= sound.len() => {
                run.extend_from_slice(&sound);
            }
            _ => {
                let mut run = BytesMut::with_capacity(sound.len().max(AT_ONCE));
                run.extend_from_slice(&sound);
                self.runs.push_back(Run::Sound(run));
            }
        }
        self.sent += sound.len() as u64;
        Some(sound)
    }

    /// A new connection begins: everything kept is to be sent again.
    pub(super) fn restart(&mut self) {
        if let Some(end) = self.guessed.take() {
            self.cover_to(end);
        }
        self.sent = self.start;
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
        self.guessed = Some(self.sent.saturating_sub(Samples::in_time(rest).0));
    }

    fn cover_to(&mut self, end: u64) {
        let end = end.min(self.sent);
        while self.start < end && self.forget_oldest(end - self.start) {}
    }

    /// Forgets at most so many samples of the oldest run, or the oldest frame where another follows it; whether there was one.
    fn forget_oldest(&mut self, most: u64) -> bool {
        let forgotten = if let Some(run) = self.runs.front_mut() {
            let forgotten = usize::try_from(most).unwrap_or(usize::MAX).min(run.len());
            run.forget(forgotten);
            if run.len() == 0 {
                self.runs.pop_front();
            }
            forgotten
        } else if self.frames.len() > 1
            && let Some(frame) = self.frames.pop_front()
        {
            frame.sound.len()
        } else {
            return false;
        };
        self.start += forgotten as u64;
        self.kept -= forgotten as u64;
        // This connection's clock lacks what was never sent on it.
        self.zero += self.start.saturating_sub(self.sent);
        self.sent = self.sent.max(self.start);
        true
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
    fn quiet_audio_is_heard_as_it_is_and_again_as_silence() {
        let mut replay = Replay::new(Duration::from_secs(5));
        replay.push(frame(1));
        replay.push_quiet(frame(2));
        assert_eq!(rest(&mut replay), [[1; 160], [2; 160]].concat());
        replay.cover(0.01);
        replay.push_quiet(frame(3));
        replay.restart();
        assert_eq!(rest(&mut replay), [&[1; 80][..], &[0xFF; 160], &[3; 160]].concat());
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
