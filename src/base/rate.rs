//! How often something may happen: so many times within a window that begins with the first of them.

use std::time::{Duration, Instant};

/// So many times within a window. Twice as many can come close together, where one window ends and the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How often.
    pub most: u32,
    /// Within how long.
    pub within: Duration,
}

impl Rate {
    /// `most` times within a second.
    pub const fn a_second(most: u32) -> Self {
        Self { most, within: Duration::from_secs(1) }
    }

    /// `most` times within a minute.
    pub const fn a_minute(most: u32) -> Self {
        Self { most, within: Duration::from_mins(1) }
    }
}

/// One more than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// How long until more is allowed.
    pub wait: Duration,
    /// The first of its window that was too many: the one to log.
    pub first: bool,
}

/// Counts what happens within the present window.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    since: Option<Instant>,
    count: u32,
}

impl Meter {
    /// Counts one more at `now`.
    ///
    /// # Errors
    /// [`TooMany`] where it is more than the limit.
    pub fn count(&mut self, rate: Rate, now: Instant) -> Result<(), TooMany> {
        if self.is_over(rate, now) {
            (self.since, self.count) = (Some(now), 0);
        }
        self.count = self.count.saturating_add(1);
        self.check(rate, now)
    }

    /// Whether more than the limit were counted already; counts nothing.
    ///
    /// # Errors
    /// [`TooMany`] where it is so.
    pub fn check(&self, rate: Rate, now: Instant) -> Result<(), TooMany> {
        let end = self.since.map(|since| since + rate.within).filter(|end| *end > now);
        match end {
            Some(end) if self.count > rate.most => {
                let first = self.count - 1 == rate.most;
                Err(TooMany { wait: end.duration_since(now), first })
            }
            _ => Ok(()),
        }
    }

    /// Counts one more at `now`; whether it is within the limit.
    pub fn allows(&mut self, rate: Rate, now: Instant) -> bool {
        self.count(rate, now).is_ok()
    }

    /// Whether the window is over, so that nothing is known of it any more.
    pub fn is_over(&self, rate: Rate, now: Instant) -> bool {
        self.since.is_none_or(|since| now.duration_since(since) >= rate.within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    #[test]
    fn a_window_holds_so_many_and_the_next_begins_anew() {
        let (rate, now) = (Rate { most: 3, within: Duration::from_secs(10) }, clock::now());
        let mut meter = Meter::default();
        let after = |seconds: u64| now + Duration::from_secs(seconds);
        assert_eq!([0, 1, 9].map(|at| meter.allows(rate, after(at))), [true; 3]);
        let wait = Duration::from_secs(1);
        assert_eq!(meter.count(rate, after(9)), Err(TooMany { wait, first: true }));
        assert_eq!(meter.count(rate, after(9)), Err(TooMany { wait, first: false }));
        assert_eq!(meter.check(rate, after(10)), Ok(()));
        assert!(meter.allows(rate, after(10)));
    }
}
