//! The caller's line and the recogniser that listens to it: whether a sound may be taken for speech before its words come.

use crate::base::units::{FRAME_SAMPLES, Samples};
use std::time::Duration;

/// After this much without a sound a noisy line is quiet again: longer than the gaps in a noise that comes and goes, such as
/// a television.
const QUIET: Duration = Duration::from_millis(1_500);

/// What a call has learned of its line.
#[derive(Clone, Debug, Default)]
pub struct Line {
    noisy: bool,
    quiet: Samples,
    words_come_late: bool,
}

impl Line {
    /// Takes in 20 ms of the caller; `sounds` where they are part of a sound.
    pub fn frame(&mut self, sounds: bool) {
        self.quiet = if sounds { Samples(0) } else { self.quiet + Samples(FRAME_SAMPLES as u64) };
        self.noisy &= self.quiet.duration() < QUIET;
    }

    /// A sound goes on and on and brings no word.
    pub const fn sounds_without_words(&mut self) {
        self.noisy = true;
    }

    /// A turn showed whether the recogniser tells words only behind a pause, as those do that work by utterance.
    pub const fn words_come_late(&mut self, late: bool) {
        self.words_come_late = late;
    }

    /// Whether a sound on this line means nothing until it brings words.
    pub const fn is_noisy(&self) -> bool {
        self.noisy
    }

    /// Whether a long sound is speech although no word of it came yet.
    pub const fn long_sound_is_speech(&self) -> bool {
        self.words_come_late && !self.noisy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noisy_line_is_quiet_again_after_a_second_and_a_half_without_a_sound() {
        let mut line = Line::default();
        for (last_sounds, noisy) in [(true, true), (false, false)] {
            line.sounds_without_words();
            line.frame(true);
            (0..74).for_each(|_| line.frame(false));
            line.frame(last_sounds);
            assert_eq!(line.is_noisy(), noisy);
        }
    }
}
