//! Scripted callers who judge an agent: what they want, what they say, and what must be true when they have hung up.
//!
//! A scenario is a file that people write (`prompts/eval/README.md`). [`Caller`] plays it, [`judge`] compares what came of it.

mod book;
mod caller;
mod judge;
mod scenario;
mod text;

pub use book::Book;
pub use caller::{Caller, Move};
pub use judge::{Ended, Exchange, Held, judge};
pub use scenario::{
    Booked, Ends, Expect, Facts, Lines, Scenario, ScenarioError, Standing, Time, read, read_all,
};
