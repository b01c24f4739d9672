//! Several providers in the place of one: who fails is replaced within the call, and left alone for a while by all calls.

mod echo;
mod llm;
mod ring;
mod seam;
mod speech;
mod stt;
mod tts;

pub use llm::Models;
pub use stt::Recognisers;
pub use tts::Voices;

use crate::{
    base::{
        breaker::{Breaker, BreakerRules},
        clock,
    },
    telemetry::metrics,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Providers of one kind in the place of one; see [`Recognisers`], [`Models`] and [`Voices`].
pub struct InOrder<P: ?Sized> {
    order: Arc<Order<P>>,
    /// How long one may be late or away until the next one is asked.
    patience: Duration,
}

impl<P: ?Sized> fmt::Debug for InOrder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InOrder").field("order", &self.order).field("patience", &self.patience).finish()
    }
}

impl<P: ?Sized> InOrder<P> {
    fn of(
        kind: &'static str,
        patience: Duration,
        named: impl IntoIterator<Item = (&'static str, Arc<P>)>,
    ) -> Self {
        Self { order: Arc::new(Order::new(kind, named)), patience }
    }

    /// The same with another patience.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

/// One provider and what is known of it.
struct Member<P: ?Sized> {
    name: &'static str,
    provider: Arc<P>,
    breaker: Mutex<Breaker>,
}

/// Providers of one kind in the order in which they are wanted.
struct Order<P: ?Sized> {
    /// `stt`, `llm` or `tts`.
    kind: &'static str,
    members: Vec<Member<P>>,
}

impl<P: ?Sized> fmt::Debug for Order<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|member| member.name)).finish()
    }
}

impl<P: ?Sized> Order<P> {
    fn new(kind: &'static str, named: impl IntoIterator<Item = (&'static str, Arc<P>)>) -> Self {
        let member = |(name, provider)| {
            metrics::provider_resting(kind, name, false);
            Member { name, provider, breaker: Mutex::new(Breaker::new(BreakerRules::default())) }
        };
        Self { kind, members: named.into_iter().map(member).collect() }
    }

    fn name(&self, place: usize) -> &'static str {
        self.members.get(place).map_or("none", |member| member.name)
    }

    /// Takes out of `untried` who is to be asked now: the first whose breaker lets it, else the first of all, since an
    /// answer that may fail is better than none.
    fn take(&self, untried: &mut Vec<usize>) -> Option<usize> {
        let now = clock::now();
        let well =
            untried.iter().position(|place| self.with(*place, |breaker| breaker.admits(now)) == Some(true));
        let next = well.unwrap_or(0);
        (next < untried.len()).then(|| untried.remove(next))
    }

    fn with<T>(&self, place: usize, act: impl FnOnce(&mut Breaker) -> T) -> Option<T> {
        let member = self.members.get(place)?;
        Some(act(&mut member.breaker.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Everybody else.
    fn but(&self, place: usize) -> Vec<usize> {
        (0..self.members.len()).filter(|other| *other != place).collect()
    }

    fn succeeded(&self, place: usize) {
        if self.with(place, Breaker::succeeded) == Some(true) {
            let (kind, provider) = (self.kind, self.name(place));
            metrics::provider_resting(kind, provider, false);
            tracing::info!(kind, provider, "a provider that had failed works again");
        }
    }

    /// `how` is one of a few fixed words.
    fn failed(&self, place: usize, how: &'static str) {
        let (kind, provider) = (self.kind, self.name(place));
        metrics::provider_error(provider, how);
        if self.with(place, |breaker| breaker.failed(clock::now())) == Some(true) {
            metrics::provider_resting(kind, provider, true);
            tracing::error!(
                code = "PROVIDER_OUT",
                kind,
                provider,
                "a provider failed again and again: it rests"
            );
        }
    }

    /// `to` is asked in the place of `from`, or beside it.
    fn replaced(&self, from: usize, to: usize, reason: &str) {
        let (kind, from, to) = (self.kind, self.name(from), self.name(to));
        metrics::provider_failover(kind, from, to);
        tracing::warn!(code = "PROVIDER_FAILOVER", kind, from, to, reason, "another provider takes over");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What callers are promised of those who say nothing at all; who fails is replaced at once.
    #[test]
    fn nobody_is_waited_for_longer_than_a_caller_bears() {
        let most = |seconds: f32| ..=Duration::from_secs_f32(seconds);
        assert!(most(3.0).contains(&Recognisers::new([]).patience));
        assert!(most(2.5).contains(&Models::new([]).patience));
        assert!(most(1.5).contains(&Voices::new([]).patience));
    }

    #[test]
    fn who_fails_is_counted_by_name_and_seen_to_rest() {
        let metrics = metrics::install().unwrap();
        let order = Order::new("llm", ["sick", "well"].map(|name| (name, Arc::new(()))));
        let resting = |place: usize| {
            let name = order.name(place);
            let line = format!("provider_resting{{kind=\"llm\",provider=\"{name}\"}} ");
            let text = metrics.render();
            text.lines().find_map(|found| found.strip_prefix(&line).map(str::to_owned)).unwrap()
        };
        for rests in ["0", "0", "1"] {
            order.failed(0, "busy");
            assert_eq!((&*resting(0), &*resting(1)), (rests, "0"));
        }
        assert!(metrics.render().contains("provider_errors_total{provider=\"sick\",kind=\"busy\"} 3"));
        assert_eq!((order.but(1), order.take(&mut order.but(0))), (vec![0], Some(1)));
    }
}
