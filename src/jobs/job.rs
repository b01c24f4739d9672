//! What a job is.

use crate::ports::store::{
    Stored,
    jobs::{Claim, Outcome},
};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The runner writes it down.
    So(Outcome),
    /// The job has written it down itself, in one transaction with its result.
    Already,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        Self::So(outcome)
    }
}

/// A program that runs the jobs of one kind. It runs at least once for each job, so it must be safe to repeat: after a crash the
/// next attempt finds whatever the former one has left.
pub trait Job: Send + Sync + 'static {
    /// The kind, as it stands in the store.
    fn kind(&self) -> &'static str;

    /// When a job of this kind is due by itself, in UTC: a cron pattern of five fields, or of six with seconds first. However
    /// many processes run, each instant has one job, whose payload is `{"at": INSTANT}`; the next instant's job lies in the store
    /// beforehand, so that one that was missed by all of them is made up for once.
    fn schedule(&self) -> Option<&str> {
        None
    }

    /// How long one attempt may take; then it is stopped, and counts as failed.
    fn limit(&self) -> Duration {
        Duration::from_mins(5)
    }

    /// Runs a job. The future is dropped where the lease is lost, the time is up or the process ends, so it must be safe to drop
    /// at any await. A panic counts as a failed attempt.
    ///
    /// # Errors
    /// What the store answered to the job itself: while it is away the job waits and the attempt does not count; after
    /// `Fenced` nothing is written any more; anything else is a failed attempt.
    fn run(&self, claim: Claim) -> BoxFuture<'_, Stored<Ended>>;
}
