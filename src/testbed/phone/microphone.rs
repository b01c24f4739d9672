//! What the caller's side sends, frame by frame: queued speech, else silence. Pure.

use crate::{
    base::units::FRAME_SAMPLES,
    testbed::{hearing::is_audible, mulaw::SILENCE},
};
use bytes::Bytes;
use std::collections::VecDeque;

/// One frame to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// 160 bytes.
    pub(super) audio: Bytes,
    /// Louder than the threshold of all measurements.
    pub(super) audible: bool,
    /// The first audible frame of an utterance.
    pub(super) begins: bool,
    /// The last audible frame of an utterance.
    pub(super) ends: bool,
}

#[derive(Debug)]
struct Utterance {
    frames: VecDeque<Bytes>,
    begun: bool,
    /// Audible frames still to come.
    audible: usize,
}

/// The queue of utterances.
#[derive(Debug)]
pub(super) struct Microphone {
    utterances: VecDeque<Utterance>,
    silence: Bytes,
    /// What is picked up between utterances, frame by frame, over and over.
    background: VecDeque<Bytes>,
}

impl Default for Microphone {
    fn default() -> Self {
        let silence = Bytes::from_static(&[SILENCE; FRAME_SAMPLES]);
        Self { utterances: VecDeque::new(), silence, background: VecDeque::new() }
    }
}

impl Microphone {
    /// Queues an utterance; its last frame is filled up with silence.
    pub(super) fn say(&mut self, mut audio: Bytes) {
        let mut frames = VecDeque::with_capacity(audio.len().div_ceil(FRAME_SAMPLES));
        while audio.len() >= FRAME_SAMPLES {
            frames.push_back(audio.split_to(FRAME_SAMPLES));
        }
        if !audio.is_empty() {
            let mut last = audio.to_vec();
            last.resize(FRAME_SAMPLES, SILENCE);
            frames.push_back(last.into());
        }
        let audible = frames.iter().filter(|frame| is_audible(frame)).count();
        self.utterances.push_back(Utterance { frames, begun: false, audible });
    }

    /// Picks up `audio` over and over while nothing is said: its whole frames.
    pub(super) fn background(&mut self, audio: &Bytes) {
        self.background = (0..audio.len() / FRAME_SAMPLES)
            .map(|frame| audio.slice(frame * FRAME_SAMPLES..(frame + 1) * FRAME_SAMPLES))
            .collect();
    }

    /// Falls silent: what was queued is dropped. `true` when that cut an utterance short.
    pub(super) fn hush(&mut self) -> bool {
        let speaking = self.utterances.front().is_some_and(|u| u.begun && u.audible > 0);
        self.utterances.clear();
        speaking
    }

    /// Whether speech waits to be sent.
    pub(super) fn is_speaking(&self) -> bool {
        !self.utterances.is_empty()
    }

    /// The frame of the next 20 ms.
    pub(super) fn next_frame(&mut self) -> Frame {
        while let Some(utterance) = self.utterances.front_mut() {
            let Some(audio) = utterance.frames.pop_front() else {
                self.utterances.pop_front();
                continue;
            };
            let (mut begins, mut ends) = (false, false);
            let audible = is_audible(&audio);
            if audible {
                begins = !std::mem::replace(&mut utterance.begun, true);
                utterance.audible = utterance.audible.saturating_sub(1);
                ends = utterance.audible == 0;
            }
            if utterance.frames.is_empty() {
                self.utterances.pop_front();
            }
            return Frame { audio, audible, begins, ends };
        }
        self.background.rotate_left(usize::from(!self.background.is_empty()));
        let audio = self.background.back().unwrap_or(&self.silence).clone();
        Frame { audio, audible: false, begins: false, ends: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::voice;

    #[test]
    fn the_first_and_the_last_audible_frame_are_known() {
        let mut audio = vec![SILENCE; 320];
        audio.extend(voice::agent(0, 480));
        audio.extend(vec![SILENCE; 200]);
        let mut microphone = Microphone::default();
        microphone.say(audio.into());
        let frames: Vec<Frame> = std::iter::repeat_with(|| microphone.next_frame()).take(10).collect();
        assert!(frames.iter().all(|f| f.audio.len() == 160));
        assert_eq!(frames.iter().position(|f| f.begins), Some(2));
        assert_eq!(frames.iter().position(|f| f.ends), Some(4));
        assert!(!microphone.is_speaking());
    }

    #[test]
    fn between_utterances_the_background_is_picked_up_over_and_over() {
        let mut microphone = Microphone::default();
        microphone.background(&[vec![1; 160], vec![2; 160], vec![3; 7]].concat().into());
        microphone.say(voice::agent(0, 160));
        let frames: Vec<Frame> = std::iter::repeat_with(|| microphone.next_frame()).take(4).collect();
        assert!(frames[0].begins && frames[0].ends);
        assert_eq!([&frames[1], &frames[2], &frames[3]].map(|frame| frame.audio[0]), [1, 2, 1]);
    }
}
