//! Ends the records of calls whose process is gone, and sums them up.
//!
//! A process that holds a call says so every 10 s. After 30 s without a word the call may still be brought back by the network to
//! another process; after 60 s more it is taken for lost (reliability §3.8).

use super::job::{Ended, Job};
use crate::{
    base::clock::WallClock,
    ports::store::{
        SharedStore, StoreError, Stored,
        calls::{CallEnd, CallRow, CallState},
        jobs::{Claim, Outcome},
        notes::summary_job,
    },
};
use futures_util::future::BoxFuture;
use std::{fmt, sync::Arc, time::Duration};

/// Calls that are closed at a time: 5,000 of them take some seconds, and leave room for what is live (reliability I8).
const MOST: u32 = 500;

/// A store that was away heard no signs of life: whoever lives says so again within this time, and is not summed up.
const MAY_LIVE: Duration = Duration::from_mins(1);

/// The job that closes calls.
pub struct Janitor {
    /// Where calls are.
    pub store: SharedStore,
    /// When they end.
    pub clock: Arc<dyn WallClock>,
    /// How long nobody has said that they live.
    pub silent: Duration,
}

impl fmt::Debug for Janitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Janitor").field("silent", &self.silent).finish_non_exhaustive()
    }
}

impl Janitor {
    /// Closes calls of which nothing was heard for 90 s.
    pub fn new(store: SharedStore, clock: Arc<dyn WallClock>) -> Self {
        Self { store, clock, silent: Duration::from_secs(90) }
    }

    async fn close(&self, call: CallRow) -> Stored<()> {
        let (outcome, jobs) = match call.state {
            // Nothing was said: there is nothing to be summed up.
            CallState::Arrived => ("never_began", Vec::new()),
            CallState::Live | CallState::Over => ("lost", vec![summary_job(&call.call.sid, MAY_LIVE)]),
        };
        let sid = call.call.sid;
        tracing::warn!(code = "CALL_LOST", call.sid = %sid, outcome, "a call is closed whose process is gone");
        let end = CallEnd { outcome: outcome.to_owned(), at: self.clock.now(), jobs };
        match self.store.call_ended(sid, call.epoch, end).await {
            // It has come back in this moment.
            Err(StoreError::Fenced) => Ok(()),
            closed => closed,
        }
    }
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
            for call in self.store.silent_calls(self.silent, MOST).await? {
                self.close(call).await?;
            }
            Ok(Outcome::Done.into())
        })
    }
}
