//! From a vendor's bytes to the telephone's: raw mu-law passes, linear samples are converted, anything else is refused.

use crate::{
    audio::{
        g711,
        pcm::to_pcm16,
        resample::{Resampler, UnusableRates},
    },
    base::units::PHONE_RATE,
    net::raw_audio::{RawAudio, WrongFormat},
};
use bytes::Bytes;

/// How a vendor's sound is coded; always mono and without a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::providers) enum Coding {
    /// Mu-law, 8 kHz.
    MuLaw,
    /// Signed 16-bit samples, little-endian, at this rate in hertz.
    Linear(u32),
}

/// One piece's sound on its way to the telephone.
#[derive(Debug)]
pub(super) struct Sound {
    guard: RawAudio,
    linear: Option<Linear>,
}

impl Sound {
    /// # Errors
    /// A rate that cannot be converted.
    pub(super) fn new(coding: Coding) -> Result<Self, UnusableRates> {
        let linear = match coding {
            Coding::MuLaw => None,
            Coding::Linear(rate) => Some(Linear::new(rate)?),
        };
        Ok(Self { guard: RawAudio::default(), linear })
    }

    /// Takes the next bytes, cut anywhere; gives mu-law, which may be nothing yet.
    ///
    /// # Errors
    /// [`WrongFormat`] when they begin like a file.
    pub(super) fn admit(&mut self, bytes: Bytes) -> Result<Bytes, WrongFormat> {
        let bytes = self.guard.admit(bytes)?;
        Ok(match &mut self.linear {
            None => bytes,
            Some(linear) => linear.convert(&bytes),
        })
    }

    /// The piece is over: what was held back of it.
    pub(super) fn rest(&mut self) -> Bytes {
        let rest = self.guard.rest();
        match &mut self.linear {
            None => rest,
            Some(linear) => linear.finish(&rest),
        }
    }
}

/// Linear samples on their way to mu-law.
#[derive(Debug)]
struct Linear {
    resampler: Resampler,
    /// The first half of a sample whose second half has not come.
    half: Option<u8>,
    samples: Vec<f32>,
    resampled: Vec<f32>,
    narrow: Vec<i16>,
}

impl Linear {
    fn new(rate: u32) -> Result<Self, UnusableRates> {
        let resampler = Resampler::new(rate, PHONE_RATE)?;
        Ok(Self { resampler, half: None, samples: Vec::new(), resampled: Vec::new(), narrow: Vec::new() })
    }

    fn convert(&mut self, bytes: &[u8]) -> Bytes {
        self.samples.clear();
        self.resampled.clear();
        for &byte in bytes {
            match self.half.take() {
                None => self.half = Some(byte),
                Some(low) => self.samples.push(f32::from(i16::from_le_bytes([low, byte])) / 32_768.0),
            }
        }
        self.resampler.push(&self.samples, &mut self.resampled);
        self.encode()
    }

    /// Half a sample at the end is left out.
    fn finish(&mut self, bytes: &[u8]) -> Bytes {
        let mut last = Vec::from(self.convert(bytes));
        self.resampled.clear();
        self.resampler.flush(&mut self.resampled);
        last.extend(self.encode());
        last.into()
    }

    fn encode(&mut self) -> Bytes {
        self.narrow.clear();
        to_pcm16(&self.resampled, &mut self.narrow);
        let mut codes = Vec::with_capacity(self.narrow.len());
        g711::encode_into(&self.narrow, &mut codes);
        codes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{g711::decode, level::rms_dbfs_f32};
    use std::f32::consts::TAU;

    /// A second of a tone at −6 dBFS peak, as a vendor sends it. No divisor of the rates: each sample rounds another way.
    fn tone() -> Vec<u8> {
        let sample = |n: usize| 0.5 * (TAU * 997.0 * n as f32 / 24_000.0).sin();
        let mut narrow = Vec::new();
        to_pcm16(&(0..24_000).map(sample).collect::<Vec<_>>(), &mut narrow);
        narrow.into_iter().flat_map(i16::to_le_bytes).collect()
    }

    fn heard(parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
        let mut sound = Sound::new(Coding::Linear(24_000)).unwrap();
        let mut heard: Vec<u8> = parts.flat_map(|part| sound.admit(part.into()).unwrap()).collect();
        heard.extend(sound.rest());
        heard
    }

    #[test]
    fn linear_sound_is_the_same_at_the_telephone_however_it_is_cut() {
        let whole = heard(std::iter::once(tone()));
        assert_eq!(whole.len(), 8_000);
        let samples: Vec<f32> = whole.iter().map(|code| f32::from(decode(*code)) / 32_768.0).collect();
        // −6 dBFS peak are −9 dBFS effective.
        assert!((rms_dbfs_f32(&samples[1_000..7_000]).0 + 9.03).abs() < 0.1);
        for size in [1, 3, 159, 4_801] {
            assert_eq!(heard(tone().chunks(size).map(<[u8]>::to_vec)), whole, "parts of {size}");
        }
    }

    #[test]
    fn half_a_sample_at_the_end_is_left_out_and_a_file_is_refused() {
        assert_eq!(heard([vec![0; 480], vec![7]].into_iter()).len(), 80);
        assert_eq!(heard(std::iter::empty()).len(), 0);
        let mut sound = Sound::new(Coding::Linear(24_000)).unwrap();
        assert!(sound.admit(Bytes::from_static(b"RIFF\xff\xff")).is_err());
        let mut sound = Sound::new(Coding::MuLaw).unwrap();
        assert_eq!(sound.admit(Bytes::from_static(&[1, 2, 3, 4])).unwrap(), [1, 2, 3, 4][..]);
    }
}
