//! What the telephone network's webhooks leave in the store.

use super::state::Web;
use crate::{
    base::ids::CallSid,
    ports::{
        carrier::{Answer, Arrival, Params, Progress},
        store::{
            MAIN_WORKSPACE, StoreError,
            calls::{CallEntry, NetworkNews, NewCall},
            inbox::{Accepted, Event},
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

/// So much is looked at of a word that we do not know, in characters; the network's own have up to eleven.
const LONGEST_WORD: usize = 40;

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

/// Keeps the event, and returns what was answered when it came before. A store that is slow is not waited for, and gets it all the
/// same.
pub(super) async fn keep(web: &Arc<Web>, event: Event) -> Option<String> {
    let ledger = web.parts.ledger.clone();
    let kept = tokio::spawn(async move { ledger.keep(event).await });
    match timeout(PATIENCE, kept).await.ok()?.ok()? {
        Ok(Accepted::Repeat { response }) => String::from_utf8(response?).ok(),
        Ok(Accepted::New) => None,
        Err(error) => {
            tracing::error!(code = "NOT_KEPT", %error, "a call is answered of which nothing is kept");
            None
        }
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

/// News of which nobody knows what it means: it is kept for whoever will.
pub(super) fn not_understood(call: &CallSid, word: &str, params: &Params) -> Event {
    let word: String = word.chars().take(LONGEST_WORD).collect();
    tracing::info!(code = "UNKNOWN_EVENT", call.sid = %call, word, "the network says something new of a call");
    Event {
        source: "twilio_status".to_owned(),
        key: format!("{call}:{}:{word}", params.get("SequenceNumber").unwrap_or_default()),
        payload: form(params),
        response: None,
        change: None,
        jobs: Vec::new(),
    }
}

/// Whether the call may have another media socket, and of which epoch.
pub(super) async fn next_epoch(web: &Web, call: &CallSid, former: i64) -> ComesBack {
    let store = &web.parts.store;
    let resumed = timeout(PATIENCE, async {
        // What the former socket left is written first, where this process held it.
        web.parts.ledger.settle().await;
        match store.resume_call(call.clone(), former).await {
            Err(StoreError::Unknown) => store.call(call.clone()).await.map(|_| None),
            resumed => resumed.map(Some),
        }
    });
    let resumed = match resumed.await {
        Ok(Ok(Some(resumed))) => resumed,
        Ok(Ok(None)) => return ComesBack::IsOver,
        Ok(Err(StoreError::Fenced)) => return ComesBack::No { why: "another socket has it" },
        // What was said before is not known then, or still on the disk of another node, but the caller is served.
        Ok(Err(_)) | Err(_) if former > MOST_RESUMES => return ComesBack::No { why: "too often" },
        Ok(Err(_)) | Err(_) => return ComesBack::As { epoch: former + 1 },
    };
    if resumed.handed_over {
        return ComesBack::As { epoch: resumed.epoch };
    }
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
