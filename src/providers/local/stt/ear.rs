//! Cuts one utterance out of the caller's audio.

use crate::{
    audio::{activity::Gate, g711},
    base::units::{FRAME_SAMPLES, PHONE_RATE},
};
use std::collections::VecDeque;

const fn milliseconds(count: usize) -> usize {
    count * PHONE_RATE as usize / 1000
}

/// Kept from before the first voiced frame: soft beginnings.
const BEFORE: usize = milliseconds(300);
/// Kept behind the last voiced frame: soft endings.
const BEHIND: usize = milliseconds(300);
/// Silence inside an utterance that is kept; longer pauses tell the model nothing.
const PAUSE: usize = milliseconds(1000);
/// From this probability of the small detector on, a frame is voiced however quiet it is.
const SURE: f32 = 0.5;
/// Loud frames in a row that make a beginning: a click is shorter.
const BEGINNING: u32 = 3;

/// Sound from its first voice on.
#[derive(Debug)]
struct Utterance {
    samples: Vec<i16>,
    /// The end of the last voiced frame.
    voiced: usize,
    /// Voiced samples heard so far, those of cut pauses not counted.
    heard: usize,
}

/// Listens to one call.
#[derive(Debug, Default)]
pub(super) struct Ear {
    gate: Gate,
    rest: Vec<u8>,
    before: VecDeque<i16>,
    loud_in_row: u32,
    open: Option<Utterance>,
}

impl Ear {
    /// Takes mu-law of any length.
    pub(super) fn push(&mut self, codes: &[u8]) {
        self.rest.extend_from_slice(codes);
        let rest = std::mem::take(&mut self.rest);
        let frames = rest.chunks_exact(FRAME_SAMPLES);
        self.rest = frames.remainder().to_vec();
        let mut samples = [0; FRAME_SAMPLES];
        for frame in frames {
            g711::decode_frame(frame, &mut samples);
            self.hear(&samples);
        }
    }

    fn hear(&mut self, frame: &[i16]) {
        let activity = self.gate.judge(frame);
        let voiced = activity.loud || activity.speech >= SURE;
        // The small detector still listens after a click is over; the level does not.
        self.loud_in_row = if activity.loud { self.loud_in_row + 1 } else { 0 };
        self.before.extend(frame);
        let Some(open) = &mut self.open else {
            if self.loud_in_row >= BEGINNING {
                let samples: Vec<i16> = self.before.drain(..).collect();
                let voiced = samples.len();
                self.open = Some(Utterance { samples, voiced, heard: BEGINNING as usize * FRAME_SAMPLES });
            }
            self.forget();
            return;
        };
        if voiced {
            // What was left out of a long pause is still in `before`, as far as it matters.
            let missing =
                if open.samples.len() >= open.voiced + PAUSE { self.before.len() } else { FRAME_SAMPLES };
            open.samples.extend(self.before.iter().skip(self.before.len() - missing));
            open.voiced = open.samples.len();
            open.heard += FRAME_SAMPLES;
        } else if open.samples.len() < open.voiced + PAUSE {
            open.samples.extend(frame);
        }
        self.forget();
    }

    fn forget(&mut self) {
        let surplus = self.before.len().saturating_sub(BEFORE);
        self.before.drain(..surplus);
    }

    /// Voiced samples of the present utterance; `None` where nobody speaks.
    pub(super) fn heard(&self) -> Option<usize> {
        self.open.as_ref().map(|open| open.heard)
    }

    /// Samples of the present utterance, pauses included.
    pub(super) fn length(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.samples.len())
    }

    /// The present utterance so far, without the silence behind it.
    pub(super) fn samples(&self) -> Option<Vec<i16>> {
        let open = self.open.as_ref()?;
        let end = open.samples.len().min(open.voiced + BEHIND);
        open.samples.get(..end).map(<[i16]>::to_vec)
    }

    /// Ends the utterance and gives it.
    pub(super) fn close(&mut self) -> Option<Vec<i16>> {
        let samples = self.samples();
        self.open = None;
        self.loud_in_row = 0;
        self.before.clear();
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a buzz that the gate takes for a voice.
    pub(super) fn loud(frames: usize) -> Vec<u8> {
        (0..frames * FRAME_SAMPLES).map(|n| g711::encode(if n % 40 < 20 { 6000 } else { -6000 })).collect()
    }

    fn quiet(frames: usize) -> Vec<u8> {
        vec![g711::SILENCE; frames * FRAME_SAMPLES]
    }

    #[test]
    fn an_utterance_has_a_little_silence_around_it() {
        let mut ear = Ear::default();
        ear.push(&quiet(50));
        assert_eq!(ear.heard(), None);
        ear.push(&loud(50));
        ear.push(&quiet(100));
        let samples = ear.close().unwrap();
        let voice = 50 * FRAME_SAMPLES;
        assert!(
            samples.len() > voice + BEHIND && samples.len() <= voice + BEFORE + BEHIND + 12 * FRAME_SAMPLES
        );
        assert_eq!(ear.close(), None);
    }

    #[test]
    fn a_long_pause_is_shortened() {
        let mut ear = Ear::default();
        ear.push(&loud(50));
        ear.push(&quiet(500));
        ear.push(&loud(50));
        assert!(ear.length() < (50 + 50) * FRAME_SAMPLES + PAUSE + BEFORE + 12 * FRAME_SAMPLES);
    }

    #[test]
    fn a_click_is_no_beginning() {
        let mut ear = Ear::default();
        ear.push(&quiet(50));
        ear.push(&loud(1));
        ear.push(&quiet(2));
        assert_eq!(ear.heard(), None);
    }

    #[test]
    fn frames_may_come_in_any_length() {
        let mut ear = Ear::default();
        for part in loud(50).chunks(77) {
            ear.push(part);
        }
        assert!(ear.heard().is_some_and(|heard| heard > 40 * FRAME_SAMPLES));
    }
}
