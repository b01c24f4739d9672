//! Summaries and other texts about calls: one of each kind for each call.

use super::{Stored, jobs::NewJob, outbox::NewDelivery};
use crate::base::ids::CallSid;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// The kind of the note that sums up a call, and of the job that writes it.
pub const SUMMARY: &str = "summary";

/// The job that sums up a call: one for each call, whoever asks for it. It begins after `after`, in which a call whose line broke
/// may come back.
///
/// It may fail as often as a model's outage of more than an hour takes; after the last attempt the summary is made without it.
pub fn summary_job(call: &CallSid, after: Duration) -> NewJob {
    let lane = Some(SUMMARY.to_owned());
    let job = NewJob::new(SUMMARY, format!("{SUMMARY}:{call}"), json!({"call": call}));
    NewJob { after, lane, attempts: 20, ..job }
}

/// The kind of the note that asks to call somebody back whom we cut off, and of the job that writes it.
pub const CALL_BACK: &str = "call_back";

/// The job that asks to call back whoever was in a call that is lost, unless the call comes back within `after`.
pub fn call_back_job(call: &CallSid, after: Duration) -> NewJob {
    let job = NewJob::new(CALL_BACK, format!("{CALL_BACK}:{call}"), json!({"call": call}));
    NewJob { after, ..job }
}

/// The kind of the job that brings a caller's message to the staff; its note's kind begins with it, or with [`CALL_BACK`].
pub const MESSAGE: &str = "message";

/// The job that brings a caller's message to the staff once the call is over. The same `text` of a call is one message.
pub fn message_job(call: &CallSid, about: &str, text: &str) -> NewJob {
    let digest = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(text)));
    let mark = digest.get(..8).unwrap_or_default();
    let note = format!("{about}.{mark}");
    let key = format!("{MESSAGE}:{call}:{note}");
    NewJob { attempts: 20, ..NewJob::new(MESSAGE, key, json!({ "call": call, "note": note, "text": text })) }
}

/// A note to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// The call it is about, which the store knows.
    pub call: String,
    /// There is one of each kind.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// Where it goes.
    pub deliveries: Vec<NewDelivery>,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Identifies it; sorts by time.
    pub id: String,
    /// The call it is about.
    pub call: String,
    /// Its kind.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
}

/// The notes.
pub trait Notes: Send + Sync {
    /// Writes a note with its deliveries, unless there is one of its kind: the first text stands. Returns the one that stands.
    ///
    /// # Errors
    /// `Unknown` where the store does not know the call, or its caller was erased.
    fn write_note(&self, note: NewNote) -> BoxFuture<'_, Stored<Note>>;

    /// All notes about a call, in the order they were written.
    fn notes_of(&self, call: String) -> BoxFuture<'_, Stored<Vec<Note>>>;
}
