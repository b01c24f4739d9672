//! What the two ends of a call heard of each other, and when: the measurements are made here. Pure; told the time.

use super::{microphone::Frame, playout::Played};
use crate::{base::units::FRAME, testbed::hearing::Ear};
use std::time::{Duration, Instant};

/// The agent begins to speak anew after so much silence.
const PAUSE: Duration = Duration::from_millis(200);

/// Longer gaps are not breaks within a turn: the agent had stopped and speaks again of itself.
const LONGEST_GAP: Duration = Duration::from_secs(2);

/// The caller began to speak while the agent was audible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// When the first voiced frame was sent.
    pub first_voiced: Instant,
    /// When `clear` came, if it did.
    pub cleared: Option<Instant>,
    /// When the agent was last audible after it; with no `clear`, how long it went on.
    pub audible_until: Instant,
}

/// All that was measured in a call.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// From the last voiced frame sent to the first audible frame played, per turn.
    pub responses: Vec<Duration>,
    /// Utterances of the caller.
    pub utterances: usize,
    /// Times that the caller spoke into the agent's speech.
    pub interruptions: Vec<Interruption>,
    /// Frames of 20 ms that were played.
    pub frames: u64,
    /// By how long sound came too late within the agent's speech: the playout had run dry before.
    pub late: Vec<Duration>,
    /// Times that the agent began to speak.
    pub onsets: Vec<Instant>,
}

/// What is worth telling at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noticed {
    /// The agent begins to be audible, at this time.
    Speaks(Instant),
}

#[derive(Debug, Default)]
pub(super) struct Witness {
    ear: Ear,
    /// When the frame that is being filled began.
    frame_at: Option<Instant>,
    last_audible: Option<Instant>,
    /// The next audible frame is an onset, whatever the pause.
    fresh: bool,
    unanswered_since: Option<Instant>,
    caller_spoke: Option<Instant>,
    interruption: Option<Interruption>,
    bytes: u64,
    measured: Measured,
}

impl Witness {
    /// The caller's frame went out at `now`.
    /// `playing` while sound of the agent waited to be played.
    pub(super) fn sent(&mut self, now: Instant, frame: &Frame, playing: bool) {
        if frame.audible {
            self.caller_spoke = Some(now);
        }
        if frame.begins {
            self.settle();
            self.measured.utterances += 1;
            self.unanswered_since = None;
            if playing && !self.fresh && self.last_audible.is_some_and(|at| now < at + PAUSE) {
                self.interruption =
                    Some(Interruption { first_voiced: now, cleared: None, audible_until: now });
            }
        }
        if frame.ends {
            self.unanswered_since = Some(now);
        }
    }

    /// The caller stopped in the midst of an utterance; the frame before was its last.
    pub(super) fn hushed(&mut self, now: Instant) {
        self.unanswered_since = Some(self.caller_spoke.unwrap_or(now));
    }

    /// `clear` came at `now`.
    pub(super) fn cleared(&mut self, now: Instant) {
        if let Some(interruption) = self.interruption.as_mut().filter(|i| i.cleared.is_none()) {
            interruption.cleared = Some(now);
        }
        self.fresh = true;
        self.end_frame();
    }

    /// Takes what the playout did.
    pub(super) fn played(&mut self, played: &Played, noticed: &mut Vec<Noticed>) {
        match played {
            Played::Sound { at, audio } => self.sound(*at, audio, noticed),
            Played::Gap { from, to } => self.gap(*from, *to),
            Played::Mark { .. } => {}
        }
    }

    fn sound(&mut self, at: Instant, audio: &[u8], noticed: &mut Vec<Noticed>) {
        self.bytes += audio.len() as u64;
        let mut began = *self.frame_at.get_or_insert(at);
        let mut audible = Vec::new();
        self.ear.hear(audio, |is| {
            if is {
                audible.push(began);
            }
            began += FRAME;
        });
        self.frame_at = Some(began);
        for at in audible {
            self.audible(at, noticed);
        }
    }

    fn audible(&mut self, at: Instant, noticed: &mut Vec<Noticed>) {
        let paused = self.last_audible.is_none_or(|last| at > last + PAUSE);
        if std::mem::take(&mut self.fresh) || paused {
            self.measured.onsets.push(at);
            noticed.push(Noticed::Speaks(at));
            if let Some(since) = self.unanswered_since.filter(|since| at > *since) {
                self.unanswered_since = None;
                self.measured.responses.push(at.duration_since(since));
            }
        }
        self.last_audible = Some(at + FRAME);
        if let Some(interruption) = self.interruption.as_mut().filter(|i| i.cleared.is_none()) {
            interruption.audible_until = at + FRAME;
        }
    }

    fn gap(&mut self, from: Instant, to: Instant) {
        self.end_frame();
        let caller_spoke = self.caller_spoke.is_some_and(|at| at >= from);
        let late = to.duration_since(from);
        if !caller_spoke && late < LONGEST_GAP {
            self.measured.late.push(late);
        }
    }

    /// The stream is over: whatever is heard on the next one begins anew.
    pub(super) fn stream_ended(&mut self) {
        self.fresh = true;
        self.end_frame();
    }

    fn end_frame(&mut self) {
        self.ear.end();
        self.frame_at = None;
    }

    fn settle(&mut self) {
        self.measured.interruptions.extend(self.interruption.take());
    }

    /// How long the agent has not been audible at `now`; none while it never was.
    pub(super) fn silent_for(&self, now: Instant) -> Option<Duration> {
        self.last_audible.map(|at| now.saturating_duration_since(at))
    }

    /// Ends the account.
    pub(super) fn finish(mut self) -> Measured {
        self.settle();
        self.measured.frames = self.bytes / 160;
        self.measured
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::clock, testbed::voice};
    use bytes::Bytes;

    fn ms(began: Instant, ms: u64) -> Instant {
        began + Duration::from_millis(ms)
    }

    fn frame(begins: bool, ends: bool) -> Frame {
        Frame { audio: voice::agent(0, 160), audible: true, begins, ends }
    }

    fn sound(witness: &mut Witness, at: Instant, audio: Bytes) {
        witness.played(&Played::Sound { at, audio }, &mut Vec::new());
    }

    #[test]
    fn a_response_counts_from_the_last_voiced_to_the_first_audible_frame() {
        let began = clock::now();
        let mut witness = Witness::default();
        witness.sent(ms(began, 0), &frame(true, false), false);
        witness.sent(ms(began, 400), &frame(false, true), false);
        // 40 ms of silence stand before the sound, cut at odd places.
        let audio = [vec![0xFF; 320], voice::agent(0, 480).to_vec()].concat();
        sound(&mut witness, ms(began, 1_000), Bytes::copy_from_slice(&audio[..400]));
        sound(&mut witness, ms(began, 1_050), Bytes::copy_from_slice(&audio[400..]));
        let measured = witness.finish();
        assert_eq!(measured.responses, [Duration::from_millis(640)]);
        assert_eq!((measured.utterances, measured.frames), (1, 5));
    }

    #[test]
    fn an_interruption_lasts_until_clear() {
        let began = clock::now();
        let mut witness = Witness::default();
        sound(&mut witness, began, voice::agent(0, 1_600));
        witness.sent(ms(began, 210), &frame(true, false), true);
        witness.cleared(ms(began, 310));
        witness.sent(ms(began, 900), &frame(false, true), false);
        sound(&mut witness, ms(began, 1_550), voice::agent(0, 1_600));
        let measured = witness.finish();
        let cleared = measured.interruptions[0].cleared.unwrap();
        assert_eq!(cleared - measured.interruptions[0].first_voiced, Duration::from_millis(100));
        assert_eq!(measured.responses, [Duration::from_millis(650)]);
    }

    #[test]
    fn what_is_heard_on_the_next_stream_begins_there() {
        let began = clock::now();
        let mut witness = Witness::default();
        sound(&mut witness, began, voice::agent(0, 1_600));
        witness.stream_ended();
        sound(&mut witness, ms(began, 4_000), voice::agent(0, 1_600));
        assert_eq!(witness.finish().onsets, [began, ms(began, 4_000)]);
    }

    #[test]
    fn a_gap_counts_only_within_the_agents_speech() {
        let began = clock::now();
        let mut witness = Witness::default();
        let gap = |from, to| Played::Gap { from: ms(began, from), to: ms(began, to) };
        witness.played(&gap(100, 130), &mut Vec::new());
        witness.played(&gap(200, 4_000), &mut Vec::new());
        witness.sent(ms(began, 4_500), &frame(true, true), false);
        witness.played(&gap(4_400, 5_200), &mut Vec::new());
        assert_eq!(witness.finish().late, [Duration::from_millis(30)]);
    }
}
