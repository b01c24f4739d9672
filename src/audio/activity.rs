//! Voice activity at the price of a few microseconds: a level gate over an adaptive noise floor, then a small detector.
//!
//! Meant as the first of two judges: a model behind [`crate::base`]'s ports is asked only when
//! [`Activity::may_be_speech`]. The small detector also takes ringing tones for speech and goes deaf in heavy noise,
//! so the gate lets everything pass that stands clearly above the noise.

use crate::{
    audio::level::rms_dbfs,
    base::units::{Decibels, FRAME_SAMPLES},
};
use earshot::Detector;

/// Nothing below this level is speech, however quiet the line: mu-law's own noise is at -72.
const QUIETEST: f32 = -55.0;

/// How far speech stands above the noise of the line.
const ABOVE_FLOOR: f32 = 8.0;

/// The floor stays within these levels.
const FLOOR: (f32, f32) = (-75.0, -35.0);

/// The floor before anything was heard.
const FIRST_FLOOR: f32 = -60.0;

/// How much of the way down to a quieter frame the floor goes at once.
const FALL: f32 = 0.3;

/// How far the floor rises in a frame that is no speech (6 dB/s), and in one that is (0.5 dB/s).
const RISE: (f32, f32) = (0.12, 0.01);

/// Frames after the last loud one in which the detector still listens: 200 ms, the pauses between words.
const HANGOVER: u32 = 10;

/// From this probability on a frame may be speech.
const MAYBE: f32 = 0.1;

/// What the detector hears at a time: 16 ms at 16 kHz.
const WINDOW: usize = 256;

/// What it is given to hear when it wakes: 60 ms at 8 kHz, so that its context is not empty.
const CONTEXT: usize = 3 * FRAME_SAMPLES;

/// What one frame sounds like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activity {
    /// Its mean power.
    pub level: Decibels,
    /// The small detector's newest probability of speech, 0 to 1; 0 while the line is quiet.
    pub speech: f32,
    /// Clearly above the noise of the line.
    pub loud: bool,
}

impl Activity {
    /// Whether a better judge should be asked.
    pub fn may_be_speech(&self) -> bool {
        self.loud || self.speech >= MAYBE
    }
}

/// The gate of one call. About 3 KB, and 9 more while it hears sound; costs a tenth of a microsecond in silence, 8 in speech.
pub struct Gate {
    floor: f32,
    /// Absent while it sleeps.
    detector: Option<Box<Detector>>,
    upsampler: Upsampler,
    window: Vec<f32>,
    /// The newest [`CONTEXT`] samples while the detector sleeps.
    context: Vec<i16>,
    awake: u32,
    speech: f32,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("floor", &self.floor)
            .field("speech", &self.speech)
            .finish_non_exhaustive()
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A gate that has heard nothing.
    pub fn new() -> Self {
        Self {
            floor: FIRST_FLOOR,
            detector: None,
            upsampler: Upsampler::default(),
            window: Vec::with_capacity(WINDOW),
            context: Vec::with_capacity(CONTEXT + FRAME_SAMPLES),
            awake: 0,
            speech: 0.0,
        }
    }

    /// The noise of the line as it is believed to be.
    pub fn floor(&self) -> Decibels {
        Decibels(self.floor)
    }

    /// Judges the next samples at 8 kHz, usually one frame of 20 ms.
    pub fn judge(&mut self, samples: &[i16]) -> Activity {
        let level = rms_dbfs(samples);
        let loud = level.0 >= (self.floor + ABOVE_FLOOR).max(QUIETEST);
        if loud {
            if self.awake == 0 {
                self.wake();
            }
            self.awake = HANGOVER;
        }
        if self.awake > 0 {
            self.awake -= 1;
            self.listen(samples);
        } else {
            self.speech = 0.0;
            self.detector = None;
            self.remember(samples);
        }
        self.follow(level.0);
        Activity { level, speech: self.speech, loud }
    }

    fn follow(&mut self, level: f32) {
        if level < self.floor {
            self.floor += FALL * (level - self.floor);
        } else {
            self.floor += if self.speech < 0.5 { RISE.0 } else { RISE.1 };
            self.floor = self.floor.min(level);
        }
        self.floor = self.floor.clamp(FLOOR.0, FLOOR.1);
    }

    fn wake(&mut self) {
        self.detector = None;
        self.upsampler = Upsampler::default();
        self.window.clear();
        let context = std::mem::take(&mut self.context);
        self.listen(&context);
        self.context = context;
        self.context.clear();
    }

    fn listen(&mut self, samples: &[i16]) {
        let detector = self.detector.get_or_insert_with(Detector::default_boxed);
        for &sample in samples {
            self.window.extend(self.upsampler.push(f32::from(sample) / 32_768.0));
            if self.window.len() >= WINDOW {
                self.speech = detector.predict_f32(&self.window).clamp(0.0, 1.0);
                self.window.clear();
            }
        }
    }

    fn remember(&mut self, samples: &[i16]) {
        self.context.extend_from_slice(samples);
        let old = self.context.len().saturating_sub(CONTEXT);
        self.context.drain(..old);
    }
}

/// 8 to 16 kHz by a half-band filter of seven taps: images at -20 dB and below, enough for a gate.
#[derive(Clone, Copy, Debug, Default)]
struct Upsampler([f32; 4]);

impl Upsampler {
    /// Two samples for one, one and a half input samples late.
    fn push(&mut self, sample: f32) -> [f32; 2] {
        let [_, a, b, c] = self.0;
        self.0 = [a, b, c, sample];
        // Half-way between the middle two: cubic interpolation.
        let between = (9.0 * (b + c) - a - sample) / 16.0;
        [b, between.clamp(-1.0, 1.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f32::consts::TAU;

    /// Noise of a fixed sequence with an even spectrum, at about `level` dBFS.
    fn noise(level: f32, frames: usize) -> Vec<Vec<i16>> {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let peak = 32_768.0 * 10f32.powf(level / 20.0) * 3f32.sqrt();
        let mut sample = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            #[expect(clippy::cast_possible_truncation, reason = "a test signal")]
            let sample = (peak * ((state >> 40) as f32 / (1 << 23) as f32 - 1.0)) as i16;
            sample
        };
        (0..frames).map(|_| (0..160).map(|_| sample()).collect()).collect()
    }

    /// A vowel: harmonics of 140 Hz under two formants, its pitch and strength moving as a voice's.
    #[expect(clippy::cast_possible_truncation, reason = "a test signal")]
    fn vowel(frames: usize) -> Vec<Vec<i16>> {
        let mut phase = 0.0_f32;
        let mut sample = |n: usize| {
            let time = n as f32 / 8_000.0;
            phase += TAU * (140.0 + 15.0 * (TAU * 3.0 * time).sin()) / 8_000.0;
            let strength = 0.6 + 0.4 * (TAU * 4.0 * time).sin();
            let sum: f32 = (1..24)
                .map(|harmonic| {
                    let hertz = 140.0 * harmonic as f32;
                    let near = |formant: f32, width: f32| (-((hertz - formant) / width).powi(2)).exp();
                    (near(650.0, 250.0) + 0.5 * near(1_400.0, 300.0) + 0.02) * (phase * harmonic as f32).sin()
                })
                .sum();
            (3_500.0 * strength * sum) as i16
        };
        (0..frames).map(|frame| (0..160).map(|n| sample(frame * 160 + n)).collect()).collect()
    }

    #[test]
    fn silence_is_never_speech() {
        let mut gate = Gate::new();
        for _ in 0..200 {
            let activity = gate.judge(&[0; 160]);
            assert_eq!(activity, Activity { level: Decibels::SILENCE, speech: 0.0, loud: false });
        }
        assert_eq!(gate.floor(), Decibels(FLOOR.0));
    }

    #[test]
    fn a_voice_may_be_speech_from_its_first_frame() {
        let mut gate = Gate::new();
        for frame in noise(-65.0, 50) {
            assert!(!gate.judge(&frame).may_be_speech());
        }
        let judged: Vec<Activity> = vowel(50).iter().map(|frame| gate.judge(frame)).collect();
        assert!(judged[0].may_be_speech());
        let sure = judged.iter().filter(|activity| activity.speech > 0.5).count();
        assert!(sure > 35, "the small detector was sure in {sure} of 50 frames");
    }

    #[test]
    fn steady_noise_becomes_the_floor() {
        let mut gate = Gate::new();
        let judged: Vec<bool> =
            noise(-42.0, 400).iter().map(|frame| gate.judge(frame).may_be_speech()).collect();
        assert!(judged[0], "new noise is let pass");
        assert!(!judged[350..].contains(&true), "but not for ever");
    }

    #[test]
    fn a_pause_between_words_keeps_the_detector_listening() {
        let mut gate = Gate::new();
        assert!(vowel(30).iter().all(|frame| gate.judge(frame).may_be_speech()));
        let pause: Vec<Activity> = noise(-70.0, 30).iter().map(|frame| gate.judge(frame)).collect();
        assert!(!pause[5].loud);
        assert!(pause[29].speech <= 0.0);
    }

    #[test]
    fn long_speech_does_not_raise_the_floor_to_its_own_level() {
        let mut gate = Gate::new();
        let loud = vowel(500).iter().filter(|frame| gate.judge(frame).loud).count();
        assert!(loud > 480, "{loud} of 500 frames");
    }

    proptest! {
        #[test]
        fn any_samples_in_any_pieces_give_a_probability(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<i16>(), 0..400), 0..12),
        ) {
            let mut gate = Gate::new();
            for piece in pieces {
                let activity = gate.judge(&piece);
                prop_assert!((0.0..=1.0).contains(&activity.speech));
                prop_assert!((-96.0..=0.0).contains(&activity.level.0));
            }
        }
    }
}
