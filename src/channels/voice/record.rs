//! Calls as the store has them.

pub use super::journal::TIMES;

use crate::{
    base::{ids::CallSid, secret::Masked},
    dialogue::{
        message::Message,
        record::{self, Entry},
    },
    ports::store::{
        SharedStore, Stored,
        calls::{CallRow, TurnRow},
    },
};
use serde_json::{Value, json};

/// The record of a call as JSON; `None` where nobody knows the call, or the store is away. Numbers of people are masked.
pub async fn read(store: &SharedStore, call: CallSid) -> Option<Value> {
    let row = store.call(call.clone()).await.ok()?;
    let turns = store.turns(call).await.ok()?;
    Some(to_json(&row, &turns))
}

/// A call with what was said in it.
pub fn to_json(row: &CallRow, turns: &[TurnRow]) -> Value {
    let body = |turn: &TurnRow| serde_json::from_str::<Value>(&turn.body).unwrap_or_default();
    let (times, entries): (Vec<_>, Vec<_>) = turns.iter().partition(|turn| turn.kind == TIMES);
    let [recording, replay] = &row.files;
    json!({
        "call": row.call.sid,
        "agent": row.call.agent,
        "from": Masked(&row.call.from).to_string(),
        "started_at": row.began_at.unwrap_or(row.call.at),
        "ended_at": row.ended_at,
        "outcome": row.outcome,
        "sockets": row.epoch,
        "recording": recording,
        "replay": replay,
        "entries": entries.into_iter().map(body).collect::<Vec<_>>(),
        "turns": times.into_iter().map(body).collect::<Vec<_>>(),
    })
}

/// What was said in a call so far, for the model that goes on with it.
pub(in crate::channels) async fn history(store: &SharedStore, call: CallSid) -> Stored<Vec<Message>> {
    let turns = store.turns(call).await?;
    let entries: Vec<Entry> = turns.iter().filter_map(|turn| serde_json::from_str(&turn.body).ok()).collect();
    Ok(record::history(&entries))
}
