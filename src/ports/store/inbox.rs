//! What came from outside: each event once, with what was answered.

use super::{Stored, calls::CallEntry, jobs::NewJob};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// An event, verified and read, before anything is done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Who sent it, such as `twilio_status`.
    pub source: String,
    /// What makes it the same event when it comes again (reliability §3.3); unique within the source.
    pub key: String,
    /// The body as it came.
    pub payload: Vec<u8>,
    /// The answer that a repeat gets, where it is known already.
    pub response: Option<Vec<u8>>,
    /// What it changes in the record of a call.
    pub change: Option<CallEntry>,
    /// What is to be done about it later.
    pub jobs: Vec<NewJob>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is kept, and so are its jobs.
    New,
    /// It was there already; nothing is done again.
    Repeat {
        /// What was answered to the first one.
        response: Option<Vec<u8>>,
    },
}

/// The events.
pub trait Inbox: Send + Sync {
    /// Keeps an event with its jobs, or finds that it is there already: of many at once exactly one is new.
    fn accept(&self, event: Event) -> BoxFuture<'_, Stored<Accepted>>;

    /// How many events of a source are kept.
    fn events(&self, source: String) -> BoxFuture<'_, Stored<u64>>;
}
