//! A server that is killed at any moment while calls end, webhooks come and notes are sent, and what must be true when it has done
//! its work (reliability E5, G3 and the oracles of §6.3).
//!
//! The server is the real program in a process of its own. Around it stand, on real sockets, the telephone network, the providers
//! and a receiver of notes that keeps one at once and answers late. Nothing is asked of the server but what the network would:
//! everything is judged by what the network was promised, by what the receiver got, and by the database.
//!
//! A binary takes it in by `#[path = "../support/crash/mod.rs"] mod crash;`, beside `services`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod database;
pub(crate) mod live;
mod network;
pub(crate) mod nodes;
mod oracle;
mod server;
pub(crate) mod signals;
pub(crate) mod slow_disk;
pub(crate) mod standstill;
mod world;

pub(crate) use database::Database;
pub(crate) use oracle::Figures;

use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};
use world::World;

/// The guard of everything that is waited for: far beyond what it takes, also on a machine that is busy.
const GUARD: Duration = Duration::from_mins(4);

/// How a delivery is settled whose end nobody knows, as the configuration calls it.
const MODES: [&str; 2] = ["key", "reconcile"];

/// What is done to a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How often it is killed.
    pub(crate) rounds: u32,
    /// Calls at a time.
    pub(crate) callers: u32,
    /// How long the receiver of notes takes to answer.
    pub(crate) late: Duration,
    /// Draws the moments, and all that callers do.
    pub(crate) seed: u64,
}

/// Kills servers on databases such as `place` makes, one for each way to settle a delivery, both at a time.
pub(crate) async fn survives(plan: Plan, place: impl AsyncFn() -> Database) -> Vec<Figures> {
    let mut worlds = Vec::new();
    for mode in MODES {
        worlds.push(Arc::new(World::open(place().await, mode, plan).await));
    }
    join_all(worlds.into_iter().map(World::live)).await
}
