//! Where everything that happened is kept, as one database whoever it is from.
//!
//! Every method is one transaction: it happened whole or not at all, and it is on the disk when the method returns `Ok`.
//! After [`StoreError::Unavailable`] it may have happened all the same; so everything that is written has a natural key, and
//! may be written again. Dropping a future does not take back what it asked for.

pub mod calls;
pub mod inbox;
pub mod jobs;
pub mod keys;
pub mod leases;
pub mod notes;
pub mod outbox;
pub mod people;
pub mod retention;

use serde::{Deserialize, Serialize};
use std::{error::Error, fmt, sync::Arc};

/// The workspace of an installation that serves one business.
pub const MAIN_WORKSPACE: &str = "main";

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is away, busy or full: what was to be written must be kept, and offered again.
    #[error("the database is away: {why}")]
    Unavailable {
        /// In a few words.
        why: String,
        /// No room is left on its disk.
        full: bool,
    },
    /// Somebody else owns this by now: stop, and write nothing more about it.
    #[error("somebody else has taken this over")]
    Fenced,
    /// There is no such thing.
    #[error("there is no such thing")]
    Unknown,
    /// It contradicts what is there, so that trying again is useless.
    #[error("it contradicts what is stored: {0}")]
    Conflict(String),
    /// The database did something that we do not understand, or we asked for nonsense.
    #[error("the database refused: {0}")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Whether it may work later.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// What a method of the store returns.
pub type Stored<T> = Result<T, StoreError>;

/// The whole store.
pub trait Store:
    calls::CallRecords
    + inbox::Inbox
    + jobs::Jobs
    + keys::Keys
    + leases::Leases
    + notes::Notes
    + outbox::Outbox
    + people::People
    + retention::Retention
    + fmt::Debug
{
}

/// The store as everybody holds it.
pub type SharedStore = Arc<dyn Store>;

/// One process of ours while it runs: the machine's name and what was drawn when it started, so that a process that is gone is
/// never taken for the one that follows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner(pub String);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
