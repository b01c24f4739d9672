//! Twilio's playout of one stream: what the server sent, in order, in real time. Pure; told the time.
//!
//! Sound begins at once when nothing is playing, and lasts 125 µs per byte. A mark comes back when what was sent before
//! it has been played, or at once when nothing waits; `clear` throws away what waits and brings back all its marks.

use bytes::Bytes;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How long a byte sounds: one sample at 8 kHz.
const BYTE: Duration = Duration::from_micros(125);

/// What happened in playing; in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Played {
    /// Sound whose playing began at `at`.
    Sound { at: Instant, audio: Bytes },
    /// A mark is due back.
    Mark { name: String, flushed: bool },
    /// Sound came after nothing had been left to play since `from`.
    Gap { from: Instant, to: Instant },
}

#[derive(Debug)]
enum Item {
    Sound(Bytes),
    Mark(String),
}

/// The queue and its position.
#[derive(Debug, Default)]
pub(super) struct Playout {
    queue: VecDeque<Item>,
    /// When the head of the queue begins; meaningful while something waits.
    at: Option<Instant>,
    /// When everything had been played, if that is so and nothing was thrown away.
    dry_since: Option<Instant>,
}

impl Playout {
    /// Takes sound that arrived at `now`.
    pub(super) fn sound(&mut self, now: Instant, audio: Bytes, out: &mut Vec<Played>) {
        self.advance(now, out);
        if audio.is_empty() {
            return;
        }
        if self.queue.is_empty() {
            self.at = Some(now);
            if let Some(from) = self.dry_since.take().filter(|from| *from < now) {
                out.push(Played::Gap { from, to: now });
            }
        }
        self.queue.push_back(Item::Sound(audio));
    }

    /// Takes a mark that arrived at `now`.
    pub(super) fn mark(&mut self, now: Instant, name: String, out: &mut Vec<Played>) {
        self.advance(now, out);
        if self.queue.is_empty() {
            out.push(Played::Mark { name, flushed: false });
        } else {
            self.queue.push_back(Item::Mark(name));
        }
    }

    /// Throws away what waits at `now`.
    pub(super) fn clear(&mut self, now: Instant, out: &mut Vec<Played>) {
        self.advance(now, out);
        for item in self.queue.drain(..) {
            if let Item::Mark(name) = item {
                out.push(Played::Mark { name, flushed: true });
            }
        }
        self.at = None;
        self.dry_since = None;
    }

    /// Plays up to `now`.
    pub(super) fn advance(&mut self, now: Instant, out: &mut Vec<Played>) {
        let Some(mut at) = self.at else { return };
        while let Some(item) = self.queue.pop_front() {
            let mut audio = match item {
                // What stands before it has been played, or the loop had ended.
                Item::Mark(name) => {
                    out.push(Played::Mark { name, flushed: false });
                    continue;
                }
                Item::Sound(audio) => audio,
            };
            let played = now.saturating_duration_since(at).as_micros() / BYTE.as_micros();
            let played = usize::try_from(played).unwrap_or(usize::MAX).min(audio.len());
            let rest = audio.split_off(played);
            if !audio.is_empty() {
                let began = at;
                at += BYTE * u32::try_from(played).unwrap_or(u32::MAX);
                out.push(Played::Sound { at: began, audio });
            }
            if !rest.is_empty() {
                self.queue.push_front(Item::Sound(rest));
                self.at = Some(at);
                return;
            }
        }
        self.at = None;
        self.dry_since = Some(at);
    }

    /// Whether sound waits.
    pub(super) fn is_playing(&self) -> bool {
        !self.queue.is_empty()
    }

    /// When the next mark is due back.
    pub(super) fn next_mark(&self) -> Option<Instant> {
        let mut before = 0;
        for item in &self.queue {
            match item {
                Item::Sound(audio) => before += audio.len(),
                Item::Mark(_) => {
                    return self.at.map(|at| at + BYTE * u32::try_from(before).unwrap_or(u32::MAX));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    /// A playout in virtual time, told as a story.
    struct Bench {
        began: Instant,
        playout: Playout,
        story: Vec<String>,
    }

    impl Bench {
        fn new() -> Self {
            Self { began: clock::now(), playout: Playout::default(), story: Vec::new() }
        }

        fn at(&mut self, ms: u64, act: impl FnOnce(&mut Playout, Instant, &mut Vec<Played>)) -> &mut Self {
            let now = self.began + Duration::from_millis(ms);
            let mut out = Vec::new();
            act(&mut self.playout, now, &mut out);
            for played in out {
                let since = |at: Instant| at.duration_since(self.began).as_millis();
                self.story.push(match played {
                    Played::Sound { at, audio } => format!("{ms}: {} bytes from {}", audio.len(), since(at)),
                    Played::Mark { name, flushed: true } => format!("{ms}: {name} flushed"),
                    Played::Mark { name, flushed: false } => format!("{ms}: {name}"),
                    Played::Gap { from, to } => format!("{ms}: gap {} to {}", since(from), since(to)),
                });
            }
            self
        }

        fn sound(&mut self, ms: u64, bytes: usize) -> &mut Self {
            self.at(ms, |p, now, out| p.sound(now, vec![0; bytes].into(), out))
        }

        fn mark(&mut self, ms: u64, name: &str) -> &mut Self {
            self.at(ms, |p, now, out| p.mark(now, name.to_owned(), out))
        }

        fn clear(&mut self, ms: u64) -> &mut Self {
            self.at(ms, Playout::clear)
        }

        fn tick(&mut self, ms: u64) -> &mut Self {
            self.at(ms, Playout::advance)
        }
    }

    #[test]
    fn a_mark_comes_back_when_its_sound_was_played() {
        let mut bench = Bench::new();
        bench.sound(5, 800).mark(5, "a").sound(6, 160).mark(6, "b");
        assert_eq!(bench.playout.next_mark(), Some(bench.began + Duration::from_millis(105)));
        bench.tick(104).tick(105).tick(200);
        assert_eq!(
            bench.story,
            [
                "6: 8 bytes from 5",
                "104: 784 bytes from 6",
                "105: 8 bytes from 104",
                "105: a",
                "200: 160 bytes from 105",
                "200: b"
            ]
        );
    }

    #[test]
    fn a_mark_on_an_empty_queue_comes_back_at_once() {
        let mut bench = Bench::new();
        bench.mark(0, "a").sound(10, 160).tick(40).mark(50, "b");
        assert_eq!(bench.story, ["0: a", "40: 160 bytes from 10", "50: b"]);
    }

    /// The recorded session: three pieces with marks, `clear` while the second plays, then a mark on nothing.
    #[test]
    fn clear_brings_back_all_marks_and_throws_the_sound_away() {
        let mut bench = Bench::new();
        for name in ["t1:1", "t1:2", "t1:3"] {
            bench.sound(0, 800).mark(0, name);
        }
        bench.tick(100).clear(120).mark(130, "t2:empty").tick(500);
        assert_eq!(
            bench.story,
            [
                "100: 800 bytes from 0",
                "100: t1:1",
                "120: 160 bytes from 100",
                "120: t1:2 flushed",
                "120: t1:3 flushed",
                "130: t2:empty"
            ]
        );
        assert!(!bench.playout.is_playing());
    }

    #[test]
    fn a_gap_is_as_long_as_nothing_was_there_to_play() {
        let mut bench = Bench::new();
        bench.sound(0, 160).sound(20, 160).sound(57, 160).clear(60).sound(90, 160);
        assert_eq!(
            bench.story,
            ["20: 160 bytes from 0", "57: 160 bytes from 20", "57: gap 40 to 57", "60: 24 bytes from 57"]
        );
    }
}
