//! Which other nodes take calls: to them this one hands over what lives when it must stop.

use crate::ports::store::{Owner, SharedStore};
use std::time::Duration;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::task::AbortOnDropHandle;

/// What the lease of a node is called, before its name.
const NODE: &str = "node:";

/// How long a node counts as there after its last word, and how often it says one (reliability §3.7).
const LIFE: Duration = Duration::from_secs(30);
const BEAT: Duration = Duration::from_secs(10);

/// How long the drain waits for the database, which may be away (reliability §3.9).
const PATIENCE: Duration = Duration::from_secs(1);

/// This node takes calls, and says so until it is dropped.
#[derive(Debug)]
pub(super) struct Presence {
    store: SharedStore,
    owner: Owner,
    beats: AbortOnDropHandle<()>,
}

impl Presence {
    /// Begins to say so. Must be called within a tokio runtime.
    pub(super) fn begin(store: SharedStore, owner: Owner) -> Self {
        let beats: JoinHandle<()> = tokio::spawn(beat(store.clone(), owner.clone()));
        Self { store, owner, beats: AbortOnDropHandle::new(beats) }
    }

    /// From now on nobody hands anything over to this node.
    pub(super) async fn end(&self) {
        self.beats.abort();
        let gone = self.store.give_back(name(&self.owner), self.owner.clone());
        if !matches!(timeout(PATIENCE, gone).await, Ok(Ok(()))) {
            tracing::debug!("other nodes learn by time that this one stops");
        }
    }

    /// Whether another node takes calls; not so where the database does not tell.
    pub(super) async fn others(&self) -> bool {
        let others = self.store.leases_of_others(NODE.to_owned(), self.owner.clone());
        matches!(timeout(PATIENCE, others).await, Ok(Ok(1..)))
    }
}

async fn beat(store: SharedStore, owner: Owner) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = store.lease(name(&owner), owner.clone(), LIFE).await {
            // The ledger tells of a store that is away.
            tracing::debug!(%error, "other nodes are not told that this one takes calls");
        }
    }
}

fn name(owner: &Owner) -> String {
    format!("{NODE}{owner}")
}
