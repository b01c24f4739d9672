//! Keys to the API, and who did what with them.

use super::Stored;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look at calls, contacts and notes.
    Read,
    /// Change them, and steer live calls.
    Write,
    /// Make and revoke keys, erase people.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// A key to be. The key itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What it opens.
    pub workspace: String,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the key, which has 256 random bits of its own, so that a slow hash would add nothing.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How long it is good for.
    pub life: Option<Duration>,
}

/// A key, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Identifies it; sorts by time.
    pub id: String,
    /// What it opens.
    pub workspace: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// When it was last used, within a minute.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Where.
    pub workspace: String,
    /// The key's name, or `operator` for the command line.
    pub who: String,
    /// Such as `call.read`.
    pub what: String,
    /// Such as the call's identifier; never a person's number.
    pub object: String,
}

/// Keys and the audit log, which nothing here deletes.
pub trait Keys: Send + Sync {
    /// Stores a key, and returns its identifier.
    fn make_key(&self, key: NewKey) -> BoxFuture<'_, Stored<String>>;

    /// The key with this hash that is neither revoked nor past its end.
    fn key(&self, hash: [u8; 32]) -> BoxFuture<'_, Stored<Option<Key>>>;

    /// All keys of a workspace, revoked ones too, the newest first.
    fn keys(&self, workspace: String) -> BoxFuture<'_, Stored<Vec<Key>>>;

    /// Ends a key.
    ///
    /// # Errors
    /// `Unknown` where the workspace has no such key, or it is revoked already.
    fn revoke_key(&self, workspace: String, id: String) -> BoxFuture<'_, Stored<()>>;

    /// Writes down what somebody did.
    fn audit(&self, deed: Deed) -> BoxFuture<'_, Stored<()>>;

    /// What was done with an object, the newest first.
    fn deeds(&self, object: String, most: u32) -> BoxFuture<'_, Stored<Vec<(Timestamp, Deed)>>>;
}
