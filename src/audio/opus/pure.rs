//! The codec in Rust.

use super::{
    Channels, OpusError, Quality,
    codec::{Decode, Encode, failed},
};
use opus_pure::{Application, OpusDecoder, OpusEncoder, RateControl, Signal};
use std::fmt;

pub(super) struct Encoder {
    codec: OpusEncoder,
    frame: usize,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("frame", &self.frame).finish_non_exhaustive()
    }
}

impl Encode for Encoder {
    fn new(channels: Channels, rate: u32, quality: Quality) -> Result<Self, OpusError> {
        // `Voip` would take away what is below the voice and turn its phases.
        let mut codec =
            OpusEncoder::new(rate.cast_signed(), channels.count(), Application::Audio).map_err(failed)?;
        codec.bitrate_bps = quality.bitrate.cast_signed();
        codec.complexity = i32::from(quality.complexity);
        codec.rate_control = RateControl::Vbr;
        codec.signal_type = Some(Signal::Voice);
        Ok(Self { codec, frame: rate as usize / 50 })
    }

    fn delay(&self) -> Result<usize, OpusError> {
        Ok(self.codec.lookahead())
    }

    fn encode(&mut self, frame: &[i16], packet: &mut [u8]) -> Result<usize, OpusError> {
        self.codec.encode_s16(frame, self.frame, packet).map_err(failed)
    }
}

pub(super) struct Decoder {
    codec: OpusDecoder,
    channels: usize,
}

impl Decode for Decoder {
    fn new(channels: Channels, rate: u32, gain: i16) -> Result<Self, OpusError> {
        let channels = channels.count();
        let mut codec = OpusDecoder::new(rate.cast_signed(), channels).map_err(failed)?;
        codec.gain_q8 = i32::from(gain);
        Ok(Self { codec, channels })
    }

    fn decode(&mut self, packet: &[u8], samples: &mut [i16]) -> Result<usize, OpusError> {
        let room = samples.len() / self.channels;
        self.codec.decode_s16(packet, room, samples).map_err(failed)
    }
}
