//! Judges each frame of the caller: a cheap gate first, the model only when it may be speech.

use crate::{
    audio::{activity::Gate, g711},
    base::units::FRAME_SAMPLES,
    dialogue::input::Voice,
    ports::voice_activity::{VoiceActivity, VoiceDetector},
};
use std::fmt;

/// Frames that the model still hears after the gate closed: 300 ms, so that it sees the end of a word.
const HANGOVER: u32 = 15;

/// Frames without any sound after which the caller is idle: 1 s, far beyond any end of a turn.
const IDLE: u32 = 50;

/// The ear of one call.
pub(super) struct Ear {
    gate: Gate,
    model: Option<Box<dyn VoiceDetector>>,
    open: u32,
    /// Frames since the gate was open.
    quiet: u32,
    samples: [i16; FRAME_SAMPLES],
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").field("model", &self.model.is_some()).finish_non_exhaustive()
    }
}

impl Ear {
    pub(super) fn new(model: Option<&dyn VoiceActivity>) -> Self {
        Self {
            gate: Gate::new(),
            model: model.map(VoiceActivity::open),
            open: 0,
            quiet: 0,
            samples: [0; FRAME_SAMPLES],
        }
    }

    /// Judges 20 ms of mu-law.
    pub(super) fn judge(&mut self, frame: &[u8]) -> Voice {
        g711::decode_frame(frame, &mut self.samples);
        let activity = self.gate.judge(&self.samples);
        self.quiet = if activity.may_be_speech() { 0 } else { self.quiet.saturating_add(1) };
        let Some(model) = &mut self.model else {
            return Voice { level: activity.level, speech: activity.speech };
        };
        if activity.may_be_speech() {
            self.open = HANGOVER;
        } else if self.open == 0 {
            return Voice { level: activity.level, speech: 0.0 };
        } else {
            self.open -= 1;
            if self.open == 0 {
                model.reset();
                return Voice { level: activity.level, speech: 0.0 };
            }
        }
        Voice { level: activity.level, speech: agreed(activity.speech, model.judge(&self.samples)) }
    }

    /// Whether the caller has made no sound for so long that nothing depends on hearing the next one at once.
    pub(super) const fn is_idle(&self) -> bool {
        self.quiet >= IDLE
    }
}

/// The model's probability of speech, or more where the gate's detector, which needs less sound to make up its mind, agrees:
/// two independent judges (Bayes' rule with even odds before). The gate alone never makes speech of what the model denies.
fn agreed(gate: f32, model: f32) -> f32 {
    let (both, neither) = (gate * model, (1.0 - gate) * (1.0 - model));
    model.max(both / (both + neither).max(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_judges_are_surer_than_one_and_none_is_overruled() {
        for (gate, model, least, most) in [
            (0.9, 0.4, 0.8, 0.9),
            (0.95, 0.02, 0.0, 0.3),
            (0.0, 0.95, 0.95, 0.95),
            (1.0, 0.0, 0.0, 0.0),
            (0.0, 0.0, 0.0, 0.0),
            (1.0, 1.0, 1.0, 1.0),
        ] {
            let speech = agreed(gate, model);
            assert!((least..=most).contains(&speech), "{gate} and {model} give {speech}");
        }
    }
}
