//! From the bytes of a file to samples.

use super::{
    Form, Limits, OpusError, Sound,
    codec::{Decode, LONGEST_PACKET, ticks_of_sample},
};
use opus_pure::{OggOpusReader, OggPacket, Trim};

/// Decodes packet by packet, so that nothing is held but the sound and one page. The dearest packets that could be made take
/// 8 ms of a core for a second of sound.
pub(super) fn decode<D: Decode>(file: &[u8], form: Form, limits: Limits) -> Result<Sound, OpusError> {
    if file.len() > limits.bytes {
        return Err(OpusError::TooBig { bytes: file.len(), limit: limits.bytes });
    }
    let (ticks_of_sample, channels) = (ticks_of_sample(form.rate)?, form.channels.count());
    let mut reader = OggOpusReader::new(file).map_err(unusable)?;
    let head = reader.head();
    if head.mapping_family != 0 {
        return Err(OpusError::Unusable { why: format!("it has {} channels", head.channel_count) });
    }
    let mut codec = D::new(form.channels, form.rate, head.output_gain_q8)?;
    let mut trim = Trim::new(head, form.rate.cast_signed(), channels).map_err(unusable)?;
    let too_long = OpusError::TooLong { limit: limits.length };
    let longest = limits.length.as_micros() * u128::from(form.rate) / 1_000_000;
    // What a file throws away was decoded too: without a limit for that, its positions could hide hours.
    let mut left =
        longest + u128::from((u32::from(head.pre_skip) + LONGEST_PACKET).div_ceil(ticks_of_sample));

    let mut block = vec![0; (LONGEST_PACKET / ticks_of_sample) as usize * channels];
    let (mut packet, mut samples) = (OggPacket::default(), Vec::new());
    let damaged = loop {
        match reader.read_packet_into(&mut packet) {
            Ok(true) => {}
            Ok(false) => break false,
            Err(_) => break true,
        }
        let Ok(count) = codec.decode(&packet.data, &mut block) else { break true };
        let decoded = block.get(..count * channels).unwrap_or_default();
        samples.extend_from_slice(trim.keep(&packet, decoded));
        let Some(rest) = left.checked_sub(count as u128) else { return Err(too_long) };
        left = rest;
        if (samples.len() / channels) as u128 > longest {
            return Err(too_long);
        }
    };
    Ok(Sound { form, samples, damaged })
}

fn unusable(error: impl std::fmt::Display) -> OpusError {
    OpusError::Unusable { why: error.to_string() }
}
