//! From samples to the pages of a file.

use super::{
    Channels, OpusError, Quality,
    codec::{Encode, TICKS, failed, ticks_of_sample},
};
use opus_pure::{OggOpusWriter, OpusHead, OpusTags};

/// Ticks of a packet: 20 ms.
const PACKET: u32 = TICKS / 50;

/// The largest packet of one frame (RFC 6716, section 3.2.1), with the byte before it.
const LARGEST_PACKET: usize = 1 + 1_275;

/// Packets on a page: 1 s, the most that is recommended (RFC 7845, section 6).
const PACKETS_ON_PAGE: u32 = 50;

/// More bytes than any page has (RFC 3533, section 6): no page ends for its size.
const NO_PAGE: usize = usize::MAX;

#[derive(Debug)]
pub(super) struct Stream<E> {
    codec: E,
    writer: OggOpusWriter<Vec<u8>>,
    channels: usize,
    /// Samples of 20 ms, all channels.
    frame: usize,
    /// Samples of each channel by which the codec is late.
    delay: usize,
    ticks_of_sample: u32,
    /// Less than a frame.
    waiting: Vec<i16>,
    packet: [u8; LARGEST_PACKET],
    on_page: u32,
    /// Samples that came, all channels.
    taken: u64,
}

impl<E: Encode> Stream<E> {
    pub(super) fn new(channels: Channels, rate: u32, quality: Quality) -> Result<Self, OpusError> {
        let ticks_of_sample = ticks_of_sample(rate)?;
        let codec = E::new(channels, rate, quality)?;
        let delay = codec.delay()?;
        let channels = channels.count();
        let wide = |_| OpusError::Codec { why: format!("a delay of {delay} samples") };
        let mut head = OpusHead::new(u8::try_from(channels).map_err(wide)?, rate).map_err(failed)?;
        head.pre_skip = u16::try_from(delay * ticks_of_sample as usize).map_err(wide)?;
        let vendor = concat!("centralita ", env!("CARGO_PKG_VERSION")).to_owned();
        let tags = OpusTags { vendor, comments: Vec::new() };
        let mut writer = OggOpusWriter::with_tags(Vec::new(), head, tags).map_err(failed)?;
        writer.set_page_target(NO_PAGE);
        let frame = rate as usize / 50 * channels;
        Ok(Self {
            codec,
            writer,
            channels,
            frame,
            delay,
            ticks_of_sample,
            waiting: Vec::with_capacity(frame),
            packet: [0; LARGEST_PACKET],
            on_page: 0,
            taken: 0,
        })
    }

    pub(super) fn push(&mut self, mut samples: &[i16], pages: &mut Vec<u8>) -> Result<(), OpusError> {
        self.taken += samples.len() as u64;
        if !self.waiting.is_empty() {
            let room = self.frame.saturating_sub(self.waiting.len());
            let (first, rest) = samples.split_at(room.min(samples.len()));
            self.waiting.extend_from_slice(first);
            samples = rest;
            if self.waiting.len() == self.frame {
                let frame = std::mem::take(&mut self.waiting);
                self.write(&frame, PACKET)?;
                self.waiting = frame;
                self.waiting.clear();
            }
        }
        let frames = samples.chunks_exact(self.frame);
        self.waiting.extend_from_slice(frames.remainder());
        for frame in frames {
            self.write(frame, PACKET)?;
        }
        if let Some(ready) = self.writer.get_mut() {
            pages.append(ready);
        }
        Ok(())
    }

    pub(super) fn finish(mut self, pages: &mut Vec<u8>) -> Result<(), OpusError> {
        let total = self.taken / self.channels as u64;
        let (frame, mut left) = (self.frame / self.channels, self.waiting.len() / self.channels + self.delay);
        let mut last = std::mem::take(&mut self.waiting);
        // What is still inside of the codec comes out with silence behind it.
        while left > frame {
            last.resize(self.frame, 0);
            self.write(&last, PACKET)?;
            last.clear();
            left -= frame;
        }
        last.resize(self.frame, 0);
        // The last position counts what is to be heard, not the silence (RFC 7845, section 4.4).
        let heard = (total + self.delay as u64) * u64::from(self.ticks_of_sample);
        let written = u64::try_from(self.writer.granule()).unwrap_or_default();
        let ticks = u32::try_from(heard.saturating_sub(written)).unwrap_or(PACKET);
        self.write(&last, ticks)?;
        pages.append(&mut self.writer.finish().map_err(failed)?);
        Ok(())
    }

    fn write(&mut self, frame: &[i16], ticks: u32) -> Result<(), OpusError> {
        let length = self.codec.encode(frame, &mut self.packet)?;
        let packet = self.packet.get(..length).unwrap_or_default();
        let full = self.on_page == PACKETS_ON_PAGE;
        if full {
            // A page that has its size ends before the next packet.
            self.writer.set_page_target(1);
            self.on_page = 0;
        }
        self.writer.write_packet_with_duration(packet, ticks).map_err(failed)?;
        if full {
            self.writer.set_page_target(NO_PAGE);
        }
        self.on_page += 1;
        Ok(())
    }
}
