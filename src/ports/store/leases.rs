//! Who alone may do something, for a while.

use super::{Owner, Stored};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// The leases, by name.
pub trait Leases: Send + Sync {
    /// Takes a lease that is free or has ended, or prolongs our own. Returns its epoch, which grows with each new owner;
    /// `None` where somebody else has it.
    fn lease(&self, name: String, owner: Owner, life: Duration) -> BoxFuture<'_, Stored<Option<i64>>>;

    /// Gives a lease back before its time.
    fn give_back(&self, name: String, owner: Owner) -> BoxFuture<'_, Stored<()>>;
}
