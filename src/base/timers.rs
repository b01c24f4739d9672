//! Deadlines in one table: an enum names them, no sleeping task is ever kept as a timer.

use std::{
    marker::PhantomData,
    time::{Duration, Instant},
};

/// A set of named timers, small enough to scan.
#[derive(Clone, Debug)]
pub struct Timers<T, const N: usize> {
    due: [Option<Instant>; N],
    names: PhantomData<T>,
}

/// A name of a timer: its place in the table and back.
pub trait TimerName: Copy {
    /// The index, below the size of the table.
    fn index(self) -> usize;
}

impl<T: TimerName, const N: usize> Default for Timers<T, N> {
    fn default() -> Self {
        Self { due: [None; N], names: PhantomData }
    }
}

impl<T: TimerName, const N: usize> Timers<T, N> {
    /// Arms `timer`; an earlier setting is replaced.
    pub fn set(&mut self, timer: T, at: Instant) {
        if let Some(due) = self.due.get_mut(timer.index()) {
            *due = Some(at);
        }
    }

    /// Arms `timer`; an earlier setting stays where it is due sooner.
    pub fn hasten(&mut self, timer: T, at: Instant) {
        if let Some(due) = self.due.get_mut(timer.index()) {
            *due = Some(due.map_or(at, |before| before.min(at)));
        }
    }

    /// Puts `timer` off by `time`, where it is armed.
    pub fn put_off(&mut self, timer: T, time: Duration) {
        if let Some(Some(due)) = self.due.get_mut(timer.index()) {
            *due += time;
        }
    }

    /// Disarms `timer`.
    pub fn stop(&mut self, timer: T) {
        if let Some(due) = self.due.get_mut(timer.index()) {
            *due = None;
        }
    }

    /// Whether `timer` is armed.
    pub fn is_set(&self, timer: T) -> bool {
        self.due.get(timer.index()).is_some_and(Option::is_some)
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Instant> {
        self.due.iter().flatten().min().copied()
    }

    /// Disarms `timer` and tells whether it was due at `now`.
    pub fn take_due(&mut self, timer: T, now: Instant) -> bool {
        match self.due.get_mut(timer.index()) {
            Some(due) if due.is_some_and(|at| at <= now) => {
                *due = None;
                true
            }
            _ => false,
        }
    }
}
