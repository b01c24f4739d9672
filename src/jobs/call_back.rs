//! Asks people to call back whom we cut off: one note for each call that was lost with a process of ours, to whoever gets summaries.

use super::{
    job::{Ended, Job},
    summary::{AgentOf, delivery},
};
use crate::{
    base::{ids::CallSid, language::Language},
    ports::store::{
        SharedStore, StoreError, Stored,
        calls::{CallRow, CallState},
        jobs::{Claim, Outcome},
        notes::{CALL_BACK, NewNote},
        outbox::Settle,
    },
};
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::{fmt, time::Duration};

/// How long a call is left alone that is not over: it may have come back.
const NOT_OVER: Duration = Duration::from_secs(5);

/// The job of the kind [`CALL_BACK`].
pub struct CallBack {
    /// Where calls and notes are.
    pub store: SharedStore,
    /// Who answered the call.
    pub agents: AgentOf,
    /// Who is told: the names of targets, and how their deliveries are settled.
    pub targets: Vec<(String, Settle)>,
}

impl fmt::Debug for CallBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBack").field("targets", &self.targets).finish_non_exhaustive()
    }
}

impl Job for CallBack {
    fn kind(&self) -> &'static str {
        CALL_BACK
    }

    fn run(&self, claim: Claim) -> BoxFuture<'_, Stored<Ended>> {
        Box::pin(async move { self.carry_out(&claim).await.map(Ended::So) })
    }
}

impl CallBack {
    async fn carry_out(&self, claim: &Claim) -> Stored<Outcome> {
        let sid = claim.payload.get("call").and_then(Value::as_str).map(str::parse::<CallSid>);
        let Some(Ok(sid)) = sid else {
            return Ok(Outcome::Dead { error: "the job names no call".to_owned() });
        };
        let call = match self.store.call(sid).await {
            // It was erased.
            Err(StoreError::Unknown) => return Ok(Outcome::Done),
            found => found?,
        };
        if call.state != CallState::Over {
            return Ok(Outcome::Later { after: NOT_OVER });
        }
        // It came back after all and had its proper end, or there is no number that could be called.
        if call.outcome.as_deref() != Some("lost") || !call.call.from.starts_with('+') {
            return Ok(Outcome::Done);
        }
        let text = self.text(&call);
        let deliveries = self.targets.iter().map(|to| delivery(&call, CALL_BACK, &text, to)).collect();
        let note = NewNote { call: call.call.sid.to_string(), kind: CALL_BACK.to_owned(), text, deliveries };
        self.store.write_note(note).await?;
        Ok(Outcome::Done)
    }

    fn text(&self, call: &CallRow) -> String {
        let agent = (self.agents)(&call.call.agent);
        let zone = agent.as_ref().map_or(TimeZone::UTC, |agent| agent.zone.clone());
        let at = zone.to_datetime(call.began_at.unwrap_or(call.call.at)).strftime("%Y-%m-%d %H:%M");
        let from = &call.call.from;
        match agent.map(|agent| agent.language).unwrap_or_default() {
            Language::Es => {
                format!(
                    "Devolver la llamada a {from}: su llamada del {at} se cortó por una falla de nuestro lado."
                )
            }
            Language::En => {
                format!("Please call {from} back: their call of {at} was cut off by a failure on our side.")
            }
        }
    }
}
