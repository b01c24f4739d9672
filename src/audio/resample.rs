//! Changes of the sample rate: 8 kHz on the line, 16 kHz for recognisers, 24 kHz from voices.
//!
//! A windowed sinc whose length is counted at the lower rate: a delay of 2 ms, -0.3 dB at 3.4 kHz and images below
//! -60 dB, where the library's defaults cost 16 ms. The delay is cut from the beginning, so sample *n* of the output
//! stands for the time of sample *n* of the input; [`Resampler::flush`] gives the end that is still inside.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

/// Periods of the lower rate under the window.
const LENGTH: u32 = 32;

/// The edge of the pass band relative to half the lower rate.
const CUTOFF: f32 = 0.93;

/// Filters per period; with small-fraction ratios every output falls exactly on one of them.
const OVERSAMPLING: u32 = 8;

/// A pair of rates that cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot resample from {from} Hz to {to} Hz: give rates between 4000 and 384000 Hz")]
pub struct UnusableRates {
    from: u32,
    to: u32,
}

/// A converter for one mono stream. Takes any length, works in blocks of 10 ms and holds back less than one.
pub struct Resampler {
    from: u32,
    to: u32,
    /// Absent where both rates are equal.
    sinc: Option<Async<f32>>,
    waiting: Vec<f32>,
    block: usize,
    converted: Vec<f32>,
    /// Output samples of the filter's delay that are still to be cut.
    skip: usize,
    taken: u64,
    given: u64,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Resampler({} Hz to {} Hz)", self.from, self.to)
    }
}

impl Resampler {
    /// A converter between two rates in hertz.
    ///
    /// # Errors
    /// A rate below 4 kHz or above 384 kHz.
    pub fn new(from: u32, to: u32) -> Result<Self, UnusableRates> {
        let unusable = UnusableRates { from, to };
        let usable = 4_000..=384_000;
        if !usable.contains(&from) || !usable.contains(&to) {
            return Err(unusable);
        }
        let block = from.div_ceil(100) as usize;
        let sinc = if from == to { None } else { Some(sinc(from, to, block).ok_or(unusable)?) };
        let mut resampler = Self {
            from,
            to,
            waiting: Vec::with_capacity(block),
            block,
            converted: vec![0.0; sinc.as_ref().map_or(0, Async::output_frames_max)],
            skip: 0,
            sinc,
            taken: 0,
            given: 0,
        };
        resampler.reset();
        Ok(resampler)
    }

    /// Takes the next samples and appends what can be converted.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.taken += samples.len() as u64;
        if self.sinc.is_none() {
            self.given += samples.len() as u64;
            out.extend_from_slice(samples);
            return;
        }
        let mut rest = samples;
        while !rest.is_empty() {
            let room = self.block.saturating_sub(self.waiting.len());
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.waiting.extend_from_slice(now);
            rest = later;
            if self.waiting.len() >= self.block {
                self.convert(out);
            }
        }
    }

    /// Appends what is still inside and begins anew: in all, the input's length times the ratio, rounded up.
    pub fn flush(&mut self, out: &mut Vec<f32>) {
        let wanted = (self.taken * u64::from(self.to)).div_ceil(u64::from(self.from));
        if self.sinc.is_some() {
            while self.given < wanted {
                self.waiting.resize(self.block, 0.0);
                self.convert(out);
            }
            out.truncate(out.len().saturating_sub(usize::try_from(self.given - wanted).unwrap_or(0)));
        }
        self.reset();
    }

    fn reset(&mut self) {
        self.waiting.clear();
        self.taken = 0;
        self.given = 0;
        if let Some(sinc) = &mut self.sinc {
            sinc.reset();
            // The library counts the sample in the middle of the filter as delay.
            self.skip = sinc.output_delay().saturating_sub(1);
        }
    }

    fn convert(&mut self, out: &mut Vec<f32>) {
        let written = self.run_filter().unwrap_or(0);
        self.waiting.clear();
        let cut = self.skip.min(written);
        self.skip -= cut;
        self.given += (written - cut) as u64;
        out.extend_from_slice(self.converted.get(cut..written).unwrap_or_default());
    }

    /// One block through the filter. The buffers have the sizes it asks for, so that it cannot refuse.
    fn run_filter(&mut self) -> Option<usize> {
        let room = self.converted.len();
        let input = InterleavedSlice::new(&self.waiting, 1, self.waiting.len()).ok()?;
        let mut output = InterleavedSlice::new_mut(&mut self.converted, 1, room).ok()?;
        let done = self.sinc.as_mut()?.process_into_buffer(&input, &mut output, None::<&Indexing>);
        debug_assert!(done.is_ok(), "{done:?}");
        done.ok().map(|(_, written)| written)
    }
}

fn sinc(from: u32, to: u32, block: usize) -> Option<Async<f32>> {
    let shared = greatest_common_divisor(from, to);
    let parameters = SincInterpolationParameters {
        sinc_len: (LENGTH * from).div_ceil(to).max(LENGTH) as usize,
        f_cutoff: Some(CUTOFF),
        oversampling_factor: (OVERSAMPLING * (to / shared)) as usize,
        interpolation: SincInterpolationType::Nearest,
        window: WindowFunction::Hann,
    };
    let ratio = f64::from(to) / f64::from(from);
    Async::new_sinc(ratio, 1.0, &parameters, block, 1, FixedAsync::Input).ok()
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::rms_dbfs_f32;
    use proptest::prelude::*;
    use std::f32::consts::TAU;

    const RATES: [(u32, u32); 5] =
        [(8_000, 16_000), (16_000, 8_000), (24_000, 8_000), (8_000, 24_000), (48_000, 8_000)];

    fn tone(hertz: f32, rate: u32, count: usize) -> Vec<f32> {
        (0..count).map(|n| 0.5 * (TAU * hertz * n as f32 / rate as f32).sin()).collect()
    }

    fn whole(from: u32, to: u32, samples: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        let mut resampler = Resampler::new(from, to).unwrap();
        resampler.push(samples, &mut out);
        resampler.flush(&mut out);
        out
    }

    /// The level in the middle, where the filter is in its steady state.
    fn steady(samples: &[f32]) -> f32 {
        rms_dbfs_f32(&samples[samples.len() / 4..samples.len() * 3 / 4]).0
    }

    /// The samples less their part at one frequency, whatever its phase.
    fn without(hertz: f32, rate: u32, samples: &[f32]) -> Vec<f32> {
        let angle = |n: usize| (f64::from(TAU) * f64::from(hertz) * n as f64 / f64::from(rate)).sin_cos();
        let (mut a, mut b) = (0.0, 0.0);
        for (n, &sample) in samples.iter().enumerate() {
            let (sin, cos) = angle(n);
            a += f64::from(sample) * sin * 2.0 / samples.len() as f64;
            b += f64::from(sample) * cos * 2.0 / samples.len() as f64;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a test signal")]
        let rest = |(n, &sample): (usize, &f32)| {
            let (sin, cos) = angle(n);
            (f64::from(sample) - a * sin - b * cos) as f32
        };
        samples.iter().enumerate().map(rest).collect()
    }

    #[test]
    fn speech_keeps_its_level_up_to_the_edge_of_the_telephone_band() {
        for (from, to) in RATES {
            for (hertz, lost) in [(300.0, 0.1), (1_000.0, 0.1), (3_000.0, 0.1), (3_400.0, 0.6)] {
                let input = tone(hertz, from, from as usize);
                let change = steady(&whole(from, to, &input)) - steady(&input);
                assert!(change.abs() < lost, "{hertz} Hz {from} to {to}: {change} dB");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        for (from, to) in [(16_000, 8_000), (24_000, 8_000), (48_000, 8_000)] {
            for hertz in [4_600.0, 5_500.0, 7_000.0] {
                let level = steady(&whole(from, to, &tone(hertz, from, from as usize)));
                assert!(level < -65.0, "{hertz} Hz {from} to {to}: {level} dBFS");
            }
        }
    }

    #[test]
    fn raising_the_rate_adds_no_image() {
        for (from, to) in [(8_000, 16_000), (8_000, 24_000)] {
            let input = tone(3_000.0, from, from as usize);
            let out = whole(from, to, &input);
            let rest = without(3_000.0, to, &out[out.len() / 4..out.len() * 3 / 4]);
            let level = rms_dbfs_f32(&rest).0;
            assert!(level < -65.0, "{from} to {to}: {level} dBFS");
        }
    }

    #[test]
    fn an_event_stays_at_its_time() {
        for (from, to) in RATES {
            let mut input = vec![0.0; from as usize / 10];
            input[from as usize / 20] = 1.0;
            let out = whole(from, to, &input);
            let peak = (0..out.len()).max_by(|&a, &b| out[a].abs().total_cmp(&out[b].abs())).unwrap();
            assert_eq!(peak, to as usize / 20, "{from} to {to}");
        }
    }

    #[test]
    fn one_rate_passes_everything_on() {
        let input = tone(440.0, 8_000, 333);
        assert_eq!(whole(8_000, 8_000, &input), input);
    }

    #[test]
    fn a_rate_that_is_none_is_refused() {
        let error = Resampler::new(0, 8_000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot resample from 0 Hz to 8000 Hz: give rates between 4000 and 384000 Hz"
        );
    }

    #[test]
    fn a_rate_of_the_compact_disc_works_too() {
        let input = tone(1_000.0, 44_100, 44_100);
        let out = whole(44_100, 8_000, &input);
        assert_eq!(out.len(), 8_000);
        assert!((steady(&out) - steady(&input)).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn the_length_is_the_ratio_and_the_pieces_do_not_matter(
            pair in 0..RATES.len(),
            pieces in proptest::collection::vec(0usize..700, 0..12),
        ) {
            let (from, to) = RATES[pair];
            let total = pieces.iter().sum();
            let input = tone(700.0, from, total);
            let mut resampler = Resampler::new(from, to).unwrap();
            let (mut out, mut rest) = (Vec::new(), input.as_slice());
            for piece in pieces {
                let (now, later) = rest.split_at(piece);
                resampler.push(now, &mut out);
                rest = later;
            }
            resampler.flush(&mut out);
            prop_assert_eq!(out.len(), (total * to as usize).div_ceil(from as usize));
            prop_assert_eq!(out, whole(from, to, &input));
        }

        #[test]
        fn a_flushed_resampler_is_as_new(count in 1usize..2_000) {
            let input = tone(500.0, 24_000, count);
            let mut resampler = Resampler::new(24_000, 8_000).unwrap();
            let (mut first, mut second) = (Vec::new(), Vec::new());
            resampler.push(&input, &mut first);
            resampler.flush(&mut first);
            resampler.push(&input, &mut second);
            resampler.flush(&mut second);
            prop_assert_eq!(first, second);
        }
    }
}
