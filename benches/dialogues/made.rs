//! Sounds that nobody says: steady noises of a line, coughs and knocks.

use centralita::testbed::{
    corpus::{Noise, NoiseKind},
    mulaw,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{f32::consts::TAU, time::Duration};

const RATE: f32 = 8_000.0;
/// How loud a cough and a knock are at their loudest, in dBFS (RMS).
const COUGH: f32 = -20.0;
const KNOCK: f32 = -16.0;

pub(crate) fn samples(time: Duration) -> usize {
    usize::try_from(time.as_millis()).unwrap_or(0) * 8
}

/// A noise of a line, for so many samples; -1..1.
pub(crate) fn noise(noise: Noise, count: usize, seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    let sound: Vec<f32> = match noise.kind {
        NoiseKind::Hiss => (0..count).map(|_| rng.random_range(-1.0..1.0)).collect(),
        NoiseKind::Hum => (0..count)
            .map(|i| {
                let time = i as f32 / RATE;
                let tone = |order: f32| (TAU * (50.0 * order * time).fract()).sin() / order;
                tone(2.0) + tone(3.0) + tone(4.0) + tone(6.0) + 0.05 * rng.random_range(-1.0..1.0_f32)
            })
            .collect(),
        NoiseKind::Murmur => murmur(count, &mut rng),
    };
    levelled(sound, noise.dbfs)
}

/// Voices far away: noise of the band of speech that swells at the pace of syllables.
fn murmur(count: usize, rng: &mut StdRng) -> Vec<f32> {
    let (mut low, mut high, mut swell, mut wanted) = (0.0_f32, 0.0_f32, 0.5_f32, 0.5_f32);
    (0..count)
        .map(|i| {
            if i % 1_200 == 0 {
                wanted = rng.random_range(0.35..1.0);
            }
            swell += (wanted - swell) * 0.003;
            low += (rng.random_range(-1.0..1.0_f32) - low) * 0.45;
            high += (low - high) * 0.15;
            (low - high) * swell
        })
        .collect()
}

/// A cough: two bursts of breath, sharp at their beginning.
pub(crate) fn cough(length: Duration, seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    let (count, mut low) = (samples(length), 0.0_f32);
    let burst = |part: f32| (part * 40.0).min(1.0) * (-4.0 * part).exp();
    let sound = (0..count).map(|i| {
        let part = i as f32 / count as f32;
        let swell = if part < 0.55 { burst(part / 0.55) } else { 0.7 * burst((part - 0.55) / 0.45) };
        low += (rng.random_range(-1.0..1.0_f32) - low) * 0.5;
        swell * low
    });
    levelled(sound.collect(), COUGH)
}

/// A knock on wood.
pub(crate) fn knock(length: Duration, seed: u64) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    let count = samples(length);
    let sound = (0..count).map(|i| {
        let (time, part) = (i as f32 / RATE, i as f32 / count as f32);
        let wood = (TAU * 180.0 * time).sin() + 0.6 * (TAU * 410.0 * time).sin();
        (wood + 0.3 * rng.random_range(-1.0..1.0_f32)) * (-5.0 * part).exp()
    });
    levelled(sound.collect(), KNOCK)
}

fn levelled(sound: Vec<f32>, dbfs: f32) -> Vec<f32> {
    let power = sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len().max(1) as f32;
    let gain = 10_f32.powf(dbfs / 20.0) / power.sqrt().max(1e-9);
    sound.into_iter().map(|sample| sample * gain).collect()
}

/// Codes as samples of -1..1.
pub(crate) fn decoded(codes: &[u8]) -> Vec<f32> {
    codes.iter().map(|code| f32::from(mulaw::decode(*code)) / 32_768.0).collect()
}

/// Samples as codes.
pub(crate) fn encoded(sound: &[f32]) -> Vec<u8> {
    sound.iter().map(|sample| mulaw::encode_unit(*sample)).collect()
}
