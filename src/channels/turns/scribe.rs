//! Writes the record of a call by turns: the same rows as of a call with a media stream.

use super::Crew;
use crate::{
    base::{clock, ids::TurnId, secret::Masked},
    channels::voice::{calls::CallSummary, record::TIMES},
    dialogue::{
        record::{Clip, Entry},
        stats::{TurnReport, millis},
    },
    ports::store::{
        calls::{CallBegan, CallEnd, CallEntry, NewCall, TurnRow},
        notes::summary_job,
    },
    telemetry::metrics,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// The record of one call, from when this process has it.
#[derive(Debug)]
pub(super) struct Scribe {
    crew: Arc<Crew>,
    pub(super) call: NewCall,
    pub(super) epoch: i64,
    pub(super) began: Instant,
    began_at: Timestamp,
    rows: AtomicI64,
    turns: AtomicU32,
    over: AtomicBool,
}

impl Scribe {
    /// The call is ours from now on.
    pub(super) fn begin(crew: Arc<Crew>, call: NewCall, epoch: i64) -> Self {
        let (began, began_at) = (clock::now(), crew.clock.now());
        let began_note = CallBegan {
            call: call.clone(),
            owner: crew.owner.clone(),
            epoch,
            at: began_at,
            files: [None, None],
        };
        crew.ledger.note(CallEntry::Began(began_note));
        metrics::call_began();
        let (rows, turns, over) = (AtomicI64::new(0), AtomicU32::new(0), AtomicBool::new(false));
        Self { crew, call, epoch, began, began_at, rows, turns, over }
    }

    pub(super) fn caller_said(&self, text: &str) {
        self.note(&Entry::Caller { at_ms: self.at_ms(), text: text.to_owned() });
    }

    pub(super) fn pressed(&self, keys: &str) {
        for digit in keys.chars() {
            self.note(&Entry::Digit { at_ms: self.at_ms(), digit });
        }
    }

    /// The agent says something. What the network says in full counts as heard: it tells of no interruption.
    pub(super) fn agent_says(&self, text: &str) -> TurnId {
        let turn = TurnId(self.turns.fetch_add(1, Ordering::Relaxed) + 1);
        let (heard, meant) = (text.to_owned(), text.to_owned());
        self.note(&Entry::Agent { at_ms: self.at_ms(), turn, heard, meant, interrupted: false });
        turn
    }

    /// It answers what was asked so long ago.
    pub(super) fn answered(&self, turn: TurnId, after: Duration) {
        let response_ms = Some(millis(after));
        self.row(
            TIMES,
            0,
            &TurnReport { turn, text_ms: Some(0), endpoint_ms: Some(0), response_ms, ..Default::default() },
        );
    }

    pub(super) fn held(&self, text: &str) {
        self.note(&Entry::Clip { at_ms: self.at_ms(), clip: Clip::Hold, text: text.to_owned() });
    }

    pub(super) fn ran(&self, name: String, arguments: String, reply: String) {
        self.note(&Entry::Tool { at_ms: self.at_ms(), name, arguments, reply });
    }

    /// The call ends, or this process has it no longer. Only the first time counts.
    pub(super) fn end(&self, outcome: &'static str, summed_up_after: Duration) {
        if self.over.swap(true, Ordering::AcqRel) {
            return;
        }
        let lasted =
            SignedDuration::try_from(clock::now().saturating_duration_since(self.began)).unwrap_or_default();
        let at = self.began_at.saturating_add(lasted).unwrap_or(self.began_at);
        let end = CallEnd {
            outcome: outcome.to_owned(),
            at,
            jobs: vec![summary_job(&self.call.sid, summed_up_after)],
        };
        self.crew.ledger.note(CallEntry::Ended { sid: self.call.sid.clone(), epoch: self.epoch, end });
        metrics::call_ended(outcome);
        tracing::info!(call.sid = %self.call.sid, outcome, "Call ended");
    }

    /// Another process has taken the call: its record is no longer ours.
    pub(super) fn let_go(&self) {
        if !self.over.swap(true, Ordering::AcqRel) {
            metrics::call_ended("taken_over");
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    pub(super) fn summary(&self) -> CallSummary {
        CallSummary {
            call: self.call.sid.clone(),
            agent: self.call.agent.clone(),
            from: Masked(&self.call.from).to_string(),
            started_at: self.began_at,
            seconds: clock::now().saturating_duration_since(self.began).as_secs(),
        }
    }

    fn at_ms(&self) -> u64 {
        millis(clock::now().saturating_duration_since(self.began))
    }

    fn note(&self, entry: &Entry) {
        self.row(entry.kind(), entry.at_ms(), entry);
    }

    fn row(&self, kind: &str, at_ms: u64, body: &impl Serialize) {
        let turn = TurnRow {
            epoch: self.epoch,
            seq: self.rows.fetch_add(1, Ordering::Relaxed),
            kind: kind.to_owned(),
            at_ms: i64::try_from(at_ms).unwrap_or(i64::MAX),
            body: json!(body).to_string(),
        };
        self.crew.ledger.note(CallEntry::Turns { sid: self.call.sid.clone(), turns: vec![turn] });
    }
}
