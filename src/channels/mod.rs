//! Where people reach the agent.

pub mod voice;
