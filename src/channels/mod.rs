//! Where people reach the agent.

pub mod ledger;
pub mod text;
pub mod tools;
pub mod turns;
pub mod voice;
