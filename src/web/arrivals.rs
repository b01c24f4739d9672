//! What the telephone network's webhooks leave in the store.

use super::state::Web;
use crate::{
    base::ids::CallSid,
    ports::{
        carrier::{Answer, Arrival, Params, Progress},
        store::{
            MAIN_WORKSPACE, StoreError,
            calls::{CallEntry, CallState, NetworkNews, NewCall},
            inbox::Event,
            notes::summary_job,
        },
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long the answer to a call waits for the store: the caller hears ringing meanwhile (reliability LB1: 2 s with everything down).
const PATIENCE: Duration = Duration::from_secs(1);

/// A call that comes back more often has a line that is of no use (reliability §3.8).
const MOST_RESUMES: i64 = 3;

/// Nor may it come back sooner than this after the last time.
const BETWEEN_RESUMES: Duration = Duration::from_secs(5);

/// Time for the last words of a call to reach the store, before it is summed up.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Whether a call goes on.
pub(super) enum ComesBack {
    /// With a media socket of this epoch.
    As { epoch: i64 },
    /// It ended as it should.
    IsOver,
    /// It ends here.
    No { why: &'static str },
}

/// A call that was let in, with the answer that it gets.
pub(super) fn announced(web: &Web, arrival: Arrival, agent: &str, params: &Params, answer: &Answer) -> Event {
    let key = arrival.call.to_string();
    let call = NewCall {
        sid: arrival.call,
        workspace: MAIN_WORKSPACE.to_owned(),
        agent: agent.to_owned(),
        direction: "inbound".to_owned(),
        from: arrival.from,
        to: arrival.to,
        account: arrival.account.to_string(),
        at: web.parts.clock.now(),
    };
    Event {
        source: "twilio_voice".to_owned(),
        key,
        payload: form(params),
        response: Some(answer.body.clone().into_bytes()),
        change: Some(CallEntry::Arrived(call)),
        jobs: Vec::new(),
    }
}

/// Keeps the event. A store that is slow is not waited for, and gets it all the same.
pub(super) async fn keep(web: &Arc<Web>, event: Event) {
    let ledger = web.parts.ledger.clone();
    let kept = tokio::spawn(async move { ledger.keep(event).await });
    if let Ok(Ok(Err(error))) = timeout(PATIENCE, kept).await {
        tracing::error!(code = "NOT_KEPT", %error, "a call is answered of which nothing is kept");
    }
}

/// News of a call, which may be its end.
pub(super) fn news(web: &Web, news: &Progress, params: &Params) -> Event {
    let state = params.get("CallStatus").unwrap_or_default().to_owned();
    let sequence = news.sequence.and_then(|number| i64::try_from(number).ok());
    let jobs = if news.state.is_final() { vec![summary_job(&news.call, LAST_WORDS)] } else { Vec::new() };
    let key = format!("{}:{}:{state}", news.call, sequence.unwrap_or(-1));
    let change = NetworkNews {
        sid: news.call.clone(),
        state,
        is_final: news.state.is_final(),
        sequence,
        seconds: news.lasted.and_then(|lasted| i64::try_from(lasted.as_secs()).ok()),
        at: web.parts.clock.now(),
        jobs,
    };
    Event {
        source: "twilio_status".to_owned(),
        key,
        payload: form(params),
        response: None,
        change: Some(CallEntry::News(change)),
        jobs: Vec::new(),
    }
}

/// Whether the call may have another media socket, and of which epoch.
pub(super) async fn next_epoch(web: &Web, call: &CallSid, former: i64) -> ComesBack {
    let store = &web.parts.store;
    let resumed = timeout(PATIENCE, async {
        // What the former socket left is written first, where this process held it.
        web.parts.ledger.settle().await;
        store.resume_call(call.clone(), former).await
    });
    let resumed = match resumed.await {
        Ok(Ok(resumed)) => resumed,
        Ok(Err(StoreError::Unknown)) => {
            return match store.call(call.clone()).await {
                Ok(row) if row.state == CallState::Over => ComesBack::IsOver,
                _ => ComesBack::No { why: "nobody knows it" },
            };
        }
        Ok(Err(StoreError::Fenced)) => return ComesBack::No { why: "another socket has it" },
        // What was said before is not known then, but the caller is served.
        Ok(Err(_)) | Err(_) if former > MOST_RESUMES => return ComesBack::No { why: "too often" },
        Ok(Err(_)) | Err(_) => return ComesBack::As { epoch: former + 1 },
    };
    if resumed.epoch > MOST_RESUMES + 1 {
        return ComesBack::No { why: "too often" };
    }
    if resumed.since_last.is_some_and(|since| since < BETWEEN_RESUMES) {
        return ComesBack::No { why: "too soon" };
    }
    ComesBack::As { epoch: resumed.epoch }
}

/// The parameters as they came.
fn form(params: &Params) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(&params.0).finish().into_bytes()
}
