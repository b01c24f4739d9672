//! What sounds on the caller's line besides the caller: whether a sound may be taken for speech before its words come.

use crate::base::units::{FRAME_SAMPLES, Samples};
use std::time::Duration;

/// After this much without a sound a noisy line is quiet again: longer than the gaps in a noise that comes and goes, such as
/// a television, whose talk pauses like a caller's: at the most [`crate::dialogue::agent::EndOfTurn::most`], 1.6 s.
const QUIET: Duration = Duration::from_millis(1_900);

/// What a call knows of the noise on its line.
#[derive(Clone, Debug, Default)]
pub struct Noise {
    noisy: bool,
    quiet: Samples,
}

impl Noise {
    /// Takes in 20 ms of the caller; `sounds` where they are part of a sound.
    pub fn frame(&mut self, sounds: bool) {
        self.quiet = if sounds { Samples(0) } else { self.quiet + Samples(FRAME_SAMPLES as u64) };
        self.noisy &= self.quiet.duration() < QUIET;
    }

    /// A sound goes on and on and brings no word.
    pub const fn sounds_without_words(&mut self) {
        self.noisy = true;
    }

    /// Whether a sound on this line means nothing until it brings words.
    pub const fn is_noisy(&self) -> bool {
        self.noisy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noisy_line_is_quiet_again_after_two_seconds_without_a_sound() {
        let mut noise = Noise::default();
        for (last_sounds, noisy) in [(true, true), (false, false)] {
            noise.sounds_without_words();
            noise.frame(true);
            (0..94).for_each(|_| noise.frame(false));
            noise.frame(last_sounds);
            assert_eq!(noise.is_noisy(), noisy);
        }
    }
}
