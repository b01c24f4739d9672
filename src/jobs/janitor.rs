//! Ends the records of calls whose process is gone, sums them up, and asks to call those people back.
//!
//! A process that holds a call says so every 10 s. After 30 s without a word the call may still be brought back by the network to
//! another process; after 60 s more it is taken for lost (reliability §3.8).

use super::job::{Ended, Job};
use crate::{
    base::clock::WallClock,
    ports::store::{
        SharedStore, Stored,
        calls::CallRow,
        jobs::{Claim, NewJob, Outcome},
        notes::{call_back_job, summary_job},
    },
};
use futures_util::future::BoxFuture;
use std::{fmt, sync::Arc, time::Duration};

/// Calls that are closed in one transaction, with two jobs each: over a line of a few milliseconds more would take longer than the
/// database may take.
const TOGETHER: u32 = 25;

/// A store that was away heard no signs of life: whoever lives says so again within this time, and is not summed up.
const MAY_LIVE: Duration = Duration::from_mins(1);

/// Whether the store lacks what this process knows.
pub type Behind = Arc<dyn Fn() -> bool + Send + Sync>;

/// The job that closes calls.
pub struct Janitor {
    /// Where calls are.
    pub store: SharedStore,
    /// When they end.
    pub clock: Arc<dyn WallClock>,
    /// How long nobody has said that they live.
    pub silent: Duration,
    /// Whether what this process knows of calls is not in the store yet: then nobody is taken for lost.
    pub is_behind: Behind,
}

impl fmt::Debug for Janitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Janitor").field("silent", &self.silent).finish_non_exhaustive()
    }
}

impl Janitor {
    /// Closes calls of which nothing was heard for 90 s.
    pub fn new(store: SharedStore, clock: Arc<dyn WallClock>, is_behind: Behind) -> Self {
        Self { store, clock, silent: Duration::from_secs(90), is_behind }
    }
}

fn follows(call: &CallRow) -> Vec<NewJob> {
    // Where nothing was said there is nothing to be summed up.
    let lost = call.outcome.as_deref() == Some("lost");
    if !lost {
        return Vec::new();
    }
    [summary_job, call_back_job].map(|job| job(&call.call.sid, MAY_LIVE)).into()
}

impl Job for Janitor {
    fn kind(&self) -> &'static str {
        "janitor"
    }

    fn schedule(&self) -> Option<&str> {
        Some("*/30 * * * * *")
    }

    fn run(&self, _: Claim) -> BoxFuture<'_, Stored<Ended>> {
        Box::pin(async move {
            while !(self.is_behind)() {
                let closed =
                    self.store.close_silent(self.silent, self.clock.now(), follows, TOGETHER).await?;
                for call in &closed {
                    let (sid, outcome) = (&call.call.sid, call.outcome.as_deref());
                    tracing::warn!(code = "CALL_LOST", call.sid = %sid, outcome, "a call is closed whose process is gone");
                }
                if closed.is_empty() {
                    break;
                }
            }
            Ok(Outcome::Done.into())
        })
    }
}
