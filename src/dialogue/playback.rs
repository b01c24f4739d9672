//! What is sent to the telephone network and when; what of it was heard.
//!
//! Twilio plays what it has, in order, and throws it away at `clear`. We send at the pace of speech with a small lead, so that
//! little is out of our hands. Marks carry a generation: after `clear` Twilio echoes the marks of sound it never played, and
//! those belong to an old generation.

mod frames;

use crate::{
    base::{
        ids::TurnId,
        units::{FRAME, FRAME_SAMPLES, Samples},
    },
    dialogue::output::{Output, Outputs},
};
use bytes::Bytes;
use std::{collections::VecDeque, time::Duration, time::Instant};

/// How far ahead of its playing sound is sent (design §4: 60 to 200 ms).
pub const LEAD: Duration = Duration::from_millis(160);

/// The lead below which our own timer sends; arriving caller frames, 20 ms apart, normally come first.
const LEAST_LEAD: Duration = Duration::from_millis(100);

/// What is sent at a time once speech is under way: each time costs a system call, here and at the other end.
const AT_ONCE: Duration = Duration::from_millis(40);

/// With this much lead single frames wait for the next one (design §4: at least 60 ms).
const SAFE_LEAD: Duration = Duration::from_millis(60);

/// Frames between two marks: 200 ms.
const FRAMES_PER_MARK: u32 = 10;

/// Sound kept after sending, to go back to a word's beginning: 1.5 s.
const KEPT: u64 = 12_000;

/// Sound of one kind; only an answer's sound counts as words.
#[derive(Clone, Debug)]
enum Sound {
    Answer(Bytes),
    Clip(Bytes),
}

/// A frame on its way to the caller's ear.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    played_at: Instant,
    /// Samples of the answer that are played when this frame is.
    answer: u64,
}

/// The paced output of a call.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not a state")]
pub struct Playback {
    turn: TurnId,
    generation: u32,
    waiting: VecDeque<Sound>,
    waiting_samples: u64,
    /// Sent sound of this answer, newest last; ends at sample `sent`.
    kept: VecDeque<Bytes>,
    kept_samples: u64,
    /// Samples of this answer sent so far.
    sent: u64,
    /// Samples of this answer played so far, by our clock or by an acknowledged mark.
    played: u64,
    in_flight: VecDeque<InFlight>,
    /// When all that was sent will have been played.
    drained_at: Option<Instant>,
    since_mark: u32,
    late: u64,
    /// Sound was left behind by the last pump, to be sent before what was sent has been played.
    left_waiting: bool,
    paused: bool,
    /// No more sound will come for this answer.
    closed: bool,
    end_marked: bool,
    end_heard: bool,
}

impl Playback {
    /// Begins the sound of a new answer. What still waits is dropped; what was sent plays on.
    pub fn begin(&mut self, turn: TurnId) {
        let (drained_at, in_flight) = (self.drained_at, std::mem::take(&mut self.in_flight));
        *self = Self { turn, generation: self.generation, drained_at, ..Self::default() };
        self.in_flight = in_flight.into_iter().map(|frame| InFlight { answer: 0, ..frame }).collect();
    }

    /// Adds sound of the answer.
    pub fn push(&mut self, audio: Bytes) {
        self.waiting_samples += audio.len() as u64;
        self.waiting.push_back(Sound::Answer(audio));
    }

    /// Adds a standard phrase, which is no part of the answer's words.
    pub fn push_clip(&mut self, audio: Bytes) {
        self.waiting_samples += audio.len() as u64;
        self.waiting.push_back(Sound::Clip(audio));
    }

    /// No more sound will come: the last frame may be padded and the end is marked.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Sends what is due at `now`.
    pub fn pump(&mut self, now: Instant, out: &mut Outputs) {
        self.advance(now);
        if self.paused {
            return;
        }
        if let Some(dry) = self.drained_at.filter(|_| self.left_waiting) {
            self.late += Samples::in_time(now.saturating_duration_since(dry)).0 / FRAME_SAMPLES as u64;
        }
        let lead = self.lead(now);
        let due = lead + AT_ONCE <= LEAD && (lead <= SAFE_LEAD || self.is_worth_sending());
        while due && self.lead(now) + FRAME <= LEAD {
            let Some(frame) = self.take_frame() else { break };
            let from = self.drained_at.map_or(now, |at| at.max(now));
            let played_at = from + FRAME;
            self.drained_at = Some(played_at);
            self.in_flight.push_back(InFlight { played_at, answer: self.sent });
            out.push(Output::Play(frame));
            self.since_mark += 1;
            if self.since_mark >= FRAMES_PER_MARK {
                self.since_mark = 0;
                out.push(Output::Mark(format!("{}:{}:{}", self.generation, self.turn, self.sent)));
            }
        }
        self.left_waiting = self.waits();
        if self.closed && self.waiting_samples == 0 && !self.end_marked {
            self.end_marked = true;
            out.push(Output::Mark(format!("{}:{}:end", self.generation, self.turn)));
        }
    }

    /// When [`Playback::pump`] must next be called, if no caller frame comes before.
    pub fn next_deadline(&self) -> Option<Instant> {
        match self.drained_at {
            Some(at) if self.waits() => {
                let lead = if self.is_worth_sending() { LEAST_LEAD } else { SAFE_LEAD };
                Some(at.checked_sub(lead).unwrap_or(at))
            }
            _ => None,
        }
    }

    /// Whether a frame could be sent.
    const fn waits(&self) -> bool {
        !self.paused
            && (self.waiting_samples >= FRAME_SAMPLES as u64 || self.closed && self.waiting_samples > 0)
    }

    /// Frames of this answer that the caller missed while their sound waited here: we came too late.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// When everything sent will have been played; `None` before anything was.
    pub const fn drained_at(&self) -> Option<Instant> {
        self.drained_at
    }

    /// Whether the caller hears nothing of us at `now`.
    pub fn is_silent(&self, now: Instant) -> bool {
        self.drained_at.is_none_or(|at| at <= now)
    }

    /// Whether Twilio said that the end of the answer was played.
    pub const fn end_was_heard(&self) -> bool {
        self.end_heard
    }

    /// Samples of the answer that were sent or wait but were not played by `now`.
    pub fn unheard(&mut self, now: Instant) -> u64 {
        self.advance(now);
        self.sent.saturating_sub(self.played) + self.waiting_samples
    }

    /// Whether any sound of this answer was sent.
    pub const fn has_begun(&self) -> bool {
        self.sent > 0
    }

    /// Samples of the answer that were played by `now`.
    pub fn heard(&mut self, now: Instant) -> u64 {
        self.advance(now);
        self.played
    }

    /// Samples that wait to be sent.
    pub const fn waiting(&self) -> Samples {
        Samples(self.waiting_samples)
    }

    /// Takes in an echoed mark and returns how many samples of the answer were played at it. Marks of another generation or
    /// answer are of sound that was flushed, or unknown.
    pub fn mark(&mut self, name: &str) -> Option<Samples> {
        let mut parts = name.split(':');
        let ours = parts.next() == Some(&self.generation.to_string())
            && parts.next() == Some(&self.turn.to_string());
        if !ours {
            return None;
        }
        let played = match parts.next()? {
            "end" => {
                self.end_heard = true;
                self.sent
            }
            offset => offset.parse::<u64>().ok()?.min(self.sent),
        };
        self.played = self.played.max(played);
        Some(Samples(played))
    }

    /// Stops the sound at once and keeps what was not heard. `word_start` tells, for a sample of the answer, where its word begins.
    ///
    /// Returns how many samples of the answer were heard.
    pub fn pause(&mut self, now: Instant, word_start: impl Fn(u64) -> u64, out: &mut Outputs) -> u64 {
        self.advance(now);
        let heard = self.played;
        let silent = self.is_silent(now);
        if !silent {
            out.push(Output::Clear);
        }
        self.generation += 1;
        self.in_flight.clear();
        self.drained_at = None;
        self.since_mark = 0;
        self.end_marked = false;
        self.end_heard = false;
        self.left_waiting = false;
        self.paused = true;
        self.waiting.retain(|sound| matches!(sound, Sound::Answer(_)));
        self.go_back_to(if silent { self.sent } else { word_start(heard) });
        heard
    }

    /// Goes on after a pause, from the beginning of the word that was cut.
    pub fn resume(&mut self) {
        self.paused = false;
    }

    /// Stops the sound at once and forgets what was not heard. Returns how many samples of the answer were heard.
    pub fn cut(&mut self, now: Instant, out: &mut Outputs) -> u64 {
        let heard = if self.paused { self.played } else { self.pause(now, |sample| sample, out) };
        self.waiting.clear();
        self.waiting_samples = 0;
        self.kept.clear();
        self.kept_samples = 0;
        self.closed = true;
        self.end_marked = true;
        self.paused = false;
        heard
    }

    /// Whether as much waits as is sent at a time, or all that there is.
    fn is_worth_sending(&self) -> bool {
        self.closed || self.waiting().duration() >= AT_ONCE
    }

    fn lead(&self, now: Instant) -> Duration {
        self.drained_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    fn advance(&mut self, now: Instant) {
        while let Some(frame) = self.in_flight.front() {
            if frame.played_at > now {
                break;
            }
            self.played = self.played.max(frame.answer);
            self.in_flight.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audio::g711::SILENCE, base::clock};

    fn frames(out: &mut Outputs) -> usize {
        out.drain().filter(|output| matches!(output, Output::Play(_))).count()
    }

    fn sound(frames: usize) -> Bytes {
        Bytes::from(vec![0x10; frames * FRAME_SAMPLES])
    }

    #[test]
    fn sound_is_sent_at_the_pace_of_speech_with_a_small_lead() {
        let (mut playback, mut out, start) = (Playback::default(), Outputs::default(), clock::now());
        playback.begin(TurnId(1));
        playback.push(sound(100));
        playback.pump(start, &mut out);
        assert_eq!(frames(&mut out), 8);
        playback.pump(start + FRAME, &mut out);
        playback.pump(start + FRAME * 2, &mut out);
        assert_eq!(frames(&mut out), 2);
        assert_eq!(playback.next_deadline(), (start + FRAME * 10).checked_sub(LEAST_LEAD));
    }

    #[test]
    fn frames_are_late_where_their_sound_waited_here() {
        let (mut playback, mut out, start) = (Playback::default(), Outputs::default(), clock::now());
        playback.begin(TurnId(1));
        playback.push(sound(12));
        // Eight frames are sent at once and played until 160 ms; four wait and are sent at 205 ms.
        playback.pump(start, &mut out);
        playback.pump(start + Duration::from_millis(205), &mut out);
        assert_eq!(playback.late(), 2);
        // Nothing waited here any more: a voice that is slow makes no late frame.
        playback.push(sound(1));
        playback.pump(start + Duration::from_secs(9), &mut out);
        assert_eq!(playback.late(), 2);
    }

    #[test]
    fn marks_of_flushed_sound_are_not_heard() {
        let (mut playback, mut out, start) = (Playback::default(), Outputs::default(), clock::now());
        playback.begin(TurnId(1));
        playback.push(sound(100));
        playback.pump(start, &mut out);
        let heard = playback.pause(start + FRAME * 2, |sample| sample, &mut out);
        assert_eq!(heard, 320);
        playback.mark("0:1:1280");
        assert_eq!(playback.cut(start + FRAME * 3, &mut out), 320);
    }

    #[test]
    fn a_pause_goes_on_from_the_beginning_of_the_word() {
        let (mut playback, mut out, start) = (Playback::default(), Outputs::default(), clock::now());
        playback.begin(TurnId(1));
        playback.push(sound(20));
        for step in 0..10 {
            playback.pump(start + FRAME * step, &mut out);
        }
        out.drain().for_each(drop);
        let heard = playback.pause(start + FRAME * 9, |sample| sample - 160, &mut out);
        assert_eq!(heard, 9 * 160);
        playback.resume();
        assert_eq!(playback.unheard(start + FRAME * 9), 12 * 160);
        playback.close();
        for step in 10..40 {
            playback.pump(start + FRAME * step, &mut out);
        }
        assert_eq!(frames(&mut out), 12);
    }

    #[test]
    fn odd_chunks_become_whole_frames_and_the_last_is_padded() {
        let (mut playback, mut out, start) = (Playback::default(), Outputs::default(), clock::now());
        playback.begin(TurnId(1));
        for length in [1, 159, 161] {
            playback.push(Bytes::from(vec![0x20; length]));
        }
        playback.pump(start, &mut out);
        assert_eq!(frames(&mut out), 2);
        playback.close();
        playback.pump(start, &mut out);
        let last =
            out.drain().find_map(|output| if let Output::Play(frame) = output { Some(frame) } else { None });
        let last = last.unwrap();
        assert_eq!((last.len(), last[0], last[1]), (160, 0x20, SILENCE));
    }

    #[test]
    fn single_frames_wait_for_the_next_one_while_there_is_lead() {
        let (mut playback, mut out, start) = (Playback::default(), Outputs::default(), clock::now());
        playback.begin(TurnId(1));
        playback.push(sound(5));
        playback.pump(start, &mut out);
        playback.push(sound(1));
        let lead_is_small = start + FRAME * 2;
        playback.pump(start + FRAME, &mut out);
        assert_eq!(frames(&mut out), 5);
        assert_eq!(playback.next_deadline(), Some(lead_is_small));
        playback.pump(lead_is_small, &mut out);
        assert_eq!(frames(&mut out), 1);
    }
}
