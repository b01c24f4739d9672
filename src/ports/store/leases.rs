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

    /// How many leases whose name begins with `prefix` somebody else than `owner` has at this moment.
    fn leases_of_others(&self, prefix: String, owner: Owner) -> BoxFuture<'_, Stored<u64>>;

    /// A process is gone for good: its leases end now, and what it ran is due at once, or within some seconds where it was begun
    /// before. Calls that it held are nobody's until the network brings them to another one; those that the network has ended are
    /// over, and are summed up.
    ///
    /// Where it lives all the same, it finds itself fenced.
    fn bury(&self, owner: Owner) -> BoxFuture<'_, Stored<()>>;
}
