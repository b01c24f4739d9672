//! Whisper base, multilingual, in plain Rust: a sentence of three seconds becomes text in about half a second on one core.
//!
//! Whisper hears windows of 30 s. Sentences are short, so only as many positions are computed as the sound needs; below
//! [`FEWEST`] the decoder begins to loop. Everything else follows `whisper/decoding.py` with temperature 0.

mod decode;
mod decoder;
mod encoder;
mod guard;
mod layers;
mod tokens;
mod unfinished;
mod weights;

use super::mel::{self, RATE};
use crate::{audio::level::rms_dbfs_f32, base::language::Language};
use std::{
    fs::{self, File},
    io::BufReader,
    path::Path,
};

pub use tokens::ForeignVocabulary;
pub use weights::WeightsError;

/// Positions that are always computed (20 ms each): with fewer than 400 the word error was 40 to 100 %.
const FEWEST: usize = 512;
/// Silence that is computed behind the sound, in seconds: the model ends its text in it.
const BEHIND: f32 = 1.5;
/// Positions per second.
const PER_SECOND: f32 = 50.0;
/// Sound whose loudest 20 ms stay below this holds no speech.
const SILENT: f32 = -50.0;

/// Why a recognition did not work.
#[derive(Debug, thiserror::Error)]
pub enum WhisperError {
    /// The weights are damaged or of another model: fetch them anew.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The vocabulary belongs to another model: fetch it anew.
    #[error(transparent)]
    Vocabulary(#[from] ForeignVocabulary),
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The arithmetic failed: out of memory.
    #[error("the recogniser failed: {0}")]
    Arithmetic(#[from] candle_core::Error),
}

/// The model; its weights (290 MB) are read by any number of threads at once.
#[derive(Debug)]
pub struct Whisper {
    mel: mel::Mel,
    encoder: encoder::Encoder,
    decoder: decoder::Decoder,
    tokens: tokens::Tokens,
}

impl Whisper {
    /// Reads the weights (CTranslate2) and the vocabulary (one token a line). Takes about a second.
    ///
    /// # Errors
    /// Where a file is missing, damaged or of another model.
    pub fn load(weights: &Path, vocabulary: &Path) -> Result<Self, WhisperError> {
        let unreadable = |path: &Path| {
            let path = path.display().to_string();
            move |source| WhisperError::Unreadable { path, source }
        };
        let lines = fs::read_to_string(vocabulary).map_err(unreadable(vocabulary))?;
        let tokens = tokens::Tokens::read(&lines)?;
        let file = File::open(weights).map_err(unreadable(weights))?;
        let mut weights = weights::Weights::read(BufReader::new(file))?;
        Ok(Self {
            mel: mel::Mel::new()?,
            encoder: encoder::Encoder::take(&mut weights)?,
            decoder: decoder::Decoder::take(&mut weights, tokens.allowed())?,
            tokens,
        })
    }

    /// The words in `pcm` (16 kHz, -1..1, at most 30 s; the rest is not heard): empty where nobody speaks. Runs on the calling
    /// thread and, where that belongs to a rayon pool, on its pool: call it through `Workers`.
    /// `None` where `stop` said so; it is asked between blocks and between words, every few milliseconds.
    ///
    /// # Errors
    /// Only where memory is missing.
    pub fn transcribe(
        &self,
        pcm: &[f32],
        language: Language,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<String>, WhisperError> {
        let Some(text) = self.decode(pcm, language, stop)? else { return Ok(None) };
        if !unfinished::is_unfinished(pcm, &text) {
            return Ok(Some(text));
        }
        let (first, second) = unfinished::halves(pcm);
        let Some(first) = self.transcribe(first, language, stop)? else { return Ok(None) };
        let Some(second) = self.transcribe(second, language, stop)? else { return Ok(None) };
        Ok(Some(unfinished::fuller(text, &first, &second)))
    }

    /// One pass over the whole sound.
    fn decode(
        &self,
        pcm: &[f32],
        language: Language,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<String>, WhisperError> {
        if is_silent(pcm) {
            return Ok(Some(String::new()));
        }
        let seconds = pcm.len() as f32 / RATE as f32;
        let positions = positions(seconds);
        let columns = self.mel.columns(pcm, 2 * positions)?;
        let Some(sound) = self.encoder.forward(&columns, stop)? else { return Ok(None) };
        let text = decode::greedy(&self.decoder, &self.tokens, &sound, seconds, language, stop)?;
        Ok(text.map(|text| guard::believable(&text).to_owned()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most a few thousand")]
fn positions(seconds: f32) -> usize {
    (((seconds + BEHIND) * PER_SECOND).ceil() as usize).clamp(FEWEST, encoder::POSITIONS)
}

fn is_silent(pcm: &[f32]) -> bool {
    pcm.chunks(RATE / 50).all(|frame| rms_dbfs_f32(frame).0 < SILENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sounds_get_the_fewest_positions_and_long_ones_the_whole_window() {
        assert_eq!([positions(1.0), positions(10.0), positions(40.0)], [512, 575, 1500]);
    }

    #[test]
    fn silence_needs_no_model() {
        assert!(is_silent(&vec![0.001; 16_000]));
        let mut click = vec![0.0; 16_000];
        click[8_000..8_400].fill(0.1);
        assert!(!is_silent(&click));
    }
}
