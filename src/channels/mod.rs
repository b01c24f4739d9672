//! Where people reach the agent.

pub mod ledger;
pub mod voice;
