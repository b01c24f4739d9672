//! Whole frames out of sound of any length, and back again.

use super::{KEPT, Playback, Sound};
use crate::{audio::g711::SILENCE, base::units::FRAME_SAMPLES};
use bytes::{Bytes, BytesMut};

impl Playback {
    pub(super) fn go_back_to(&mut self, sample: u64) {
        while self.sent > sample {
            let Some(mut last) = self.kept.pop_back() else { break };
            let back = self.sent - sample;
            let length = last.len() as u64;
            if length > back {
                let keep = last.len() - usize::try_from(back).unwrap_or_default();
                let tail = last.split_off(keep);
                self.kept.push_back(last);
                self.sent -= tail.len() as u64;
                self.kept_samples -= tail.len() as u64;
                self.waiting.push_front(Sound::Answer(tail));
            } else {
                self.sent -= length;
                self.kept_samples -= length;
                self.waiting.push_front(Sound::Answer(last));
            }
        }
        let length = |sound: &Sound| match sound {
            Sound::Answer(audio) | Sound::Clip(audio) => audio.len() as u64,
        };
        self.waiting_samples = self.waiting.iter().map(length).sum();
    }

    /// The next 160 bytes; `None` while there are fewer and more may come.
    pub(super) fn take_frame(&mut self) -> Option<Bytes> {
        if self.waiting_samples < FRAME_SAMPLES as u64 && !(self.closed && self.waiting_samples > 0) {
            return None;
        }
        let mut joined: Option<BytesMut> = None;
        loop {
            let missing = FRAME_SAMPLES - joined.as_ref().map_or(0, BytesMut::len);
            let Some(part) = self.take_part(missing) else {
                let mut frame = joined?;
                frame.resize(FRAME_SAMPLES, SILENCE);
                return Some(frame.freeze());
            };
            match &mut joined {
                None if part.len() == FRAME_SAMPLES => return Some(part),
                None => {
                    let mut frame = BytesMut::with_capacity(FRAME_SAMPLES);
                    frame.extend_from_slice(&part);
                    joined = Some(frame);
                }
                Some(frame) => frame.extend_from_slice(&part),
            }
            if joined.as_ref().is_some_and(|frame| frame.len() == FRAME_SAMPLES) {
                return joined.map(BytesMut::freeze);
            }
        }
    }

    /// At most `most` bytes from the front of the queue, without copying.
    fn take_part(&mut self, most: usize) -> Option<Bytes> {
        let (front, answer) = match self.waiting.front_mut()? {
            Sound::Answer(audio) => (audio, true),
            Sound::Clip(audio) => (audio, false),
        };
        let part = front.split_to(most.min(front.len()));
        if front.is_empty() {
            self.waiting.pop_front();
        }
        let length = part.len() as u64;
        self.waiting_samples -= length;
        if answer {
            self.sent += length;
            self.kept_samples += length;
            self.kept.push_back(part.clone());
            while self.kept_samples > KEPT {
                let Some(old) = self.kept.pop_front() else { break };
                self.kept_samples -= old.len() as u64;
            }
        }
        Some(part)
    }
}
