//! The end of the process: stop taking calls, let the live ones finish, then say goodbye, then go.
//!
//! The first signal begins to drain; a second one leaves no time for natural ends.

use std::time::Duration;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time,
};

/// How often the live calls are counted while draining.
const LOOK: Duration = Duration::from_millis(50);

/// SIGTERM and SIGINT, as one stream.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens for both from now on. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The system refused.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one. Cancel-safe.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// SIGHUP, by which an operator has the configuration read again.
#[derive(Debug)]
pub struct HangUps(Signal);

impl HangUps {
    /// Listens from now on: the signal no longer ends the process. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The system refused.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next one; several that came meanwhile are one. Cancel-safe.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// How long each stage may take (reliability: drain).
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the first signal to the end of the process.
    pub limit: Duration,
    /// The part of it that is kept for polite goodbyes.
    pub goodbye: Duration,
    /// What is left for them after a second signal.
    pub hurry: Duration,
}

impl Times {
    /// The last 20 s of `limit` are for goodbyes; a second signal leaves 5 s.
    pub fn within(limit: Duration) -> Self {
        Self { limit, goodbye: Duration::from_secs(20).min(limit), hurry: Duration::from_secs(5) }
    }
}

/// How the drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every call came to its natural end.
    Naturally,
    /// The remaining calls were asked to say goodbye, and did.
    Politely,
    /// So many calls were still alive when time was up.
    Cut(usize),
}

/// Waits until no call is alive, or time is up.
///
/// `live` counts the calls, `hang_up` asks all of them to say goodbye, `again` completes on the next signal.
pub async fn drain(
    live: impl Fn() -> usize,
    hang_up: impl Fn(),
    times: Times,
    mut again: impl AsyncFnMut(),
) -> Drained {
    let natural = times.limit.saturating_sub(times.goodbye);
    let hurried = tokio::select! {
        biased;
        () = none_left(&live) => return Drained::Naturally,
        () = again() => true,
        () = time::sleep(natural) => false,
    };
    hang_up();
    let rest = if hurried { times.hurry.min(times.limit) } else { times.goodbye };
    tokio::select! {
        biased;
        () = none_left(&live) => return Drained::Politely,
        () = time::sleep(rest) => {}
        () = async { again().await; time::sleep(times.hurry).await }, if !hurried => {}
    }
    match live() {
        0 => Drained::Politely,
        left => Drained::Cut(left),
    }
}

async fn none_left(live: &impl Fn() -> usize) {
    while live() > 0 {
        time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        cell::Cell,
        future::{pending, ready},
    };

    const QUICK: Times = Times {
        limit: Duration::from_millis(40),
        goodbye: Duration::from_millis(20),
        hurry: Duration::from_millis(10),
    };

    /// More than any test waits.
    const LONG: Times = Times {
        limit: Duration::from_hours(1),
        goodbye: Duration::from_mins(1),
        hurry: Duration::from_millis(10),
    };

    #[tokio::test]
    async fn without_calls_the_process_ends_at_once() {
        assert_eq!(drain(|| 0, || {}, LONG, pending::<()>).await, Drained::Naturally);
    }

    #[tokio::test]
    async fn the_last_of_three_calls_is_waited_for() {
        let left = Cell::new(4);
        let live = || left.replace(left.get() - 1) - 1;
        assert_eq!(drain(live, || {}, LONG, pending::<()>).await, Drained::Naturally);
        assert_eq!(left.get(), 0);
    }

    #[tokio::test]
    async fn calls_that_outlive_the_natural_time_say_goodbye() {
        let left = Cell::new(2);
        let drained = drain(|| left.get(), || left.set(0), QUICK, pending::<()>).await;
        assert_eq!(drained, Drained::Politely);
    }

    #[tokio::test]
    async fn a_second_signal_leaves_no_time_for_natural_ends() {
        let left = Cell::new(2);
        let drained = drain(|| left.get(), || left.set(0), LONG, || ready(())).await;
        assert_eq!(drained, Drained::Politely);
    }

    #[tokio::test]
    async fn a_call_that_does_not_end_is_cut() {
        assert_eq!(drain(|| 1, || {}, QUICK, pending::<()>).await, Drained::Cut(1));
        assert_eq!(drain(|| 1, || {}, LONG, || ready(())).await, Drained::Cut(1));
    }
}
