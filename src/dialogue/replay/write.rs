//! Writes a log, block by block, while the call goes on.

use super::format::{
    BLOCK_HEAD, CLIP, END, FRAME, Head, INPUT, LOST, MAGIC, VERSION, pack, put_counted, put_number,
    put_output,
};
use crate::dialogue::{
    clips::Clips,
    input::{Input, Voice},
    output::Output,
    record::Entry,
};
use rmp_serde::encode;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// A block of this length is given away: beyond it what a voice gives in one go would make it grow again and again.
const LONG: usize = 12 << 10;
/// The room of a block: a second of a voice that keeps pace with speech fits.
const ROOM: usize = 16 << 10;
/// So much of a call is lost at the most when the process dies.
const OFTEN: Duration = Duration::from_secs(1);

/// The log of a call that goes on. An input costs no allocation, save where a block begins or has to grow.
#[derive(Debug)]
pub struct Writer {
    block: Vec<u8>,
    scratch: Vec<u8>,
    clips: Arc<Clips>,
    /// The words of the standard phrases whose sound the log holds.
    clips_kept: BTreeSet<String>,
    /// When the last input came.
    last: Instant,
    /// When the block began.
    begun: Instant,
    inputs: u64,
    outputs: u64,
    broken: bool,
}

impl Writer {
    /// Begins the log of a call that was made at `began`; returns the first bytes of the file too.
    ///
    /// # Errors
    /// The head cannot be put into bytes.
    pub fn begin(head: &Head, began: Instant) -> Result<(Self, Vec<u8>), encode::Error> {
        let mut block = new_block();
        pack(head, &mut block)?;
        let mut file = MAGIC.to_vec();
        file.extend(VERSION.to_le_bytes());
        file.extend(sealed(block));
        let writer = Self {
            block: new_block(),
            scratch: Vec::new(),
            clips: Arc::clone(&head.setup.clips),
            clips_kept: BTreeSet::new(),
            last: began,
            begun: began,
            inputs: 0,
            outputs: 0,
            broken: false,
        };
        Ok((writer, file))
    }

    /// Notes what the call is about to be told. Times do not go back.
    pub fn input(&mut self, now: Instant, input: &Input) {
        if self.broken {
            return;
        }
        let since = now.saturating_duration_since(self.last);
        let nanos = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        self.last = now;
        self.inputs += 1;
        if let Input::Frame(Voice { level, speech }) = input {
            self.block.push(FRAME);
            put_number(nanos, &mut self.block);
            self.block.extend(level.0.to_bits().to_le_bytes());
            self.block.extend(speech.to_bits().to_le_bytes());
            return;
        }
        self.scratch.clear();
        if pack(input, &mut self.scratch).is_err() {
            return self.breaks_off();
        }
        self.block.push(INPUT);
        put_number(nanos, &mut self.block);
        put_counted(&self.scratch, &mut self.block);
    }

    /// Notes what it decided.
    pub fn outputs(&mut self, outputs: &[Output]) {
        for output in outputs {
            if self.broken {
                return;
            }
            self.outputs += 1;
            if let Output::Record(Entry::Clip { text, .. }) = output {
                self.keep_clip(text);
            }
            if put_output(output, &mut self.block, &mut self.scratch).is_err() {
                self.breaks_off();
            }
        }
    }

    /// The first time that a standard phrase is played its sound comes before it.
    fn keep_clip(&mut self, text: &str) {
        if let Some(sound) = self.clips.sound(text)
            && !self.clips_kept.contains(text)
        {
            self.clips_kept.insert(text.to_owned());
            self.block.push(CLIP);
            put_counted(text.as_bytes(), &mut self.block);
            put_counted(&sound, &mut self.block);
        }
    }

    /// Whether a block should be taken; asked between an input's outputs and the next input.
    pub fn is_due(&self) -> bool {
        let old = self.last.saturating_duration_since(self.begun) >= OFTEN;
        !self.broken && (self.block.len() >= LONG || old)
    }

    /// What came since the last block, to be appended to the file.
    pub fn take_block(&mut self) -> Vec<u8> {
        self.begun = self.last;
        sealed(std::mem::replace(&mut self.block, new_block()))
    }

    /// A block was lost: what follows would make no sense, and the log says so.
    pub fn breaks_off(&mut self) {
        self.block.truncate(BLOCK_HEAD);
        self.block.push(LOST);
        self.broken = true;
    }

    /// Whether a part of the log was lost.
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The last block.
    pub fn end(mut self) -> Vec<u8> {
        if !self.broken {
            self.block.push(END);
            put_number(self.inputs, &mut self.block);
            put_number(self.outputs, &mut self.block);
        }
        sealed(self.block)
    }
}

fn new_block() -> Vec<u8> {
    let mut block = Vec::with_capacity(ROOM);
    block.resize(BLOCK_HEAD, 0);
    block
}

/// The block with its length and its checksum.
fn sealed(mut block: Vec<u8>) -> Vec<u8> {
    if let Some((head, payload)) = block.split_first_chunk_mut::<BLOCK_HEAD>() {
        let (length, sum) = head.split_at_mut(4);
        let payload_length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        length.copy_from_slice(&payload_length.to_le_bytes());
        sum.copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    }
    block
}
