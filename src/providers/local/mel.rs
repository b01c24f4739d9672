//! Sound as Whisper, and models made of it, hear it: the logarithm of 80 mel bands, every 10 ms.
//!
//! Whisper, `whisper/audio.py`: windows of 400 samples (25 ms at 16 kHz, periodic Hann) every 160, power spectrum, Slaney mel
//! filters up to 8 kHz, log10 held within 8 of its maximum, moved to about -1..1. The Fourier transform is a
//! matrix product: at this length that costs 2 ms for three seconds and needs no code of its own.

use candle_core::{D, Device, Result, Tensor};
use std::f64::consts::TAU;

/// Mel bands.
pub(super) const BANDS: usize = 80;
/// Samples from one column to the next.
pub(super) const HOP: usize = 160;
/// Samples per second.
pub(super) const RATE: usize = 16_000;
/// Samples of a column.
pub(super) const WINDOW: usize = 400;
const BINS: usize = WINDOW / 2 + 1;

/// The tables, made once.
#[derive(Debug)]
pub(super) struct Mel {
    /// `[WINDOW, 2 * BINS]`: cosines, then sines, with the Hann window in them.
    waves: Tensor,
    /// `[BINS, BANDS]`.
    filters: Tensor,
}

impl Mel {
    /// Makes the tables.
    ///
    /// # Errors
    /// Only where memory is missing.
    pub(super) fn new() -> Result<Self> {
        let mut waves = Vec::with_capacity(WINDOW * 2 * BINS);
        for sample in 0..WINDOW {
            let hann = 0.5 - 0.5 * (TAU * sample as f64 / WINDOW as f64).cos();
            let angle = |bin: usize| TAU * ((sample * bin) % WINDOW) as f64 / WINDOW as f64;
            waves.extend((0..BINS).map(|bin| single(hann * angle(bin).cos())));
            waves.extend((0..BINS).map(|bin| single(hann * angle(bin).sin())));
        }
        let filters = Tensor::from_vec(filters(), (BANDS, BINS), &Device::Cpu)?.t()?.contiguous()?;
        Ok(Self { waves: Tensor::from_vec(waves, (WINDOW, 2 * BINS), &Device::Cpu)?, filters })
    }

    /// The columns of `pcm` (16 kHz, -1..1), filled up with silence to `columns`: `[BANDS, columns]`.
    ///
    /// # Errors
    /// Only where memory is missing.
    pub(super) fn columns(&self, pcm: &[f32], columns: usize) -> Result<Tensor> {
        let padded = padded(pcm);
        // A column that overlaps no sound is silent: its value is known.
        let heard = ((pcm.len() + WINDOW / 2).div_ceil(HOP)).clamp(1, columns.max(1));
        let windows: Vec<f32> = (0..heard)
            .flat_map(|column| padded.iter().skip(column * HOP).chain(std::iter::repeat(&0.0)).take(WINDOW))
            .copied()
            .collect();
        let spectrum =
            Tensor::from_vec(windows, (heard, WINDOW), &Device::Cpu)?.matmul(&self.waves)?.sqr()?;
        let power = (spectrum.narrow(1, 0, BINS)? + spectrum.narrow(1, BINS, BINS)?)?;
        let log = (power.matmul(&self.filters)?.maximum(1e-10)?.log()? / std::f64::consts::LN_10)?;
        let floor = log.max_all()?.to_scalar::<f32>()? - 8.0;
        let silence = Tensor::full(floor.max(-10.0), (columns - heard, BANDS), &Device::Cpu)?;
        let log = Tensor::cat(&[&log.maximum(f64::from(floor))?, &silence], 0)?;
        ((log + 4.0)? / 4.0)?.transpose(0, D::Minus1)?.contiguous()
    }
}

/// Half a window before the first sample, mirrored, as `torch.stft(center=True)` does.
fn padded(pcm: &[f32]) -> Vec<f32> {
    let half = WINDOW / 2;
    let mirrored = (1..=half).rev().map(|back| pcm.get(back).copied().unwrap_or(0.0));
    mirrored.chain(pcm.iter().copied()).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "table values; single precision is what the model uses")]
fn single(value: f64) -> f32 {
    value as f32
}

/// Triangles of equal area on the Slaney mel scale (`librosa.filters.mel(sr=16000, n_fft=400, n_mels=80)`), row by row.
fn filters() -> Vec<f32> {
    let top = mel_of_hertz(RATE as f64 / 2.0);
    let corner = |index: usize| hertz_of_mel(top * index as f64 / (BANDS + 1) as f64);
    let mut filters = Vec::with_capacity(BANDS * BINS);
    for band in 0..BANDS {
        let (low, middle, high) = (corner(band), corner(band + 1), corner(band + 2));
        filters.extend((0..BINS).map(|bin| {
            let hertz = bin as f64 * RATE as f64 / WINDOW as f64;
            let rising = (hertz - low) / (middle - low);
            let falling = (high - hertz) / (high - middle);
            single(rising.min(falling).max(0.0) * 2.0 / (high - low))
        }));
    }
    filters
}

/// Linear below 1 kHz (15 mel), logarithmic above: M. Slaney, Auditory Toolbox, 1998.
fn mel_of_hertz(hertz: f64) -> f64 {
    if hertz < 1000.0 { hertz * 3.0 / 200.0 } else { 15.0 + (hertz / 1000.0).ln() * 27.0 / 6.4f64.ln() }
}

fn hertz_of_mel(mel: f64) -> f64 {
    if mel < 15.0 { mel * 200.0 / 3.0 } else { 1000.0 * ((mel - 15.0) * 6.4f64.ln() / 27.0).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_are_those_of_librosa() {
        // Known values of whisper/assets/mel_filters.npz.
        let filters = filters();
        let at = |band: usize, bin: usize| filters[band * BINS + bin];
        assert!(at(0, 0).abs() < 1e-9);
        assert!((at(0, 1) - 0.024_862_594).abs() < 1e-7, "{}", at(0, 1));
        assert!((at(1, 1) - 0.001_990_8).abs() < 1e-6, "{}", at(1, 1));
        let area: f32 = filters[..BINS].iter().sum::<f32>() * 40.0;
        assert!((area - 1.0).abs() < 0.1, "{area}");
    }

    #[test]
    fn a_tone_is_loudest_in_its_band_and_silence_is_flat() {
        let mel = Mel::new().unwrap();
        let tone: Vec<f32> =
            (0..RATE / 2).map(|n| (n as f32 * 1000.0 * std::f32::consts::TAU / RATE as f32).sin()).collect();
        let columns = mel.columns(&tone, 100).unwrap().to_vec2::<f32>().unwrap();
        let loudest = (0..BANDS).max_by(|&a, &b| columns[a][20].total_cmp(&columns[b][20])).unwrap();
        let expected = (0..BANDS)
            .min_by(|&a, &b| {
                let away = |band: usize| {
                    (hertz_of_mel(mel_of_hertz(8000.0) * (band + 1) as f64 / 81.0) - 1000.0).abs()
                };
                away(a).total_cmp(&away(b))
            })
            .unwrap();
        assert_eq!(loudest, expected);
        let last: Vec<f32> = columns.iter().map(|band| band[99]).collect();
        assert!(last.iter().all(|&value| value.to_bits() == last[0].to_bits()));
    }
}
