//! The record of a call: what was said and done, the latencies, the sound.

use super::{
    call_log::CallLog,
    calls::CallStart,
    disk::{Appended, Disk},
};
use crate::{
    audio::recording::Timeline,
    base::{secret::Masked, units::PHONE_RATE},
    dialogue::{input::Input, output::Output, record::Entry, stats::TurnReport},
    ports::store::calls::{CallEntry, TurnRow},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Samples of both sides in a block: 1 s.
const BLOCK: usize = 2 * PHONE_RATE as usize;

/// The kind of the rows that tell how long each step of a turn took.
pub(super) const TIMES: &str = "times";

#[derive(Debug, Default)]
struct Pages {
    entries: Vec<Entry>,
    turns: Vec<TurnReport>,
    ended: Option<String>,
    /// Rows that went to the ledger.
    rows: i64,
}

/// Writes a change of a call's record, without waiting.
pub(super) type Note = Box<dyn Fn(CallEntry) + Send + Sync>;

/// What happened so far; read by the live view while it is written, and noted in the ledger as it happens.
pub(super) struct Journal {
    pub(super) start: CallStart,
    pub(super) started_at: Timestamp,
    recording: Option<PathBuf>,
    log: Option<Arc<Appended>>,
    note: Note,
    pages: Mutex<Pages>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("start", &self.start).finish_non_exhaustive()
    }
}

impl Journal {
    pub(super) fn new(
        start: CallStart,
        started_at: Timestamp,
        recording: Option<PathBuf>,
        log: Option<Arc<Appended>>,
        note: Note,
    ) -> Self {
        Self { start, started_at, recording, log, note, pages: Mutex::default() }
    }

    pub(super) fn record(&self, entry: Entry) {
        let mut pages = self.pages();
        self.row(&mut pages, entry.kind(), entry.at_ms(), &entry);
        pages.entries.push(entry);
    }

    pub(super) fn report(&self, report: TurnReport) {
        let mut pages = self.pages();
        self.row(&mut pages, TIMES, 0, &report);
        pages.turns.push(report);
    }

    fn row(&self, pages: &mut Pages, kind: &str, at_ms: u64, body: &impl Serialize) {
        let turn = TurnRow {
            epoch: self.start.epoch,
            seq: pages.rows,
            kind: kind.to_owned(),
            at_ms: i64::try_from(at_ms).unwrap_or(i64::MAX),
            body: json!(body).to_string(),
        };
        pages.rows += 1;
        (self.note)(CallEntry::Turns { sid: self.start.call.clone(), turns: vec![turn] });
    }

    pub(super) fn ended(&self, outcome: &str) {
        self.pages().ended = Some(outcome.to_owned());
    }

    /// The record as JSON. Numbers of people are masked.
    pub(super) fn to_json(&self) -> Value {
        let pages = self.pages();
        json!({
            "call": self.start.call,
            "agent": self.start.agent,
            "from": Masked(&self.start.from).to_string(),
            "started_at": self.started_at,
            "outcome": pages.ended,
            "recording": self.recording,
            "replay": self.log.as_ref().and_then(|log| log.made()),
            "entries": pages.entries,
            "turns": pages.turns,
        })
    }

    /// Whether the call is over, so that nothing is added any more.
    pub(super) fn is_over(&self) -> bool {
        self.pages().ended.is_some()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records a call: the sound of both sides, and the log that lets it be replayed.
#[derive(Debug)]
pub(super) struct Recorder {
    timeline: Timeline,
    block: Vec<i16>,
    disk: Disk,
    file: Arc<Path>,
    lost: u32,
    log: Option<CallLog>,
}

impl Recorder {
    /// Begins a file.
    pub(super) fn new(disk: Disk, file: &Path, log: Option<CallLog>) -> Self {
        let (timeline, block) = (Timeline::new(), Vec::with_capacity(BLOCK));
        Self { timeline, block, disk, file: file.into(), lost: 0, log }
    }

    /// Where the log of the call lies.
    pub(super) fn log(&self) -> Option<Arc<Appended>> {
        self.log.as_ref().map(CallLog::file)
    }

    /// What the core is about to be told.
    pub(super) fn told(&mut self, now: Instant, input: &Input) {
        if let Some(log) = &mut self.log {
            log.told(now, input);
        }
    }

    /// What it decided.
    pub(super) fn decided(&mut self, outputs: &[Output]) {
        if let Some(log) = &mut self.log {
            log.decided(outputs);
        }
    }

    pub(super) fn agent_sent(&mut self, audio: &[u8]) {
        self.timeline.agent_sent(audio);
    }

    pub(super) fn agent_cleared(&mut self) {
        self.timeline.agent_cleared();
    }

    pub(super) fn caller_heard(&mut self, audio: &[u8]) {
        self.timeline.caller_heard(audio, &mut self.block);
        if self.block.len() >= BLOCK {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        if !self.disk.record(&self.file, block) {
            self.lost += 1;
        }
    }

    /// Hands the rest to the disk; waits for its place in the queue.
    pub(super) async fn finish(mut self) {
        self.hand_over();
        if self.lost > 0 {
            let seconds = self.lost;
            tracing::warn!(code = "RECORDING_HOLE", seconds, "the disk was too slow for a recording");
        }
        self.disk.finish(self.file).await;
        if let Some(log) = self.log {
            log.finish().await;
        }
    }
}
