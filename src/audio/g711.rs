//! G.711 mu-law (ITU-T G.711, 11/88), by table in both directions.
//!
//! Decoding gives the 16-bit scale of the ITU reference code (peak 32124); encoding rounds to the same code words.

/// Digital silence: positive zero.
pub const SILENCE: u8 = 0xFF;

/// Added to the magnitude so that every segment begins at a power of two (G.711 table 2a, at 16 bits).
const BIAS: u16 = 132;

/// Louder samples all have the loudest code word.
const CLIP: u16 = 32_635;

static DECODE: [i16; 256] = decode_table();
static ENCODE: [u8; 4_096] = encode_table();

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    reason = "computed by the compiler, which would refuse a wrong index; 13 bits fit"
)]
const fn decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = !(code as u8);
        let magnitude = ((((bits & 0x0F) as i16) << 3) + BIAS as i16) << ((bits >> 4) & 7);
        let value = magnitude - BIAS as i16;
        table[code] = if bits & 0x80 == 0 { value } else { -value };
        code += 1;
    }
    table
}

/// The code of every biased magnitude without its lowest three bits, which no segment keeps.
#[expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "computed by the compiler, which would refuse a wrong index; 15 bits fit"
)]
const fn encode_table() -> [u8; 4_096] {
    let mut table = [0; 4_096];
    let mut index = 0;
    while index < 4_096 {
        let magnitude = if index < 16 { BIAS } else { (index as u16) << 3 };
        let segment = 8 - magnitude.leading_zeros() as u8;
        let step = (magnitude >> (segment + 3)) as u8 & 0x0F;
        table[index] = !(segment << 4 | step);
        index += 1;
    }
    table
}

/// The 16-bit sample of one code word.
#[expect(clippy::indexing_slicing, reason = "a byte stays within 256 entries")]
pub fn decode(code: u8) -> i16 {
    DECODE[usize::from(code)]
}

/// The code word of one 16-bit sample.
#[expect(clippy::indexing_slicing, reason = "15 bits without three stay within 4,096 entries")]
pub fn encode(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs().min(CLIP) + BIAS;
    let code = ENCODE[usize::from(magnitude >> 3) & 0xFFF];
    if sample < 0 { code & 0x7F } else { code }
}

/// Decodes as many samples as both slices hold.
pub fn decode_frame(codes: &[u8], samples: &mut [i16]) {
    for (sample, &code) in samples.iter_mut().zip(codes) {
        *sample = decode(code);
    }
}

/// Appends the code words of `samples`.
pub fn encode_into(samples: &[i16], codes: &mut Vec<u8>) {
    codes.extend(samples.iter().map(|&sample| encode(sample)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;
    use serde_json::Value;

    fn fixture(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn decoding_equals_the_itu_table() {
        let file = fixture(include_str!("../../tests/protocols/twilio/mulaw_decode_table.json"));
        let table: Vec<i16> = serde_json::from_value(file["table"].clone()).unwrap();
        assert_eq!(table, DECODE);
    }

    #[test]
    fn encoding_equals_the_vectors() {
        let file = fixture(include_str!("../../tests/protocols/twilio/mulaw_vectors.json"));
        for (sample, code) in file["pcm16_to_ulaw"].as_object().unwrap() {
            let wanted = u8::from_str_radix(code.as_str().unwrap(), 16).unwrap();
            assert_eq!(encode(sample.parse().unwrap()), wanted, "sample {sample}");
        }
    }

    #[test]
    fn every_sample_is_encoded_as_the_reference_code_does() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(sample).abs().min(i32::from(CLIP)) + i32::from(BIAS);
            let segment = (0..8).rev().find(|segment| magnitude >= 0x80 << segment).unwrap();
            let step = (magnitude >> (segment + 3)) & 0x0F;
            let sign = if sample < 0 { 0x80 } else { 0 };
            let wanted = !u8::try_from(sign | segment << 4 | step).unwrap();
            assert_eq!(encode(sample), wanted, "sample {sample}");
        }
    }

    #[test]
    fn every_code_word_survives_the_round_trip_except_negative_zero() {
        for code in 0..=u8::MAX {
            let wanted = if code == 0x7F { SILENCE } else { code };
            assert_eq!(encode(decode(code)), wanted, "code {code:#x}");
        }
    }

    #[test]
    fn twilios_frames_are_what_they_say() {
        let frame = |text: &str| STANDARD.decode(text.trim()).unwrap();
        let silence = frame(include_str!("../../tests/protocols/twilio/mulaw_silence_20ms.b64"));
        assert_eq!(silence, [SILENCE; 160]);
        let tone = frame(include_str!("../../tests/protocols/twilio/mulaw_tone_440hz_20ms.b64"));
        let mut samples = [0; 160];
        decode_frame(&tone, &mut samples);
        let crossings = samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
        assert!((8..=9).contains(&crossings), "440 Hz has 8.8 periods in 20 ms, not {crossings}");
        let mut again = Vec::new();
        encode_into(&samples, &mut again);
        assert_eq!(again, tone);
    }

    proptest! {
        #[test]
        fn a_sample_comes_back_within_half_a_step(sample in -32_635i16..=32_635) {
            let error = (i32::from(decode(encode(sample))) - i32::from(sample)).abs();
            let half_step = (i32::from(sample).abs() + i32::from(BIAS)) / 32;
            prop_assert!(error <= half_step.max(4), "{sample}: off by {error}");
        }
    }
}
