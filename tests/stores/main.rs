//! What the store promises, kept by SQLite, by Postgres, and by Postgres behind a pooler in transaction mode.
//!
//! Each fact is one function, run in a fresh database of each kind; `rig::facts!` makes three tests of it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/log.rs"]
mod log;
#[macro_use]
mod rig;
#[expect(dead_code, unused_imports, reason = "not every server is needed here")]
#[path = "../support/services/mod.rs"]
mod services;

mod book;
mod calls;
mod claims;
mod commands;
mod crowd;
mod disk;
mod dropped;
mod erase;
mod inbox;
mod jobs;
mod keys;
mod leases;
mod ledger;
mod network;
mod notes;
mod outbox;
mod people;
mod retention;
mod schema;
mod server;
