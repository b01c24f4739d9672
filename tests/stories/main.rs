//! Conversations in virtual time: exact to the millisecond, no clock, no network.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod any_order;
mod both_ways;
mod by_utterance;
mod drafts;
mod ending;
mod failures;
mod interruption;
mod keypad;
mod keys_out;
mod late_words;
mod network;
mod noise;
mod random;
mod replay;
mod script;
mod silence;
mod slow_providers;
mod spoken;
mod stage;
mod standstill;
mod takeovers;
mod tools;
mod turns;
