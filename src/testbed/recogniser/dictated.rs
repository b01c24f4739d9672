//! Recognition of words that the caller's side tells with their times, instead of hearing them. Pure; told the time.
//!
//! What comes when is as with Deepgram's `endpointing=300` on a caller who speaks so: the text so far behind each word, and
//! the final behind a pause, whatever the caller means by it.

use super::{Decided, Pace, Recognises};
use crate::testbed::hearing::Ear;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How far an interim text is behind the end of its last word.
const BEHIND: Duration = Duration::from_millis(100);

/// A word that a caller says; times from the moment at which it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written, with its marks.
    pub text: String,
    /// When it begins.
    pub from: Duration,
    /// When it ends.
    pub to: Duration,
}

#[derive(Debug)]
struct Spoken {
    text: String,
    from: Instant,
    to: Instant,
}

/// One socket's recogniser.
#[derive(Debug)]
pub(in crate::testbed) struct Dictated {
    pace: Pace,
    received: u64,
    /// The time up to which sound was received.
    now: Instant,
    /// Words that were not told yet.
    coming: VecDeque<Spoken>,
    /// Words of the utterance that is open.
    open: Vec<Spoken>,
    ear: Ear,
    /// The last audible frame of a sound that has brought no word.
    wordless: Option<Instant>,
    /// When the end of the utterance is told, and when its last word ended, in seconds of audio.
    utterance_end: Option<(Instant, f64)>,
}

impl Dictated {
    pub(in crate::testbed) fn new(pace: Pace, now: Instant) -> Self {
        let (coming, open) = (VecDeque::new(), Vec::new());
        let ear = Ear::default();
        Self { pace, received: 0, now, coming, open, ear, wordless: None, utterance_end: None }
    }

    /// Seconds of received audio at `at`.
    fn seconds_at(&self, at: Instant) -> f64 {
        (self.seconds() - self.now.saturating_duration_since(at).as_secs_f64()).max(0.0)
    }

    fn interim(&mut self, word: Spoken, out: &mut Vec<Decided>) {
        let from = self.seconds_at(self.open.first().map_or(word.from, |first| first.from));
        if self.open.is_empty() {
            out.push(Decided::Started { at: from });
        }
        let to = self.seconds_at(word.to);
        self.wordless = None;
        self.open.push(word);
        // Recognisers write the mark behind a word only once they know what follows.
        let text = self.text().trim_end_matches([',', '.', ';', ':', '…']).to_owned();
        out.push(Decided::Partial { text, from, to });
    }

    fn text(&self) -> String {
        self.open.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn close(&mut self, out: &mut Vec<Decided>) {
        let (Some(first), Some(last)) = (self.open.first(), self.open.last()) else { return };
        let (from, to) = (self.seconds_at(first.from), self.seconds_at(last.to));
        self.utterance_end = self.pace.utterance_end.map(|pause| (last.to + pause, to));
        let mut text = self.text().trim_end_matches([',', ';', ':', '…']).to_owned();
        // Whatever is final is written as a sentence, finished or not.
        if !text.ends_with(['.', '?', '!']) {
            text.push('.');
        }
        self.open.clear();
        out.push(Decided::Final { text, from, to });
    }

    fn next_interim(&self) -> Option<Instant> {
        self.coming.front().map(|word| word.to + BEHIND)
    }

    /// When the open utterance becomes final, unless its next word has begun by then.
    fn next_final(&self) -> Option<Instant> {
        let due = self.open.last()?.to + self.pace.final_after;
        self.coming.front().is_none_or(|next| next.from > due).then_some(due)
    }

    /// When a sound without a word, such as a cough, is told to have been none.
    fn next_nothing(&self) -> Option<Instant> {
        self.wordless.filter(|_| self.open.is_empty()).map(|last| last + self.pace.final_after)
    }

    fn next_utterance_end(&self) -> Option<Instant> {
        self.utterance_end.filter(|_| self.open.is_empty()).map(|(due, _)| due)
    }
}

impl Recognises for Dictated {
    fn seconds(&self) -> f64 {
        self.received as f64 / 8_000.0
    }

    fn hear(&mut self, now: Instant, audio: &[u8], out: &mut Vec<Decided>) {
        self.received += audio.len() as u64;
        let mut audible = false;
        self.ear.hear(audio, |is| audible |= is);
        if audible && self.open.is_empty() {
            self.wordless = Some(now);
        }
        self.tick(now, out);
    }

    fn told(&mut self, now: Instant, words: &[Word]) {
        self.coming.extend(words.iter().map(|word| Spoken {
            text: word.text.clone(),
            from: now + word.from,
            to: now + word.to,
        }));
    }

    /// All words that have ended are final, as if all received sound had been decoded.
    fn finish(&mut self, out: &mut Vec<Decided>) {
        while let Some(word) = self.coming.pop_front_if(|word| word.to <= self.now) {
            self.open.push(word);
        }
        self.close(out);
    }

    fn tick(&mut self, now: Instant, out: &mut Vec<Decided>) {
        self.now = now;
        while let Some(due) = self.next_deadline().filter(|due| *due <= now) {
            if self.next_final() == Some(due) {
                self.close(out);
            } else if self.next_nothing() == Some(due) {
                self.wordless = None;
                let at = self.seconds_at(due);
                out.push(Decided::Final { text: String::new(), from: at, to: at });
            } else if self.next_utterance_end() == Some(due) {
                let ended = self.utterance_end.take();
                out.extend(ended.map(|(_, last_word_end)| Decided::UtteranceEnd { last_word_end }));
            } else if let Some(word) = self.coming.pop_front() {
                self.utterance_end = None;
                self.interim(word, out);
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let words = [self.next_final(), self.next_interim()];
        words.into_iter().chain([self.next_nothing(), self.next_utterance_end()]).flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    const PACE: Pace = Pace {
        final_after: Duration::from_millis(350),
        partial_every: Duration::from_millis(150),
        utterance_end: Some(Duration::from_secs(1)),
    };

    /// Words with the milliseconds at which they begin and end.
    fn words(told: &[(&str, u64, u64)]) -> Vec<Word> {
        let ms = Duration::from_millis;
        told.iter()
            .map(|&(text, from, to)| Word { text: text.to_owned(), from: ms(from), to: ms(to) })
            .collect()
    }

    fn until(recogniser: &mut Dictated, began: Instant, end: u64, story: &mut Vec<String>) {
        let end = began + Duration::from_millis(end);
        while let Some(due) = recogniser.next_deadline().filter(|due| *due <= end) {
            let mut out = Vec::new();
            recogniser.tick(due, &mut out);
            let ms = due.duration_since(began).as_millis();
            story.extend(out.into_iter().map(|decided| match decided {
                Decided::Started { .. } => format!("{ms}: started"),
                Decided::Partial { text, .. } => format!("{ms}: {text}"),
                Decided::Final { text, .. } => format!("{ms}: final {text}"),
                Decided::UtteranceEnd { .. } => format!("{ms}: utterance end"),
            }));
        }
        recogniser.tick(end, &mut Vec::new());
    }

    #[test]
    fn a_pause_makes_words_final_only_where_it_lasts() {
        let (began, mut story) = (clock::now(), Vec::new());
        let mut recogniser = Dictated::new(PACE, began);
        let told = [("Quiero", 0, 300), ("un", 640, 700), ("turno,", 710, 1_000), ("para", 1_500, 1_800)];
        recogniser.told(began, &words(&told));
        until(&mut recogniser, began, 5_000, &mut story);
        assert_eq!(
            story,
            [
                "400: started",
                "400: Quiero",
                "800: Quiero un",
                "1100: Quiero un turno",
                "1350: final Quiero un turno.",
                "1900: started",
                "1900: para",
                "2150: final para.",
                "2800: utterance end",
            ]
        );
    }

    #[test]
    fn a_sound_without_words_is_told_to_be_nothing() {
        let (began, mut story, mut out) = (clock::now(), Vec::new(), Vec::new());
        let mut recogniser = Dictated::new(PACE, began);
        recogniser.hear(began, &crate::testbed::voice::agent(0, 160), &mut out);
        until(&mut recogniser, began, 2_000, &mut story);
        assert_eq!((out.len(), story), (0, vec!["350: final ".to_owned()]));
    }

    #[test]
    fn who_asks_for_the_rest_gets_the_words_that_have_ended() {
        let (began, mut story) = (clock::now(), Vec::new());
        let mut recogniser = Dictated::new(PACE, began);
        recogniser.told(began, &words(&[("¿Hasta", 0, 300), ("qué", 310, 480), ("hora?", 500, 900)]));
        until(&mut recogniser, began, 490, &mut story);
        let mut out = Vec::new();
        recogniser.finish(&mut out);
        assert!(matches!(&out[..], [Decided::Final { text, .. }] if text == "¿Hasta qué."), "{out:?}");
        until(&mut recogniser, began, 1_250, &mut story);
        assert_eq!(
            story,
            ["400: started", "400: ¿Hasta", "1000: started", "1000: hora?", "1250: final hora?"]
        );
    }
}
