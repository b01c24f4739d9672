//! A caller who knows what they hear.

use super::{
    GUARD,
    house::{GREETING, HELLO},
    sounds::{clip, said, voiced},
};
use bytes::Bytes;
use centralita::testbed::{
    log::{Log, Service},
    phone::{Call, CallRecord, HangUpStyle, Oddity, PhoneEvent},
    voice,
};
use tokio::time::timeout;

/// The longest silence on the agent's turn (reliability LB3), in frames of the phone's own clock.
const LONGEST_SILENCE: usize = 200;

/// A call and what its caller has heard of it.
pub(crate) struct Caller {
    pub(crate) call: Call,
    pub(crate) sid: String,
    log: Log,
    voice: Service,
    /// The greeting needs no voice.
    kept: bool,
    /// Pieces of text that the voice had been given before what is listened to next.
    pieces: usize,
    /// Frames of 20 ms since the stream began.
    frames: usize,
    /// The sound that was heard, without silence, and the frame of each sample.
    sound: Vec<u8>,
    places: Vec<usize>,
    /// What was taken of it.
    taken: usize,
    /// The frame at which the caller has last fallen silent, or has last heard something.
    quiet_since: usize,
    pub(crate) clears: usize,
    over: bool,
}

impl Caller {
    pub(crate) fn new(call: Call, sid: String, (log, voice): (Log, Service), kept: bool) -> Self {
        Self {
            call,
            sid,
            pieces: log.details(voice, "speak").len(),
            log,
            voice,
            kept,
            frames: 0,
            sound: Vec::new(),
            places: Vec::new(),
            taken: 0,
            quiet_since: 0,
            clears: 0,
            over: false,
        }
    }

    /// Takes the next event; the test fails when none comes.
    pub(crate) async fn event(&mut self) -> PhoneEvent {
        let event = timeout(GUARD, self.call.next()).await;
        let event = event.unwrap_or_else(|_| panic!("nothing happens in the call"));
        let event = event.unwrap_or_else(|| panic!("the call is over, after {} frames", self.frames));
        match &event {
            PhoneEvent::Heard(frame) => {
                let heard = voiced(frame);
                self.places.extend(std::iter::repeat_n(self.frames, heard.len()));
                self.sound.extend(heard);
                self.frames += 1;
            }
            PhoneEvent::CallerSilent => self.quiet_since = self.frames,
            PhoneEvent::Clear => self.clears += 1,
            // A socket that was not let in is the matter of those tests.
            PhoneEvent::Warning(warning) if !warning.starts_with("31920") => {
                panic!("Twilio would warn: {warning}")
            }
            PhoneEvent::Ended(_) => self.over = true,
            _ => {}
        }
        event
    }

    /// Waits for an event.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&PhoneEvent) -> bool) -> PhoneEvent {
        loop {
            let event = self.event().await;
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Waits for something at the fakes while the call goes on.
    pub(crate) async fn while_waiting(&mut self, condition: impl Fn(&Log) -> bool) {
        let log = self.log.clone();
        let mut reached = std::pin::pin!(log.until(condition));
        loop {
            tokio::select! {
                () = &mut reached => return,
                _ = self.event() => {}
            }
        }
    }

    /// The next that is heard is `sound`, from its beginning to its end.
    pub(crate) async fn hears(&mut self, sound: &[u8]) {
        let expected = voiced(sound);
        loop {
            let heard = &self.sound[self.taken..];
            let common = heard.iter().zip(&expected).take_while(|(heard, expected)| heard == expected);
            let common = common.count();
            assert!(
                common == heard.len().min(expected.len()),
                "another sound after {common} of {} samples",
                expected.len()
            );
            if common == expected.len() {
                break;
            }
            self.event().await;
        }
        let first = self.places[self.taken];
        self.taken += expected.len();
        let silent = first.saturating_sub(self.quiet_since);
        assert!(silent <= LONGEST_SILENCE, "{silent} frames of silence");
        self.quiet_since = self.places[self.taken - 1];
    }

    /// What was heard until this moment is a part of `sound`, not all of it, and less than a frame of what follows. Tells how
    /// many samples of it were heard.
    pub(crate) fn has_heard_a_part_of(&mut self, sound: &[u8], after: &[u8]) -> usize {
        let (whole, after) = (voiced(sound), voiced(&after[..160]));
        let heard = &self.sound[self.taken..];
        let common = heard.iter().zip(&whole).take_while(|(heard, sound)| heard == sound).count();
        // What follows may begin as the sound would have gone on.
        let part = (0..=common).rev().find(|part| after.starts_with(&heard[*part..]));
        let part = part.filter(|part| (1..whole.len()).contains(part));
        let Some(part) = part else {
            panic!("of {} samples {common} are of the {} that were said", heard.len(), whole.len())
        };
        self.taken += part;
        part
    }

    /// The next that is heard is a part of `sound`, not all of it, and then the whole of `after`.
    pub(crate) async fn hears_broken_off(&mut self, sound: &[u8], after: &[u8]) {
        let (whole, after) = (voiced(sound), voiced(after));
        let part = loop {
            let heard = &self.sound[self.taken..];
            if let Some(at) = heard.windows(after.len()).position(|window| window == after) {
                break at;
            }
            self.event().await;
        };
        assert!(0 < part && part < whole.len(), "{part} of {} samples were heard", whole.len());
        self.hears(&whole[..part]).await;
        self.hears(&after).await;
    }

    /// The rest of `sound` is heard, after so many bytes of it, in two parts: the second one may begin a little before
    /// the end of the first.
    pub(crate) async fn hears_resumed(&mut self, sound: &[u8], after: usize) {
        let (whole, rest) = (voiced(sound), voiced(&sound[after..]));
        loop {
            let heard = &self.sound[self.taken..];
            let first = heard.iter().zip(&rest).take_while(|(heard, sound)| heard == sound).count();
            let again = &heard[first..];
            if !again.is_empty() && heard.len() >= rest.len() && whole.ends_with(again) {
                self.taken = self.sound.len();
                return;
            }
            self.event().await;
        }
    }

    /// The next that is heard is `sound`, perhaps after phrases that ask for a moment.
    pub(crate) async fn hears_in_the_end(&mut self, sound: &[u8]) {
        const ENOUGH: usize = 400;
        let fillers: Vec<Vec<u8>> = ["hold", "hold-2", "hold-3", "lookup", "lookup-2"].map(clip).into();
        loop {
            while self.sound.len() < self.taken + ENOUGH {
                self.event().await;
            }
            let heard = &self.sound[self.taken..self.taken + ENOUGH];
            let Some(filler) = fillers.iter().find(|filler| voiced(filler).starts_with(heard)) else { break };
            self.hears(filler).await;
        }
        self.hears(sound).await;
    }

    /// The next that is heard are these standard phrases.
    pub(crate) async fn hears_clips(&mut self, names: &[&str]) {
        for name in names {
            self.hears(&clip(name)).await;
        }
    }

    /// The next that is heard are these pieces of text, and the voice was asked for no others.
    pub(crate) async fn hears_said(&mut self, texts: &[&str]) {
        for text in texts {
            self.hears(&said(text)).await;
            assert_eq!(self.asked_of_the_voice(), text.trim());
        }
    }

    /// The greeting of the hour, and the agent's own: where they are kept, no voice is asked.
    pub(crate) async fn hears_the_greeting(&mut self) {
        if self.kept {
            self.hears(&said(HELLO)).await;
            self.hears(&said(GREETING)).await;
            assert_eq!(self.log.details(self.voice, "speak").len(), self.pieces);
            return;
        }
        let (voice, known) = (self.voice, self.pieces as u64);
        self.while_waiting(|log| log.count(voice, "speak") >= known + 2).await;
        let hello = self.asked_of_the_voice();
        assert!(hello.starts_with("Buen"), "{hello}");
        self.hears(&said(&hello)).await;
        self.hears_said(&[GREETING]).await;
    }

    /// What the voice was asked so far is nobody's business: it may have been asked twice.
    pub(crate) fn forgets_what_the_voice_was_asked(&mut self) {
        self.pieces = self.log.details(self.voice, "speak").len();
    }

    /// The next text that the voice was given.
    fn asked_of_the_voice(&mut self) -> String {
        let texts = self.log.details(self.voice, "speak");
        self.pieces += 1;
        texts[self.pieces - 1].trim().to_owned()
    }

    /// Says something of about so many syllables, 190 ms each, to the end.
    pub(crate) async fn says(&mut self, syllables: usize) {
        self.begins_to_say(syllables).await;
        self.until(|event| *event == PhoneEvent::CallerSilent).await;
    }

    /// The same, without waiting for the end.
    pub(crate) async fn begins_to_say(&mut self, syllables: usize) {
        self.call.say(Bytes::from(voice::caller(syllables as u64, syllables))).await;
    }

    pub(crate) async fn injects(&mut self, oddity: Oddity) {
        self.call.inject(oddity).await;
    }

    /// Waits for the end that the server makes, in which nothing more may be heard.
    pub(crate) async fn waits_for_the_end(mut self) -> CallRecord {
        while !self.over {
            self.event().await;
        }
        self.ended().await
    }

    /// Hangs up and waits for the end.
    pub(crate) async fn hangs_up(mut self, style: HangUpStyle) -> CallRecord {
        self.call.hang_up(style).await;
        while !self.over {
            self.event().await;
        }
        self.ended().await
    }

    /// Hangs up while `sound` is heard, and waits for the end.
    pub(crate) async fn hangs_up_on(mut self, sound: &[u8], style: HangUpStyle) -> CallRecord {
        self.call.hang_up(style).await;
        while !self.over {
            self.event().await;
        }
        assert!(voiced(sound).starts_with(&self.sound[self.taken..]));
        self.taken = self.sound.len();
        self.ended().await
    }

    async fn ended(self) -> CallRecord {
        assert_eq!(self.sound.len(), self.taken, "more was heard than the test knows of");
        let record = self.call.end().await;
        assert_eq!(record.events_lost, 0);
        record
    }
}
