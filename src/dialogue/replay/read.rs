//! Reads a log. Whatever the bytes are, it ends with a reason and never with a panic.

use super::format::{
    BLOCK_HEAD, CLIP, Cursor, END, FRAME, Head, INPUT, Kept, LONGEST_BLOCK, LOST, MAGIC, VERSION,
};
use crate::{
    base::units::Decibels,
    dialogue::{
        clips::Clips,
        input::{Input, Voice},
    },
};
use bytes::Bytes;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// No call is this long: a year, in nanoseconds.
const LONGEST_CALL: u64 = 365 * 24 * 3_600 * 1_000_000_000;

/// Why a log cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Something else.
    #[error("this is not the log of a call")]
    Foreign,
    /// Made by an older or newer program.
    #[error(
        "the log has form {0}, and this program reads form {VERSION}: replay it with the program that held the call"
    )]
    OtherForm(u16),
    /// The head is cut off, or its checksum is wrong.
    #[error("the log is damaged in its first block, so nothing can be replayed")]
    Damaged,
    /// The head is of another program.
    #[error(
        "what the call was given can't be read ({why}); it was held by centralita {program}: replay it with that one"
    )]
    Strange {
        /// Its version.
        program: String,
        /// What is missing or unknown.
        why: String,
    },
}

/// An input of a call and what it led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment<'a> {
    /// Since the call was made.
    pub at: Duration,
    /// What happened.
    pub input: Input,
    /// What is kept of the decisions.
    pub outputs: Vec<Kept<'a>>,
}

/// Where a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With the call.
    Whole {
        /// Its number of inputs.
        inputs: u64,
        /// Its number of outputs.
        outputs: u64,
    },
    /// In the middle: the process died, the disk was full, or the file was cut.
    Early,
    /// Where the disk did not keep up with the calls.
    Lost,
    /// Where the file was changed.
    Damaged {
        /// The first byte of the block that is not as it was written.
        byte: usize,
    },
    /// Where another program wrote what this one does not know.
    Strange {
        /// What.
        why: String,
    },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { .. } => f.write_str("the log is complete"),
            Self::Early => {
                f.write_str("the log ends early: the process died, the disk was full, or the file was cut")
            }
            Self::Lost => f.write_str("the log breaks off where the disk did not keep up"),
            Self::Damaged { byte } => write!(f, "the log is damaged from byte {byte} on"),
            Self::Strange { why } => write!(f, "the log goes on with what this program does not know: {why}"),
        }
    }
}

/// What comes next in a log.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<'a> {
    /// An input.
    Moment(Moment<'a>),
    /// Nothing more; told each time it is asked again.
    End(End),
}

/// A log as it is read.
#[derive(Clone, Debug)]
pub struct Log<'a> {
    /// What the call was given; standard phrases that were not played are without sound.
    pub head: Head,
    /// The standard phrases that were played so far, with their words.
    clips: BTreeMap<&'a str, &'a [u8]>,
    /// All bytes.
    length: usize,
    /// What follows the present block.
    rest: Cursor<'a>,
    /// What is left of the present block.
    block: Cursor<'a>,
    /// Where the present block begins.
    begins: usize,
    at: u64,
    end: Option<End>,
}

/// The part of a head that every program can read.
#[derive(Deserialize)]
struct Origin {
    program: String,
}

impl<'a> Log<'a> {
    /// Reads the beginning of a log.
    ///
    /// # Errors
    /// [`Unreadable`], which says what to do.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut rest = Cursor(bytes);
        if rest.array().as_ref() != Some(MAGIC) {
            return Err(Unreadable::Foreign);
        }
        let version = rest.array().map(u16::from_le_bytes).ok_or(Unreadable::Damaged)?;
        if version != VERSION {
            return Err(Unreadable::OtherForm(version));
        }
        let head = block(&mut rest).map_err(|_| Unreadable::Damaged)?;
        let head: Head = rmp_serde::from_slice(head).map_err(|error| {
            let origin = rmp_serde::from_slice(head).ok();
            let program =
                origin.map_or_else(|| "of unknown version".to_owned(), |Origin { program }| program);
            Unreadable::Strange { program, why: error.to_string() }
        })?;
        let (clips, block) = (BTreeMap::new(), Cursor(&[]));
        let mut log = Self { head, clips, length: bytes.len(), rest, block, begins: 0, at: 0, end: None };
        log.head.setup.clips = Arc::new(log.clips());
        Ok(log)
    }

    /// The standard phrases, with the sound of all that are played before the log ends.
    fn clips(&self) -> Clips {
        let mut ahead = self.clone();
        while matches!(ahead.next(), Next::Moment(_)) {}
        let sound = |text: &str| ahead.clips.get(text).map(|sound| Bytes::copy_from_slice(sound));
        self.head.setup.clips.respoken(sound)
    }

    /// What comes next.
    #[expect(clippy::should_implement_trait, reason = "it never ends with nothing, but with a reason")]
    pub fn next(&mut self) -> Next<'a> {
        if let Some(end) = &self.end {
            return Next::End(end.clone());
        }
        match self.moment() {
            Ok(moment) => Next::Moment(moment),
            Err(end) => Next::End(self.end.insert(end).clone()),
        }
    }

    fn moment(&mut self) -> Result<Moment<'a>, End> {
        while self.block.0.is_empty() {
            self.begins = self.length - self.rest.0.len();
            self.block = Cursor(block(&mut self.rest).map_err(|wrong| wrong.at(self.begins))?);
        }
        let damaged = End::Damaged { byte: self.begins };
        let input = self.input().ok_or(damaged.clone())??;
        let mut outputs = Vec::new();
        while !matches!(self.block.peek(), None | Some(FRAME | INPUT | END | LOST)) {
            if self.block.peek() == Some(CLIP) {
                self.clip().ok_or(damaged.clone())?;
            } else {
                outputs.push(self.block.output().ok_or(damaged.clone())?);
            }
        }
        Ok(Moment { at: Duration::from_nanos(self.at), input, outputs })
    }

    /// The next record, which is a standard phrase.
    fn clip(&mut self) -> Option<()> {
        self.block.byte()?;
        let text = str::from_utf8(self.block.counted()?).ok()?;
        self.clips.insert(text, self.block.counted()?);
        Some(())
    }

    /// The next record, which is an input or the end; `None` where it is neither.
    fn input(&mut self) -> Option<Result<Input, End>> {
        let record = &mut self.block;
        let tag = record.byte()?;
        match tag {
            FRAME | INPUT => {
                self.at = self.at.checked_add(record.number()?).filter(|at| *at < LONGEST_CALL)?;
            }
            LOST => return Some(Err(End::Lost)),
            END => return Some(Err(End::Whole { inputs: record.number()?, outputs: record.number()? })),
            _ => return None,
        }
        if tag == FRAME {
            let mut float = || Some(f32::from_bits(u32::from_le_bytes(record.array()?)));
            return Some(Ok(Input::Frame(Voice { level: Decibels(float()?), speech: float()? })));
        }
        let input = rmp_serde::from_slice(record.counted()?);
        Some(input.map_err(|error| End::Strange { why: error.to_string() }))
    }
}

/// What is wrong with a block.
enum Wrong {
    CutOff,
    Changed,
}

impl Wrong {
    const fn at(self, byte: usize) -> End {
        match self {
            Self::CutOff => End::Early,
            Self::Changed => End::Damaged { byte },
        }
    }
}

/// Takes a block.
fn block<'a>(rest: &mut Cursor<'a>) -> Result<&'a [u8], Wrong> {
    let head: [u8; BLOCK_HEAD] = rest.array().ok_or(Wrong::CutOff)?;
    let [a, b, c, d, sum @ ..] = head;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if length > LONGEST_BLOCK {
        return Err(Wrong::Changed);
    }
    let payload = rest.bytes(length).ok_or(Wrong::CutOff)?;
    if crc32fast::hash(payload) == u32::from_le_bytes(sum) { Ok(payload) } else { Err(Wrong::Changed) }
}
