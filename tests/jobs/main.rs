//! Jobs, deliveries and summaries, on SQLite, on Postgres, and on Postgres behind a pooler in transaction mode.
//!
//! Every wait of the program is milliseconds here where it is to pass, and an hour where it is not.
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
#[expect(dead_code, reason = "the stores' own tests need more of it")]
#[path = "../stores/rig.rs"]
mod rig;
#[expect(dead_code, unused_imports, reason = "not every server is needed here")]
#[path = "../support/services/mod.rs"]
mod services;
mod spy;
mod stage;

mod abort;
mod call_back;
mod cron;
mod deliver;
mod drain;
mod janitor;
mod kill;
mod queue;
mod retention;
mod runner;
mod summary;
