//! What every 20 ms of every call costs: the message parsed, its sound decoded, our sound encoded, our message written.
//! The budget for all of it is 1 µs (design: budgets). Where calls are recorded the log comes on top.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use bytes::Bytes;
use centralita::{
    audio::g711,
    base::{
        clock,
        ids::StreamSid,
        units::{Decibels, FRAME},
    },
    dialogue::{
        call::Setup,
        input::{Input, Voice},
        output::Output,
        replay::{Head, Writer},
    },
    ports::media::{MediaCodec, ToPhone},
    providers::twilio::MediaStreams,
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const STREAM: &str = "MZ0123456789abcdef0123456789abcdef";

/// One message as Twilio sends it; its payload is what we would send.
fn message(stream: &StreamSid) -> String {
    let mut text = String::new();
    let sound: Vec<u8> = (0..160u8).map(|n| n.wrapping_mul(37)).collect();
    MediaStreams.write(stream, &ToPhone::Audio(&sound), &mut text);
    let payload = text.split("\"payload\":\"").nth(1).unwrap().split('"').next().unwrap();
    format!(
        r#"{{"event":"media","sequenceNumber":"4","media":{{"track":"inbound","chunk":"2","timestamp":"5","payload":"{payload}"}},"streamSid":"{STREAM}"}}"#
    )
}

#[divan::bench]
fn whole(bencher: Bencher<'_, '_>) {
    let stream: StreamSid = STREAM.parse().unwrap();
    let inbound = message(&stream);
    let (mut codes, mut samples) = (Vec::with_capacity(160), [0; 160]);
    let (mut reply, mut outbound) = (Vec::with_capacity(160), String::with_capacity(512));
    bencher.bench_local(|| {
        MediaStreams.read(black_box(&inbound), &mut codes).unwrap();
        g711::decode_frame(&codes, &mut samples);
        reply.clear();
        g711::encode_into(black_box(&samples), &mut reply);
        MediaStreams.write(&stream, &ToPhone::Audio(&reply), &mut outbound);
        black_box(outbound.len())
    });
}

#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    let inbound = message(&STREAM.parse().unwrap());
    let mut codes = Vec::with_capacity(160);
    bencher.bench_local(|| MediaStreams.read(black_box(&inbound), &mut codes).unwrap());
}

#[divan::bench]
fn serialise(bencher: Bencher<'_, '_>) {
    let stream: StreamSid = STREAM.parse().unwrap();
    let mut outbound = String::with_capacity(512);
    bencher
        .bench_local(|| MediaStreams.write(&stream, &ToPhone::Audio(black_box(&[0x37; 160])), &mut outbound));
}

/// A frame of the caller and a frame of ours in the log of a recorded call, with the block that is given away each second.
#[divan::bench]
fn log(bencher: Bencher<'_, '_>) {
    let call = "CA0123456789abcdef0123456789abcdef".parse().unwrap();
    let head = Head::new(call, "", jiff::Timestamp::UNIX_EPOCH, Setup::default());
    let mut now = clock::now();
    let (mut writer, _) = Writer::begin(&head, now).unwrap();
    let outputs = [Output::Play(Bytes::from_static(&[0x37; 160]))];
    bencher.bench_local(|| {
        now += FRAME;
        let voice = Voice { level: Decibels(-31.4), speech: 0.27 };
        writer.input(now, black_box(&Input::Frame(voice)));
        writer.outputs(black_box(&outputs));
        if writer.is_due() {
            black_box(writer.take_block());
        }
    });
}
