//! Ogg/Opus (RFC 6716, RFC 7845): recordings of calls and voice notes.
//!
//! The container is always opus-pure's. So is the codec, until the feature `libopus` puts the C library in its place; each
//! decodes what the other encoded.

mod codec;
#[cfg(feature = "libopus")]
mod libopus;
#[cfg(any(not(feature = "libopus"), test))]
mod pure;
mod reading;
#[cfg(test)]
pub(crate) mod signals;
#[cfg(test)]
mod tests;
mod writing;

#[cfg(feature = "libopus")]
use libopus as chosen;
#[cfg(not(feature = "libopus"))]
use pure as chosen;
use std::time::Duration;

/// A sound that cannot be encoded or decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpusError {
    /// The bytes are no Ogg/Opus, or of a kind that is not read; the sender must give another file.
    #[error("not a usable Ogg/Opus file ({why}): send a mono or stereo voice note")]
    Unusable {
        /// What is wrong with it.
        why: String,
    },
    /// The file has more bytes than [`Limits::bytes`]; the sender must give a smaller one.
    #[error("the Ogg/Opus file has {bytes} bytes: send one of at most {limit}")]
    TooBig {
        /// What the file has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// The sound is longer than [`Limits::length`]; the sender must give a shorter one.
    #[error("the Ogg/Opus file is longer than {} s: send a shorter one", .limit.as_secs())]
    TooLong {
        /// How long it may be.
        limit: Duration,
    },
    /// A rate that Opus has not: a mistake in our code.
    #[error("Opus has no sound of {0} Hz: ask for 8000, 12000, 16000, 24000 or 48000")]
    Rate(u32),
    /// The codec refused what it should take; this sound is lost.
    #[error("the Opus codec failed: {why}")]
    Codec {
        /// What it says.
        why: String,
    },
}

/// How many channels a sound has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One; a stereo file is mixed.
    Mono,
    /// Two, left and right in turn; a mono file is on both.
    Stereo,
}

impl Channels {
    /// Their number.
    pub const fn count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}

/// What a sound may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Bits per second on average, all channels together; silence takes fewer.
    pub bitrate: u32,
    /// Work of the encoder, from 0 to 10.
    pub complexity: u8,
}

impl Quality {
    /// A recorded call, 8 kHz stereo. One speaks at a time, so that nearly all bits are theirs: 26 dB over the noise of coding,
    /// 14 dB where both speak. That takes 1.7 ms of a core for a second of the call; complexity 2 takes 2.9 ms for 1 dB more.
    pub const CALL: Self = Self { bitrate: 32_000, complexity: 0 };

    /// A voice note, 16 to 24 kHz mono, made once and heard attentively.
    pub const NOTE: Self = Self { bitrate: 24_000, complexity: 5 };
}

/// Makes an Ogg/Opus file from samples, page by page.
///
/// Holds at most 1 s of coded sound, so a file whose writer dies lacks its last second and is whole up to there.
#[derive(Debug)]
pub struct Encoder(writing::Stream<chosen::Encoder>);

impl Encoder {
    /// Begins a file of sound at `rate` hertz.
    ///
    /// # Errors
    /// [`OpusError::Rate`], or [`OpusError::Codec`] where `quality` is none that the codec knows.
    pub fn new(channels: Channels, rate: u32, quality: Quality) -> Result<Self, OpusError> {
        writing::Stream::new(channels, rate, quality).map(Self)
    }

    /// Takes samples, any number of them, the channels in turn. Appends the pages that are complete to `pages`; the first
    /// ones are the file's head.
    ///
    /// # Errors
    /// [`OpusError::Codec`]: nothing follows in this file.
    pub fn push(&mut self, samples: &[i16], pages: &mut Vec<u8>) -> Result<(), OpusError> {
        self.0.push(samples, pages)
    }

    /// Appends the rest of the file to `pages`. It decodes to exactly as many samples as it was given.
    ///
    /// # Errors
    /// [`OpusError::Codec`].
    pub fn finish(self, pages: &mut Vec<u8>) -> Result<(), OpusError> {
        self.0.finish(pages)
    }
}

/// What a file is decoded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Samples per second and channel: 8000, 12000, 16000, 24000 or 48000.
    pub rate: u32,
    /// Mixed, or each for itself.
    pub channels: Channels,
}

/// How much is decoded at most; beyond that it is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Length of the sound. In memory a second of it takes two bytes for each sample of its [`Form`].
    pub length: Duration,
}

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Samples per second and channel, and the channels.
    pub form: Form,
    /// The channels in turn.
    pub samples: Vec<i16>,
    /// The file is cut off or corrupt behind these samples.
    pub damaged: bool,
}

impl Sound {
    /// How long it lasts.
    pub fn length(&self) -> Duration {
        let frames = self.samples.len() / self.form.channels.count();
        Duration::from_micros(frames as u64 * 1_000_000 / u64::from(self.form.rate.max(1)))
    }
}

/// Decodes a whole file. What the encoder put before the sound and behind it is cut off, the file's gain is applied, and a
/// damaged file gives what comes before the damage.
///
/// # Errors
/// Any [`OpusError`].
pub fn decode(file: &[u8], form: Form, limits: Limits) -> Result<Sound, OpusError> {
    reading::decode::<chosen::Decoder>(file, form, limits)
}
