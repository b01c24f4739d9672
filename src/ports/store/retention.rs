//! What is not kept for ever.
//!
//! Every method touches a bounded part at a time, so that nobody waits for it; who wants all of it asks until it is nothing. Ages
//! are by the database's clock.

use super::Stored;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// What grows old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Where recordings and logs of calls lie; the files themselves are the business of whoever has them.
    Files,
    /// What was said: turns, notes, what was asked of a call. The call with its times and its outcome stays.
    Words,
    /// Bodies and answers of what came from outside; the keys stay, so that nothing is done twice.
    Bodies,
    /// Jobs that are done, and deliveries that arrived.
    Done,
    /// Jobs and deliveries that were given up, and those that wait for a person.
    GivenUp,
}

/// The end of what is old.
pub trait Retention: Send + Sync {
    /// Forgets what is older than `age`, at most `most` calls or rows of each kind, the oldest first. Returns how many.
    fn forget(&self, what: Old, age: Duration, most: u32) -> BoxFuture<'_, Stored<u64>>;

    /// Makes what was forgotten or erased unreadable in the database's own files too, as far as that is ours to do: a log that
    /// still holds it is emptied. `false` where somebody still reads from it; then it is to be asked again.
    fn scrub(&self) -> BoxFuture<'_, Stored<bool>>;
}
