//! The paid services' adapters on real sockets: recorded sessions played by small servers, faults by the fakes.
//!
//! Nothing sleeps: each test waits for an event under one generous guard.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod black_hole;
mod chat;
#[path = "../support/counted.rs"]
mod counted;
mod failover;
mod flux;
mod listen;
#[path = "../support/log.rs"]
mod log;
mod recognisers;
mod rig;
mod scribe;
mod speak;
mod voices;
mod voices_in_order;
