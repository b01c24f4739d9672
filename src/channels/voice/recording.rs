//! A recording on its way into its file: Ogg/Opus, the caller on the left. All of this is the disk's thread's.

use crate::{
    audio::opus::{Channels, Encoder, OpusError, Quality},
    base::units::PHONE_RATE,
};
use std::{
    fs::File,
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Samples of both sides in a block: 1 s.
pub(super) const BLOCK: usize = 2 * PHONE_RATE as usize;

/// Some of both sides' sound, left and right in turn.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Samples that were lost before these; silence stands for them, so that what follows is in its time.
    pub(super) missing: usize,
    pub(super) samples: Vec<i16>,
}

/// Nothing more is written of this recording.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordingError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Codec(#[from] OpusError),
    #[error("the codec broke off")]
    Panic,
}

/// A file that is being recorded. Its pages are written as they complete, one a second, and nothing waits in memory but the last.
#[derive(Debug)]
pub(super) struct Recording {
    file: File,
    encoder: Encoder,
    pages: Vec<u8>,
}

impl Recording {
    /// Begins a file, in place of one that lies there.
    pub(super) fn begin(path: &Path) -> Result<Self, RecordingError> {
        let file = File::create(path)?;
        let encoder = contained(|| Ok(Encoder::new(Channels::Stereo, PHONE_RATE, Quality::CALL)?))?;
        Ok(Self { file, encoder, pages: Vec::new() })
    }

    /// Appends a block.
    pub(super) fn add(&mut self, block: &Block) -> Result<(), RecordingError> {
        contained(|| {
            let silence = [0; 320];
            let mut missing = block.missing;
            while missing > 0 {
                let some = silence.get(..missing).unwrap_or(&silence);
                self.encoder.push(some, &mut self.pages)?;
                missing -= some.len();
            }
            Ok(self.encoder.push(&block.samples, &mut self.pages)?)
        })?;
        self.file.write_all(&self.pages)?;
        self.pages.clear();
        Ok(())
    }

    /// Appends the last block and completes the file.
    pub(super) fn finish(mut self, last: &Block) -> Result<(), RecordingError> {
        self.add(last)?;
        let Self { mut file, encoder, mut pages } = self;
        contained(|| Ok(encoder.finish(&mut pages)?))?;
        file.write_all(&pages)?;
        Ok(())
    }
}

/// A codec that panics costs its own recording: the thread writes those of all calls, and their records.
fn contained<T>(work: impl FnOnce() -> Result<T, RecordingError>) -> Result<T, RecordingError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(RecordingError::Panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_that_panics_is_an_error() {
        let error = contained(|| -> Result<(), _> { panic!("as a codec may") }).unwrap_err();
        assert!(matches!(error, RecordingError::Panic));
    }
}
