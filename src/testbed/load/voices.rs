//! What the callers of a load say: speech without pauses, cut to any length, shared by all.

use crate::{base::units::FRAME_SAMPLES, testbed::voice};
use bytes::Bytes;
use std::time::Duration;

/// Different voices.
const VOICES: u64 = 12;

/// Syllables of the longest utterance; about 12 s.
const SYLLABLES: usize = 64;

/// The voices.
#[derive(Clone, Debug)]
pub(super) struct Voices(Vec<Bytes>);

impl Voices {
    /// Makes them; takes about 50 ms of one core per voice.
    pub(super) fn new() -> Self {
        Self((0..VOICES).map(|seed| voice::caller(seed, SYLLABLES).into()).collect())
    }

    /// The longest utterance there is.
    pub(super) const LONGEST: Duration = Duration::from_secs(10);

    /// An utterance of a voice of about `length`, whole frames.
    pub(super) fn utterance(&self, voice: usize, length: Duration) -> Bytes {
        let Some(audio) = self.0.get(voice % self.0.len().max(1)) else { return Bytes::new() };
        let frames = usize::try_from(length.as_millis() / 20).unwrap_or(usize::MAX).max(1);
        audio.slice(..frames.saturating_mul(FRAME_SAMPLES).min(audio.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::hearing::is_audible;

    #[test]
    fn an_utterance_of_any_length_is_speech_from_end_to_end() {
        let voices = Voices::new();
        for voice in 0..12 {
            for ms in [600, 1_234, 5_000, 10_000] {
                let length = Duration::from_millis(ms);
                let audio = voices.utterance(voice, length);
                assert_eq!(audio.len(), usize::try_from(ms / 20 * 160).unwrap());
                assert!(audio.chunks(160).all(is_audible));
            }
        }
    }
}
