//! A call's log, and the call lived through once more: the same inputs at the same times give the same outputs, bit for bit.
//!
//! The log holds what the call was given (its [`Setup`](crate::dialogue::call::Setup), then each input with its time) and what
//! it decided: each decision whole, or its checksum where it is long or sound. The caller's sound is not in it, only what was
//! made of it; of the agent's standard phrases it holds those that were played. Files are somebody else's: [`Writer`] makes
//! blocks of bytes, [`Log`] reads a slice of them.
//!
//! The form, all numbers little-endian: 16 bytes by which a log is known, the version of the form, then blocks of length, CRC-32 and payload.
//! The first payload is a [`Head`], the others are records, an input and its outputs always in one block: a process that died
//! leaves whole blocks. MessagePack with names carries everything but frames, so that a log outlives a field that is added.

mod format;
mod play;
mod read;
mod write;

pub use format::{Head, VERSION};
pub use play::{Difference, Played, Verdict, replay};
pub use read::{End, Log, Moment, Next, Unreadable};
pub use write::Writer;
