//! The state store: one contract for the table in SQLite and in Postgres, for Redis, and for both together; and what both
//! together do while Redis is away, slow, empty or full.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod contract;
#[path = "../support/counted.rs"]
mod counted;
mod faults;
#[path = "../support/log.rs"]
mod log;
mod rig;
#[path = "../support/services/mod.rs"]
mod services;
