//! What a codec of Opus packets does; the files around the packets are made elsewhere.

use super::{Channels, OpusError, Quality};

/// Granule positions, pre-skip and durations count at this rate whatever the sound's (RFC 7845, section 4).
pub(super) const TICKS: u32 = 48_000;

/// The longest packet in ticks: 120 ms (RFC 6716, section 3.2.5).
pub(super) const LONGEST_PACKET: u32 = TICKS / 1_000 * 120;

/// Ticks in a sample of sound at `rate`.
pub(super) const fn ticks_of_sample(rate: u32) -> Result<u32, OpusError> {
    match rate {
        8_000 | 12_000 | 16_000 | 24_000 | 48_000 => Ok(TICKS / rate),
        _ => Err(OpusError::Rate(rate)),
    }
}

/// Makes packets of 20 ms.
pub(super) trait Encode: Sized {
    /// A codec for sound at `rate`, which is one of [`ticks_of_sample`]'s.
    fn new(channels: Channels, rate: u32, quality: Quality) -> Result<Self, OpusError>;

    /// Samples of each channel by which the sound is late behind the decoder.
    fn delay(&self) -> Result<usize, OpusError>;

    /// Encodes 20 ms, the channels in turn; how many bytes of `packet` they take.
    fn encode(&mut self, frame: &[i16], packet: &mut [u8]) -> Result<usize, OpusError>;
}

/// Decodes packets of any length.
pub(super) trait Decode: Sized {
    /// A codec that gives `channels` at `rate`, which is one of [`ticks_of_sample`]'s, whatever the packets have. `gain` is
    /// in 1/256 dB.
    fn new(channels: Channels, rate: u32, gain: i16) -> Result<Self, OpusError>;

    /// Decodes a packet; how many samples of each channel it gave. `samples` has room for [`LONGEST_PACKET`].
    fn decode(&mut self, packet: &[u8], samples: &mut [i16]) -> Result<usize, OpusError>;
}

/// A codec's own error.
pub(super) fn failed(error: impl std::fmt::Display) -> OpusError {
    OpusError::Codec { why: error.to_string() }
}
