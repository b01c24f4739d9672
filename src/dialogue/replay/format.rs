//! The form of a log: what its bytes mean.

use crate::{
    base::ids::CallSid,
    dialogue::{call::Setup, output::Output},
};
use jiff::Timestamp;
use rmp_serde::encode;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the form. A log of another one is not read.
pub const VERSION: u16 = 2;

/// How a log begins.
pub(super) const MAGIC: &[u8; 16] = b"centralita call\n";

/// What stands before the payload of a block: its length and its CRC-32.
pub(super) const BLOCK_HEAD: usize = 8;

/// No writer makes a block this long: 64 MiB.
pub(super) const LONGEST_BLOCK: usize = 64 << 20;

/// The first byte of a record tells what it is. Nanoseconds since the input before, then level and probability.
pub(super) const FRAME: u8 = 1;
/// Nanoseconds since the input before, then any other input with its length.
pub(super) const INPUT: u8 = 2;
/// The CRC-32 of a frame that was sent.
pub(super) const PLAY: u8 = 3;
/// Any other output with its length.
pub(super) const OUTPUT: u8 = 4;
/// The length of a long output, its CRC-32 and its beginning.
pub(super) const LONG_OUTPUT: u8 = 5;
/// The log is complete: the number of inputs and of outputs.
pub(super) const END: u8 = 6;
/// From here on the log was not kept.
pub(super) const LOST: u8 = 7;
/// A standard phrase that the next output plays for the first time: its words and its sound, each with its length.
pub(super) const CLIP: u8 = 8;

/// Longer outputs are kept as their checksum: what a model is asked holds the whole conversation each time.
const LONGEST_WHOLE: usize = 1_024;

/// So much of a long output is kept, for its name.
pub(super) const BEGINNING: usize = 32;

/// What a log begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the program that held the call.
    pub program: String,
    /// The call.
    pub call: CallSid,
    /// The agent's name.
    pub agent: String,
    /// When the line opened.
    pub started_at: Timestamp,
    /// What the call was given. Standard phrases are told by their words; the sound of those that were played lies where
    /// they were.
    pub setup: Setup,
}

impl Head {
    /// The head of the log of a call that this program holds.
    pub fn new(call: CallSid, agent: &str, started_at: Timestamp, setup: Setup) -> Self {
        let (program, agent) = (env!("CARGO_PKG_VERSION").to_owned(), agent.to_owned());
        Self { program, call, agent, started_at, setup }
    }
}

/// Appends `value` with the names of its fields.
pub(super) fn pack(value: &impl Serialize, into: &mut Vec<u8>) -> Result<(), encode::Error> {
    encode::write_named(into, value)
}

/// Appends a number, seven bits a byte, the lowest first.
pub(super) fn put_number(mut number: u64, into: &mut Vec<u8>) {
    loop {
        let low = (number & 0x7F) as u8;
        number >>= 7;
        if number == 0 {
            return into.push(low);
        }
        into.push(low | 0x80);
    }
}

/// Appends the record of an output. `scratch` is a buffer, so that nothing is allocated.
pub(super) fn put_output(
    output: &Output,
    into: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
) -> Result<(), encode::Error> {
    if let Output::Play(frame) = output {
        into.push(PLAY);
        into.extend(crc32fast::hash(frame).to_le_bytes());
        return Ok(());
    }
    scratch.clear();
    pack(output, scratch)?;
    let beginning = scratch.get(..BEGINNING).filter(|_| scratch.len() > LONGEST_WHOLE);
    into.push(if beginning.is_some() { LONG_OUTPUT } else { OUTPUT });
    put_number(scratch.len() as u64, into);
    if let Some(beginning) = beginning {
        into.extend(crc32fast::hash(scratch).to_le_bytes());
        into.extend(beginning);
    } else {
        into.extend(scratch.iter());
    }
    Ok(())
}

/// Appends bytes behind their length.
pub(super) fn put_counted(bytes: &[u8], into: &mut Vec<u8>) {
    put_number(bytes.len() as u64, into);
    into.extend(bytes);
}

/// Bytes that are taken from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// Bytes behind their length.
    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.bytes(usize::try_from(length).ok()?)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The record of an output; `None` where something else, or nothing whole, comes next.
    pub(super) fn output(&mut self) -> Option<Kept<'a>> {
        let begin = self.0;
        let mut after = *self;
        match after.byte()? {
            PLAY => drop(after.bytes(4)?),
            OUTPUT => drop(after.counted()?),
            LONG_OUTPUT => {
                after.number()?;
                after.bytes(4 + BEGINNING)?;
            }
            _ => return None,
        }
        *self = after;
        begin.get(..begin.len() - after.0.len()).map(Kept)
    }
}

/// What a log keeps of one output: equal bytes are equal outputs, long ones and sound by their checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept<'a>(&'a [u8]);

impl Kept<'_> {
    /// The output itself, where it was kept whole and this version knows it.
    pub fn output(self) -> Option<Output> {
        let mut cursor = Cursor(self.0);
        if cursor.byte()? != OUTPUT {
            return None;
        }
        rmp_serde::from_slice(cursor.counted()?).ok()
    }
}

impl fmt::Display for Kept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cursor = Cursor(self.0);
        let tag = cursor.byte();
        if let Some(output) = self.output() {
            return f.write_str(&shortened(&format!("{output:?}")));
        }
        let length = if tag == Some(PLAY) { None } else { cursor.number() };
        let checksum = |cursor: &mut Cursor<'_>| u32::from_le_bytes(cursor.array().unwrap_or_default());
        match (tag, length) {
            (Some(PLAY), _) => write!(f, "Play(sound {:08x})", checksum(&mut cursor)),
            (Some(LONG_OUTPUT), Some(length)) => {
                let sum = checksum(&mut cursor);
                write!(f, "{} ({length} bytes, {sum:08x})", name(cursor.0))
            }
            _ => f.write_str(name(cursor.0)),
        }
    }
}

/// The name of a packed variant, which is a text, or a map of one entry whose key is one.
fn name(packed: &[u8]) -> &str {
    let text = packed.strip_prefix(&[0x81]).unwrap_or(packed);
    let name = text.split_first().and_then(|(length, text)| text.get(..usize::from(length & 0x1F)));
    name.and_then(|name| str::from_utf8(name).ok()).unwrap_or("something unknown")
}

/// At most so much of a text that a line stays a line.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
