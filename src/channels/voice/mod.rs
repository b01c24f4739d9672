//! The telephone: who is let in, the line, and the calls that live on it.

mod actor;
pub mod admission;
pub mod agents;
mod alarm;
mod backlog;
mod by_turns;
mod call_log;
pub mod calls;
pub mod desk;
mod disk;
mod ear;
mod ends;
pub mod handshake;
mod journal;
pub mod limits;
mod melody;
mod peer;
pub mod phrases;
pub mod pieces;
pub mod record;
mod recording;
pub mod reframe;
pub mod room;
mod sessions;
pub mod socket;
pub mod staff;
pub mod status;
mod steps;
mod watch;

pub use watch::HANG_UP;
