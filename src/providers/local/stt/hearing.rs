//! Decides what is decoded when, and what the call is told. Pure: decoding itself happens elsewhere.
//!
//! Whisper hears whole utterances, so a pause of the caller is the time to decode: when the turn proves to be over, the text
//! is there already. A decoding that more speech made stale is given up.

use super::ear::Ear;
use crate::{base::units::PHONE_RATE, ports::stt::SttEvent};
use std::collections::VecDeque;

/// The longest utterance, in samples: Whisper hears 30 s, and 25 leave room for what is behind.
const LONGEST: usize = 25 * PHONE_RATE as usize;
/// Voiced samples that may follow a decoding without changing its text: the gate's hangover and a breath.
const NEGLIGIBLE: usize = PHONE_RATE as usize / 8;

/// What the shell has to do.
#[derive(Debug, PartialEq)]
pub(super) enum Act {
    /// Decode, and report with [`Hearing::decoded`]. A decoding that still runs is to be given up.
    Decode {
        /// To tell it from given-up ones.
        id: u64,
        /// 8 kHz.
        samples: Vec<i16>,
    },
    /// Give up what runs.
    Abandon,
    /// Tell the call.
    Tell(SttEvent),
}

/// What a running decoding is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Aim {
    /// The utterance that still goes on, as far as so many voiced samples.
    Open(usize),
    /// The oldest utterance that is over.
    Sealed,
}

/// An utterance that is over and waits for its text.
#[derive(Debug)]
struct Sealed {
    samples: Vec<i16>,
    text: Option<String>,
    end_of_turn: bool,
}

/// The recogniser's mind for one call.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    ear: Ear,
    sealed: VecDeque<Sealed>,
    /// Text of the open utterance, and the voiced samples that it covers.
    so_far: Option<(usize, String)>,
    running: Option<(u64, Aim)>,
    last_id: u64,
    acts: VecDeque<Act>,
}

impl Hearing {
    /// The next thing to do; empty this after every call.
    pub(super) fn next_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// Caller audio, mu-law.
    pub(super) fn audio(&mut self, codes: &[u8]) {
        self.ear.push(codes);
        if let Some((_, Aim::Open(covered))) = self.running
            && self.ear.heard().is_none_or(|heard| heard > covered + NEGLIGIBLE)
        {
            self.abandon();
        }
        if self.ear.length() >= LONGEST {
            self.seal(false);
        }
    }

    /// The caller makes a pause.
    pub(super) fn paused(&mut self) {
        let Some(heard) = self.ear.heard() else { return };
        let known = self.so_far.as_ref().is_some_and(|(covered, _)| heard <= covered + NEGLIGIBLE);
        if known || !self.sealed.is_empty() || self.running.is_some() {
            return;
        }
        if let Some(samples) = self.ear.samples() {
            self.decode(Aim::Open(heard), samples);
        }
    }

    /// The turn is over: its text is due, even if there is none.
    pub(super) fn turn_over(&mut self) {
        self.seal(true);
    }

    /// A decoding has ended, with nothing where it failed.
    pub(super) fn decoded(&mut self, id: u64, text: String) {
        let Some((running, aim)) = self.running else { return };
        if running != id {
            return;
        }
        self.running = None;
        match aim {
            Aim::Open(covered) => {
                if !text.is_empty() {
                    self.acts.push_back(Act::Tell(SttEvent::Partial { text: text.clone() }));
                }
                self.so_far = Some((covered, text));
            }
            Aim::Sealed => {
                if let Some(front) = self.sealed.front_mut() {
                    front.text = Some(text);
                }
                self.advance();
            }
        }
    }

    fn seal(&mut self, end_of_turn: bool) {
        let heard = self.ear.heard();
        let so_far = self.so_far.take();
        let sealed = match (self.ear.close(), heard) {
            (Some(samples), Some(heard)) => {
                let text = so_far.filter(|(covered, _)| heard <= covered + NEGLIGIBLE).map(|(_, text)| text);
                Sealed { samples, text, end_of_turn }
            }
            _ => Sealed { samples: Vec::new(), text: Some(String::new()), end_of_turn },
        };
        // A decoding of the open utterance covers it: staler ones were abandoned as the audio came.
        if let Some((_, aim @ Aim::Open(_))) = &mut self.running {
            *aim = Aim::Sealed;
        }
        self.sealed.push_back(sealed);
        self.advance();
    }

    /// Tells what is ready, in order, and decodes the first that is not.
    fn advance(&mut self) {
        while let Some(front) = self.sealed.pop_front() {
            if let Some(text) = front.text {
                let event = SttEvent::Final { text, end_of_turn: front.end_of_turn };
                self.acts.push_back(Act::Tell(event));
                continue;
            }
            if self.running.is_none() {
                self.decode(Aim::Sealed, front.samples.clone());
            }
            self.sealed.push_front(front);
            return;
        }
    }

    fn decode(&mut self, aim: Aim, samples: Vec<i16>) {
        self.last_id += 1;
        self.running = Some((self.last_id, aim));
        self.acts.push_back(Act::Decode { id: self.last_id, samples });
    }

    fn abandon(&mut self) {
        self.running = None;
        self.acts.push_back(Act::Abandon);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audio::g711, base::units::FRAME_SAMPLES};

    fn speech(hearing: &mut Hearing, frames: usize) {
        let codes: Vec<u8> = (0..frames * FRAME_SAMPLES)
            .map(|n| g711::encode(if n % 40 < 20 { 6000 } else { -6000 }))
            .collect();
        hearing.audio(&codes);
    }

    fn silence(hearing: &mut Hearing, frames: usize) {
        hearing.audio(&vec![g711::SILENCE; frames * FRAME_SAMPLES]);
    }

    #[track_caller]
    fn job(hearing: &mut Hearing) -> (u64, usize) {
        match hearing.next_act() {
            Some(Act::Decode { id, samples }) => (id, samples.len()),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn told(hearing: &mut Hearing) -> SttEvent {
        match hearing.next_act() {
            Some(Act::Tell(event)) => event,
            other => panic!("{other:?}"),
        }
    }

    fn last(text: &str, end_of_turn: bool) -> SttEvent {
        SttEvent::Final { text: text.into(), end_of_turn }
    }

    #[test]
    fn the_text_is_ready_when_the_turn_is_over() {
        let mut hearing = Hearing::default();
        speech(&mut hearing, 50);
        silence(&mut hearing, 10);
        hearing.paused();
        let (id, _) = job(&mut hearing);
        hearing.decoded(id, "hola".into());
        assert_eq!(told(&mut hearing), SttEvent::Partial { text: "hola".into() });
        silence(&mut hearing, 10);
        hearing.paused();
        hearing.turn_over();
        assert_eq!(told(&mut hearing), last("hola", true));
        assert_eq!(hearing.next_act(), None);
    }

    #[test]
    fn a_turn_that_ends_during_the_decoding_waits_for_it() {
        let mut hearing = Hearing::default();
        speech(&mut hearing, 50);
        silence(&mut hearing, 10);
        hearing.paused();
        let (id, _) = job(&mut hearing);
        hearing.turn_over();
        assert_eq!(hearing.next_act(), None);
        hearing.decoded(id, "hola".into());
        assert_eq!(told(&mut hearing), last("hola", true));
    }

    #[test]
    fn more_speech_makes_a_decoding_stale() {
        let mut hearing = Hearing::default();
        speech(&mut hearing, 50);
        silence(&mut hearing, 10);
        hearing.paused();
        let (stale, length) = job(&mut hearing);
        speech(&mut hearing, 50);
        assert_eq!(hearing.next_act(), Some(Act::Abandon));
        hearing.decoded(stale, "hola".into());
        assert_eq!(hearing.next_act(), None);
        silence(&mut hearing, 10);
        hearing.paused();
        let (id, longer) = job(&mut hearing);
        assert!(longer > length);
        hearing.decoded(id, "hola, buenas".into());
        assert_eq!(told(&mut hearing), SttEvent::Partial { text: "hola, buenas".into() });
    }

    #[test]
    fn a_turn_without_speech_gets_an_empty_text_at_once() {
        let mut hearing = Hearing::default();
        silence(&mut hearing, 50);
        hearing.paused();
        hearing.turn_over();
        assert_eq!(told(&mut hearing), last("", true));
    }

    #[test]
    fn an_endless_utterance_is_cut() {
        let mut hearing = Hearing::default();
        for _ in 0..26 {
            speech(&mut hearing, 50);
        }
        let (id, length) = job(&mut hearing);
        assert!(length >= LONGEST);
        hearing.turn_over();
        hearing.decoded(id, "primera parte".into());
        assert_eq!(told(&mut hearing), last("primera parte", false));
        let (id, _) = job(&mut hearing);
        hearing.decoded(id, "y segunda".into());
        assert_eq!(told(&mut hearing), last("y segunda", true));
    }

    #[test]
    fn speech_after_the_turn_belongs_to_the_next_one() {
        let mut hearing = Hearing::default();
        speech(&mut hearing, 50);
        silence(&mut hearing, 30);
        hearing.turn_over();
        let (id, first) = job(&mut hearing);
        speech(&mut hearing, 50);
        hearing.decoded(id, "uno".into());
        assert_eq!(told(&mut hearing), last("uno", true));
        silence(&mut hearing, 10);
        hearing.paused();
        let (_, second) = job(&mut hearing);
        assert!(second < first + 50 * FRAME_SAMPLES);
    }
}
