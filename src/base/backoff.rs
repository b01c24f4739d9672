//! Retry schedules as iterators; the caller waits.

use std::time::Duration;

/// Doubling pauses up to a ceiling, each scaled by a jitter that the caller draws.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// Starts at `first` and doubles up to `ceiling`.
    pub const fn new(first: Duration, ceiling: Duration) -> Self {
        Self { next: first, ceiling }
    }

    /// The next pause; `draw` in 0..1 spreads it over half to the whole of the step.
    pub fn pause(&mut self, draw: f64) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(self.ceiling);
        step.mul_f64(0.5 + draw.clamp(0.0, 1.0) / 2.0)
    }
}
