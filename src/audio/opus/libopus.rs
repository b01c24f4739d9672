//! The codec in C, through audiopus.

use super::{
    Channels, OpusError, Quality,
    codec::{Decode, Encode, failed},
};
use audiopus::{Application, Bitrate, MutSignals, SampleRate, Signal, coder, packet::Packet};

#[derive(Debug)]
pub(super) struct Encoder(coder::Encoder);

impl Encode for Encoder {
    fn new(channels: Channels, rate: u32, quality: Quality) -> Result<Self, OpusError> {
        // `Voip` would take away what is below the voice and turn its phases.
        let mut codec =
            coder::Encoder::new(hertz(rate)?, width(channels), Application::Audio).map_err(failed)?;
        codec.set_bitrate(Bitrate::BitsPerSecond(quality.bitrate.cast_signed())).map_err(failed)?;
        codec.set_complexity(quality.complexity).map_err(failed)?;
        codec.enable_vbr().map_err(failed)?;
        codec.disable_vbr_constraint().map_err(failed)?;
        codec.set_signal(Signal::Voice).map_err(failed)?;
        Ok(Self(codec))
    }

    fn delay(&self) -> Result<usize, OpusError> {
        self.0.lookahead().map(|samples| samples as usize).map_err(failed)
    }

    fn encode(&mut self, frame: &[i16], packet: &mut [u8]) -> Result<usize, OpusError> {
        self.0.encode(frame, packet).map_err(failed)
    }
}

#[derive(Debug)]
pub(super) struct Decoder(coder::Decoder);

impl Decode for Decoder {
    fn new(channels: Channels, rate: u32, gain: i16) -> Result<Self, OpusError> {
        let codec = coder::Decoder::new(hertz(rate)?, width(channels)).map_err(failed)?;
        codec.set_gain(i32::from(gain)).map_err(failed)?;
        Ok(Self(codec))
    }

    fn decode(&mut self, packet: &[u8], samples: &mut [i16]) -> Result<usize, OpusError> {
        let packet = Packet::try_from(packet).map_err(failed)?;
        let samples = MutSignals::try_from(samples).map_err(failed)?;
        self.0.decode(Some(packet), samples, false).map_err(failed)
    }
}

const fn width(channels: Channels) -> audiopus::Channels {
    match channels {
        Channels::Mono => audiopus::Channels::Mono,
        Channels::Stereo => audiopus::Channels::Stereo,
    }
}

fn hertz(rate: u32) -> Result<SampleRate, OpusError> {
    SampleRate::try_from(rate.cast_signed()).map_err(|_| OpusError::Rate(rate))
}
