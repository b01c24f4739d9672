//! Quantities with their unit in the type.

use serde::{Deserialize, Serialize};
use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
    time::Duration,
};

/// Samples per second on the telephone line (Twilio Media Streams: `audio/x-mulaw`, 8000 Hz, one channel).
pub const PHONE_RATE: u32 = 8_000;

/// Samples in one 20 ms frame of telephone audio. One sample is one byte of mu-law.
pub const FRAME_SAMPLES: usize = 160;

/// The length of one frame.
pub const FRAME: Duration = Duration::from_millis(20);

/// A number of samples at [`PHONE_RATE`]: the media clock, which moves only when audio does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Samples(pub u64);

impl Samples {
    /// The samples that fit in `time`.
    pub const fn in_time(time: Duration) -> Self {
        let rate = PHONE_RATE as u64;
        Self(time.as_secs() * rate + time.subsec_micros() as u64 * rate / 1_000_000)
    }

    /// How long these samples last.
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0 * 1_000_000 / PHONE_RATE as u64)
    }

    /// The difference, or nothing where `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Samples {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Samples {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Samples {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// A level relative to full scale: 0 is the loudest square wave, silence is [`Decibels::SILENCE`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Decibels(pub f32);

impl Decibels {
    /// The level given to digital silence.
    pub const SILENCE: Self = Self(-96.0);
}

impl fmt::Display for Decibels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBFS", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_milliseconds_are_one_frame() {
        assert_eq!(Samples::in_time(FRAME), Samples(FRAME_SAMPLES as u64));
        assert_eq!(Samples(160).duration(), FRAME);
    }
}
