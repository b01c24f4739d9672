//! Sounds for the tests, and how alike two sounds are.

use super::{Channels, OpusError, Quality, codec::Encode, writing::Stream};
use crate::audio::level::rms_dbfs;
use std::{f64::consts::TAU, time::Duration};

/// A voice of `low` to `low + 35` hertz in syllables: no two places of it are alike. `tests/sounds` was made of it.
#[expect(clippy::cast_possible_truncation, reason = "never louder than half of full scale")]
pub(crate) fn voice(low: f64, rate: u32, count: usize) -> Vec<i16> {
    let sample = |n: usize| {
        let time = n as f64 / f64::from(rate);
        let pitch = low * time + 8.0 * (1.0 - (TAU * 0.7 * time).cos());
        let swell = 0.55 + 0.45 * (TAU * 3.0 * time).sin();
        let sum: f64 = (1..=8).map(|k| (TAU * f64::from(k) * pitch).sin() / f64::from(k)).sum();
        (32_767.0 * 0.15 * swell * sum).round() as i16
    };
    (0..count).map(sample).collect()
}

/// Two channels in turn.
pub(crate) fn both(left: &[i16], right: &[i16]) -> Vec<i16> {
    left.iter().zip(right).flat_map(|(&left, &right)| [left, right]).collect()
}

/// One channel of two.
pub(crate) fn channel(samples: &[i16], number: usize) -> Vec<i16> {
    samples.iter().skip(number).step_by(2).copied().collect()
}

/// The cosine between two sounds: 1 for the same one at the same time.
pub(super) fn likeness(a: &[i16], b: &[i16]) -> f64 {
    let dot =
        |a: &[i16], b: &[i16]| -> f64 { a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1.0)
}

/// `heard` is `said`: as many samples, most alike within `off` of its place, as loud within a decibel.
pub(crate) fn assert_same(said: &[i16], heard: &[i16], (rate, off): (u32, Duration), why: &str) {
    assert_eq!(heard.len(), said.len(), "{why}");
    let place = |shift: i32| {
        let samples = shift.unsigned_abs() as usize;
        let alike =
            if shift < 0 { likeness(&said[samples..], heard) } else { likeness(said, &heard[samples..]) };
        (alike, shift.unsigned_abs())
    };
    let millisecond = rate.cast_signed() / 1_000;
    let (alike, shift) = (-millisecond..=millisecond).map(place).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    let shift = Duration::from_secs(1) * shift / rate;
    assert!(alike > 0.97 && shift <= off, "{why}: {alike} at {shift:?}");
    let louder = rms_dbfs(heard).0 - rms_dbfs(said).0;
    assert!(louder.abs() < 1.0, "{why}: {louder} dB");
}

/// A whole file, its samples given in pieces of `piece`.
pub(super) fn encoded<E: Encode>(
    channels: Channels,
    rate: u32,
    samples: &[i16],
    piece: usize,
) -> Result<Vec<u8>, OpusError> {
    let quality = match (rate, channels) {
        (8_000, _) => Quality::CALL,
        (_, Channels::Mono) => Quality::NOTE,
        (_, Channels::Stereo) => Quality { bitrate: 96_000, ..Quality::NOTE },
    };
    let (mut stream, mut file) = (Stream::<E>::new(channels, rate, quality)?, Vec::new());
    for piece in samples.chunks(piece) {
        stream.push(piece, &mut file)?;
    }
    stream.finish(&mut file)?;
    Ok(file)
}
