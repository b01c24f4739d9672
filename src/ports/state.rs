//! Small things that are kept for a while: summaries by call, markers, one-time tokens, counts.
//!
//! Nothing here is a record: what must be known for ever is a row of the [store](super::store). A key is either held
//! ([`put`](StateStore::put), [`get`](StateStore::get), [`take`](StateStore::take), [`add`](StateStore::add)) or counted
//! ([`count`](StateStore::count)): the two never meet, whatever they are called.

use futures_util::future::BoxFuture;
use std::{error::Error, fmt, sync::Arc, time::Duration};

/// The longest identifier of a key, in bytes: several telephone numbers or a SHA-256 in hexadecimal.
pub const LONGEST_ID: usize = 200;

/// The largest value, in bytes: a summary has a few thousand.
pub const LARGEST_VALUE: usize = 64 * 1024;

/// The longest life of anything here.
pub const LONGEST_LIFE: Duration = Duration::from_hours(31 * 24);

/// What a key is for; keys of one use never meet those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// The summary of a call, by the call's identifier.
    Summary,
    /// That something was done, such as a note that was written.
    Marker,
    /// What opens something once.
    Token,
    /// How often somebody did something.
    Rate,
}

impl Use {
    /// As it is written in a stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Marker => "marker",
            Self::Token => "token",
            Self::Rate => "rate",
        }
    }
}

/// A key. Its identifier is logged nowhere, since it may be a token or a telephone number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    purpose: Use,
    id: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.purpose).finish_non_exhaustive()
    }
}

impl Key {
    /// The key of `id` for this use. One that is longer than [`LONGEST_ID`] is refused where it is used.
    pub fn new(purpose: Use, id: impl Into<String>) -> Self {
        Self { purpose, id: id.into() }
    }

    /// The name under which something is held.
    ///
    /// # Errors
    /// [`StateError::Unfit`] where the identifier is empty or too long.
    pub fn held(&self) -> Held<String> {
        self.name("held")
    }

    /// The name under which something is counted.
    ///
    /// # Errors
    /// [`StateError::Unfit`] where the identifier is empty or too long.
    pub fn counted(&self) -> Held<String> {
        self.name("counted")
    }

    fn name(&self, how: &str) -> Held<String> {
        match self.id.len() {
            0 => Err(StateError::Unfit("a key without an identifier")),
            length if length > LONGEST_ID => Err(StateError::Unfit("an identifier of more than 200 bytes")),
            _ => Ok(format!("{how}:{}:{}", self.purpose.as_str(), self.id)),
        }
    }
}

/// Whether a value is small enough.
///
/// # Errors
/// [`StateError::Unfit`] where it is larger than [`LARGEST_VALUE`].
pub const fn fits(value: &[u8]) -> Held<()> {
    if value.len() > LARGEST_VALUE {
        return Err(StateError::Unfit("a value of more than 64 KiB"));
    }
    Ok(())
}

/// A life in milliseconds.
///
/// # Errors
/// [`StateError::Unfit`] for less than a millisecond or more than [`LONGEST_LIFE`].
pub fn millis(life: Duration) -> Held<i64> {
    match i64::try_from(life.as_millis()) {
        Ok(millis) if millis > 0 && life <= LONGEST_LIFE => Ok(millis),
        _ => Err(StateError::Unfit("a life of less than a millisecond or more than 31 days")),
    }
}

/// How often something happened within its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// This time included.
    pub count: u64,
    /// How long until the window ends and counting begins anew.
    pub left: Duration,
}

/// Why the state store did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is away, busy or full. What was to be written may have been written all the same.
    #[error("the state store is away: {0}")]
    Unavailable(String),
    /// What was to be kept is beyond the bounds; nothing was written.
    #[error("the state store does not take {0}")]
    Unfit(&'static str),
    /// Something that we do not understand was answered.
    #[error("the state store refused: {0}")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// What a method of the state store returns.
pub type Held<T> = Result<T, StateError>;

/// Where things are kept first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Redis.
    Redis,
    /// The database's own table.
    Embedded,
}

impl Kind {
    /// As `/health` tells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Embedded => "embedded",
        }
    }
}

/// What is kept for a while. Each method happens whole or not at all; dropping a future does not take back what it asked for.
pub trait StateStore: Send + Sync + fmt::Debug {
    /// Keeps a value for so long, in the place of what was there.
    fn put(&self, key: Key, value: Vec<u8>, life: Duration) -> BoxFuture<'_, Held<()>>;

    /// What is kept.
    fn get(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>>;

    /// What was kept, and is not any more: of many who take a value, one gets it.
    fn take(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>>;

    /// Keeps a mark (an empty value) where nothing is kept; tells whether it did. Of many who add one, one is told so.
    fn add(&self, key: Key, life: Duration) -> BoxFuture<'_, Held<bool>>;

    /// Counts one more, within a fixed window that begins with the first: twice as many as a limit allows may come close
    /// together, where one window ends and the next begins.
    fn count(&self, key: Key, window: Duration) -> BoxFuture<'_, Held<Counted>>;

    /// Where things are kept first.
    fn kind(&self) -> Kind;

    /// Whether that answers at this moment. Of Redis it is known; a database is asked, for as long as it may take.
    fn is_available(&self) -> BoxFuture<'_, bool>;
}

/// The state store as everybody holds it.
pub type SharedState = Arc<dyn StateStore>;
