//! The state store: one contract for the table in SQLite and in Postgres, for Redis, and for both together; and what both
//! together do while Redis is away, slow, empty or full.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod contract;
#[path = "../support/counted.rs"]
mod counted;
mod faults;
#[path = "../support/log.rs"]
mod log;
mod rig;
#[expect(dead_code, unused_imports, reason = "other tests need the rest of it")]
#[path = "../support/services/mod.rs"]
mod services;
