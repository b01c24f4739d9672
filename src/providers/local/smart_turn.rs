//! Smart Turn 3.2: the probability that a caller has finished, by the melody of their last 8 s.
//!
//! A Whisper encoder with a small head, by Daily (BSD-2-Clause). What it is given is made as in Pipecat 1.14.0,
//! `pipecat/audio/turn/smart_turn`: the sound at the end of a window of 8 s, zeros before it, the whole window brought to
//! mean 0 and variance 1, then Whisper's mel columns.

use super::{
    line,
    mel::{BANDS, HOP, Mel, RATE, WINDOW},
    onnx::{self, OnnxError},
    own_thread::OwnThread,
};
use crate::{
    audio::g711,
    ports::turn_end::{Judgement, MOST_SOUND, TurnEnd},
};
use futures_util::FutureExt as _;
use ort::{session::Session, value::Tensor};
use rayon::ThreadPoolBuildError;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Questions at a time, the one at work included: the last of them waits for 100 to 200 ms, and pauses that end a turn are
/// longer.
const QUESTIONS: usize = 4;
/// Samples of the window.
const LENGTH: usize = 8 * RATE;
const COLUMNS: usize = LENGTH / HOP;
/// Added to the variance: silence stays silence.
const LEAST_VARIANCE: f64 = 1e-7;

/// Why Smart Turn does not work.
#[derive(Debug, thiserror::Error)]
pub enum SmartTurnError {
    /// The model or the library that runs it.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The system gives no thread.
    #[error("no thread for Smart Turn: {0}")]
    Thread(#[from] ThreadPoolBuildError),
    /// The arithmetic failed: out of memory.
    #[error("Smart Turn failed: {0}")]
    Arithmetic(#[from] candle_core::Error),
}

impl From<ort::Error> for SmartTurnError {
    fn from(error: ort::Error) -> Self {
        Self::Onnx(error.into())
    }
}

/// The model and its thread: in a call's own task frames would wait for it, and on the threads of recogniser and voice it
/// would wait behind whole sentences.
#[derive(Debug)]
pub(super) struct SmartTurn {
    model: Arc<Model>,
    thread: OwnThread,
}

impl SmartTurn {
    /// Loads the model; takes some 100 ms.
    ///
    /// # Errors
    /// See [`SmartTurnError`].
    pub(super) fn load(library: &Path, model: &Path) -> Result<Self, SmartTurnError> {
        let thread = OwnThread::new("smart-turn", QUESTIONS)?;
        let model = Model { mel: Mel::new()?, session: Mutex::new(onnx::session(library, model)?) };
        Ok(Self { model: Arc::new(model), thread })
    }
}

impl TurnEnd for SmartTurn {
    fn name(&self) -> &'static str {
        "smart-turn"
    }

    fn judge(&self, sound: Vec<u8>) -> Option<Judgement> {
        let model = Arc::clone(&self.model);
        let judged = self.thread.run(move |withdrawn| {
            model.judge(&sound, withdrawn).unwrap_or_else(|error| {
                tracing::warn!(%error, "A pause is judged without Smart Turn");
                None
            })
        })?;
        Some(judged.map(Result::ok).boxed())
    }
}

#[derive(Debug)]
struct Model {
    mel: Mel,
    /// `ort` wants it for itself while it runs.
    session: Mutex<Session>,
}

impl Model {
    /// `None` where the question was withdrawn before the model itself began.
    fn judge(&self, sound: &[u8], withdrawn: &dyn Fn() -> bool) -> Result<Option<f32>, SmartTurnError> {
        let columns = columns(&self.mel, &window(sound))?;
        if withdrawn() {
            return Ok(None);
        }
        let input = Tensor::from_array(([1, BANDS, COLUMNS], columns))?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(ort::inputs!["input_features" => input])?;
        // Called `logits`, but the sigmoid is in the model.
        let probabilities =
            outputs.get("logits").map(|output| output.try_extract_tensor::<f32>()).transpose()?;
        let first = probabilities.and_then(|(_, values)| values.first().copied());
        Ok(Some(first.ok_or_else(|| ort::Error::new("the model gave less than it should"))?))
    }
}

/// The newest 8 s of mu-law at 16 kHz, at the end of the window, at mean 0 and variance 1.
fn window(sound: &[u8]) -> Vec<f32> {
    let newest = sound.get(sound.len().saturating_sub(MOST_SOUND)..).unwrap_or(sound);
    let mut samples = vec![0; newest.len()];
    g711::decode_frame(newest, &mut samples);
    let heard = line::to_wideband(&samples);
    let mut window = vec![0.0; LENGTH.saturating_sub(heard.len())];
    window.extend(heard);
    normalise(&mut window);
    window
}

#[expect(clippy::cast_possible_truncation, reason = "single precision is what the model uses")]
fn normalise(window: &mut [f32]) {
    let count = window.len() as f64;
    let mean = window.iter().copied().map(f64::from).sum::<f64>() / count;
    let variance = window.iter().map(|&sample| (f64::from(sample) - mean).powi(2)).sum::<f64>() / count;
    let scale = (variance + LEAST_VARIANCE).sqrt().recip();
    for sample in window {
        *sample = ((f64::from(*sample) - mean) * scale) as f32;
    }
}

/// `[BANDS, COLUMNS]`, row by row.
fn columns(mel: &Mel, window: &[f32]) -> candle_core::Result<Vec<f32>> {
    // The last column reaches beyond the end: it is mirrored there, like the beginning.
    let mirrored = window.iter().rev().skip(1).take(WINDOW / 2);
    let pcm: Vec<f32> = window.iter().chain(mirrored).copied().collect();
    mel.columns(&pcm, COLUMNS)?.flatten_all()?.to_vec1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Three seconds of a chord that decays.
    #[expect(clippy::cast_possible_truncation, reason = "a test signal")]
    fn chord() -> Vec<f32> {
        let sample = |n: usize| {
            let t = n as f64 / RATE as f64;
            let tones = [220.0, 277.0, 330.0].map(|hertz| (TAU * hertz * t).sin());
            (0.25 * (-t).exp() * tones.iter().sum::<f64>()) as f32
        };
        (0..3 * RATE).map(sample).collect()
    }

    fn columns_of(sound: &[f32]) -> Vec<f32> {
        let mut window = vec![0.0; LENGTH - sound.len()];
        window.extend(sound);
        normalise(&mut window);
        columns(&Mel::new().unwrap(), &window).unwrap()
    }

    /// Values of Pipecat's own `compute_whisper_log_mel_features`, in double precision; one half of a thousandth is far below
    /// what the eight bits of the model tell apart.
    fn assert_columns(sound: &[f32], wanted: &[(usize, usize, f32)]) {
        let columns = columns_of(sound);
        assert_eq!(columns.len(), BANDS * COLUMNS);
        for &(band, column, value) in wanted {
            let is = columns[band * COLUMNS + column];
            assert!((is - value).abs() < 5e-4, "band {band}, column {column}: {is}, not {value}");
        }
    }

    #[test]
    fn the_columns_are_those_of_the_reference() {
        let before_the_sound = [(0, 0, 0.018_56), (40, 100, -0.076_472)];
        let sound = [(5, 480, 1.797_709), (8, 490, 1.796_06), (5, 500, 1.722_746), (10, 600, 0.948_141)];
        let silence =
            [(30, 600, -0.076_472), (79, 700, -0.076_472), (20, 779, -0.000_628), (0, 799, 0.018_56)];
        let mut pausing = chord();
        pausing.extend(vec![0.0; RATE / 5]);
        assert_columns(&pausing, &[&before_the_sound[..], &sound, &silence].concat());
        let at_the_end =
            [(0, 799, 0.544_784), (5, 799, 1.106_426), (10, 799, 0.618_692), (40, 799, -0.076_472)];
        assert_columns(&chord(), &at_the_end);
    }

    #[test]
    fn the_newest_eight_seconds_count_and_silence_is_no_sound() {
        let loud = vec![g711::encode(8_000); MOST_SOUND];
        let quiet = vec![g711::SILENCE; MOST_SOUND];
        assert!(window(&[loud.clone(), quiet.clone()].concat()).iter().all(|sample| sample.abs() < 1e-3));
        assert_eq!(window(&[quiet, loud.clone()].concat()), window(&loud));
        assert_eq!(window(&[]).len(), LENGTH);
    }
}
