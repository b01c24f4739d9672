//! Calls as the API shows them.

use crate::{
    channels::voice::record,
    ports::store::{
        calls::{CallRow, CallState, TurnRow},
        notes::Note,
    },
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How far a call is: announced (`arrived`), on its line (`live`), or `over`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    Arrived,
    Live,
    Over,
}

impl From<CallState> for Stage {
    fn from(state: CallState) -> Self {
        match state {
            CallState::Arrived => Self::Arrived,
            CallState::Live => Self::Live,
            CallState::Over => Self::Over,
        }
    }
}

impl From<Stage> for CallState {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Arrived => Self::Arrived,
            Stage::Live => Self::Live,
            Stage::Over => Self::Over,
        }
    }
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Call {
    /// The telephone network's identifier.
    #[schema(example = "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f")]
    #[serde(rename = "call")]
    sid: String,
    /// Our own identifier, which sorts by time: `before` takes it.
    pub(super) id: String,
    /// Who answered.
    #[schema(example = "clinica")]
    agent: String,
    /// `inbound` or `outbound`.
    #[schema(example = "inbound")]
    direction: String,
    /// The caller's number in full; a word or nothing where it was withheld.
    #[schema(example = "+5491155550100")]
    from: String,
    /// The called number.
    to: String,
    /// The caller as a contact, where the number is known.
    contact: Option<String>,
    state: Stage,
    /// How it ended, such as `goodbye`, `caller_left`, `asked` or `lost`.
    outcome: Option<String>,
    /// When the network announced it.
    arrived_at: Timestamp,
    /// When its line opened.
    started_at: Option<Timestamp>,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// How long its line was open, in whole seconds; so far, where it lives.
    seconds: Option<i64>,
    /// Where it can be heard, where the agent records.
    #[schema(example = "/api/calls/CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f/recording")]
    recording: Option<String>,
    /// What the telephone network says.
    network: Option<Network>,
}

/// What the telephone network says of a call.
#[derive(Debug, Serialize, ToSchema)]
struct Network {
    /// In the network's words.
    #[schema(example = "completed")]
    state: String,
    /// How long the call lasted by the network's clock.
    seconds: Option<i64>,
}

impl Call {
    /// The call, as it is at `now`.
    pub(super) fn of(row: CallRow, now: Timestamp) -> Self {
        let [recording, _] = &row.files;
        let recording = recording.as_ref().map(|_| format!("/api/calls/{}/recording", row.call.sid));
        let until = row.ended_at.or((row.state == CallState::Live).then_some(now));
        let seconds = row.began_at.zip(until).map(|(from, to)| to.duration_since(from).as_secs().max(0));
        let (state, network_s) = row.network;
        Self {
            sid: row.call.sid.to_string(),
            id: row.id,
            agent: row.call.agent,
            direction: row.call.direction,
            from: row.call.from,
            to: row.call.to,
            contact: row.contact,
            state: row.state.into(),
            outcome: row.outcome,
            arrived_at: row.call.at,
            started_at: row.began_at,
            ended_at: row.ended_at,
            seconds,
            recording,
            network: state.map(|state| Network { state, seconds: network_s }),
        }
    }
}

/// Calls, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Calls {
    pub(super) calls: Vec<Call>,
    /// What to send as `before` for those that follow; nothing where these were the last.
    pub(super) next: Option<String>,
}

/// A call with what was said in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallRecord {
    #[serde(flatten)]
    call: Call,
    /// How many media sockets it had: more than one where its line broke and came back.
    sockets: i64,
    /// What happened, in order. `what` tells the kind (`caller`, `agent`, `tool`, `clip`, `digit` …), `at_ms` the milliseconds
    /// since the line opened; an `agent` entry has what was `heard` and what was `meant`.
    #[schema(value_type = Vec<Object>)]
    entries: Value,
    /// How long the steps of each answer took, in milliseconds.
    #[schema(value_type = Vec<Object>)]
    turns: Value,
    /// Where its files lie on the server; only for keys with the scope `admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
}

/// Files on the server.
#[derive(Debug, Serialize, ToSchema)]
struct Files {
    /// The recording, as Ogg/Opus: the caller on the left, the agent as heard on the right.
    recording: Option<String>,
    /// The log of every input, for `centralita replay`.
    replay: Option<String>,
}

impl CallRecord {
    /// The call at `now`, with what was said in it: as `seen` while it lives, else the `rows` of the store.
    pub(super) fn of(
        row: CallRow,
        seen: Option<Value>,
        rows: &[TurnRow],
        now: Timestamp,
        with_files: bool,
    ) -> Self {
        let mut told = seen.unwrap_or_else(|| record::to_json(&row, rows));
        let mut part = |name: &str| told.get_mut(name).map_or_else(|| Value::Array(Vec::new()), Value::take);
        let (entries, turns) = (part("entries"), part("turns"));
        let [recording, replay] = row.files.clone();
        let files = with_files.then_some(Files { recording, replay });
        Self { sockets: row.epoch, entries, turns, files, call: Call::of(row, now) }
    }
}

/// What was said, heard and done in a call, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Turns {
    turns: Vec<Turn>,
}

/// One thing that was said, heard or done.
#[derive(Debug, Serialize, ToSchema)]
struct Turn {
    /// Under which media socket of the call, from 1.
    socket: i64,
    /// Its place there, from 0.
    number: i64,
    /// Such as `caller`, `agent`, `tool`, or `times` for how long the steps of an answer took.
    #[schema(example = "caller")]
    kind: String,
    /// Milliseconds since that socket opened.
    at_ms: i64,
    /// All of it.
    #[schema(value_type = Object)]
    body: Value,
}

impl From<Vec<TurnRow>> for Turns {
    fn from(rows: Vec<TurnRow>) -> Self {
        let turn = |row: TurnRow| Turn {
            socket: row.epoch,
            number: row.seq,
            kind: row.kind,
            at_ms: row.at_ms,
            body: serde_json::from_str(&row.body).unwrap_or_default(),
        };
        Self { turns: rows.into_iter().map(turn).collect() }
    }
}

/// What was written about a call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Notes {
    notes: Vec<Written>,
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Note)]
struct Written {
    id: String,
    /// There is one of each kind.
    #[schema(example = "summary")]
    kind: String,
    text: String,
    /// When it was written.
    at: Timestamp,
}

impl From<Vec<Note>> for Notes {
    fn from(notes: Vec<Note>) -> Self {
        let written = |note: Note| Written { id: note.id, kind: note.kind, text: note.text, at: note.at };
        Self { notes: notes.into_iter().map(written).collect() }
    }
}

/// What was asked for is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ending {
    /// The call.
    pub(super) call: String,
}
