//! What goes wrong, when: a standing fault per service and a queue of faults for the next visits.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
struct Plan<F> {
    standing: F,
    next: VecDeque<F>,
}

/// The faults of one service. Clones share them; changes hold at once, also for sockets that are open.
#[derive(Debug)]
pub struct Faults<F>(Arc<Mutex<Plan<F>>>);

impl<F> Clone for Faults<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: Default> Default for Faults<F> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Plan { standing: F::default(), next: VecDeque::new() })))
    }
}

impl<F: Clone + Default> Faults<F> {
    fn lock(&self) -> MutexGuard<'_, Plan<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `fault`, until something else is said.
    pub fn always(&self, fault: F) {
        self.lock().standing = fault;
    }

    /// The next visits meet these faults, one each; then the standing fault holds again. Queued behind earlier ones.
    pub fn next(&self, faults: impl IntoIterator<Item = F>) {
        self.lock().next.extend(faults);
    }

    /// No faults any more.
    pub fn clear(&self) {
        *self.lock() = Plan { standing: F::default(), next: VecDeque::new() };
    }

    /// What a visit that begins meets.
    pub(super) fn take(&self) -> Met<F> {
        let queued = self.lock().next.pop_front();
        Met { queued, faults: self.clone() }
    }
}

/// The fault that one visit meets.
#[derive(Clone, Debug)]
pub(super) struct Met<F> {
    queued: Option<F>,
    faults: Faults<F>,
}

impl<F: Clone + Default> Met<F> {
    /// The fault as it holds at this moment.
    pub(super) fn now(&self) -> F {
        self.queued.clone().unwrap_or_else(|| self.faults.lock().standing.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_request_fails_and_the_third_is_well() {
        let faults = Faults::<u8>::default();
        faults.next([0, 1]);
        let met: Vec<u8> = (0..3).map(|_| faults.take().now()).collect();
        assert_eq!(met, [0, 1, 0]);
    }

    #[test]
    fn a_standing_fault_reaches_open_sockets() {
        let faults = Faults::<u8>::default();
        let met = faults.take();
        faults.always(7);
        assert_eq!(met.now(), 7);
    }
}
