//! The record of a call: what was said and done, the latencies, the sound.

use super::calls::CallStart;
use crate::{
    audio::{recording::Timeline, wav::Writer},
    base::{secret::Masked, units::PHONE_RATE},
    dialogue::{record::Entry, stats::TurnReport},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::mpsc, task::JoinHandle};

/// Blocks of sound that may wait for the disk: 32 s. Beyond that the recording has a hole; the call never waits.
const BLOCKS_WAITING: usize = 32;
/// Samples of both sides in a block: 1 s.
const BLOCK: usize = 2 * PHONE_RATE as usize;

#[derive(Debug, Default)]
struct Pages {
    entries: Vec<Entry>,
    turns: Vec<TurnReport>,
    ended: Option<String>,
}

/// What happened so far; read by the live view while it is written.
#[derive(Debug)]
pub(super) struct Journal {
    start: CallStart,
    started_at: Timestamp,
    recording: Option<PathBuf>,
    pages: Mutex<Pages>,
}

impl Journal {
    pub(super) fn new(start: CallStart, started_at: Timestamp, recording: Option<PathBuf>) -> Self {
        Self { start, started_at, recording, pages: Mutex::default() }
    }

    pub(super) fn record(&self, entry: Entry) {
        self.pages().entries.push(entry);
    }

    pub(super) fn report(&self, report: TurnReport) {
        self.pages().turns.push(report);
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
            "entries": pages.entries,
            "turns": pages.turns,
        })
    }

    /// Writes the record beside the others, whole or not at all. Blocks for the disk.
    pub(super) fn save(&self, folder: &Path) -> std::io::Result<()> {
        let path = folder.join(format!("{}.json", self.start.call));
        let draft = path.with_extension("json.draft");
        fs::write(&draft, format!("{:#}\n", self.to_json()))?;
        fs::rename(draft, path)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records both sides of a call; the disk is another thread's.
#[derive(Debug)]
pub(super) struct Recorder {
    timeline: Timeline,
    block: Vec<i16>,
    blocks: mpsc::Sender<Vec<i16>>,
    writing: JoinHandle<()>,
    lost: u32,
}

impl Recorder {
    /// Begins a file: 16-bit stereo at 8 kHz, the caller on the left. Must be called within a tokio runtime.
    pub(super) fn new(path: PathBuf) -> Self {
        let (blocks, queue) = mpsc::channel(BLOCKS_WAITING);
        let writing = tokio::task::spawn_blocking(move || {
            if let Err(error) = write(&path, queue) {
                tracing::error!(code = "RECORDING", %error, path = %path.display(), "a recording could not be written");
            }
        });
        Self { timeline: Timeline::new(), block: Vec::with_capacity(BLOCK), blocks, writing, lost: 0 }
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
        if self.blocks.try_send(block).is_err() {
            self.lost += 1;
        }
    }

    /// Writes the rest and waits for the disk.
    pub(super) async fn finish(mut self) {
        self.hand_over();
        if self.lost > 0 {
            tracing::warn!(
                code = "RECORDING_HOLE",
                seconds = self.lost,
                "the disk was too slow for a recording"
            );
        }
        drop(self.blocks);
        if self.writing.await.is_err() {
            tracing::error!(code = "RECORDING", "the thread that wrote a recording broke off");
        }
    }
}

fn write(path: &Path, mut blocks: mpsc::Receiver<Vec<i16>>) -> Result<(), crate::audio::wav::WavError> {
    let mut file =
        Writer::new(BufWriter::new(File::create(path).map_err(hound::Error::IoError)?), PHONE_RATE, 2)?;
    while let Some(block) = blocks.blocking_recv() {
        file.write(&block)?;
    }
    file.finish()
}
