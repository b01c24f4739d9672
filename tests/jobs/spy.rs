//! A store that tells what is asked of it, and can be away.

use centralita::{
    ports::store::{
        StoreError, Stored,
        jobs::{Ask, Claim, DeadJob, JobCounts, Jobs, NewJob, Outcome},
        outbox::{Delivery, DeliveryEnd, DeliveryState, Outbox},
    },
    storage::SqlStore,
};
use futures_util::future::BoxFuture;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// One thing that was asked, and answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    /// Nothing was due.
    Idle,
    /// It was told when something will be.
    Due,
    Claimed {
        key: String,
        attempt: u32,
    },
    /// `false` where it was fenced.
    Finished {
        key: String,
        outcome: Outcome,
        ours: bool,
    },
    Delivered {
        id: String,
        end: DeliveryEnd,
    },
    /// Somebody asked while the store was away.
    Away,
}

impl Seen {
    /// Whether an attempt ended, or was not ours to end.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self, Self::Finished { .. })
    }
}

/// A process's own way to the store.
#[derive(Debug)]
pub(crate) struct Spy {
    store: Arc<SqlStore>,
    seen: watch::Sender<Vec<Seen>>,
    away: AtomicBool,
}

impl Spy {
    pub(crate) fn on(store: &Arc<SqlStore>) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(store),
            seen: watch::Sender::default(),
            away: AtomicBool::new(false),
        })
    }

    /// The store is away from now on, or is back.
    pub(crate) fn is_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// What happened so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.borrow().clone()
    }

    /// Waits until this is true of what happened.
    pub(crate) async fn until(&self, met: impl FnMut(&Vec<Seen>) -> bool) {
        self.seen.subscribe().wait_for(met).await.unwrap();
    }

    /// Waits until so many attempts were ended by us.
    pub(crate) async fn finished(&self, count: usize) {
        self.until(|seen| ends(seen).len() >= count).await;
    }

    /// Waits until so many jobs were done.
    pub(crate) async fn done(&self, count: usize) {
        let is_done = |(_, outcome): &(String, Outcome)| *outcome == Outcome::Done;
        self.until(|seen| ends(seen).iter().filter(|end| is_done(end)).count() >= count).await;
    }

    /// Waits until so many deliveries came to an end, or were put off.
    pub(crate) async fn delivered(&self, count: usize) {
        let is_delivered = |seen: &&Seen| matches!(seen, Seen::Delivered { .. });
        self.until(|seen| seen.iter().filter(is_delivered).count() >= count).await;
    }

    /// Waits until so many asked for the store in vain.
    pub(crate) async fn refused(&self, count: usize) {
        self.until(|seen| seen.iter().filter(|seen| **seen == Seen::Away).count() >= count).await;
    }

    /// How the attempts ended, in order.
    pub(crate) fn ends(&self) -> Vec<(String, Outcome)> {
        ends(&self.seen.borrow())
    }

    fn tell(&self, seen: Seen) {
        self.seen.send_modify(|all| all.push(seen));
    }

    fn here(&self) -> Stored<()> {
        if self.away.load(Ordering::SeqCst) {
            self.tell(Seen::Away);
            return Err(StoreError::Unavailable { why: "told to be".to_owned(), full: false });
        }
        Ok(())
    }
}

fn ends(seen: &[Seen]) -> Vec<(String, Outcome)> {
    let ends = seen.iter().filter_map(|seen| match seen {
        Seen::Finished { key, outcome, ours: true } => Some((key.clone(), outcome.clone())),
        _ => None,
    });
    ends.collect()
}

impl Jobs for Spy {
    fn enqueue(&self, jobs: Vec<NewJob>) -> BoxFuture<'_, Stored<u64>> {
        self.store.enqueue(jobs)
    }

    fn claim(&self, ask: Ask) -> BoxFuture<'_, Stored<Vec<Claim>>> {
        Box::pin(async move {
            self.here()?;
            let claims = self.store.claim(ask).await?;
            for claim in &claims {
                self.tell(Seen::Claimed { key: claim.key.clone(), attempt: claim.attempt });
            }
            if claims.is_empty() {
                self.tell(Seen::Idle);
            }
            Ok(claims)
        })
    }

    fn renew(&self, claim: Claim, lease: Duration) -> BoxFuture<'_, Stored<()>> {
        Box::pin(async move {
            self.here()?;
            self.store.renew(claim, lease).await
        })
    }

    fn finish(&self, claim: Claim, outcome: Outcome) -> BoxFuture<'_, Stored<()>> {
        Box::pin(async move {
            self.here()?;
            let done = self.store.finish(claim.clone(), outcome.clone()).await;
            self.tell(Seen::Finished { key: claim.key, outcome, ours: done.is_ok() });
            done
        })
    }

    fn next_due(&self) -> BoxFuture<'_, Stored<Option<Duration>>> {
        Box::pin(async move {
            let due = self.store.next_due().await;
            self.tell(Seen::Due);
            due
        })
    }

    fn job_counts(&self, kind: Option<String>) -> BoxFuture<'_, Stored<JobCounts>> {
        self.store.job_counts(kind)
    }

    fn dead_jobs(&self, most: u32) -> BoxFuture<'_, Stored<Vec<DeadJob>>> {
        self.store.dead_jobs(most)
    }

    fn revive(&self, id: i64) -> BoxFuture<'_, Stored<()>> {
        self.store.revive(id)
    }
}

impl Outbox for Spy {
    fn delivery(&self, id: String) -> BoxFuture<'_, Stored<Delivery>> {
        self.store.delivery(id)
    }

    fn sending(&self, id: String, claim: Claim) -> BoxFuture<'_, Stored<()>> {
        self.store.sending(id, claim)
    }

    fn delivered(&self, id: String, claim: Claim, end: DeliveryEnd) -> BoxFuture<'_, Stored<()>> {
        Box::pin(async move {
            self.here()?;
            self.store.delivered(id.clone(), claim, end.clone()).await?;
            self.tell(Seen::Delivered { id, end });
            Ok(())
        })
    }

    fn deliveries(&self, state: DeliveryState, most: u32) -> BoxFuture<'_, Stored<Vec<Delivery>>> {
        self.store.deliveries(state, most)
    }

    fn decide(&self, id: String, again: bool) -> BoxFuture<'_, Stored<()>> {
        self.store.decide(id, again)
    }
}
