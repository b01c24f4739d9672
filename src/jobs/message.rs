//! Brings a message that a caller left to the staff: one note for each, to whoever gets summaries, once the call is over.

use super::{
    job::{Ended, Job},
    summary::delivery,
};
use crate::{
    base::ids::CallSid,
    ports::store::{
        SharedStore, StoreError, Stored,
        calls::CallState,
        jobs::{Claim, Outcome},
        notes::{MESSAGE, NewNote},
        outbox::Settle,
        people::ERASED,
    },
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{fmt, time::Duration};

/// How long a call is left alone that is not over, or that the store does not know yet.
const NOT_OVER: Duration = Duration::from_secs(5);

/// The job of the kind [`MESSAGE`].
pub struct Message {
    /// Where calls and notes are.
    pub store: SharedStore,
    /// Who is told: the names of targets, and how their deliveries are settled.
    pub targets: Vec<(String, Settle)>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("targets", &self.targets).finish_non_exhaustive()
    }
}

impl Job for Message {
    fn kind(&self) -> &'static str {
        MESSAGE
    }

    fn run(&self, claim: Claim) -> BoxFuture<'_, Stored<Ended>> {
        Box::pin(async move { self.carry_out(&claim).await.map(Ended::So) })
    }
}

impl Message {
    async fn carry_out(&self, claim: &Claim) -> Stored<Outcome> {
        let told = |key: &str| claim.payload.get(key).and_then(Value::as_str).unwrap_or_default();
        let Ok(sid) = told("call").parse::<CallSid>() else {
            return Ok(Outcome::Dead { error: "the job names no call".to_owned() });
        };
        let call = match self.store.call(sid).await {
            Ok(call) if call.call.from == ERASED => return Ok(Outcome::Done),
            Ok(call) if call.state == CallState::Over => call,
            Ok(_) | Err(StoreError::Unknown) => return Ok(Outcome::Later { after: NOT_OVER }),
            Err(error) => return Err(error),
        };
        let (kind, text) = (told("note"), told("text"));
        let deliveries = self.targets.iter().map(|to| delivery(&call, kind, text, to)).collect();
        let (kind, text) = (kind.to_owned(), text.to_owned());
        let note = NewNote { call: call.call.sid.to_string(), kind, text, deliveries };
        match self.store.write_note(note).await {
            Ok(_) | Err(StoreError::Unknown) => Ok(Outcome::Done),
            Err(error) => Err(error),
        }
    }
}
