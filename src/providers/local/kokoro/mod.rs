//! Kokoro-82M: text becomes a natural voice, four times as fast as it is spoken on one core.
//!
//! The model speaks a whole piece at once; first sound soon means first piece short.

mod english;
mod phonemes;
mod spanish;
mod voices;

use super::onnx::{self, OnnxError};
use crate::dialogue::spoken::say;
use english::English;
use ort::{
    session::{RunOptions, Session},
    value::Tensor,
};
use phonemes::Alphabet;
use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

pub use voices::{VOICES, Voice};

/// Samples per second of what the model speaks.
pub const RATE: u32 = 24_000;

/// Why a text was not spoken.
#[derive(Debug, thiserror::Error)]
pub enum KokoroError {
    /// The model or the library that runs it.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The vendored list of phonemes is damaged: a broken build.
    #[error("the phonemes cannot be read: {0}")]
    Phonemes(#[from] serde_json::Error),
}

/// Where the model's files are.
#[derive(Clone, Debug)]
pub struct KokoroFiles {
    /// ONNX Runtime.
    pub runtime: PathBuf,
    /// The model.
    pub model: PathBuf,
    /// The English dictionaries, the better one first; read when English is first spoken.
    pub english: Vec<PathBuf>,
}

/// Ends a synthesis from another thread, in the middle of a piece too.
#[derive(Clone)]
pub struct Stop(Arc<(AtomicBool, RunOptions)>);

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.is_asked()).finish()
    }
}

impl Stop {
    /// What is being spoken ends within a few milliseconds; what is spoken with this later does not begin.
    pub fn stop(&self) {
        let (asked, run) = &*self.0;
        asked.store(true, Ordering::Relaxed);
        if let Err(error) = run.terminate() {
            tracing::debug!(%error, "A synthesis that nobody wants goes on to its end");
        }
    }

    fn is_asked(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }
}

/// The model. Sessions are taken by one speaker at a time and made on demand, about 100 MB each: as many as texts are spoken
/// at once, which `Workers` bounds.
#[derive(Debug)]
pub struct Kokoro {
    files: KokoroFiles,
    idle: Mutex<Vec<Session>>,
    alphabet: Alphabet,
    english: OnceLock<Option<English>>,
}

impl Kokoro {
    /// Loads the model once. Takes about half a second.
    ///
    /// # Errors
    /// See [`KokoroError`].
    pub fn load(files: KokoroFiles) -> Result<Self, KokoroError> {
        let first = onnx::session(&files.runtime, &files.model)?;
        Ok(Self {
            files,
            idle: Mutex::new(vec![first]),
            alphabet: Alphabet::vendored()?,
            english: OnceLock::new(),
        })
    }

    /// For one text.
    ///
    /// # Errors
    /// Only where memory is missing.
    pub fn stop(&self) -> Result<Stop, KokoroError> {
        let run = RunOptions::new().map_err(OnnxError::from)?;
        Ok(Stop(Arc::new((AtomicBool::new(false), run))))
    }

    /// Speaks `text` at 24 kHz, -1..1; nothing where there is nothing to say. Blocks for a quarter of the time that the speech
    /// lasts. Gives up when `stop` is asked for, with the pieces that it has.
    ///
    /// # Errors
    /// Only where memory is missing.
    pub fn speak(&self, text: &str, voice: Voice, stop: &Stop) -> Result<Vec<f32>, KokoroError> {
        let words = say::text::words(text, voice.language);
        let mut sound = Vec::new();
        for piece in phonemes::pieces(&words, voice.language, self.dictionary(voice)) {
            match self.speak_piece(&piece, voice, stop) {
                _ if stop.is_asked() => break,
                spoken => sound.extend(spoken?),
            }
        }
        Ok(sound)
    }

    fn speak_piece(&self, phonemes: &str, voice: Voice, stop: &Stop) -> Result<Vec<f32>, KokoroError> {
        let numbers = self.alphabet.numbers(phonemes);
        let style = voice.style(numbers.len() - 2);
        let mut session = self.take_session()?;
        let run = |session: &mut Session| -> Result<Vec<f32>, ort::Error> {
            let inputs = ort::inputs![
                "tokens" => Tensor::from_array(([1, numbers.len()], numbers))?,
                "style" => Tensor::from_array(([1, style.len()], style))?,
                "speed" => Tensor::from_array(([1], vec![1.0_f32]))?,
            ];
            let outputs = session.run_with_options(inputs, &stop.0.1)?;
            let audio = outputs.get("audio").ok_or_else(|| ort::Error::new("the model gave no `audio`"))?;
            Ok(audio.try_extract_tensor::<f32>()?.1.to_vec())
        };
        let spoken = run(&mut session);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        Ok(spoken.map_err(OnnxError::from)?)
    }

    fn take_session(&self) -> Result<Session, OnnxError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| onnx::session(&self.files.runtime, &self.files.model), Ok)
    }

    /// English without its dictionary is guessed from the letters: understandable, not pretty.
    fn dictionary(&self, voice: Voice) -> Option<&English> {
        if voice.language != crate::base::language::Language::En {
            return None;
        }
        let load = || {
            let files: Vec<_> = self.files.english.iter().map(PathBuf::as_path).collect();
            English::load(&files)
                .inspect_err(|error| tracing::warn!(%error, "English is spoken without its dictionary"))
                .ok()
        };
        self.english.get_or_init(load).as_ref()
    }
}
