//! Between 16-bit samples and floating point.

/// Appends `samples` as numbers between -1 and 1.
pub fn to_float(samples: &[i16], out: &mut Vec<f32>) {
    out.extend(samples.iter().map(|&sample| f32::from(sample) / 32_768.0));
}

/// Appends `samples` as 16-bit numbers, rounded; louder than full scale is clipped.
pub fn to_pcm16(samples: &[f32], out: &mut Vec<i16>) {
    out.extend(samples.iter().map(|&sample| clip(sample)));
}

#[expect(clippy::cast_possible_truncation, reason = "the conversion saturates, and a NaN becomes 0")]
fn clip(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_survives_the_way_there_and_back() {
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        let (mut floats, mut again) = (Vec::new(), Vec::new());
        to_float(&samples, &mut floats);
        to_pcm16(&floats, &mut again);
        assert_eq!(again, samples);
    }

    #[test]
    fn what_is_too_loud_is_clipped_and_what_is_no_number_is_silent() {
        let mut out = Vec::new();
        to_pcm16(&[1.5, -7.0, f32::NAN], &mut out);
        assert_eq!(out, [i16::MAX, i16::MIN, 0]);
    }
}
