//! Recognition by energy alone: loud frames are an utterance, its words come from the script. Pure; told the time.

mod dictated;

pub(in crate::testbed) use dictated::Dictated;
pub use dictated::Word;

use crate::testbed::{hearing::Ear, script::Script};
use std::time::{Duration, Instant};

/// What callers say where nobody says otherwise.
pub(in crate::testbed) const SENTENCES: [&str; 6] = [
    "Buenos días, quisiera pedir una cita, por favor.",
    "¿Qué especialidades atienden en la clínica?",
    "Necesito verlo esta semana si es posible, por favor.",
    "¿Y cuáles son los horarios de atención?",
    "¿Qué seguros aceptan ustedes?",
    "¿Dónde queda exactamente la clínica?",
];

/// Fewer audible frames than this (60 ms) are a click, not an utterance.
const SHORTEST: u32 = 3;

/// Interim words come so long behind the sound: by then all of what was said before a silence is told.
const BEHIND: Duration = Duration::from_millis(100);

/// A caller speaks about four words a second; partials show so many.
const WORD: Duration = Duration::from_millis(250);

/// When the recogniser speaks.
#[derive(Clone, Copy, Debug)]
pub(in crate::testbed) struct Pace {
    /// From the last audible frame to the final.
    pub(in crate::testbed) final_after: Duration,
    /// Between partials.
    pub(in crate::testbed) partial_every: Duration,
    /// From the last audible frame to `UtteranceEnd`; none when the client did not ask.
    pub(in crate::testbed) utterance_end: Option<Duration>,
}

/// What the recogniser has to say; times in seconds of received audio.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::testbed) enum Decided {
    Started { at: f64 },
    Partial { text: String, from: f64, to: f64 },
    Final { text: String, from: f64, to: f64 },
    UtteranceEnd { last_word_end: f64 },
}

/// Decides what a socket is told, by the sound that it sends or by what is told of it.
pub(in crate::testbed) trait Recognises: std::fmt::Debug + Send {
    /// Seconds of audio received.
    fn seconds(&self) -> f64;
    /// Takes audio that arrived at `now`.
    fn hear(&mut self, now: Instant, audio: &[u8], out: &mut Vec<Decided>);
    /// The caller's side says these words, beginning at `now`.
    fn told(&mut self, now: Instant, words: &[Word]);
    /// Ends the utterance that is open, if any.
    fn finish(&mut self, out: &mut Vec<Decided>);
    /// What is due at `now` without audio.
    fn tick(&mut self, now: Instant, out: &mut Vec<Decided>);
    /// When [`Recognises::tick`] is next due.
    fn next_deadline(&self) -> Option<Instant>;
}

#[derive(Debug)]
struct Utterance {
    began: Instant,
    began_at: f64,
    voiced: u32,
    last_voiced: Instant,
    last_voiced_at: f64,
    next_partial: Instant,
    text: Option<String>,
    /// All of the text was told since the last audible frame.
    told: bool,
}

/// One socket's recogniser that hears.
#[derive(Debug)]
pub(in crate::testbed) struct Recogniser {
    pace: Pace,
    script: Script<String>,
    ear: Ear,
    received: u64,
    utterance: Option<Utterance>,
    utterance_end: Option<(Instant, f64)>,
}

impl Recogniser {
    pub(in crate::testbed) fn new(pace: Pace, script: Script<String>) -> Self {
        Self { pace, script, ear: Ear::default(), received: 0, utterance: None, utterance_end: None }
    }

    fn voiced(&mut self, now: Instant, at: f64, out: &mut Vec<Decided>) {
        let partial_every = self.pace.partial_every;
        let utterance = self.utterance.get_or_insert_with(|| {
            out.push(Decided::Started { at });
            Utterance {
                began: now,
                began_at: at,
                voiced: 0,
                last_voiced: now,
                last_voiced_at: at,
                next_partial: now + partial_every,
                text: None,
                told: false,
            }
        });
        utterance.told = false;
        utterance.voiced += 1;
        utterance.last_voiced = now;
        utterance.last_voiced_at = at;
        if now >= utterance.next_partial && utterance.voiced >= SHORTEST {
            utterance.next_partial = now + partial_every;
            let text = utterance.text.get_or_insert_with(|| self.script.take().unwrap_or_default());
            let spoken = 1 + now.duration_since(utterance.began).as_millis() / WORD.as_millis();
            let words = usize::try_from(spoken).unwrap_or(usize::MAX);
            let text = text.split(' ').take(words).collect::<Vec<_>>().join(" ");
            out.push(Decided::Partial { text, from: utterance.began_at, to: at });
        }
    }
}

impl Recognises for Recogniser {
    fn seconds(&self) -> f64 {
        self.received as f64 / 8_000.0
    }

    fn hear(&mut self, now: Instant, audio: &[u8], out: &mut Vec<Decided>) {
        let before = self.seconds();
        self.received += audio.len() as u64;
        let mut frames = Vec::new();
        self.ear.hear(audio, |audible| frames.push(audible));
        let mut at = before;
        for audible in frames {
            at += 0.02;
            if audible {
                self.voiced(now, at, out);
            }
            // Audio that comes in a burst after a reconnection has its pauses only on the audio clock. Twice the
            // patience, so that a late frame never ends an utterance before the wall clock does.
            let pause = self.utterance.as_ref().map_or(0.0, |u| at - u.last_voiced_at);
            if pause > 2.0 * self.pace.final_after.as_secs_f64() {
                self.finish(out);
            }
        }
    }

    fn told(&mut self, _: Instant, _: &[Word]) {}

    fn finish(&mut self, out: &mut Vec<Decided>) {
        let Some(mut utterance) = self.utterance.take() else { return };
        let (from, to) = (utterance.began_at, utterance.last_voiced_at);
        let text = match utterance.text.take() {
            Some(text) => text,
            None if utterance.voiced >= SHORTEST => self.script.take().unwrap_or_default(),
            None => String::new(),
        };
        if let (Some(pause), false) = (self.pace.utterance_end, text.is_empty()) {
            self.utterance_end = Some((utterance.last_voiced + pause, to));
        }
        out.push(Decided::Final { text, from, to });
    }

    fn tick(&mut self, now: Instant, out: &mut Vec<Decided>) {
        if let Some(utterance) = &mut self.utterance
            && !utterance.told
            && now >= utterance.last_voiced + BEHIND
        {
            utterance.told = true;
            if utterance.voiced >= SHORTEST {
                let text = utterance.text.get_or_insert_with(|| self.script.take().unwrap_or_default());
                let (from, to) = (utterance.began_at, utterance.last_voiced_at);
                out.push(Decided::Partial { text: text.clone(), from, to });
            }
        }
        if self.utterance.as_ref().is_some_and(|u| now >= u.last_voiced + self.pace.final_after) {
            self.finish(out);
        }
        if let Some((due, last_word_end)) = self.utterance_end
            && now >= due
            && self.utterance.is_none()
        {
            self.utterance_end = None;
            out.push(Decided::UtteranceEnd { last_word_end });
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match &self.utterance {
            Some(utterance) if utterance.told => Some(utterance.last_voiced + self.pace.final_after),
            Some(utterance) => Some(utterance.last_voiced + self.pace.final_after.min(BEHIND)),
            None => self.utterance_end.map(|(due, _)| due),
        }
    }
}

impl Drop for Recogniser {
    /// A sentence that was begun and not finished is said again to the next socket.
    fn drop(&mut self) {
        if let Some(text) = self.utterance.take().and_then(|u| u.text) {
            self.script.give_back(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::clock,
        testbed::{mulaw::SILENCE, voice},
    };

    const PACE: Pace = Pace {
        final_after: Duration::from_millis(350),
        partial_every: Duration::from_millis(150),
        utterance_end: Some(Duration::from_secs(1)),
    };

    /// Feeds 20 ms frames in virtual time and tells what was decided at which millisecond.
    fn story(script: &Script<String>, audio: &[u8]) -> Vec<(u64, Decided)> {
        let began = clock::now();
        let mut recogniser = Recogniser::new(PACE, script.clone());
        let (mut story, mut out) = (Vec::new(), Vec::new());
        for (i, frame) in (0..).zip(audio.chunks(160)) {
            let now = began + Duration::from_millis(20 * i);
            while let Some(due) = recogniser.next_deadline().filter(|due| *due <= now) {
                recogniser.tick(due, &mut out);
                let ms = u64::try_from(due.duration_since(began).as_millis()).unwrap();
                story.extend(out.drain(..).map(|d| (ms, d)));
            }
            recogniser.hear(now, frame, &mut out);
            story.extend(out.drain(..).map(|d| (20 * i, d)));
        }
        story
    }

    #[test]
    fn the_final_comes_350_ms_after_the_last_voiced_frame() {
        let script = Script::cycle(vec!["Quiero una cita.".to_owned()]);
        let mut audio = vec![SILENCE; 1_600];
        audio.extend(voice::agent(0, 4_800));
        audio.extend(vec![SILENCE; 16_000]);
        let story = story(&script, &audio);
        assert_eq!(story.first(), Some(&(200, Decided::Started { at: 0.22 })));
        let partials = story.iter().filter(|(_, d)| matches!(d, Decided::Partial { .. })).count();
        assert_eq!(partials, 4);
        let last = story.iter().rfind(|(_, d)| matches!(d, Decided::Partial { .. }));
        assert!(matches!(last, Some((880, Decided::Partial { text, .. })) if text == "Quiero una cita."));
        let finals: Vec<_> = story.iter().filter(|(_, d)| matches!(d, Decided::Final { .. })).collect();
        // The last voiced frame arrives at 780 ms.
        assert_eq!(finals.len(), 1);
        assert_eq!(finals[0].0, 1_130);
        assert!(matches!(&finals[0].1, Decided::Final { text, .. } if text == "Quiero una cita."));
        assert!(matches!(story.last(), Some((1_780, Decided::UtteranceEnd { .. }))));
    }

    #[test]
    fn a_click_is_not_an_utterance() {
        let script = Script::cycle(vec!["Hola.".to_owned()]);
        let mut audio = voice::agent(0, 320).to_vec();
        audio.extend(vec![SILENCE; 8_000]);
        let story = story(&script, &audio);
        assert!(matches!(&story.last().unwrap().1, Decided::Final { text, .. } if text.is_empty()));
        assert_eq!(script.take().as_deref(), Some("Hola."), "the script did not advance");
    }

    #[test]
    fn a_burst_is_cut_by_the_audio_clock() {
        let script = Script::cycle(vec!["Uno.".to_owned(), "Dos.".to_owned()]);
        let mut audio = voice::agent(0, 4_000).to_vec();
        audio.extend(vec![SILENCE; 8_000]);
        audio.extend(voice::agent(0, 4_000));
        let mut recogniser = Recogniser::new(PACE, script.clone());
        let mut out = Vec::new();
        recogniser.hear(clock::now(), &audio, &mut out);
        let finals = out.iter().filter(|d| matches!(d, Decided::Final { .. })).count();
        assert_eq!(finals, 1, "the second is still open: {out:?}");
    }

    #[test]
    fn an_utterance_that_is_cut_is_said_again() {
        let script = Script::cycle(vec!["Uno.".to_owned(), "Dos.".to_owned()]);
        story(&script, &voice::agent(0, 8_000));
        assert_eq!(script.take().as_deref(), Some("Uno."));
    }
}
