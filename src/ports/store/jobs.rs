//! What is to be done later, or again.
//!
//! A job is claimed with a lease that ends by the database's clock; each claim counts as an attempt, whatever becomes of it, and has
//! a higher epoch. A job whose lease has ended is claimed by whoever comes; the one that held it finds itself
//! [fenced](super::StoreError::Fenced).

use super::{MAIN_WORKSPACE, Owner, Stored};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A job to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewJob {
    /// Whose it is.
    pub workspace: String,
    /// Which program runs it.
    pub kind: String,
    /// There is at most one job of a key, for as long as it is kept: a week after it is done (see [`retention`](super::retention)).
    pub key: String,
    /// Jobs of the same order run one after another, as they came; one that is given up lets the next one run.
    pub order: Option<String>,
    /// Jobs of the same lane share its places, such as those that go to one target.
    pub lane: Option<String>,
    /// What it needs to know.
    pub payload: Value,
    /// It runs no earlier than this after it was made.
    pub after: Duration,
    /// It is given up after so many attempts.
    pub attempts: u32,
}

impl NewJob {
    /// A job of the main workspace that runs at once, and up to 5 times (reliability G2).
    pub fn new(kind: &str, key: impl Into<String>, payload: Value) -> Self {
        Self {
            workspace: MAIN_WORKSPACE.to_owned(),
            kind: kind.to_owned(),
            key: key.into(),
            order: None,
            lane: None,
            payload,
            after: Duration::ZERO,
            attempts: 5,
        }
    }
}

/// What a worker can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who asks.
    pub owner: Owner,
    /// At most so many.
    pub most: u32,
    /// At most so many of a lane, those included that run already.
    pub lane: u32,
    /// How long they are the worker's own.
    pub lease: Duration,
}

/// A job that is ours until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Identifies the job.
    pub id: i64,
    /// Tells this claim from earlier and later ones.
    pub epoch: i64,
    /// Whose it is.
    pub workspace: String,
    /// Which program runs it.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// What it needs to know.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Whether there is none after it.
    pub is_last: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, and never done again.
    Done,
    /// It failed, and runs again after this long, unless it was the last attempt.
    Again {
        /// How long it waits.
        after: Duration,
        /// Why it failed.
        error: String,
    },
    /// It is not due yet; this attempt does not count.
    Later {
        /// How long it waits.
        after: Duration,
    },
    /// It can't be done: it goes to the dead letters.
    Dead {
        /// Why.
        error: String,
    },
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Not begun, or to be tried again.
    pub waiting: u64,
    /// Claimed.
    pub running: u64,
    /// Done.
    pub done: u64,
    /// Given up.
    pub dead: u64,
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadJob {
    /// Identifies the job.
    pub id: i64,
    /// Which program ran it.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Why it was given up.
    pub error: String,
}

/// The jobs.
pub trait Jobs: Send + Sync {
    /// Makes those of the jobs whose keys are new, and returns how many these were.
    fn enqueue(&self, jobs: Vec<NewJob>) -> BoxFuture<'_, Stored<u64>>;

    /// Takes jobs that are due, the longest due first.
    fn claim(&self, ask: Ask) -> BoxFuture<'_, Stored<Vec<Claim>>>;

    /// Prolongs the lease of a claim.
    ///
    /// # Errors
    /// `Fenced` where the lease had ended and somebody else has taken the job.
    fn renew(&self, claim: Claim, lease: Duration) -> BoxFuture<'_, Stored<()>>;

    /// Ends an attempt.
    ///
    /// # Errors
    /// `Fenced` where somebody else has taken the job: nothing is written then.
    fn finish(&self, claim: Claim, outcome: Outcome) -> BoxFuture<'_, Stored<()>>;

    /// How long until the next job is due whose turn it is; `None` where there is none. A full lane is not looked at: whoever
    /// has claimed nothing though something is due must wait for an end, or a while.
    fn next_due(&self) -> BoxFuture<'_, Stored<Option<Duration>>>;

    /// How many jobs there are, of one kind or of all.
    fn job_counts(&self, kind: Option<String>) -> BoxFuture<'_, Stored<JobCounts>>;

    /// The newest jobs that were given up.
    fn dead_jobs(&self, most: u32) -> BoxFuture<'_, Stored<Vec<DeadJob>>>;

    /// Gives a dead job all its attempts again.
    ///
    /// # Errors
    /// `Unknown` where there is no such dead job.
    fn revive(&self, id: i64) -> BoxFuture<'_, Stored<()>>;
}
