//! What is done later, again or at fixed hours, beside the calls: deliveries, summaries and whatever else is one [`Job`](job::Job).
//!
//! Jobs lie in one table of the store, so that they outlive the process. A [`Runner`] takes them with a lease, runs a few at a
//! time, and gives them back when the process ends. A new job is one file here that implements the trait, and one line in `boot`.
//!
//! **Live audio comes first.** Jobs share the runtime of the calls, whose frames are due every 20 ms. So few run at a time
//! (4 by default), none may compute for longer than a millisecond between two awaits (what does belongs on
//! `tokio::task::spawn_blocking`), and what the jobs here do between awaits is to read or write some kilobytes of JSON; the
//! databases work on threads of their own, models and targets are awaited.

mod attempt;
pub mod call_back;
mod cron;
pub mod deliver;
pub mod erasure;
pub mod files;
pub mod janitor;
pub mod job;
pub mod message;
pub mod retention;
pub mod runner;
pub mod summary;

pub use runner::{Pace, Runner, Wake};
