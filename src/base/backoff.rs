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

/// The pause after the attempt of this number (from 1), for whoever keeps nothing between attempts: [`Backoff`] from `first`
/// up to `ceiling`.
pub fn nth(attempt: u32, [first, ceiling]: [Duration; 2], draw: f64) -> Duration {
    let step =
        first.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX)).min(ceiling);
    Backoff::new(step, ceiling).pause(draw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_ceiling() {
        let steps = [5, 60].map(Duration::from_secs);
        let mut backoff = Backoff::new(steps[0], steps[1]);
        for (attempt, seconds) in (1..).zip([5, 10, 20, 40, 60, 60]) {
            assert_eq!(backoff.pause(1.0), Duration::from_secs(seconds));
            assert_eq!(nth(attempt, steps, 1.0), Duration::from_secs(seconds));
            assert_eq!(nth(attempt, steps, 0.0), Duration::from_secs(seconds) / 2);
        }
        assert_eq!(nth(u32::MAX, steps, 1.0), steps[1]);
    }
}
