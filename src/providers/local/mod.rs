//! Speech without a key and without a network: recogniser, voice, voice activity and turn ends on this machine.
//!
//! ```no_run
//! use centralita::providers::local::{ModelFolder, Progress, Speech};
//!
//! let folder = ModelFolder::resolve(None)?;
//! let speech = Speech::new(folder, Progress::Shown)?;
//! let recogniser = speech.recogniser()?; // fetches and loads Whisper, the first time
//! let voice = speech.voice()?;
//! # Ok::<(), centralita::providers::local::SpeechError>(())
//! ```

pub mod brain;
pub mod kokoro;
mod line;
mod mel;
pub mod models;
mod onnx;
mod own_thread;
mod silero;
mod smart_turn;
mod stt;
mod tts;
pub mod whisper;
mod workers;

use crate::ports::{stt::SpeechToText, tts::TextToSpeech, turn_end::TurnEnd, voice_activity::VoiceActivity};
use kokoro::{Kokoro, KokoroError, KokoroFiles, Voice};
use silero::Silero;
use smart_turn::{SmartTurn, SmartTurnError};
use std::sync::{Arc, Mutex, PoisonError};
use stt::LocalSpeechToText;
use tts::LocalTextToSpeech;
use whisper::{Whisper, WhisperError};
use workers::Workers;

pub use models::{ModelError, ModelFolder, Progress};

/// Why speech is not to be had on this machine.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// The model's files are missing: the text says what a person can do.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The recogniser's files are damaged.
    #[error(transparent)]
    Recogniser(#[from] WhisperError),
    /// The voice's files are damaged.
    #[error(transparent)]
    Voice(#[from] KokoroError),
    /// The judge of turn ends does not run.
    #[error(transparent)]
    TurnEnd(#[from] SmartTurnError),
    /// The system gives no threads.
    #[error("no thread for the speech models: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// The models of this process, each fetched and loaded when it is first asked for. The loading calls block, for seconds, and for
/// minutes where something must be fetched: call them before the first call, or on a blocking thread.
#[derive(Debug)]
pub struct Speech {
    folder: ModelFolder,
    progress: Progress,
    workers: Arc<Workers>,
    whisper: Mutex<Option<Arc<Whisper>>>,
    kokoro: Mutex<Option<Arc<Kokoro>>>,
}

impl Speech {
    /// Loads nothing yet.
    ///
    /// # Errors
    /// [`SpeechError::Threads`].
    pub fn new(folder: ModelFolder, progress: Progress) -> Result<Self, SpeechError> {
        let workers = Arc::new(Workers::new()?);
        Ok(Self { folder, progress, workers, whisper: Mutex::default(), kokoro: Mutex::default() })
    }

    /// The recogniser: 140 MB on disk, 290 MB in memory.
    ///
    /// # Errors
    /// See [`SpeechError`].
    pub fn recogniser(&self) -> Result<Arc<dyn SpeechToText>, SpeechError> {
        let whisper = once(&self.whisper, || {
            self.folder.ensure(&models::WHISPER, self.progress)?;
            let (weights, vocabulary) = self.folder.whisper();
            Ok(Whisper::load(&weights, &vocabulary)?)
        })?;
        Ok(Arc::new(LocalSpeechToText { whisper, workers: Arc::clone(&self.workers) }))
    }

    /// The voice: 130 MB on disk with ONNX Runtime, 150 MB in memory for each text that is spoken at once.
    ///
    /// # Errors
    /// See [`SpeechError`].
    pub fn voice(&self) -> Result<Arc<dyn TextToSpeech>, SpeechError> {
        let kokoro = self.kokoro()?;
        Ok(Arc::new(LocalTextToSpeech { kokoro, workers: Arc::clone(&self.workers) }))
    }

    /// `text` as mu-law at 8 kHz, at telephone level. Blocks for a quarter of the time that it lasts.
    ///
    /// # Errors
    /// See [`SpeechError`].
    pub fn say(&self, text: &str, voice: Voice) -> Result<Vec<u8>, SpeechError> {
        let kokoro = self.kokoro()?;
        Ok(line::to_phone(&kokoro.speak(text, voice, &kokoro.stop()?)?))
    }

    fn kokoro(&self) -> Result<Arc<Kokoro>, SpeechError> {
        once(&self.kokoro, || {
            self.folder.ensure_runtime(self.progress)?;
            self.folder.ensure(&models::VOICE, self.progress)?;
            self.folder.ensure(&models::ENGLISH, self.progress)?;
            Ok(Kokoro::load(KokoroFiles {
                runtime: self.folder.runtime(),
                model: self.folder.kokoro(),
                english: self.folder.english(),
            })?)
        })
    }
}

/// Silero from `folder`: fetched where `progress` says how, only looked for where it is `None`. 35 MB to fetch. `None` where it
/// is not to be had; the log says why, and the gate before it does its work alone.
pub fn voice_activity(folder: &ModelFolder, fetch: Option<Progress>) -> Option<Arc<dyn VoiceActivity>> {
    if let Some(progress) = fetch {
        let ready =
            folder.ensure_runtime(progress).and_then(|()| folder.ensure(&models::VOICE_ACTIVITY, progress));
        if let Err(error) = ready {
            tracing::warn!(%error, "Voice activity is judged without Silero");
            return None;
        }
    }
    let (library, model) = (folder.runtime(), folder.silero());
    if !library.is_file() || !folder.has(&models::VOICE_ACTIVITY) {
        tracing::info!(folder = %folder.path().display(), "Voice activity is judged without Silero: it is not here");
        return None;
    }
    match Silero::load(&library, &model) {
        Ok(silero) => Some(Arc::new(silero)),
        Err(error) => {
            tracing::warn!(%error, "Voice activity is judged without Silero");
            None
        }
    }
}

/// Smart Turn from `folder`, fetched where it is missing: 12 MB, and 80 MB in memory with ONNX Runtime. `None` where it is not to be
/// had; the log says why, and turns end by words and silence alone.
pub fn turn_end(folder: &ModelFolder, progress: Progress) -> Option<Arc<dyn TurnEnd>> {
    match smart_turn(folder, progress) {
        Ok(model) => Some(Arc::new(model)),
        Err(error) => {
            tracing::warn!(code = "TURN_END", %error, "Turn ends are judged without Smart Turn");
            None
        }
    }
}

fn smart_turn(folder: &ModelFolder, progress: Progress) -> Result<SmartTurn, SpeechError> {
    folder.ensure_runtime(progress)?;
    folder.ensure(&models::TURN_END, progress)?;
    Ok(SmartTurn::load(&folder.runtime(), &folder.smart_turn())?)
}

/// What `kept` holds, made by `load` where it holds nothing. Others wait meanwhile.
fn once<T>(
    kept: &Mutex<Option<Arc<T>>>,
    load: impl FnOnce() -> Result<T, SpeechError>,
) -> Result<Arc<T>, SpeechError> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(model) = kept.as_ref() {
        return Ok(Arc::clone(model));
    }
    let model = Arc::new(load()?);
    *kept = Some(Arc::clone(&model));
    Ok(model)
}
