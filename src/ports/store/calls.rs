//! The records of calls.
//!
//! A call belongs to the process that holds its media socket, under an *epoch*: 1 for the first socket, one more for each that
//! takes the call over. What was said is written whatever the epoch, since it was said; a call's state is changed only under the newest.

use super::{Owner, Stored, jobs::NewJob};
use crate::base::{ids::CallSid, secret::Masked};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// A call as the network announced it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCall {
    /// The call.
    pub sid: CallSid,
    /// Whose it is.
    pub workspace: String,
    /// Who answers it.
    pub agent: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// The caller's number; a word or nothing where it is withheld.
    pub from: String,
    /// The called number.
    pub to: String,
    /// The account at the network.
    pub account: String,
    /// When it was announced.
    pub at: Timestamp,
}

impl fmt::Debug for NewCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCall")
            .field("sid", &self.sid)
            .field("from", &Masked(&self.from))
            .finish_non_exhaustive()
    }
}

/// A call has a media socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBegan {
    /// The call, as it was announced: the store may not know it yet.
    pub call: NewCall,
    /// Who holds the socket.
    pub owner: Owner,
    /// Under which epoch.
    pub epoch: i64,
    /// When.
    pub at: Timestamp,
    /// Where the recording will lie, and the log that lets the call be replayed.
    pub files: [Option<String>; 2],
}

/// One thing that was said, heard or done in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRow {
    /// Under which epoch.
    pub epoch: i64,
    /// Its place within the epoch.
    pub seq: i64,
    /// Such as `caller`, `agent`, `tool` or `times`.
    pub kind: String,
    /// Milliseconds since the socket opened.
    pub at_ms: i64,
    /// All of it, as JSON.
    pub body: String,
}

/// How a call ended whose process stops, for another one to take it.
pub const HANDED_OVER: &str = "handed_over";
/// The outcome of a call that was passed on to a person. It comes back where nobody answers there.
pub const TRANSFERRED: &str = "transfer";

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    /// How it ended, such as `goodbye` or `caller_left`.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
    /// What is to be done next, such as the summary.
    pub jobs: Vec<NewJob>,
}

/// What the network says of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkNews {
    /// The call.
    pub sid: CallSid,
    /// In the network's words.
    pub state: String,
    /// Whether nothing can follow.
    pub is_final: bool,
    /// The network's own order.
    pub sequence: Option<i64>,
    /// How long the call lasted, in seconds.
    pub seconds: Option<i64>,
    /// When we learnt it.
    pub at: Timestamp,
    /// What is to be done where the call is over by this.
    pub jobs: Vec<NewJob>,
}

/// One change of the record of a call. Each may be written again: what is there already stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallEntry {
    /// It was announced.
    Arrived(NewCall),
    /// It got a media socket.
    Began(CallBegan),
    /// Something was said, heard or done.
    Turns {
        /// The call.
        sid: CallSid,
        /// What.
        turns: Vec<TurnRow>,
    },
    /// It is over.
    Ended {
        /// The call.
        sid: CallSid,
        /// Under which epoch.
        epoch: i64,
        /// How.
        end: CallEnd,
    },
    /// The network told something.
    News(NetworkNews),
}

impl CallEntry {
    /// The call.
    pub const fn sid(&self) -> &CallSid {
        match self {
            Self::Arrived(call) | Self::Began(CallBegan { call, .. }) => &call.sid,
            Self::Turns { sid, .. } | Self::Ended { sid, .. } => sid,
            Self::News(news) => &news.sid,
        }
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Announced, without a media socket yet.
    Arrived,
    /// It has, or had, a media socket.
    Live,
    /// It is over.
    Over,
}

impl CallState {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Live => "live",
            Self::Over => "over",
        }
    }
}

/// A call in the store.
#[derive(Clone, PartialEq, Eq)]
pub struct CallRow {
    /// As it was announced.
    pub call: NewCall,
    /// Our own identifier, which sorts by time.
    pub id: String,
    /// Who called.
    pub contact: Option<String>,
    /// How far it is.
    pub state: CallState,
    /// How it ended.
    pub outcome: Option<String>,
    /// The process that holds it, or held it last.
    pub owner: Option<Owner>,
    /// The newest epoch.
    pub epoch: i64,
    /// When the first media socket opened.
    pub began_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Where recording and log lie.
    pub files: [Option<String>; 2],
    /// What the network said last, and how many seconds the call lasted by its clock.
    pub network: (Option<String>, Option<i64>),
}

impl fmt::Debug for CallRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRow")
            .field("call", &self.call)
            .field("state", &self.state)
            .field("outcome", &self.outcome)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// Which calls are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Whose; of all workspaces where absent.
    pub workspace: Option<String>,
    /// Of this person only.
    pub contact: Option<String>,
    /// That are so far.
    pub state: Option<CallState>,
    /// Older than the call with this identifier of ours.
    pub before: Option<String>,
    /// At most so many.
    pub most: u32,
}

/// What is to be done about a call that was closed.
pub type JobsOf = fn(&CallRow) -> Vec<NewJob>;

/// The calls.
pub trait CallRecords: Send + Sync {
    /// Makes changes in their order, all of them in one transaction. Returns which of them were of no use any more: fenced, or of
    /// a call that nobody knows.
    fn write_calls(&self, entries: Vec<CallEntry>) -> BoxFuture<'_, Stored<Vec<bool>>>;

    /// A call was announced; the same one again changes nothing.
    fn call_arrived(&self, call: NewCall) -> BoxFuture<'_, Stored<()>>;

    /// A call got a media socket. Its caller becomes a contact where the number is known.
    ///
    /// # Errors
    /// `Fenced` where a later epoch has begun.
    fn call_began(&self, began: CallBegan) -> BoxFuture<'_, Stored<()>>;

    /// Gives a call whose socket of the epoch `former` is gone the next one. The same question again gets the same answer until
    /// that socket opens.
    ///
    /// # Errors
    /// `Unknown` where there is no such call, or it is over and done with; `Fenced` where a later socket has opened.
    fn resume_call(&self, sid: CallSid, former: i64) -> BoxFuture<'_, Stored<Resumed>>;

    /// Writes what was said; what is there already stays. Of a call whose caller was erased nothing is kept any more.
    ///
    /// # Errors
    /// `Unknown` where there is no such call.
    fn add_turns(&self, sid: CallSid, turns: Vec<TurnRow>) -> BoxFuture<'_, Stored<()>>;

    /// Says that these calls live, and returns those that are ours no longer.
    fn heartbeat(&self, owner: Owner, calls: Vec<(CallSid, i64)>) -> BoxFuture<'_, Stored<Vec<CallSid>>>;

    /// A call is over.
    ///
    /// # Errors
    /// `Fenced` where a later epoch has begun, `Unknown` where there is no such call.
    fn call_ended(&self, sid: CallSid, epoch: i64, end: CallEnd) -> BoxFuture<'_, Stored<()>>;

    /// The network tells of a call. In [`Self::write_calls`] and with an event, news of a call that is not known yet wait for it.
    /// Reordered and doubled news settle on one truth: a final state is never left, else the
    /// higher sequence counts. Returns whether the call is over by it, which is so at most once.
    ///
    /// # Errors
    /// `Unknown` where there is no such call.
    fn network_news(&self, news: NetworkNews) -> BoxFuture<'_, Stored<bool>>;

    /// Ends calls of which nobody has said for so long that they live, the longest silent first, with the jobs that follow: those
    /// that had a socket as `lost`, the others as `never_began`. Returns them as they are now.
    fn close_silent(
        &self,
        silent: Duration,
        at: Timestamp,
        jobs: JobsOf,
        most: u32,
    ) -> BoxFuture<'_, Stored<Vec<CallRow>>>;

    /// One call.
    ///
    /// # Errors
    /// `Unknown` where there is none.
    fn call(&self, sid: CallSid) -> BoxFuture<'_, Stored<CallRow>>;

    /// Calls, the newest first.
    fn calls(&self, filter: CallFilter) -> BoxFuture<'_, Stored<Vec<CallRow>>>;

    /// What was said in a call, in order.
    fn turns(&self, sid: CallSid) -> BoxFuture<'_, Stored<Vec<TurnRow>>>;

    /// Asks whoever holds a call to do something with it, such as `hang_up`.
    ///
    /// # Errors
    /// `Unknown` where there is no such live call.
    fn command(&self, sid: CallSid, command: String) -> BoxFuture<'_, Stored<()>>;

    /// Takes what was asked for within the last 30 s of calls that `owner` holds, in the order it was asked for; each is given
    /// once.
    fn commands(&self, owner: Owner) -> BoxFuture<'_, Stored<Vec<(CallSid, String)>>>;
}

/// A call that is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The epoch of the socket that will come.
    pub epoch: i64,
    /// How long ago the call was taken over before.
    pub since_last: Option<Duration>,
    /// Its process stopped and let it go: that says nothing of its line.
    pub handed_over: bool,
}
