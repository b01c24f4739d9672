//! WAV: reads any PCM or float file as mono, writes 16-bit ones.

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::io::{Read, Seek, Write};

/// The longest sound that is read: 30 minutes at 48 kHz.
const MAX_SAMPLES: usize = 30 * 60 * 48_000;

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// The file is not a WAV file, is cut off, or could not be read or written.
    #[error("not a usable WAV file")]
    Format(#[from] hound::Error),
    /// More than half an hour.
    #[error("the WAV file is longer than 30 minutes")]
    TooLong,
}

/// One channel of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Samples per second.
    pub rate: u32,
    /// Between -1 and 1.
    pub samples: Vec<f32>,
}

/// Reads PCM of 8 to 32 bits or 32-bit float; several channels are averaged.
///
/// # Errors
/// See [`WavError`].
pub fn read(file: impl Read) -> Result<Sound, WavError> {
    let mut reader = WavReader::new(file)?;
    let spec = reader.spec();
    if reader.duration() as usize > MAX_SAMPLES {
        return Err(WavError::TooLong);
    }
    let interleaved: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        SampleFormat::Int => {
            let full = (1_i64 << spec.bits_per_sample.saturating_sub(1).min(62)) as f32;
            reader
                .samples::<i32>()
                .map(|sample| Ok(sample? as f32 / full))
                .collect::<Result<_, hound::Error>>()?
        }
    };
    let channels = usize::from(spec.channels.max(1));
    let samples = interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32);
    Ok(Sound { rate: spec.sample_rate, samples: samples.collect() })
}

/// Writes interleaved 16-bit samples. [`Writer::finish`] completes the header; a writer that is dropped tries to.
pub struct Writer<W: Write + Seek>(WavWriter<W>);

impl<W: Write + Seek> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Writer").finish_non_exhaustive()
    }
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file of `channels` channels at `rate` hertz.
    ///
    /// # Errors
    /// The header could not be written.
    pub fn new(file: W, rate: u32, channels: u16) -> Result<Self, WavError> {
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        Ok(Self(WavWriter::new(file, spec)?))
    }

    /// Appends samples, the channels in turn.
    ///
    /// # Errors
    /// The samples could not be written, or the file has reached 4 GiB.
    pub fn write(&mut self, samples: &[i16]) -> Result<(), WavError> {
        for &sample in samples {
            self.0.write_sample(sample)?;
        }
        Ok(())
    }

    /// Completes the header.
    ///
    /// # Errors
    /// The header could not be written.
    pub fn finish(self) -> Result<(), WavError> {
        Ok(self.0.finalize()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn file(spec: WavSpec, write: impl Fn(&mut WavWriter<&mut Cursor<Vec<u8>>>)) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        write(&mut writer);
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_width_reads_as_the_same_sound() {
        for bits_per_sample in [8, 16, 24, 32] {
            let spec = WavSpec {
                channels: 2,
                sample_rate: 16_000,
                bits_per_sample,
                sample_format: SampleFormat::Int,
            };
            let half = 1_i32 << (bits_per_sample - 2);
            let bytes = file(spec, |writer| {
                for sample in [half, half, -half, half, 0, -half] {
                    writer.write_sample(sample).unwrap();
                }
            });
            let sound = read(bytes.as_slice()).unwrap();
            assert_eq!(
                sound,
                Sound { rate: 16_000, samples: vec![0.5, 0.0, -0.25] },
                "{bits_per_sample} bits"
            );
        }
    }

    #[test]
    fn floats_are_read_as_they_are() {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 24_000,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let bytes = file(spec, |writer| writer.write_sample(0.125_f32).unwrap());
        assert_eq!(read(bytes.as_slice()).unwrap().samples, [0.125]);
    }

    #[test]
    fn what_is_not_a_wav_file_is_told() {
        let error = read(&b"ID3 this is music"[..]).unwrap_err();
        assert_eq!(error.to_string(), "not a usable WAV file");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(samples in proptest::collection::vec(any::<i16>(), 0..500)) {
            let mut bytes = Cursor::new(Vec::new());
            let mut writer = Writer::new(&mut bytes, 8_000, 1).unwrap();
            writer.write(&samples).unwrap();
            writer.finish().unwrap();
            let sound = read(bytes.into_inner().as_slice()).unwrap();
            let mut again = Vec::new();
            crate::audio::pcm::to_pcm16(&sound.samples, &mut again);
            prop_assert_eq!(again, samples);
        }

        #[test]
        fn no_bytes_crash_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(read([b"RIFF".as_slice(), &bytes].concat().as_slice()));
        }
    }
}
