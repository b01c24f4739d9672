//! Where shells read the time. The core never does: it is told.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// Calendar time, given to whoever needs it.
pub trait WallClock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The computer's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the calendar")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands where a test puts it.
#[derive(Clone, Copy, Debug)]
pub struct SetClock(pub Timestamp);

impl WallClock for SetClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The monotonic clock, for shells; in stories it is only the arbitrary origin of virtual time.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Whoever looks at a deadline so long after it was due was kept from it: a timer rings within milliseconds.
const MISSED: Duration = Duration::from_millis(200);

/// Whether this process stood still, or was given no time, when it looks at a deadline only `now`. What others did meanwhile waits to be
/// read: they are not late by it.
pub fn was_missed(deadline: Instant, now: Instant) -> bool {
    now.saturating_duration_since(deadline) >= MISSED
}
