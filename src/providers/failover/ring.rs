//! The last seconds of what a recogniser was told, as far as no final covers it. Pure.

use crate::{
    base::units::PHONE_RATE,
    ports::stt::{HearingCommand, silence},
};
use std::collections::VecDeque;

/// Samples kept: 5 s (design §6).
const KEPT: usize = 5 * PHONE_RATE as usize;

/// What the end of a turn leaves, since it comes after the words that it covers and others may have begun: 300 ms, the
/// least time behind the last word in which recognisers make it final.
const LEFT: usize = 3 * PHONE_RATE as usize / 10;

/// Sound and hints in the order in which they came; sound is mu-law, a byte a sample.
#[derive(Debug, Default)]
pub(super) struct Ring {
    commands: VecDeque<HearingCommand>,
    samples: usize,
    /// Samples that ever came.
    end: u64,
    /// The finals of the turn that is heard, and where each came; those whose sound is forgotten are left out.
    finals: VecDeque<(u64, String)>,
}

impl Ring {
    pub(super) fn push(&mut self, command: HearingCommand) {
        let samples = samples(&command);
        self.samples += samples;
        self.end += samples as u64;
        self.commands.push_back(match command {
            HearingCommand::Quiet(sound) => HearingCommand::Quiet(silence(sound.len())),
            command => command,
        });
        if self.samples > KEPT {
            self.shorten(KEPT);
            let begin = self.end - self.samples as u64;
            self.finals.retain(|(came, _)| *came > begin);
        }
    }

    /// Samples that ever came.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// A final came within the turn: nobody knows how far behind the sound it ends, so all is kept.
    pub(super) fn made_final(&mut self, text: &str) {
        if !text.is_empty() {
            self.finals.push_back((self.end, text.to_owned()));
        }
    }

    /// The turn is over, and all of it final. Who works by utterance has answered the first time that it was asked.
    pub(super) fn turn_over(&mut self, by_utterance: bool) {
        if by_utterance {
            let asked = self.commands.iter().position(|command| *command == HearingCommand::TurnOver);
            let covered = self.commands.drain(..asked.map_or(0, |at| at + 1));
            self.samples -= covered.map(|command| samples(&command)).sum::<usize>();
        } else {
            self.shorten(LEFT);
        }
        self.finals.clear();
    }

    /// What was made final of the sound that is kept.
    pub(super) fn finals(&self) -> String {
        let texts: Vec<&str> = self.finals.iter().map(|(_, text)| text.as_str()).collect();
        texts.join(" ")
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
        HearingCommand::Audio(sound) | HearingCommand::Quiet(sound) => sound.len(),
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
    fn five_seconds_are_kept_and_300_ms_behind_a_turn() {
        let mut ring = Ring::default();
        hears(&mut ring, 0..250);
        ring.turn_over(false);
        assert_eq!(ring.commands().len(), 15);
        assert_eq!(first(&ring), HearingCommand::Audio(Bytes::from(vec![235; 160])));
        hears(&mut ring, 0..250);
        assert_eq!((ring.commands().len(), ring.end()), (250, 80_000));
    }

    #[test]
    fn a_final_within_the_turn_covers_nothing_and_is_known_while_its_sound_is_kept() {
        let mut ring = Ring::default();
        hears(&mut ring, 0..50);
        ring.made_final("Quiero una cita");
        hears(&mut ring, 50..100);
        ring.made_final("para el martes");
        assert_eq!((ring.commands().len(), &*ring.finals()), (100, "Quiero una cita para el martes"));
        hears(&mut ring, 0..199);
        assert_eq!(&*ring.finals(), "Quiero una cita para el martes");
        hears(&mut ring, 0..1);
        assert_eq!(&*ring.finals(), "para el martes");
        ring.turn_over(false);
        assert_eq!(&*ring.finals(), "");
    }

    #[test]
    fn who_works_by_utterance_leaves_what_came_after_the_question() {
        let mut ring = Ring::default();
        hears(&mut ring, 0..50);
        ring.push(HearingCommand::TurnOver);
        hears(&mut ring, 50..90);
        ring.push(HearingCommand::TurnOver);
        ring.turn_over(true);
        assert_eq!(ring.commands().len(), 41);
        assert_eq!(first(&ring), HearingCommand::Audio(Bytes::from(vec![50; 160])));
        ring.turn_over(true);
        ring.turn_over(true);
        assert_eq!(ring.commands().len(), 0);
        hears(&mut ring, 0..250);
        assert_eq!(ring.commands().len(), 250);
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
