//! One attempt at a job: the work, its lease, and how it ends.

use super::{
    job::{Ended, Job},
    runner::Crew,
};
use crate::{
    base::{backoff, clock},
    ports::store::{
        StoreError, Stored,
        jobs::{Claim, Outcome},
    },
    telemetry::metrics,
};
use futures_util::FutureExt as _;
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::{sleep, sleep_until, timeout_at};

/// Letters of a panic's message that are kept.
const LONGEST_MESSAGE: usize = 200;

/// One attempt. Dropping it leaves the job to whoever comes when the lease has ended.
pub(super) struct Attempt {
    pub(super) crew: Arc<Crew>,
    /// Absent where this program knows no such kind.
    pub(super) job: Option<Arc<dyn Job>>,
    pub(super) claim: Claim,
    /// Just before the store was asked: the lease ends no earlier than that and its length.
    pub(super) claimed_at: Instant,
}

/// An attempt in the metrics, however it ends.
struct Counted;

impl Counted {
    fn begin() -> Self {
        metrics::job_began();
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::job_over();
    }
}

/// Why the lease is no longer ours, or may not be.
#[derive(Clone, Copy, Debug)]
enum Lost {
    Fenced,
    Late,
}

impl Attempt {
    /// Does the work and writes down how it ended.
    pub(super) async fn carry_out(self) {
        let _counted = Counted::begin();
        if let Some(outcome) = self.work().await {
            self.finish(outcome).await;
        }
    }

    /// How the work ended; nothing where nothing is to be written.
    async fn work(&self) -> Option<Outcome> {
        let Some(job) = &self.job else {
            let error = format!("no program here runs jobs of the kind `{}`", self.claim.kind);
            return Some(Outcome::Again { after: self.crew.pace.unknown, error });
        };
        // A panic may come before there is a future.
        let run = AssertUnwindSafe(async { job.run(self.claim.clone()).await }).catch_unwind();
        let limit = job.limit();
        tokio::select! {
            biased;
            // Before the work: who was frozen must not do another step of it.
            lost = self.keep_lease() => {
                self.tell_lost(lost);
                None
            }
            () = self.crew.give_back.cancelled() => Some(Outcome::Later { after: Duration::ZERO }),
            ran = run => self.judge(ran),
            () = sleep(limit) => Some(self.again(format!("not done within {limit:?}"))),
        }
    }

    fn judge(&self, ran: Result<Stored<Ended>, Box<dyn Any + Send>>) -> Option<Outcome> {
        match ran {
            Ok(Ok(Ended::So(outcome))) => Some(outcome),
            Ok(Ok(Ended::Already)) => {
                metrics::job_ended(self.kind(), "done");
                None
            }
            Ok(Err(StoreError::Fenced)) => {
                self.tell_lost(Lost::Fenced);
                None
            }
            Ok(Err(error)) if error.is_temporary() => {
                self.crew.complain(&error);
                let [after, _] = self.crew.pace.again;
                Some(Outcome::Later { after })
            }
            Ok(Err(error)) => Some(self.again(error.to_string())),
            Err(panic) => {
                let error = format!("it panicked: {}", message(panic.as_ref()));
                tracing::error!(
                    code = "JOB_PANIC",
                    kind = self.claim.kind,
                    key = self.claim.key,
                    error,
                    "a job broke off"
                );
                Some(self.again(error))
            }
        }
    }

    fn again(&self, error: String) -> Outcome {
        let after = backoff::nth(self.claim.attempt, self.crew.pace.again, rand::random());
        Outcome::Again { after, error }
    }

    /// Prolongs the lease as long as this is polled; returns when the work must stop.
    async fn keep_lease(&self) -> Lost {
        let pace = &self.crew.pace;
        let (mut next, mut until) = (self.claimed_at + pace.renew, self.claimed_at + pace.stop);
        loop {
            sleep_until(next.min(until).into()).await;
            let asked = clock::now();
            if asked >= until {
                return Lost::Late;
            }
            match timeout_at(until.into(), self.crew.jobs.renew(self.claim.clone(), pace.lease)).await {
                Ok(Ok(())) => (next, until) = (asked + pace.renew, asked + pace.stop),
                Ok(Err(StoreError::Fenced | StoreError::Unknown)) => return Lost::Fenced,
                Ok(Err(error)) => {
                    self.crew.complain(&error);
                    next = clock::now() + pace.away;
                }
                Err(_) => return Lost::Late,
            }
        }
    }

    /// Writes the end down, however long the store is away.
    async fn finish(&self, outcome: Outcome) {
        loop {
            match self.crew.jobs.finish(self.claim.clone(), outcome.clone()).await {
                Ok(()) => return self.tell(&outcome),
                Err(StoreError::Fenced | StoreError::Unknown) => return self.tell_lost(Lost::Fenced),
                Err(error) if error.is_temporary() => {
                    self.crew.complain(&error);
                    sleep(self.crew.pace.away).await;
                }
                Err(error) => {
                    let (kind, key) = (&self.claim.kind, &self.claim.key);
                    tracing::error!(code = "JOB_END", kind, key, %error, "the end of a job could not be written: it will run again");
                    return;
                }
            }
        }
    }

    fn tell(&self, outcome: &Outcome) {
        let Claim { kind, key, attempt, is_last, .. } = &self.claim;
        let word = match outcome {
            Outcome::Done => "done",
            Outcome::Later { .. } => "later",
            Outcome::Again { .. } if !is_last => "again",
            Outcome::Again { .. } | Outcome::Dead { .. } => "dead",
        };
        metrics::job_ended(self.kind(), word);
        match outcome {
            Outcome::Again { error, .. } | Outcome::Dead { error } => self.tell_failed(error, word == "dead"),
            Outcome::Done | Outcome::Later { .. } => tracing::debug!(kind, key, attempt, word, "a job ended"),
        }
    }

    fn tell_failed(&self, error: &str, for_good: bool) {
        let Claim { kind, key, attempt, .. } = &self.claim;
        if for_good {
            tracing::error!(code = "JOB_DEAD", kind, key, attempt, error, "a job was given up");
        } else {
            tracing::warn!(code = "JOB_AGAIN", kind, key, attempt, error, "a job failed, and is tried again");
        }
    }

    fn tell_lost(&self, lost: Lost) {
        let Claim { kind, key, epoch, .. } = &self.claim;
        match lost {
            Lost::Fenced => {
                metrics::job_ended(self.kind(), "fenced");
                tracing::warn!(
                    code = "FENCED",
                    kind,
                    key,
                    epoch,
                    "somebody else has this job: nothing is written"
                );
            }
            Lost::Late => {
                metrics::job_ended(self.kind(), "lease_lost");
                tracing::warn!(
                    code = "JOB_LEASE",
                    kind,
                    key,
                    epoch,
                    "a job's lease could not be prolonged: it was stopped"
                );
            }
        }
    }

    fn kind(&self) -> &'static str {
        self.job.as_ref().map_or("unknown", |job| job.kind())
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").chars().take(LONGEST_MESSAGE).collect()
}
