//! Runners and jobs for tests.

use crate::spy::Spy;
use centralita::{
    base::clock::{SystemClock, WallClock},
    jobs::{
        Pace, Runner,
        job::{Ended, Job},
    },
    ports::store::{
        Owner, Stored,
        jobs::{Claim, NewJob, Outcome},
    },
};
use futures_util::future::BoxFuture;
use serde_json::json;
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Longer than any test runs.
pub(crate) const NEVER: Duration = Duration::from_hours(1);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Nothing is waited for, and no lease ends.
pub(crate) fn pace() -> Pace {
    Pace {
        lease: NEVER,
        renew: NEVER,
        stop: NEVER,
        poll: ms(5),
        again: [ms(1), ms(4)],
        unknown: ms(1),
        away: ms(1),
        ..Pace::default()
    }
}

/// Starts a process's runner.
pub(crate) fn start(spy: &Arc<Spy>, name: &str, jobs: Vec<Arc<dyn Job>>, pace: Pace) -> Runner {
    start_at(spy, name, jobs, pace, Arc::new(SystemClock))
}

pub(crate) fn start_at(
    spy: &Arc<Spy>,
    name: &str,
    jobs: Vec<Arc<dyn Job>>,
    pace: Pace,
    clock: Arc<dyn WallClock>,
) -> Runner {
    Runner::start(Arc::clone(spy) as _, Owner(name.to_owned()), clock, jobs, pace).unwrap()
}

/// Jobs of the kind `work` with these keys.
pub(crate) fn jobs<K: fmt::Display>(keys: impl IntoIterator<Item = K>) -> Vec<NewJob> {
    keys.into_iter().map(|key| NewJob::new("work", key.to_string(), json!({}))).collect()
}

pub(crate) type Run = dyn Fn(Claim) -> BoxFuture<'static, Stored<Ended>> + Send + Sync;

/// A job of the kind `work`, or of another one.
pub(crate) struct Work {
    pub(crate) kind: &'static str,
    pub(crate) schedule: Option<&'static str>,
    pub(crate) limit: Duration,
    pub(crate) run: Box<Run>,
}

impl Work {
    pub(crate) fn new<F, R>(run: F) -> Self
    where
        F: Fn(Claim) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        let run = move |claim| -> BoxFuture<'static, Stored<Ended>> {
            let run = run(claim);
            Box::pin(async move { Ok(Ended::So(run.await)) })
        };
        Self { kind: "work", schedule: None, limit: NEVER, run: Box::new(run) }
    }

    pub(crate) fn job(self) -> Vec<Arc<dyn Job>> {
        vec![Arc::new(self)]
    }
}

impl Job for Work {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn schedule(&self) -> Option<&str> {
        self.schedule
    }

    fn limit(&self) -> Duration {
        self.limit
    }

    fn run(&self, claim: Claim) -> BoxFuture<'_, Stored<Ended>> {
        (self.run)(claim)
    }
}

/// A list that can be waited for.
#[derive(Debug)]
pub(crate) struct Notes<T>(Arc<watch::Sender<Vec<T>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Notes<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }

    pub(crate) fn add(&self, note: T) {
        self.0.send_modify(|notes| notes.push(note));
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    /// Waits until there are so many.
    pub(crate) async fn are(&self, count: usize) -> Vec<T> {
        self.0.subscribe().wait_for(|notes| notes.len() >= count).await.unwrap().clone()
    }
}

/// Tells when it is dropped.
pub(crate) struct Dropped<T: Clone>(pub(crate) Notes<T>, pub(crate) T);

impl<T: Clone> Drop for Dropped<T> {
    fn drop(&mut self) {
        self.0.add(self.1.clone());
    }
}
