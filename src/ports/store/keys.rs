//! Keys to the API, and who did what with them.

use super::Stored;
use crate::base::secret::SecretString;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Every key begins so, and is recognised where it leaked.
pub const PREFIX: &str = "ck_";

/// How long every key is: after the beginning, 256 bits in base 64.
const LENGTH: usize = PREFIX.len() + 43;

/// The longest name of a key, in letters.
pub const LONGEST_NAME: usize = 100;

/// A key that nobody has yet: 256 random bits.
pub fn draw() -> SecretString {
    let bits: [u8; 32] = rand::random();
    SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits)))
}

/// Whether somebody may have drawn this.
pub fn is_key(sent: &str) -> bool {
    sent.len() == LENGTH && sent.starts_with(PREFIX)
}

/// What is stored of a key.
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Whether a key may be called so: it is read in lists and in the audit log.
pub fn is_name(name: &str) -> bool {
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    fits && name.trim() == name && !name.chars().any(char::is_control)
}

/// What a key may do; a later one includes those before it.
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
    /// The key's name and identifier, `API_TOKEN`, `operator` for the command line, or the call in which somebody asked for it.
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

    /// The key with this hash that is neither revoked nor past its end. Notes at most once a minute that it was used, so that
    /// the usual look-up only reads.
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
