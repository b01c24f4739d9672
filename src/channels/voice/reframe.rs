//! The caller's sound in order, without gaps, in frames of 20 ms. Pure.

use crate::{audio::g711::SILENCE, base::units::FRAME_SAMPLES, ports::media::MediaMark};
use bytes::{Bytes, BytesMut};
use std::{collections::BTreeMap, time::Duration};

/// Pieces that wait for those before them; one more, and what is missing counts as lost.
const WAITING: usize = 2;

/// Frames cut from one allocation.
const FRAMES_AT_ONCE: usize = 16;

/// Bytes of mu-law in a millisecond at 8 kHz.
const BYTES_A_MILLISECOND: u64 = 8;

/// A difference of times below one frame is jitter of the carrier's clock, not a gap.
const JITTER: u64 = FRAME_SAMPLES as u64;

const QUIET: [u8; FRAME_SAMPLES] = [SILENCE; FRAME_SAMPLES];

/// What came in, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pieces that never came.
    pub lost: u64,
    /// Pieces that came again, or too late.
    pub dropped: u64,
    /// Bytes of silence put in their place.
    pub filled: u64,
}

/// Puts pieces of any size in order and cuts them into frames.
///
/// The order is that of the chunk numbers, the gaps those of the media times; what the carrier leaves out is taken as
/// it comes. The frames out of it never go back in time.
#[derive(Debug)]
pub struct Reframer {
    longest_gap: u64,
    next_chunk: Option<u64>,
    /// Media time of the next byte, in bytes since the stream began.
    position: Option<u64>,
    waiting: BTreeMap<u64, (Option<Duration>, Bytes)>,
    cut: BytesMut,
    tally: Tally,
}

impl Reframer {
    /// Fills gaps up to `longest_gap`; of a longer one only so much.
    pub fn new(longest_gap: Duration) -> Self {
        Self {
            longest_gap: bytes_in(longest_gap),
            next_chunk: None,
            position: None,
            waiting: BTreeMap::new(),
            cut: BytesMut::new(),
            tally: Tally::default(),
        }
    }

    /// Takes one piece and gives the frames that are complete, each of exactly 160 bytes.
    pub fn push(&mut self, mark: MediaMark, sound: &[u8], mut frame: impl FnMut(Bytes)) {
        match self.place(mark) {
            Place::Next => {
                self.append(mark, sound, &mut frame);
                self.release_in_order(&mut frame);
            }
            Place::Early(chunk) => {
                self.waiting.entry(chunk).or_insert_with(|| (mark.at, Bytes::copy_from_slice(sound)));
                if self.waiting.len() > WAITING {
                    self.release(frame);
                }
            }
            Place::Past => self.tally.dropped += 1,
        }
    }

    /// Whether pieces wait for those before them.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Gives what waits; what is missing before it counts as lost.
    pub fn release(&mut self, mut frame: impl FnMut(Bytes)) {
        while let Some((chunk, (at, sound))) = self.waiting.pop_first() {
            let mark = MediaMark { inbound: true, chunk: Some(chunk), at };
            self.append(mark, &sound, &mut frame);
        }
    }

    /// What came in so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn place(&self, mark: MediaMark) -> Place {
        let (Some(chunk), Some(next)) = (mark.chunk, self.next_chunk) else { return Place::Next };
        if chunk > next {
            return Place::Early(chunk);
        }
        // A counter that began anew is told from a repetition by its time.
        let newer = mark.at.zip(self.position).is_some_and(|(at, position)| bytes_in(at) >= position);
        if chunk == next || newer { Place::Next } else { Place::Past }
    }

    fn release_in_order(&mut self, frame: &mut impl FnMut(Bytes)) {
        while let Some(entry) = self.waiting.first_entry() {
            if Some(*entry.key()) != self.next_chunk {
                break;
            }
            let (chunk, (at, sound)) = entry.remove_entry();
            self.append(MediaMark { inbound: true, chunk: Some(chunk), at }, &sound, frame);
        }
    }

    fn append(&mut self, mark: MediaMark, sound: &[u8], frame: &mut impl FnMut(Bytes)) {
        let skipped = match (mark.chunk, self.next_chunk) {
            (Some(chunk), Some(next)) => chunk.saturating_sub(next),
            _ => 0,
        };
        let gap = self.gap(mark.at, skipped, sound.len() as u64);
        if gap > 0 || skipped > 0 {
            self.tally.lost = self.tally.lost.saturating_add(skipped.max(gap / FRAME_SAMPLES as u64));
        }
        let filled = gap.min(self.longest_gap);
        self.tally.filled += filled;
        let mut silence = filled;
        while silence > 0 {
            let part = usize::try_from(silence).unwrap_or(FRAME_SAMPLES).min(FRAME_SAMPLES);
            self.put(QUIET.get(..part).unwrap_or(&QUIET), frame);
            silence -= part as u64;
        }
        self.put(sound, frame);
        self.next_chunk = mark.chunk.map_or(self.next_chunk, |chunk| Some(chunk.saturating_add(1)));
        let start = match (self.position, mark.at) {
            (Some(position), _) => position.saturating_add(gap),
            (None, Some(at)) => bytes_in(at),
            (None, None) => 0,
        };
        self.position = Some(start.saturating_add(sound.len() as u64));
    }

    /// How many bytes are missing before a piece.
    fn gap(&self, at: Option<Duration>, skipped: u64, length: u64) -> u64 {
        let Some(position) = self.position else { return 0 };
        let gap = match at {
            Some(at) => bytes_in(at).saturating_sub(position),
            None => skipped.saturating_mul(length),
        };
        if gap < JITTER { 0 } else { gap }
    }

    fn put(&mut self, mut sound: &[u8], frame: &mut impl FnMut(Bytes)) {
        while !sound.is_empty() {
            if self.cut.is_empty() && self.cut.capacity() < FRAME_SAMPLES {
                self.cut.reserve(FRAMES_AT_ONCE * FRAME_SAMPLES);
            }
            let (now, later) = sound.split_at(sound.len().min(FRAME_SAMPLES - self.cut.len()));
            self.cut.extend_from_slice(now);
            sound = later;
            if self.cut.len() == FRAME_SAMPLES {
                frame(self.cut.split().freeze());
            }
        }
    }
}

enum Place {
    Next,
    Early(u64),
    Past,
}

fn bytes_in(time: Duration) -> u64 {
    u64::try_from(time.as_millis())
        .unwrap_or(u64::MAX / BYTES_A_MILLISECOND)
        .saturating_mul(BYTES_A_MILLISECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds pieces of 20 ms, each filled with its own number, and returns the first byte of every frame.
    struct Story(Reframer, Vec<u8>);

    impl Story {
        fn begin() -> Self {
            Self(Reframer::new(Duration::from_secs(1)), Vec::new())
        }

        fn chunk(mut self, chunk: u64) -> Self {
            let mark = MediaMark {
                inbound: true,
                chunk: Some(chunk),
                at: Some(Duration::from_millis(12 + (chunk - 1) * 20)),
            };
            self.0.push(mark, &[u8::try_from(chunk).unwrap(); 160], |frame| {
                assert_eq!(frame.len(), 160);
                self.1.push(frame[0]);
            });
            self
        }
    }

    #[test]
    fn sound_in_order_passes_as_it_is() {
        let story = Story::begin().chunk(1).chunk(2).chunk(3);
        assert_eq!((story.1, story.0.tally()), (vec![1, 2, 3], Tally::default()));
    }

    #[test]
    fn a_repeated_piece_is_dropped() {
        let story = Story::begin().chunk(1).chunk(2).chunk(2).chunk(1).chunk(3);
        assert_eq!((story.1, story.0.tally().dropped), (vec![1, 2, 3], 2));
    }

    #[test]
    fn swapped_pieces_are_put_right() {
        let story = Story::begin().chunk(1).chunk(3).chunk(2).chunk(4);
        assert_eq!((story.1, story.0.tally()), (vec![1, 2, 3, 4], Tally::default()));
    }

    #[test]
    fn three_lost_pieces_become_sixty_milliseconds_of_silence() {
        let story = Story::begin().chunk(1).chunk(5).chunk(6).chunk(7).chunk(8);
        assert_eq!(story.1, [1, 255, 255, 255, 5, 6, 7, 8]);
        assert_eq!(story.0.tally(), Tally { lost: 3, dropped: 0, filled: 480 });
    }

    #[test]
    fn pieces_after_a_loss_can_be_released_before_more_come() {
        let mut story = Story::begin().chunk(1).chunk(3);
        assert!(story.0.is_waiting());
        story.0.release(|frame| story.1.push(frame[0]));
        assert_eq!(story.1, [1, 255, 3]);
    }

    #[test]
    fn a_piece_that_comes_after_its_time_was_filled_is_dropped() {
        let story = Story::begin().chunk(1).chunk(3).chunk(4).chunk(5).chunk(2).chunk(6);
        assert_eq!((story.1, story.0.tally().dropped), (vec![1, 255, 3, 4, 5, 6], 1));
    }

    #[test]
    fn a_long_gap_is_filled_up_to_the_limit() {
        let mut reframer = Reframer::new(Duration::from_millis(100));
        let mut frames = 0;
        for at in [0, 10_000, 10_020] {
            let mark = MediaMark { inbound: true, chunk: None, at: Some(Duration::from_millis(at)) };
            reframer.push(mark, &[1; 160], |_| frames += 1);
        }
        assert_eq!((frames, reframer.tally().filled), (8, 800));
    }

    #[test]
    fn without_numbers_and_times_sound_is_taken_as_it_comes() {
        let mut reframer = Reframer::new(Duration::from_secs(1));
        let mut frames = 0;
        for _ in 0..10 {
            reframer.push(MediaMark { inbound: true, chunk: None, at: None }, &[1; 80], |_| frames += 1);
        }
        assert_eq!((frames, reframer.tally()), (5, Tally::default()));
    }

    #[test]
    fn a_counter_that_begins_anew_does_not_make_us_deaf() {
        let mut reframer = Reframer::new(Duration::from_secs(1));
        let mut frames = 0;
        for (chunk, at) in [(1, 0), (2, 20), (3, 40), (1, 60), (2, 80)] {
            let mark = MediaMark { inbound: true, chunk: Some(chunk), at: Some(Duration::from_millis(at)) };
            reframer.push(mark, &[1; 160], |_| frames += 1);
        }
        assert_eq!(frames, 5);
    }

    #[test]
    fn jitter_of_the_carriers_clock_is_no_gap() {
        let mut reframer = Reframer::new(Duration::from_secs(1));
        let mut frames = 0;
        for (chunk, at) in [(1, 0), (2, 33), (3, 38), (4, 60), (5, 97), (6, 100)] {
            let mark = MediaMark { inbound: true, chunk: Some(chunk), at: Some(Duration::from_millis(at)) };
            reframer.push(mark, &[1; 160], |_| frames += 1);
        }
        assert_eq!((frames, reframer.tally().filled), (6, 0));
    }

    #[test]
    fn the_highest_numbers_and_times_are_taken_like_any_other() {
        let mut reframer = Reframer::new(Duration::from_secs(1));
        let mut frames = 0;
        for (chunk, at) in [(1, 0), (u64::MAX, u64::MAX), (u64::MAX, u64::MAX), (2, 20), (3, u64::MAX)] {
            let mark = MediaMark { inbound: true, chunk: Some(chunk), at: Some(Duration::from_millis(at)) };
            reframer.push(mark, &[1; 160], |_| frames += 1);
            reframer.release(|_| frames += 1);
        }
        // A second of silence stands for what lies between; the fourth piece came too late.
        assert_eq!((frames, reframer.tally().lost, reframer.tally().dropped), (1 + 50 + 3, u64::MAX - 2, 1));
    }

    /// Small ones, where order and gaps matter, as often as any that a text can hold.
    fn any_number() -> impl Strategy<Value = Option<u64>> {
        prop::option::of(prop_oneof![0..1_000_u64, any::<u64>(), Just(u64::MAX)])
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_or_doubled_however_it_is_cut(lengths in prop::collection::vec(0_usize..2_000, 0..40)) {
            let sound: Vec<u8> = (0..lengths.iter().sum()).map(|i: usize| u8::try_from(i % 251).unwrap()).collect();
            let (mut reframer, mut out, mut at) = (Reframer::new(Duration::from_secs(1)), Vec::new(), 0);
            for (chunk, length) in lengths.iter().enumerate() {
                let mark = MediaMark { inbound: true, chunk: Some(chunk as u64), at: None };
                reframer.push(mark, &sound[at..at + length], |frame| out.extend_from_slice(&frame));
                at += length;
            }
            prop_assert_eq!(&out[..], &sound[..sound.len() / 160 * 160]);
        }

        #[test]
        fn any_numbers_and_times_give_frames_of_one_length(
            pieces in prop::collection::vec((any_number(), any_number(), 0_usize..500), 0..60),
        ) {
            let mut reframer = Reframer::new(Duration::from_secs(1));
            for (chunk, at, length) in pieces {
                let at = at.map(Duration::from_millis);
                reframer.push(MediaMark { inbound: true, chunk, at }, &[1; 500][..length], |frame| {
                    assert_eq!(frame.len(), 160);
                });
                prop_assert!(reframer.waiting.len() <= WAITING);
            }
        }
    }
}
