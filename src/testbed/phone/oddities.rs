//! What a phone does wrong with its next frames. Pure; told the time.

use super::{options::Oddity, wire::Writer};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The oddities that hold, and those that wait for a frame.
#[derive(Debug)]
pub(super) struct Oddities {
    next: VecDeque<Oddity>,
    swapped: Option<String>,
    held_until: Option<Instant>,
    /// Frames are sent.
    pub(super) sending: bool,
    /// The socket is read.
    pub(super) reading: bool,
}

impl Default for Oddities {
    fn default() -> Self {
        Self { next: VecDeque::new(), swapped: None, held_until: None, sending: true, reading: true }
    }
}

impl Oddities {
    /// An oddity for the next frame that has none yet.
    pub(super) fn queue(&mut self, oddity: Oddity) {
        self.next.push_back(oddity);
    }

    /// Frames are held back from `now` on.
    pub(super) fn hold(&mut self, now: Instant, time: Duration) {
        self.held_until = Some(now + time);
    }

    /// When the frame that is due at `due` may go.
    pub(super) fn due(&self, due: Instant) -> Instant {
        self.held_until.map_or(due, |until| until.max(due))
    }

    /// The messages that the frame `audio` leads to: none, one or two.
    pub(super) fn write(&mut self, writer: &mut Writer, audio: &Bytes) -> [Option<String>; 2] {
        let odd = if self.next.is_empty() { None } else { self.next.pop_front() };
        let text = match odd {
            Some(Oddity::Gap(frames)) => {
                writer.skip();
                if frames > 1 {
                    self.next.push_front(Oddity::Gap(frames - 1));
                }
                return [None, None];
            }
            Some(Oddity::Duplicate) => {
                let text = writer.media(audio);
                return [Some(text.clone()), Some(text)];
            }
            Some(Oddity::Swap) => {
                self.swapped = Some(writer.media(audio));
                return [None, None];
            }
            Some(Oddity::BadBase64) => writer.media_payload("%%% not base64 %%%"),
            Some(Oddity::EmptyPayload) => writer.media_payload(""),
            Some(Oddity::LongFrame(bytes)) => writer.media(&vec![0xFF; bytes]),
            None | Some(_) => writer.media(audio),
        };
        [Some(text), self.swapped.take()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(oddity: Oddity) -> Vec<String> {
        let mut writer = Writer::new("AC", "CA", "MZ");
        let mut oddities = Oddities::default();
        oddities.queue(oddity);
        let audio = Bytes::from_static(&[0xFF; 160]);
        let texts: Vec<String> = (0..4).flat_map(|_| oddities.write(&mut writer, &audio)).flatten().collect();
        let chunk = |text: &String| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            value["media"]["chunk"].as_str().unwrap().to_owned()
        };
        texts.iter().map(chunk).collect()
    }

    #[test]
    fn frames_are_lost_doubled_and_swapped() {
        assert_eq!(chunks(Oddity::Gap(2)), ["3", "4"]);
        assert_eq!(chunks(Oddity::Duplicate), ["1", "1", "2", "3", "4"]);
        assert_eq!(chunks(Oddity::Swap), ["2", "1", "3", "4"]);
        assert_eq!(chunks(Oddity::EmptyPayload), ["1", "2", "3", "4"]);
    }
}
