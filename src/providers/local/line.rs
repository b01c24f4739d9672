//! Between the sound of the models and the sound of the telephone.

use super::{kokoro, mel};
use crate::{
    audio::{g711, level::rms_dbfs_f32, pcm, resample::Resampler},
    base::units::PHONE_RATE,
};

/// How loud speech goes out, in dBFS over its voiced parts: what telephone exchanges expect (ITU-T P.56 speaks of -20 to -26 dBov).
const LOUDNESS: f32 = -20.0;
/// The highest peak; louder than this, mu-law clips.
const PEAK: f32 = 0.9;
/// Frames within so much of the loudest one are voiced.
const VOICED: f32 = 25.0;
/// 10 ms at 24 kHz: the grain in which levels are judged.
const GRAIN: usize = kokoro::RATE as usize / 100;
/// What stays of the silence before speech …
const BEFORE: usize = 3 * GRAIN;
/// … and behind it: the model leaves up to half a second.
const BEHIND: usize = 5 * GRAIN;

/// What a voice spoke at 24 kHz, at telephone level, without the silence around it: mu-law at 8 kHz.
pub(super) fn to_phone(spoken: &[f32]) -> Vec<u8> {
    let trimmed = trimmed(spoken);
    let gain = gain(trimmed);
    let louder: Vec<f32> = trimmed.iter().map(|sample| sample * gain).collect();
    let mut samples = Vec::new();
    pcm::to_pcm16(&resampled(&louder, kokoro::RATE, PHONE_RATE), &mut samples);
    let mut codes = Vec::with_capacity(samples.len());
    g711::encode_into(&samples, &mut codes);
    codes
}

/// Telephone sound as models hear it: 16 kHz, -1..1.
pub(super) fn to_wideband(samples: &[i16]) -> Vec<f32> {
    let mut heard = Vec::with_capacity(samples.len());
    pcm::to_float(samples, &mut heard);
    resampled(&heard, PHONE_RATE, u32::try_from(mel::RATE).unwrap_or_default())
}

fn resampled(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    let mut out = Vec::with_capacity(samples.len() * to as usize / from as usize + 1);
    // These pairs of rates always work.
    if let Ok(mut resampler) = Resampler::new(from, to) {
        resampler.push(samples, &mut out);
        resampler.flush(&mut out);
    }
    out
}

/// The levels of all grains, and the level from which on one is voiced.
fn levels(samples: &[f32]) -> (Vec<f32>, f32) {
    let levels: Vec<f32> = samples.chunks(GRAIN).map(|grain| rms_dbfs_f32(grain).0).collect();
    let loudest = levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (levels, loudest - VOICED)
}

fn trimmed(samples: &[f32]) -> &[f32] {
    // Weak consonants at the edges stand well below the vowels.
    const WEAK: f32 = 15.0;
    let (levels, voiced) = levels(samples);
    let heard = |level: &f32| *level >= voiced - WEAK;
    let (Some(first), Some(last)) = (levels.iter().position(heard), levels.iter().rposition(heard)) else {
        return samples;
    };
    let start = (first * GRAIN).saturating_sub(BEFORE);
    let end = ((last + 1) * GRAIN + BEHIND).min(samples.len());
    samples.get(start..end).unwrap_or(samples)
}

fn gain(samples: &[f32]) -> f32 {
    let (levels, voiced) = levels(samples);
    let powers: Vec<f32> =
        levels.iter().filter(|&&level| level >= voiced).map(|level| 10_f32.powf(level / 10.0)).collect();
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    if powers.is_empty() || peak < 1e-4 {
        return 1.0;
    }
    let level = 10.0 * (powers.iter().sum::<f32>() / powers.len() as f32).log10();
    10_f32.powf((LOUDNESS - level) / 20.0).min(PEAK / peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One second.
    fn tone(level: f32) -> Vec<f32> {
        (0..24_000_u16)
            .map(|n| level * (f32::from(n) * 400.0 * std::f32::consts::TAU / 24_000.0).sin())
            .collect()
    }

    #[test]
    fn speech_goes_out_at_one_level_without_the_silence_around_it() {
        for loud in [0.02, 0.5] {
            let mut spoken = vec![0.0; 12_000];
            spoken.extend(tone(loud));
            spoken.extend(vec![0.0; 12_000]);
            let codes = to_phone(&spoken);
            assert!((8_000..=8_000 + 800).contains(&codes.len()), "{}", codes.len());
            let middle: Vec<i16> = codes[2_000..6_000].iter().map(|&code| g711::decode(code)).collect();
            let level = crate::audio::level::rms_dbfs(&middle).0;
            assert!((level - LOUDNESS).abs() < 0.7, "{level}");
        }
    }

    #[test]
    fn silence_stays_silent() {
        assert!(to_phone(&vec![0.0; 2_400]).iter().all(|&code| g711::decode(code).abs() < 10));
        assert!(to_phone(&[]).is_empty());
    }

    #[test]
    fn models_hear_twice_the_samples() {
        assert_eq!(to_wideband(&[100; 800]).len(), 1_600);
    }
}
