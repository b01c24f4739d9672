//! G.711 mu-law, written apart from the product's own tables, so that a mistake there cannot hide.

/// Digital silence.
pub const SILENCE: u8 = 0xFF;

/// The linear value of one code (G.711, 16-bit scale).
pub const fn decode(code: u8) -> i16 {
    let code = !code;
    let exponent = (code >> 4) & 7;
    let mantissa = (code & 0x0F) as i16;
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// The code nearest to a linear value (G.711, 16-bit scale); values beyond the range are clipped.
pub fn encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let biased = sample.unsigned_abs().min(32_635) + 0x84;
    // The bias makes bit 7 the lowest leading one.
    let exponent = 8 - biased.leading_zeros().min(8);
    let mantissa = (biased >> (exponent + 3)) & 0x0F;
    let [_, _, _, code] = (exponent << 4 | u32::from(mantissa)).to_be_bytes();
    !(sign | code)
}

/// Encodes a value of -1..1.
pub fn encode_unit(value: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of i16")]
    let sample = (value.clamp(-1.0, 1.0) * 32_767.0) as i16;
    encode(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_codes_come_out() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/protocols/twilio/mulaw_vectors.json")).unwrap();
        for (sample, code) in vectors["pcm16_to_ulaw"].as_object().unwrap() {
            let code = u8::from_str_radix(code.as_str().unwrap(), 16).unwrap();
            assert_eq!(encode(sample.parse().unwrap()), code, "sample {sample}");
        }
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for code in 0..=u8::MAX {
            assert_eq!(decode(encode(decode(code))), decode(code), "code {code:#x}");
        }
    }
}
