//! The last seconds of what a recogniser was told, as far as no final covers it. Pure.

use crate::{base::units::PHONE_RATE, ports::stt::HearingCommand};
use std::collections::VecDeque;

/// Samples kept: 5 s (design §6).
const KEPT: usize = 5 * PHONE_RATE as usize;

/// What a final leaves, since it comes after the words that it covers and others may have begun: 300 ms, the least time
/// behind the last word in which recognisers make it final.
const LEFT: usize = 3 * PHONE_RATE as usize / 10;

/// Sound and hints in the order in which they came; sound is mu-law, a byte a sample.
#[derive(Debug, Default)]
pub(super) struct Ring {
    commands: VecDeque<HearingCommand>,
    samples: usize,
    /// The text of the final before all that is kept; `None` where something between them was forgotten.
    last: Option<String>,
}

impl Ring {
    pub(super) fn push(&mut self, command: HearingCommand) {
        self.samples += samples(&command);
        self.commands.push_back(command);
        if self.samples > KEPT {
            self.shorten(KEPT);
            self.last = None;
        }
    }

    /// A final came: what is older than its usual delay need not be heard again.
    pub(super) fn cover(&mut self, text: &str) {
        self.shorten(LEFT);
        if !text.is_empty() {
            self.last = Some(text.to_owned());
        }
    }

    pub(super) fn last_final(&self) -> Option<String> {
        self.last.clone()
    }

    /// What the next recogniser is told first; sound is shared, not copied.
    pub(super) fn commands(&self) -> Vec<HearingCommand> {
        self.commands.iter().cloned().collect()
    }

    /// Forgets the oldest, until at most so many samples are left.
    fn shorten(&mut self, most: usize) {
        while self.samples > most {
            let Some(first) = self.commands.pop_front() else { return };
            self.samples -= samples(&first);
        }
    }
}

const fn samples(command: &HearingCommand) -> usize {
    match command {
        HearingCommand::Audio(sound) => sound.len(),
        HearingCommand::Paused | HearingCommand::TurnOver => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn hears(ring: &mut Ring, frames: std::ops::Range<u8>) {
        frames.for_each(|frame| ring.push(HearingCommand::Audio(Bytes::from(vec![frame; 160]))));
    }

    fn first(ring: &Ring) -> HearingCommand {
        ring.commands().remove(0)
    }

    #[test]
    fn five_seconds_are_kept_and_300_ms_behind_a_final() {
        let mut ring = Ring::default();
        hears(&mut ring, 0..250);
        ring.cover("Hola.");
        assert_eq!(ring.commands().len(), 15);
        assert_eq!(first(&ring), HearingCommand::Audio(Bytes::from(vec![235; 160])));
        assert_eq!(ring.last_final().as_deref(), Some("Hola."));
        hears(&mut ring, 0..235);
        assert_eq!((ring.commands().len(), ring.last_final().is_some()), (250, true));
        // Once sound behind the final is forgotten its words cannot be heard again.
        hears(&mut ring, 0..1);
        assert_eq!((ring.commands().len(), ring.last_final()), (250, None));
    }

    #[test]
    fn hints_keep_their_place_between_the_sound() {
        let mut ring = Ring::default();
        hears(&mut ring, 0..2);
        ring.push(HearingCommand::Paused);
        hears(&mut ring, 2..3);
        assert_eq!(ring.commands()[2], HearingCommand::Paused);
    }
}
