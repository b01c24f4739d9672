//! What is encoded is decoded; what others made is decoded; what is no sound does no harm.

use super::{
    Channels::{Mono, Stereo},
    Encoder, Form, Limits, OpusError, Quality, Sound, chosen,
    codec::{Decode, Encode},
    decode, reading,
    signals::{assert_same, both, channel, encoded, likeness, voice},
};
use crate::audio::level::rms_dbfs;
use opus_pure::{OggOpusWriter, OpusHead};
use proptest::prelude::*;
use std::time::Duration;

const LIMITS: Limits = Limits { bytes: 1_000_000, length: Duration::from_mins(10) };
const NOTE: &[u8] = include_bytes!("../../../tests/sounds/note.opus");
const STEREO: &[u8] = include_bytes!("../../../tests/sounds/stereo.opus");
const SLOW: &[u8] = include_bytes!("../../../tests/sounds/slow.opus");
const PHONE: Form = Form { rate: 8_000, channels: Mono };

/// A sample on the phone: the filters of the codec are late by parts of one.
const IN_PLACE: Duration = Duration::from_micros(125);

/// The codec in Rust gives what was encoded with 8 kHz of bandwidth half a millisecond early at 8 and 12 kHz.
const NEARLY: Duration = Duration::from_micros(500);

/// A file around packets, each with the ticks that it is said to have.
fn wrapped(head: OpusHead, packets: &[(Vec<u8>, u32)]) -> Vec<u8> {
    let mut writer = OggOpusWriter::new(Vec::new(), head).unwrap();
    for (packet, ticks) in packets {
        writer.write_packet_with_duration(packet, *ticks).unwrap();
    }
    writer.finish().unwrap()
}

/// Eight seconds of what a phone hears, the caller on the left, then the agent on the right, then both.
fn conversation() -> (Vec<i16>, Vec<i16>) {
    let silence = vec![0; 16_000];
    let (caller, agent) = (voice(190.0, 8_000, 32_000), voice(120.0, 8_000, 32_123));
    let left = [&caller[..16_000], &silence, &silence, &caller[16_000..]].concat();
    let right = [&silence[..], &agent[..16_000], &silence, &agent[16_000..]].concat();
    let length = left.len();
    (left, right[..length].to_vec())
}

fn round_trips<E: Encode, D: Decode>() {
    for rate in [8_000, 12_000, 16_000, 24_000, 48_000] {
        let count = rate as usize * 2 + 37;
        let (left, right) = (voice(120.0, rate, count), voice(190.0, rate, count));
        let heard = |channels, said: &[i16]| {
            let file = encoded::<E>(channels, rate, said, 777).unwrap();
            let sound = reading::decode::<D>(&file, Form { rate, channels }, LIMITS).unwrap();
            assert!(!sound.damaged);
            sound.samples
        };
        assert_same(&left, &heard(Mono, &left), (rate, IN_PLACE), &format!("{rate} Hz"));
        let two = heard(Stereo, &both(&left, &right));
        for (number, said) in [left, right].iter().enumerate() {
            assert_same(said, &channel(&two, number), (rate, IN_PLACE), &format!("{number} at {rate} Hz"));
        }
    }
    let (left, right) = conversation();
    let file = encoded::<E>(Stereo, 8_000, &both(&left, &right), 16_000).unwrap();
    let sound = reading::decode::<D>(&file, Form { rate: 8_000, channels: Stereo }, LIMITS).unwrap();
    let (caller, agent) = (channel(&sound.samples, 0), channel(&sound.samples, 1));
    assert_same(&left, &caller, (8_000, Duration::ZERO), "the caller");
    assert_same(&right, &agent, (8_000, Duration::ZERO), "the agent");
    // Who is silent stays silent while the other speaks.
    let leaks = [rms_dbfs(&agent[..15_800]).0, rms_dbfs(&caller[16_400..31_800]).0];
    assert!(leaks.iter().all(|leak| *leak < -70.0), "{leaks:?}");
    assert!(file.len() < 8 * 5_000, "{} bytes", file.len());
}

#[test]
fn what_is_encoded_is_decoded_in_time_and_at_its_level() {
    round_trips::<chosen::Encoder, chosen::Decoder>();
}

#[test]
#[cfg(feature = "libopus")]
fn each_codec_decodes_what_the_other_encoded() {
    use super::{libopus, pure};
    round_trips::<pure::Encoder, libopus::Decoder>();
    round_trips::<libopus::Encoder, pure::Decoder>();
    round_trips::<pure::Encoder, pure::Decoder>();
}

#[test]
fn a_sound_of_any_length_comes_back_with_its_length() {
    // The codec is 52 samples late at 8 kHz: 108 of them still fit into the first frame.
    for length in [0, 1, 107, 108, 109, 159, 160, 161, 267, 268, 269, 8_000, 8_001] {
        for piece in [1, 160, 333] {
            let said = vec![1_000; length * 2];
            let file = encoded::<chosen::Encoder>(Stereo, 8_000, &said, piece).unwrap();
            let sound = decode(&file, Form { rate: 8_000, channels: Stereo }, LIMITS).unwrap();
            assert_eq!((sound.samples.len(), sound.damaged), (length * 2, false), "in pieces of {piece}");
        }
    }
}

#[test]
fn the_pieces_that_it_comes_in_change_nothing() {
    let said = voice(120.0, 8_000, 12_345);
    let whole = encoded::<chosen::Encoder>(Mono, 8_000, &said, usize::MAX).unwrap();
    for piece in [1, 159, 160, 161, 8_000] {
        assert!(encoded::<chosen::Encoder>(Mono, 8_000, &said, piece).unwrap() == whole, "{piece}");
    }
}

#[test]
fn a_file_whose_writer_died_is_whole_up_to_the_last_second() {
    let (left, right) = conversation();
    let said = both(&left, &right);
    let (mut encoder, mut file) = (Encoder::new(Stereo, 8_000, Quality::CALL).unwrap(), Vec::new());
    let form = Form { rate: 8_000, channels: Stereo };
    let finished = encoded::<chosen::Encoder>(Stereo, 8_000, &said, 16_000).unwrap();
    let whole = decode(&finished, form, LIMITS).unwrap().samples;
    for (second, block) in said.chunks_exact(16_000).enumerate() {
        let before = file.len();
        encoder.push(block, &mut file).unwrap();
        assert!(file.len() - before < 9_000);
        let sound = decode(&file, form, LIMITS).unwrap();
        // A page ends when the packet after it comes; the codec is 52 samples late.
        assert_eq!(sound.samples.len() / 2, (second * 8_000).saturating_sub(52));
        assert!(!sound.damaged && whole.starts_with(&sound.samples));
        // The page that was being written.
        let torn = decode(&finished[..file.len() + 100], form, LIMITS).unwrap();
        assert!(torn.damaged && torn.samples == sound.samples);
    }
}

#[test]
fn files_of_another_encoder_are_decoded_at_every_rate() {
    for rate in [8_000_u32, 16_000, 24_000, 48_000] {
        let mono = |file| decode(file, Form { rate, channels: Mono }, LIMITS).unwrap().samples;
        let length = |samples: usize, own: usize| samples * rate as usize / own;
        assert_same(&voice(120.0, rate, length(40_037, 16_000)), &mono(NOTE), (rate, NEARLY), "note");
        assert_same(&voice(120.0, rate, length(20_001, 8_000)), &mono(SLOW), (rate, NEARLY), "slow");
        let length = length(57_611, 48_000);
        let (left, right) = (voice(120.0, rate, length), voice(190.0, rate, length));
        let sound = decode(STEREO, Form { rate, channels: Stereo }, LIMITS).unwrap();
        assert_same(&left, &channel(&sound.samples, 0), (rate, NEARLY), "left");
        assert_same(&right, &channel(&sound.samples, 1), (rate, NEARLY), "right");
        let mixed: Vec<i16> = left.iter().zip(&right).map(|(&left, &right)| left.midpoint(right)).collect();
        assert_same(&mixed, &mono(STEREO), (rate, NEARLY), "mixed");
    }
    assert_eq!(decode(NOTE, PHONE, LIMITS).unwrap().length(), Duration::from_micros(2_502_250));
}

#[test]
fn a_mono_file_is_on_both_channels() {
    let mono = decode(NOTE, PHONE, LIMITS).unwrap().samples;
    let two = decode(NOTE, Form { channels: Stereo, ..PHONE }, LIMITS).unwrap().samples;
    assert_eq!(two, both(&mono, &mono));
}

#[test]
fn the_gain_of_a_file_is_applied() {
    let mut packets = Vec::new();
    let mut reader = opus_pure::OggOpusReader::new(NOTE).unwrap();
    while let Some(packet) = reader.read_packet().unwrap() {
        packets.push((packet.data, 960));
    }
    let level = |gain| {
        let mut head = OpusHead::new(1, 16_000).unwrap();
        head.output_gain_q8 = gain;
        rms_dbfs(&decode(&wrapped(head, &packets), PHONE, LIMITS).unwrap().samples).0
    };
    let plain = level(0);
    assert!((level(-6 * 256) - plain + 6.0).abs() < 0.05);
    assert!((level(3 * 256) - plain - 3.0).abs() < 0.05);
    assert!(level(i16::MAX) <= 0.0 && level(i16::MIN) < -90.0);
}

#[test]
fn what_is_too_big_too_long_or_of_another_kind_is_told() {
    let exact = encoded::<chosen::Encoder>(Mono, 8_000, &vec![500; 16_000], 160).unwrap();
    let more = encoded::<chosen::Encoder>(Mono, 8_000, &vec![500; 16_001], 160).unwrap();
    let limits = Limits { bytes: exact.len(), length: Duration::from_secs(2) };
    assert_eq!(decode(&exact, PHONE, limits).unwrap().samples.len(), 16_000);
    let told = |file: &[u8], form, limits| decode(file, form, limits).unwrap_err().to_string();
    assert_eq!(
        told(&more, PHONE, Limits { bytes: 1_000_000, ..limits }),
        "the Ogg/Opus file is longer than 2 s: send a shorter one"
    );
    let small = Limits { bytes: exact.len() - 1, ..limits };
    assert!(told(&exact, PHONE, small).contains(&format!("has {} bytes", exact.len())));
    let form = Form { rate: 44_100, channels: Mono };
    assert_eq!(decode(&exact, form, limits), Err(OpusError::Rate(44_100)));
    assert_eq!(Encoder::new(Mono, 11_025, Quality::NOTE).unwrap_err(), OpusError::Rate(11_025));
    for file in [&b""[..], b"RIFF\xff\xff\xff\xffWAVEfmt ", b"OggS", &exact[..60]] {
        assert!(told(file, PHONE, LIMITS).starts_with("not a usable Ogg/Opus file ("));
    }
    let mut head = OpusHead::new(2, 48_000).unwrap();
    (head.channel_count, head.mapping_family, head.stream_count) = (3, 1, 2);
    head.channel_mapping = vec![0, 1, 2];
    assert!(told(&wrapped(head, &[(vec![0xfc; 3], 960)]), PHONE, LIMITS).contains("it has 3 channels"));
}

/// Two bytes that stand for 120 ms each, and positions that say whatever.
#[test]
fn a_small_file_that_is_hours_long_is_given_up_at_the_limit() {
    let limits = Limits { bytes: usize::MAX, length: Duration::from_secs(5) };
    for said_to_last in [5_760, 0] {
        // 48 frames of 2.5 ms with nothing in them (RFC 6716, section 3.2.5).
        let packets = vec![(vec![0xe3, 48], said_to_last); 30_000];
        let file = wrapped(OpusHead::new(1, 48_000).unwrap(), &packets);
        for rate in [8_000, 48_000] {
            let form = Form { rate, channels: Stereo };
            assert_eq!(decode(&file, form, limits), Err(OpusError::TooLong { limit: limits.length }));
        }
    }
}

/// Two seconds in three pages.
fn short() -> (Vec<u8>, Sound) {
    let file = encoded::<chosen::Encoder>(Mono, 8_000, &voice(120.0, 8_000, 17_000), 8_000).unwrap();
    let sound = decode(&file, PHONE, LIMITS).unwrap();
    (file, sound)
}

#[test]
fn a_file_that_is_cut_off_gives_what_is_left_of_it() {
    let (file, whole) = short();
    let mut lengths = Vec::new();
    for end in 0..file.len() {
        match decode(&file[..end], PHONE, LIMITS) {
            Ok(sound) => {
                assert!(whole.samples.starts_with(&sound.samples));
                lengths.push(sound.samples.len());
            }
            Err(error) => assert!(lengths.is_empty(), "{error} after {end} bytes"),
        }
    }
    lengths.dedup();
    assert_eq!(lengths, [0, 7_948, 15_948]);
}

#[test]
fn a_flipped_bit_shortens_a_file_or_is_told() {
    let (mut file, whole) = short();
    let mut told = 0;
    for place in 0..file.len() {
        let bit = 1 << (place % 8);
        file[place] ^= bit;
        match decode(&file, PHONE, LIMITS) {
            Ok(sound) => assert!(sound.samples.len() < whole.samples.len(), "at {place}"),
            Err(_) => told += 1,
        }
        file[place] ^= bit;
    }
    assert!(told > 80, "{told}: both headers are checked");
}

fn harmless<D: Decode>(file: &[u8], rate: u32) {
    let limits = Limits { bytes: 100_000, length: Duration::from_secs(2) };
    let channels = if file.len().is_multiple_of(2) { Mono } else { Stereo };
    if let Ok(sound) = reading::decode::<D>(file, Form { rate, channels }, limits) {
        assert!(sound.length() <= limits.length);
    }
}

proptest! {
    #[test]
    fn no_bytes_crash_the_reader(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        place in 0..NOTE.len(),
        rate in prop::sample::select(vec![8_000, 12_000, 16_000, 24_000, 48_000]),
    ) {
        harmless::<chosen::Decoder>(&bytes, rate);
        let mut spoilt = NOTE.to_vec();
        spoilt.splice(place..(place + bytes.len() / 2).min(NOTE.len()), bytes);
        harmless::<chosen::Decoder>(&spoilt, rate);
    }

    #[test]
    fn no_packets_crash_the_codec(
        packets in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..300), 0_u32..5_760), 0..40),
        (channels, pre_skip, gain) in (1_u8..=2, any::<u16>(), any::<i16>()),
        rate in prop::sample::select(vec![8_000, 12_000, 16_000, 24_000, 48_000]),
    ) {
        let mut head = OpusHead::new(channels, 48_000).unwrap();
        (head.pre_skip, head.output_gain_q8) = (pre_skip, gain);
        harmless::<chosen::Decoder>(&wrapped(head, &packets), rate);
    }

    #[test]
    fn any_samples_are_encoded(
        samples in proptest::collection::vec(any::<i16>(), 0..3_000),
        stereo in any::<bool>(),
        rate in prop::sample::select(vec![8_000, 12_000, 16_000, 24_000, 48_000]),
    ) {
        let channels = if stereo { Stereo } else { Mono };
        let whole = samples.len() / channels.count() * channels.count();
        let file = encoded::<chosen::Encoder>(channels, rate, &samples[..whole], 100).unwrap();
        let sound = decode(&file, Form { rate, channels }, LIMITS).unwrap();
        prop_assert_eq!((sound.samples.len(), sound.damaged), (whole, false));
    }
}

#[test]
fn the_likeness_tells_sounds_apart() {
    let (one, other) = (voice(120.0, 8_000, 8_000), voice(190.0, 8_000, 8_000));
    assert!(likeness(&one, &one) > 0.999 && likeness(&one, &other).abs() < 0.2);
}
