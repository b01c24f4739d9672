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

/// The ear of one call.
pub(super) struct Ear {
    gate: Gate,
    model: Option<Box<dyn VoiceDetector>>,
    open: u32,
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
            samples: [0; FRAME_SAMPLES],
        }
    }

    /// Judges 20 ms of mu-law.
    pub(super) fn judge(&mut self, frame: &[u8]) -> Voice {
        g711::decode_frame(frame, &mut self.samples);
        let activity = self.gate.judge(&self.samples);
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
        Voice { level: activity.level, speech: model.judge(&self.samples) }
    }
}
