//! Silero VAD 6 at 8 kHz: the probability that a sound is speech, every 32 ms.

use super::onnx::{self, OnnxError};
use crate::{
    base::units::FRAME_SAMPLES,
    ports::voice_activity::{VoiceActivity, VoiceDetector},
};
use ort::{session::Session, value::Tensor};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Samples that are judged at once, at 8 kHz.
const WINDOW: usize = 256;
/// Samples of the window before that are heard again.
const CONTEXT: usize = 32;
/// What the model remembers: two layers of 128.
const STATE: usize = 2 * 128;
/// Sessions at most. A window takes 0.1 ms, so calls rarely meet at one.
const SESSIONS: usize = 4;

/// The model. Calls share its weights.
#[derive(Clone, Debug)]
pub(super) struct Silero {
    /// `ort` wants a session for itself while it runs.
    sessions: Arc<[Mutex<Session>]>,
    opened: Arc<AtomicUsize>,
}

impl Silero {
    /// Loads the model; takes some 20 ms.
    ///
    /// # Errors
    /// See [`OnnxError`].
    pub(super) fn load(library: &Path, model: &Path) -> Result<Self, OnnxError> {
        let count = thread::available_parallelism().map_or(1, usize::from).min(SESSIONS);
        let open = |_| {
            let mut session = onnx::session(library, model)?;
            // The first window takes longer than the others and much memory: no caller should wait for it.
            if let Err(error) = infer(&mut session, vec![0.0; CONTEXT + WINDOW], vec![0.0; STATE]) {
                tracing::warn!(%error, "Silero failed on silence");
            }
            Ok::<_, OnnxError>(Mutex::new(session))
        };
        let sessions = (0..count).map(open).collect::<Result<_, _>>()?;
        Ok(Self { sessions, opened: Arc::default() })
    }
}

impl Silero {
    /// A session that is free, or the `index`th when it becomes free; what a call has said is not in them.
    fn session(&self, index: usize) -> Option<MutexGuard<'_, Session>> {
        self.sessions
            .iter()
            .find_map(|session| session.try_lock().ok())
            .or_else(|| Some(self.sessions.get(index)?.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl VoiceActivity for Silero {
    fn name(&self) -> &'static str {
        "silero"
    }

    fn open(&self) -> Box<dyn VoiceDetector> {
        let index = self.opened.fetch_add(1, Ordering::Relaxed) % self.sessions.len().max(1);
        Box::new(Detector {
            model: self.clone(),
            index,
            memory: Memory::default(),
            waiting: Vec::with_capacity(WINDOW + FRAME_SAMPLES),
        })
    }
}

/// What one call has said so far, as the model remembers it.
#[derive(Debug)]
struct Memory {
    state: Vec<f32>,
    context: [f32; CONTEXT],
    probability: f32,
}

impl Default for Memory {
    fn default() -> Self {
        Self { state: vec![0.0; STATE], context: [0.0; CONTEXT], probability: 0.0 }
    }
}

struct Detector {
    model: Silero,
    index: usize,
    memory: Memory,
    /// Less than a window.
    waiting: Vec<f32>,
}

impl VoiceDetector for Detector {
    fn judge(&mut self, frame: &[i16]) -> f32 {
        self.waiting.extend(frame.iter().map(|&sample| f32::from(sample) / 32_768.0));
        while self.waiting.len() >= WINDOW {
            let window: Vec<f32> = self.waiting.drain(..WINDOW).collect();
            match self.run(&window) {
                Ok(probability) => self.memory.probability = probability,
                // The gate before this detector stays; a broken model must not end the call.
                Err(error) => tracing::warn!(%error, "Silero failed on a window"),
            }
        }
        self.memory.probability
    }

    fn reset(&mut self) {
        self.memory = Memory::default();
        self.waiting.clear();
    }
}

impl Detector {
    fn run(&mut self, window: &[f32]) -> Result<f32, ort::Error> {
        let input: Vec<f32> = self.memory.context.iter().chain(window).copied().collect();
        if let Some((_, newest)) = window.split_last_chunk() {
            self.memory.context = *newest;
        }
        let mut session = self.model.session(self.index).ok_or_else(missing)?;
        let (state, probability) = infer(&mut session, input, self.memory.state.clone())?;
        self.memory.state = state;
        Ok(probability)
    }
}

/// What the model remembers behind `input`, a context and a window, and the probability that it is speech.
fn infer(session: &mut Session, input: Vec<f32>, state: Vec<f32>) -> Result<(Vec<f32>, f32), ort::Error> {
    let outputs = session.run(ort::inputs![
        "input" => Tensor::from_array(([1, CONTEXT + WINDOW], input))?,
        "state" => Tensor::from_array(([2, 1, STATE / 2], state))?,
        "sr" => Tensor::from_array(([1_usize; 0], vec![8_000_i64]))?,
    ])?;
    let state = outputs.get("stateN").ok_or_else(missing)?.try_extract_tensor()?.1.to_vec();
    let (_, probability) = outputs.get("output").ok_or_else(missing)?.try_extract_tensor::<f32>()?;
    Ok((state, probability.first().copied().ok_or_else(missing)?))
}

fn missing() -> ort::Error {
    ort::Error::new("the model gave less than it should")
}
