//! Made-up voices: a steady one for the fake synthesisers, a speech-like one for callers without recordings.

use super::mulaw;
use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{f32::consts::TAU, sync::LazyLock};

/// Samples per second.
const RATE: f32 = 8_000.0;

/// Twice one second of the agent's tone, so that any second of it is one slice.
static AGENT: LazyLock<Bytes> = LazyLock::new(|| {
    let second: Vec<f32> = (0..8_000_u16)
        .map(|i| {
            let time = f32::from(i) / RATE;
            let swell = 0.8 + 0.2 * (TAU * 4.0 * time).cos();
            swell * harmonics(125.0 * time, 125.0, [500.0, 1_500.0, 2_500.0])
        })
        .collect();
    let second = levelled(&second, -20.0);
    [second.as_slice(), second.as_slice()].concat().into()
});

/// What the fake synthesisers say: `length` bytes (at most 8,000) of an even, voice-like tone at -20 dBFS, from
/// byte `position` of an endless stream. Audible in every frame, the same at each run; shares its memory.
pub fn agent(position: usize, length: usize) -> Bytes {
    let from = position % 8_000;
    AGENT.slice(from..from + length.min(8_000))
}

/// A sum of harmonics under three formant bumps; `cycles` counts periods of the fundamental.
fn harmonics(cycles: f32, fundamental: f32, formants: [f32; 3]) -> f32 {
    let mut sum = 0.0;
    let mut order = 1.0_f32;
    while order * fundamental < 3_400.0 {
        let frequency = order * fundamental;
        let mut weight = 0.02;
        for (formant, (width, gain)) in formants.into_iter().zip([(90.0, 1.0), (130.0, 0.5), (200.0, 0.25)]) {
            let distance = (frequency - formant) / width;
            weight += gain / (1.0 + distance * distance);
        }
        // Phases that grow with the square of the order keep the peaks low.
        sum += weight * (TAU * (order * cycles).fract() + 0.7 * order * order).sin();
        order += 1.0;
    }
    sum
}

/// Scales to a level (RMS over the whole) and encodes.
fn levelled(samples: &[f32], dbfs: f32) -> Vec<u8> {
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    let gain = 10_f32.powf(dbfs / 20.0) / power.sqrt().max(1e-9);
    samples.iter().map(|s| mulaw::encode_unit(s * gain)).collect()
}

/// First three formants of five Spanish vowels, Hz (textbook values for an adult voice).
const VOWELS: [[f32; 3]; 5] = [
    [700.0, 1_250.0, 2_500.0],
    [480.0, 1_850.0, 2_550.0],
    [300.0, 2_250.0, 2_950.0],
    [500.0, 950.0, 2_450.0],
    [330.0, 800.0, 2_350.0],
];

/// A caller's utterance of `syllables` syllables (about 190 ms each), mu-law at -20 dBFS: voiced vowels with a
/// moving pitch between soft consonants, without a pause. Begins and ends audibly. The same for the same seed.
pub fn caller(seed: u64, syllables: usize) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    let base: f32 = rng.random_range(105.0..215.0);
    let mut samples = Vec::new();
    let mut cycles = 0.0_f32;
    let mut hiss = 0.0_f32;
    for syllable in 0..syllables {
        let formants = *VOWELS.get(rng.random_range(0..VOWELS.len())).unwrap_or(&[500.0, 1_500.0, 2_500.0]);
        let from = base * rng.random_range(0.9..1.15);
        let to = base * rng.random_range(0.85..1.1);
        // The first syllable has no consonant: the utterance begins at full voice.
        let consonant = if syllable == 0 { 0 } else { rng.random_range(240..480_usize) };
        for _ in 0..consonant {
            cycles += from / RATE;
            let noise: f32 = rng.random_range(-1.0..1.0);
            hiss = 0.6 * hiss + 0.4 * noise;
            samples.push(0.35 * harmonics(cycles, from, [250.0, 1_200.0, 2_400.0]) + 0.3 * hiss);
        }
        let vowel = rng.random_range(960..1_360_usize);
        for i in 0..vowel {
            let part = i as f32 / vowel as f32;
            let pitch = from + (to - from) * part;
            cycles += pitch / RATE;
            let swell = (part * 12.0 + 0.3).min(1.0) * ((1.0 - part) * 8.0 + 0.3).min(1.0);
            samples.push(swell * harmonics(cycles, pitch, formants));
        }
        cycles = cycles.fract();
    }
    levelled(&samples, -20.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::hearing::is_audible;

    #[test]
    fn the_agent_is_audible_in_every_frame() {
        let audio = agent(7_999, 8_000);
        assert_eq!(audio.len(), 8_000);
        assert!(audio.chunks(160).all(is_audible));
    }

    #[test]
    fn a_caller_is_audible_without_a_pause() {
        for seed in 0..20 {
            let audio = caller(seed, 8);
            assert!(audio.chunks_exact(160).all(is_audible), "seed {seed}");
        }
    }

    /// The cheap voice gate of the server must take the made-up caller for a person, from the first 100 ms on.
    #[test]
    fn a_caller_passes_for_speech_at_the_voice_gate() {
        for seed in 0..20 {
            let audio = caller(seed, 8);
            let mut detector = earshot::Detector::default();
            // Twice the rate by linear interpolation: enough for a gate.
            let mut wide = Vec::new();
            let mut last = 0_i16;
            for sample in audio.iter().map(|code| mulaw::decode(*code)) {
                wide.extend([last.midpoint(sample), sample]);
                last = sample;
            }
            let scores: Vec<f32> = wide.chunks_exact(256).map(|frame| detector.predict_i16(frame)).collect();
            let voiced = scores.iter().filter(|s| **s >= 0.5).count();
            let first = scores.iter().position(|s| *s >= 0.5);
            assert!(voiced * 10 >= scores.len() * 8, "seed {seed}: {voiced} of {}: {scores:?}", scores.len());
            assert!(first.is_some_and(|frame| frame <= 6), "seed {seed}: first at {first:?}");
        }
    }
}
