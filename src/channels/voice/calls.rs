//! What the web needs from the calls.

use super::{admission::is_withheld, socket::Line};
use crate::base::{
    ids::{AccountSid, CallSid, StreamSid},
    secret::Masked,
};
use crate::{dialogue::agent::Place, ports::carrier::Progress};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// The calls of this process.
pub trait Calls: Send + Sync + 'static {
    /// Gives a call its line. Returns at once; the call runs as the implementor's own tracked task.
    /// Must be called within a tokio runtime.
    fn take(&self, line: Line, start: CallStart);

    /// The live calls, in the order they began.
    fn list(&self) -> Vec<CallSummary>;

    /// How many calls live, those included whose end is not yet told to the network or not yet on the disk.
    fn count(&self) -> usize;

    /// What was said in a call so far, or in a finished one; `None` for a call nobody knows. Of a call that has just
    /// ended it is told once it is on the disk.
    fn show(&self, call: &CallSid) -> BoxFuture<'_, Option<Value>>;

    /// Ends a live call politely: the agent says goodbye, or not, as the call decides.
    ///
    /// # Errors
    /// [`NoSuchCall`] when it is not, or no longer, live.
    fn hang_up(&self, call: &CallSid) -> Result<(), NoSuchCall>;

    /// Lets go of a live call without a word, so that the network brings it to another node.
    ///
    /// # Errors
    /// [`NoSuchCall`] when it is not, or no longer, live.
    fn hand_over(&self, call: &CallSid) -> Result<(), NoSuchCall>;

    /// What follows a call's media socket that we closed; `None` where it closed by itself. Known for at least a minute.
    fn next(&self, call: &CallSid) -> Option<Next>;

    /// The network says that the call is over. Told at most once per call, also for calls that never had a line.
    fn is_over(&self, news: &Progress);
}

/// What follows a media socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the call ended as it should.
    HangUp,
    /// The caller is passed on.
    Transfer(Place),
    /// The call goes on by turns: what it needs for a stream is away.
    ByTurns,
}

/// No live call has this identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no live call with this identifier")]
pub struct NoSuchCall;

/// How a call begins.
#[derive(Clone, PartialEq, Eq)]
pub struct CallStart {
    /// The call.
    pub call: CallSid,
    /// Its media stream.
    pub stream: StreamSid,
    /// The account it belongs to.
    pub account: AccountSid,
    /// The caller's number as the voice webhook told it; a word or nothing where it is withheld.
    pub from: String,
    /// The number that was called.
    pub to: String,
    /// The agent that takes the call.
    pub agent: String,
    /// Which media socket of the call this is, from 1: a later one goes on where the line of the former broke.
    pub epoch: i64,
}

impl CallStart {
    /// The caller's number, where it is told.
    pub fn caller(&self) -> Option<&str> {
        (!is_withheld(&self.from)).then_some(self.from.as_str())
    }
}

impl fmt::Debug for CallStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallStart")
            .field("call", &self.call)
            .field("stream", &self.stream)
            .field("from", &Masked(&self.from))
            .field("to", &Masked(&self.to))
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}

/// A live call in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallSummary {
    /// The call.
    pub call: CallSid,
    /// The agent that talks.
    pub agent: String,
    /// The caller's number, masked.
    pub from: String,
    /// When the line opened.
    pub started_at: Timestamp,
    /// How long it lives.
    pub seconds: u64,
}
