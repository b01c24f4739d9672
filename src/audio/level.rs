//! How loud a piece of sound is.

use crate::base::units::Decibels;

/// The square of the loudest sample.
const FULL_SCALE: f64 = 32_768.0 * 32_768.0;

/// The mean power of 16-bit samples relative to full scale; nothing and digital silence give [`Decibels::SILENCE`].
pub fn rms_dbfs(samples: &[i16]) -> Decibels {
    let energy: i64 = samples.iter().map(|&sample| i64::from(sample) * i64::from(sample)).sum();
    of_mean_square(energy as f64 / FULL_SCALE, samples.len())
}

/// The same for samples between -1 and 1.
pub fn rms_dbfs_f32(samples: &[f32]) -> Decibels {
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
    of_mean_square(energy, samples.len())
}

#[expect(clippy::cast_possible_truncation, reason = "a level needs no more than an f32's digits")]
fn of_mean_square(energy: f64, count: usize) -> Decibels {
    if count == 0 || energy <= 0.0 {
        return Decibels::SILENCE;
    }
    let level = 10.0 * (energy / count as f64).log10();
    Decibels((level as f32).max(Decibels::SILENCE.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_nothing_and_full_scale_have_their_levels() {
        assert_eq!(rms_dbfs(&[]), Decibels::SILENCE);
        assert_eq!(rms_dbfs(&[0; 160]), Decibels::SILENCE);
        assert_eq!(rms_dbfs(&[i16::MIN; 160]), Decibels(0.0));
        assert_eq!(rms_dbfs_f32(&[-1.0; 160]), Decibels(0.0));
    }

    #[test]
    fn a_tenth_of_the_amplitude_is_twenty_decibels_less() {
        let loud = rms_dbfs(&[10_000, -10_000]).0;
        let quiet = rms_dbfs(&[1_000, -1_000]).0;
        assert!((loud - quiet - 20.0).abs() < 0.001);
    }
}
