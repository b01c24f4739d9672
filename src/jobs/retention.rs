//! Forgets what is older than the operator keeps it, once an hour.
//!
//! The files themselves are deleted by each process where they lie: see [`files`](super::files).

use super::job::{Ended, Job};
use crate::ports::store::{
    SharedStore, Stored,
    jobs::{Claim, Outcome},
    retention::Old,
};
use futures_util::future::BoxFuture;
use std::{fmt, time::Duration};
use tokio::task::yield_now;

/// Calls or rows that are forgotten in one transaction, some milliseconds of the database's writer.
const MOST: u32 = 200;

/// How long jobs that are done and deliveries that arrived are of interest to anybody: a week.
const DONE: Duration = Duration::from_hours(7 * 24);

/// How long what is kept; `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// Recordings and logs of calls.
    pub recordings: Option<Duration>,
    /// What was said.
    pub transcripts: Option<Duration>,
    /// What came from outside, word by word.
    pub payloads: Option<Duration>,
}

/// The job that forgets.
pub struct Retention {
    /// Where everything is.
    pub store: SharedStore,
    /// What is kept for how long.
    pub ages: Ages,
}

impl fmt::Debug for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retention").field("ages", &self.ages).finish_non_exhaustive()
    }
}

impl Retention {
    /// What was delivered may hold what was said.
    fn plan(&self) -> [(Old, Option<Duration>); 5] {
        let Ages { recordings, transcripts, payloads } = self.ages;
        let done = transcripts.map_or(DONE, |transcripts| transcripts.min(DONE));
        [
            (Old::Files, recordings),
            (Old::Words, transcripts),
            (Old::GivenUp, transcripts),
            (Old::Bodies, payloads),
            (Old::Done, Some(done)),
        ]
    }

    async fn forget(&self, what: Old, age: Duration) -> Stored<u64> {
        let mut forgotten = 0;
        loop {
            let some = self.store.forget(what, age, MOST).await?;
            forgotten += some;
            if some < u64::from(MOST) {
                return Ok(forgotten);
            }
            // Whoever waits for the database comes first.
            yield_now().await;
        }
    }
}

impl Job for Retention {
    fn kind(&self) -> &'static str {
        "retention"
    }

    fn schedule(&self) -> Option<&str> {
        Some("17 * * * *")
    }

    fn limit(&self) -> Duration {
        Duration::from_mins(30)
    }

    fn run(&self, _: Claim) -> BoxFuture<'_, Stored<Ended>> {
        Box::pin(async move {
            for (what, age) in self.plan() {
                let Some(age) = age else { continue };
                let some = self.forget(what, age).await?;
                if some > 0 {
                    tracing::info!(?what, count = some, "what was kept long enough is forgotten");
                }
            }
            // Also for what was erased since the last time while somebody read.
            if !self.store.scrub().await? {
                tracing::debug!("somebody reads: the database's log is emptied next time");
            }
            Ok(Outcome::Done.into())
        })
    }
}
