//! Whether there is room for another call: new callers hear that the lines are busy while memory is scarce or sound is late.
//!
//! [`voice.max_calls`](super::admission::Rules::max_calls) is a guess that is made beforehand; this is what is measured. Once a second
//! the memory is read (see [`Memory`]), and all the time the lateness of timers such as those that send sound (see `beat`). [`Room`]
//! decides, with a distance between closing and opening so that it does not flap, and [`Watch`] tells [`Admission`] of it.
//!
//! [`Admission`]: super::admission::Admission

mod beat;
mod memory;
mod watch;

pub use memory::Memory;
pub use watch::Watch;

use std::{collections::VecDeque, time::Duration};

/// Percentage points of memory by which it must fall below the bound before calls are taken again.
const MEMORY_MARGIN: u64 = 5;

/// Readings, of a second each, over which lateness is judged: one stall of half a second closes nothing.
const WINDOW: usize = 5;

/// Of so many beats in the window one may be late; with more, new calls are refused.
const LATE_CLOSES: u32 = 10;

/// Of so many beats in the window one may be late for calls to be taken again.
const LATE_OPENS: u32 = 100;

/// What there may be too little of for another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scarce {
    /// Memory: one more call might end all of them.
    Memory,
    /// Time of the processors: sound is late already.
    Time,
}

impl Scarce {
    /// All there is.
    const ALL: [Self; 2] = [Self::Memory, Self::Time];

    /// The stable code in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Memory => "NO_MEMORY",
            Self::Time => "AUDIO_LATE",
        }
    }

    /// As `/health` and the metrics call it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Time => "time",
        }
    }
}

/// From which readings on new calls are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Memory that is used, in per cent of its limit; `None`: it is not looked at.
    pub memory_percent: Option<u64>,
    /// How late a beat may be; `None`: nothing is measured. A call's own timers have 100 ms left before a gap is heard.
    pub late: Option<Duration>,
}

/// Beats of a metronome in a second, and those of them that came too late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Beats {
    all: u32,
    late: u32,
}

/// What was read in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reading {
    /// Memory in per cent of its limit; `None` where there is no limit, or it can't be read.
    memory_percent: Option<u64>,
    beats: Beats,
}

/// The decision, second by second.
#[derive(Debug)]
struct Room {
    bounds: Bounds,
    /// The last readings, the newest last.
    recent: VecDeque<Beats>,
    memory: bool,
    time: bool,
}

impl Room {
    fn new(bounds: Bounds) -> Self {
        Self { bounds, recent: VecDeque::with_capacity(WINDOW), memory: false, time: false }
    }

    /// Takes in the readings of another second, and tells what has become scarce by them, or is so no longer.
    fn read(&mut self, reading: Reading) -> impl Iterator<Item = (Scarce, bool)> + use<> {
        let before = Scarce::ALL.map(|what| self.lacks(what));
        if let (Some(used), Some(bound)) = (reading.memory_percent, self.bounds.memory_percent) {
            let bound = if self.memory { bound.saturating_sub(MEMORY_MARGIN) } else { bound };
            self.memory = used >= bound;
        } else {
            self.memory = false;
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(reading.beats);
        if self.recent.len() == WINDOW {
            let (all, late) = self.recent.iter().fold((0, 0), |(all, late), beats| {
                (beats.all.saturating_add(all), beats.late.saturating_add(late))
            });
            let one_in = if self.time { LATE_OPENS } else { LATE_CLOSES };
            self.time = late.saturating_mul(one_in) > all;
        }
        let after = Scarce::ALL.map(|what| self.lacks(what));
        Scarce::ALL
            .into_iter()
            .zip(after)
            .zip(before)
            .filter(|((_, now), then)| now != then)
            .map(|(now, _)| now)
    }

    /// Whether this is scarce.
    const fn lacks(&self, what: Scarce) -> bool {
        match what {
            Scarce::Memory => self.memory,
            Scarce::Time => self.time,
        }
    }

    /// Why no other call is taken.
    fn full(&self) -> Option<Scarce> {
        Scarce::ALL.into_iter().find(|what| self.lacks(*what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { memory_percent: Some(85), late: Some(Duration::from_millis(40)) };

    fn memory(percent: u64) -> Reading {
        Reading { memory_percent: Some(percent), ..Reading::default() }
    }

    fn late(late: u32) -> Reading {
        Reading { memory_percent: None, beats: Beats { all: 20, late } }
    }

    /// The seconds in which something changed, from 1.
    fn story(readings: impl IntoIterator<Item = Reading>) -> Vec<(usize, Scarce, bool)> {
        let mut room = Room::new(BOUNDS);
        let seconds = readings.into_iter().enumerate();
        seconds
            .flat_map(|(second, reading)| {
                room.read(reading).map(move |(what, scarce)| (second + 1, what, scarce)).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn memory_closes_at_its_bound_and_opens_five_points_below() {
        let told = story([84, 85, 84, 85, 81, 80, 79, 84, 85, 120].map(memory));
        assert_eq!(told, [(2, Scarce::Memory, true), (7, Scarce::Memory, false), (9, Scarce::Memory, true),]);
    }

    #[test]
    fn without_a_limit_no_memory_is_scarce() {
        assert_eq!(story([memory(90), late(0)]), [(1, Scarce::Memory, true), (2, Scarce::Memory, false)]);
        let mut room = Room::new(Bounds::default());
        assert_eq!(room.read(memory(200)).count(), 0);
    }

    #[test]
    fn time_is_scarce_while_more_than_a_tenth_comes_late_and_until_hardly_anything_does() {
        // Ten of the hundred beats of five seconds are allowed, eleven are not.
        let told = story([0, 0, 0, 5, 5, 0, 0, 0, 0, 0].map(late));
        assert_eq!(told, [], "a stall of half a second closes nothing");
        let told = story([0, 0, 4, 4, 3, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 0].map(late));
        assert_eq!(told, [(5, Scarce::Time, true), (14, Scarce::Time, false)]);
    }

    #[test]
    fn nothing_is_late_before_it_was_watched_for_five_seconds() {
        assert_eq!(story([20, 20, 20, 20].map(late)), []);
        assert_eq!(story([20, 20, 20, 20, 20].map(late)), [(5, Scarce::Time, true)]);
    }

    #[test]
    fn both_may_be_scarce_and_the_memory_is_told_first() {
        let both = Reading { memory_percent: Some(99), beats: Beats { all: 20, late: 20 } };
        let mut room = Room::new(BOUNDS);
        let changes: Vec<_> = (0..5).flat_map(|_| room.read(both).collect::<Vec<_>>()).collect();
        assert_eq!(changes, [(Scarce::Memory, true), (Scarce::Time, true)]);
        assert_eq!(room.full(), Some(Scarce::Memory));
        assert_eq!(room.read(Reading { memory_percent: Some(10), ..both }).count(), 1);
        assert_eq!(room.full(), Some(Scarce::Time));
    }
}
