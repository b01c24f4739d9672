//! Who can be heard: the level of mu-law frames, and the one threshold that all measurements share.

use super::mulaw;
use crate::base::units::FRAME_SAMPLES;
use std::sync::LazyLock;

/// A frame is audible above this level (design §9).
pub const AUDIBLE_DBFS: f32 = -45.0;

/// Mean power of a frame at [`AUDIBLE_DBFS`], full scale being 1: `10^(-45/10)`.
const AUDIBLE_POWER: f32 = 3.162_277_7e-5;

/// The power of each code, full scale being 1.
static POWER: LazyLock<[f32; 256]> = LazyLock::new(|| {
    let mut codes = 0..=u8::MAX;
    std::array::from_fn(|_| {
        let value = f32::from(codes.next().map_or(0, mulaw::decode)) / 32_768.0;
        value * value
    })
});

fn power(audio: &[u8]) -> f32 {
    let table = &*POWER;
    audio.iter().filter_map(|code| table.get(usize::from(*code))).sum()
}

/// Whether a frame is louder than [`AUDIBLE_DBFS`].
pub fn is_audible(frame: &[u8]) -> bool {
    power(frame) > AUDIBLE_POWER * frame.len() as f32
}

/// Cuts a stream of mu-law into frames of 20 ms and tells of each whether it is audible.
#[derive(Clone, Debug, Default)]
pub struct Ear {
    power: f32,
    filled: usize,
}

impl Ear {
    /// Takes any length of audio; calls `frame` for each frame that it completes.
    pub fn hear(&mut self, mut audio: &[u8], mut frame: impl FnMut(bool)) {
        while !audio.is_empty() {
            let (now, later) = audio.split_at((FRAME_SAMPLES - self.filled).min(audio.len()));
            self.power += power(now);
            self.filled += now.len();
            audio = later;
            if self.filled == FRAME_SAMPLES {
                frame(self.power > AUDIBLE_POWER * FRAME_SAMPLES as f32);
                *self = Self::default();
            }
        }
    }

    /// Forgets a frame that was begun; tells whether what there was of it is audible.
    pub fn end(&mut self) -> bool {
        let audible = self.power > AUDIBLE_POWER * FRAME_SAMPLES as f32;
        *self = Self::default();
        audible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(amplitude: f32) -> Vec<u8> {
        (0..160).map(|i| mulaw::encode_unit(if i % 2 == 0 { amplitude } else { -amplitude })).collect()
    }

    #[test]
    fn the_threshold_lies_at_minus_45() {
        assert!(is_audible(&square(0.0063)), "-44 dBFS");
        assert!(!is_audible(&square(0.0050)), "-46 dBFS");
        assert!(!is_audible(&[mulaw::SILENCE; 160]));
    }

    #[test]
    fn frames_are_cut_at_any_chunk_size() {
        let mut audio = square(0.1);
        audio.extend([mulaw::SILENCE; 160]);
        for size in [1, 7, 159, 160, 161, 320] {
            let mut ear = Ear::default();
            let mut heard = Vec::new();
            for chunk in audio.chunks(size) {
                ear.hear(chunk, |audible| heard.push(audible));
            }
            assert_eq!(heard, [true, false], "chunks of {size}");
        }
    }
}
