//! A circuit breaker: who failed often is left alone for a while, then tried by one request. A value; told the time.

use std::time::{Duration, Instant};

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// Failures in a row that open it; 0 counts as 1.
    pub failures: u32,
    /// How long it stays open, and how long a probe may stay without an outcome.
    pub pause: Duration,
}

impl Default for BreakerRules {
    /// Three failures are no accident any more, and 30 s are a few turns of a call: both are our choice, not measured.
    fn default() -> Self {
        Self { failures: 3, pause: Duration::from_secs(30) }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// All may pass; so many failures in a row.
    Closed(u32),
    /// Nobody may pass before the instant.
    Open(Instant),
    /// One probe is under way. Who sent it may have gone without telling: at the instant another one may pass.
    Probed(Instant),
}

/// What is known of one provider.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    rules: BreakerRules,
    state: State,
}

impl Breaker {
    /// One that is closed.
    pub const fn new(rules: BreakerRules) -> Self {
        Self { rules, state: State::Closed(0) }
    }

    /// Whether a request may be sent at `now`. Once the pause is over, saying yes makes that request the probe.
    pub fn admits(&mut self, now: Instant) -> bool {
        match self.state {
            State::Closed(_) => true,
            State::Open(until) | State::Probed(until) if now < until => false,
            State::Open(_) | State::Probed(_) => {
                self.state = State::Probed(now + self.rules.pause);
                true
            }
        }
    }

    /// A request was answered to its end. Tells whether this closed the breaker.
    pub const fn succeeded(&mut self) -> bool {
        let closes = match self.state {
            State::Closed(_) => false,
            State::Probed(_) => true,
            // A request from before: it says nothing about the time since.
            State::Open(_) => return false,
        };
        self.state = State::Closed(0);
        closes
    }

    /// A request failed at `now`. Tells whether this opened the breaker.
    pub fn failed(&mut self, now: Instant) -> bool {
        let failures = match self.state {
            State::Closed(failures) => failures.saturating_add(1),
            State::Probed(_) => self.rules.failures,
            // A request from before: it says nothing about the time since.
            State::Open(_) => return false,
        };
        let opens = failures >= self.rules.failures;
        self.state = if opens { State::Open(now + self.rules.pause) } else { State::Closed(failures) };
        opens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    const RULES: BreakerRules = BreakerRules { failures: 3, pause: Duration::from_secs(30) };

    type Act = fn(&mut Breaker, Instant) -> bool;

    /// Plays a story of `(second, what happens, whether it is so)`.
    fn plays(story: &[(u64, Act, bool)]) {
        let (mut breaker, begin) = (Breaker::new(RULES), clock::now());
        for (step, (second, act, expected)) in story.iter().enumerate() {
            let told = act(&mut breaker, begin + Duration::from_secs(*second));
            assert_eq!(told, *expected, "step {step}");
        }
    }

    const ADMITS: Act = Breaker::admits;
    const FAILS: Act = Breaker::failed;
    const SUCCEEDS: Act = |breaker, _| breaker.succeeded();

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_them_counts_anew() {
        plays(&[
            (0, FAILS, false),
            (1, FAILS, false),
            (2, SUCCEEDS, false),
            (3, FAILS, false),
            (4, FAILS, false),
            (4, ADMITS, true),
            (5, FAILS, true),
            (5, ADMITS, false),
            (34, ADMITS, false),
        ]);
    }

    #[test]
    fn after_the_pause_one_probe_passes_and_decides() {
        let opened = [(0, FAILS, false), (0, FAILS, false), (0, FAILS, true)];
        let well = [(30, ADMITS, true), (30, ADMITS, false), (31, SUCCEEDS, true), (31, ADMITS, true)];
        plays(&[&opened[..], &well].concat());
        let ill = [(30, ADMITS, true), (32, FAILS, true), (61, ADMITS, false), (62, ADMITS, true)];
        plays(&[&opened[..], &ill].concat());
    }

    #[test]
    fn a_probe_that_nobody_hears_of_again_is_not_waited_for() {
        let opened = [(0, FAILS, false), (0, FAILS, false), (0, FAILS, true)];
        let lost = [(40, ADMITS, true), (69, ADMITS, false), (70, ADMITS, true), (71, ADMITS, false)];
        plays(&[&opened[..], &lost].concat());
    }

    #[test]
    fn what_was_asked_before_the_pause_neither_prolongs_nor_ends_it() {
        let late = [(20, FAILS, false), (21, SUCCEEDS, false), (21, ADMITS, false), (30, ADMITS, true)];
        plays(&[&[(0, FAILS, false), (0, FAILS, false), (0, FAILS, true)][..], &late].concat());
    }
}
