//! What the fakes answer: scripts that can be filled while calls are running.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
struct Lines<T> {
    queued: VecDeque<T>,
    cycle: Vec<T>,
    next: usize,
}

/// Lines that are said in order: first those queued, then a cycle for ever. Clones share it.
#[derive(Debug)]
pub struct Script<T>(Arc<Mutex<Lines<T>>>);

impl<T> Clone for Script<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Script<T> {
    /// Repeats `cycle` for ever; an empty one says nothing.
    pub fn cycle(cycle: Vec<T>) -> Self {
        Self(Arc::new(Mutex::new(Lines { queued: VecDeque::new(), cycle, next: 0 })))
    }

    fn lock(&self) -> MutexGuard<'_, Lines<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends lines that come before the cycle.
    pub fn queue(&self, lines: impl IntoIterator<Item = T>) {
        self.lock().queued.extend(lines);
    }

    /// Nothing but this line from now on.
    pub(super) fn only(&self, line: T) {
        *self.lock() = Lines { queued: VecDeque::new(), cycle: vec![line], next: 0 };
    }

    /// Takes the next line.
    pub(super) fn take(&self) -> Option<T> {
        let mut lines = self.lock();
        if let Some(line) = lines.queued.pop_front() {
            return Some(line);
        }
        let place = lines.next.checked_rem(lines.cycle.len())?;
        lines.next += 1;
        lines.cycle.get(place).cloned()
    }

    /// Puts back a line that was taken and not said.
    pub(super) fn give_back(&self, line: T) {
        self.lock().queued.push_front(line);
    }
}
