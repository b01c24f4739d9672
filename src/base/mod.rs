//! Words that everybody uses: units, identifiers, secrets, clocks, queues. No async, no I/O.

pub mod backoff;
pub mod breaker;
pub mod clock;
pub mod connecting;
pub mod ids;
pub mod language;
pub mod queue;
pub mod rate;
pub mod secret;
pub mod timers;
pub mod units;
