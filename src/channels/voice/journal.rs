//! The record of a call: what was said and done, the latencies, the sound.

use super::{
    call_log::CallLog,
    calls::CallStart,
    disk::{Appended, Disk},
    recording::{BLOCK, Block},
};
use crate::{
    audio::recording::Timeline,
    base::secret::Masked,
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

/// The kind of the rows that tell how long each step of a turn took.
pub const TIMES: &str = "times";

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
    block: Block,
    disk: Disk,
    file: Arc<Path>,
    /// Samples that found no place at the disk.
    lost: usize,
    log: Option<CallLog>,
}

impl Recorder {
    /// Begins a file.
    pub(super) fn new(disk: Disk, file: &Path, log: Option<CallLog>) -> Self {
        let block = Block { missing: 0, samples: Vec::with_capacity(BLOCK) };
        Self { timeline: Timeline::new(), block, disk, file: file.into(), lost: 0, log }
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
        self.timeline.caller_heard(audio, &mut self.block.samples);
        if self.block.samples.len() >= BLOCK {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let next = Block { missing: 0, samples: Vec::with_capacity(BLOCK) };
        let block = std::mem::replace(&mut self.block, next);
        let (samples, all) = (block.samples.len(), block.missing + block.samples.len());
        if !self.disk.record(&self.file, block) {
            self.lost += samples;
            self.block.missing = all;
        }
    }

    /// Hands the rest to the disk; waits for its place in the queue.
    pub(super) async fn finish(self) {
        if self.lost > 0 {
            let seconds = self.lost / BLOCK;
            tracing::warn!(code = "RECORDING_HOLE", seconds, "the disk was too slow for a recording");
        }
        self.disk.finish(self.file, self.block).await;
        if let Some(log) = self.log {
            log.finish().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audio::{
            g711,
            opus::{
                Channels, Form, Limits, decode,
                signals::{assert_same, both, channel, voice},
            },
        },
        base::units::{FRAME_SAMPLES, PHONE_RATE},
    };
    use std::{fs, time::Duration};

    const PHONE: Form = Form { rate: PHONE_RATE, channels: Channels::Stereo };

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("centralita-{name}-{}.opus", std::process::id()))
    }

    /// What the file at `path` sounds like; it is whole.
    fn heard(path: &Path) -> Vec<i16> {
        let file = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let limits = Limits { bytes: 1_000_000, length: Duration::from_mins(1) };
        let sound = decode(&file, PHONE, limits).unwrap();
        assert!(!sound.damaged);
        sound.samples
    }

    fn codes(samples: &[i16]) -> Vec<u8> {
        let mut codes = Vec::new();
        g711::encode_into(samples, &mut codes);
        codes
    }

    #[tokio::test]
    async fn both_sides_are_recorded_in_time_and_to_the_last_sample() {
        let path = path("both-sides");
        let (disk, mut carry_on) = Disk::stuck(10);
        let mut recorder = Recorder::new(disk, &path, None);
        let (caller, agent) = (voice(190.0, PHONE_RATE, 30_123), voice(120.0, PHONE_RATE, 30_123));
        let (caller, agent) = (codes(&caller), codes(&agent));
        let (mut timeline, mut expected) = (Timeline::new(), Vec::new());
        for (number, frame) in caller.chunks(FRAME_SAMPLES).enumerate() {
            // The agent speaks from the first second on, a second at a time, and is interrupted in the third.
            if number % 50 == 0 && number > 0 {
                let second =
                    &agent[number * FRAME_SAMPLES..][..(8_000).min(agent.len() - number * FRAME_SAMPLES)];
                recorder.agent_sent(second);
                timeline.agent_sent(second);
            }
            if number == 120 {
                recorder.agent_cleared();
                timeline.agent_cleared();
            }
            recorder.caller_heard(frame);
            timeline.caller_heard(frame, &mut expected);
        }
        recorder.finish().await;
        carry_on();
        let heard = heard(&path);
        for number in [0, 1] {
            let (said, heard) = (channel(&expected, number), channel(&heard, number));
            assert_eq!(said.len(), 30_123);
            assert_same(&said, &heard, (PHONE_RATE, Duration::ZERO), "both sides");
        }
    }

    #[tokio::test]
    async fn what_the_disk_missed_is_silent_and_the_rest_in_its_time() {
        let path = path("hole");
        // One second finds a place.
        let (disk, mut carry_on) = Disk::stuck(1);
        let mut recorder = Recorder::new(disk, &path, None);
        let caller = voice(120.0, PHONE_RATE, 40_080);
        for (number, second) in codes(&caller).chunks(8_000).enumerate() {
            if number == 3 {
                carry_on();
            }
            recorder.caller_heard(second);
        }
        carry_on();
        recorder.finish().await;
        carry_on();
        // The fourth second found its place with the second and the third before it; the fifth found none.
        let mut said = caller;
        said[8_000..24_000].fill(0);
        said[32_000..40_000].fill(0);
        let heard = heard(&path);
        assert_eq!(heard.len(), both(&said, &said).len());
        assert_same(&said, &channel(&heard, 0), (PHONE_RATE, Duration::ZERO), "the caller");
    }
}
