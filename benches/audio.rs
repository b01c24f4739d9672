//! Signal work of one 20 ms frame: mu-law, resampling, level, the voice gate, the recording.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use centralita::audio::{
    activity::Gate,
    g711,
    level::rms_dbfs,
    opus::{Channels, Encoder, Quality},
    recording::Timeline,
    resample::Resampler,
};
use divan::{Bencher, black_box};
use std::f32::consts::TAU;

fn main() {
    divan::main();
}

fn tone(rate: u32) -> Vec<f32> {
    (0..rate / 50).map(|n| 0.3 * (TAU * 700.0 * n as f32 / rate as f32).sin()).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a test signal")]
fn frame() -> Vec<i16> {
    tone(8_000).iter().map(|sample| (sample * 32_767.0) as i16).collect()
}

#[divan::bench]
fn mulaw_decode(bencher: Bencher<'_, '_>) {
    let mut codes = Vec::new();
    g711::encode_into(&frame(), &mut codes);
    let mut samples = [0; 160];
    bencher.bench_local(|| g711::decode_frame(black_box(&codes), black_box(&mut samples)));
}

#[divan::bench]
fn mulaw_encode(bencher: Bencher<'_, '_>) {
    let samples = frame();
    let mut codes = Vec::with_capacity(160);
    bencher.bench_local(|| {
        codes.clear();
        g711::encode_into(black_box(&samples), &mut codes);
    });
}

#[divan::bench]
fn level(bencher: Bencher<'_, '_>) {
    let samples = frame();
    bencher.bench_local(|| rms_dbfs(black_box(&samples)));
}

#[divan::bench(args = [(8_000, 16_000), (16_000, 8_000), (24_000, 8_000), (8_000, 24_000), (48_000, 8_000)])]
fn resample(bencher: Bencher<'_, '_>, (from, to): (u32, u32)) {
    let mut resampler = Resampler::new(from, to).unwrap();
    let input = tone(from);
    let mut out = Vec::with_capacity(4_096);
    bencher.bench_local(|| {
        out.clear();
        resampler.push(black_box(&input), &mut out);
    });
}

#[divan::bench]
fn gate_in_silence(bencher: Bencher<'_, '_>) {
    let mut gate = Gate::new();
    bencher.bench_local(|| gate.judge(black_box(&[0; 160])));
}

#[divan::bench]
fn gate_in_speech(bencher: Bencher<'_, '_>) {
    let mut gate = Gate::new();
    let samples = frame();
    bencher.bench_local(|| gate.judge(black_box(&samples)));
}

#[divan::bench]
fn recording(bencher: Bencher<'_, '_>) {
    let mut timeline = Timeline::new();
    let mut out = Vec::with_capacity(320);
    bencher.bench_local(|| {
        out.clear();
        timeline.agent_sent(black_box(&[0x20; 160]));
        timeline.caller_heard(black_box(&[0x10; 160]), &mut out);
    });
}

/// A second of a recorded call in which the caller speaks.
#[divan::bench]
fn recorded_second_to_opus(bencher: Bencher<'_, '_>) {
    let speech = include_bytes!("../audio/clips/es/help.ulaw");
    let both: Vec<i16> = speech.iter().flat_map(|&code| [g711::decode(code), 0]).collect();
    let mut seconds = both.chunks_exact(16_000).cycle();
    let mut encoder = Encoder::new(Channels::Stereo, 8_000, Quality::CALL).unwrap();
    let mut pages = Vec::new();
    bencher.bench_local(|| {
        pages.clear();
        encoder.push(black_box(seconds.next().unwrap()), &mut pages).unwrap();
    });
}
