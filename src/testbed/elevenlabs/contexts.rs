//! The contexts of one socket: what was asked, and which audio is due when. Pure; told the time.

use crate::testbed::speech::{self, Chunk, End, SpeechFault, SpeechPace};
use std::{collections::VecDeque, time::Instant};

/// Contexts that may be open on one socket (ElevenLabs' documentation).
const MOST: usize = 5;

/// Characters that start a generation without a flush where `auto_mode` is off (the first of
/// `chunk_length_schedule`).
const FIRST_LENGTH: usize = 120;

/// Why a message ends the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    TooManyContexts,
    SettingsTooLate,
}

/// What is due.
#[derive(Debug, PartialEq)]
pub(super) enum Due {
    /// A chunk of audio of a context; `first` of a request.
    Audio { context: String, chunk: Chunk, first: bool },
    /// A context has ended.
    Final { context: String },
    /// The fault wants the socket closed.
    Break,
}

#[derive(Debug)]
struct Request {
    asked: Instant,
    chunks: VecDeque<Chunk>,
    end: End,
    spoke: bool,
}

#[derive(Debug)]
struct Context {
    name: String,
    buffer: String,
    requests: VecDeque<Request>,
    free: Instant,
    closing: bool,
    stalled: bool,
}

/// The text of one generation that was started, for the log.
pub(super) type Started = Option<String>;

/// The contexts of one socket.
#[derive(Debug)]
pub(super) struct Contexts {
    pace: SpeechPace,
    auto_mode: bool,
    open: Vec<Context>,
}

impl Contexts {
    pub(super) fn new(pace: SpeechPace, auto_mode: bool) -> Self {
        Self { pace, auto_mode, open: Vec::new() }
    }

    /// How many are open, those included that only finish what they were given.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    fn context(&mut self, now: Instant, name: &str) -> Result<&mut Context, Refused> {
        let place = match self.open.iter().position(|c| c.name == name) {
            Some(place) => place,
            None if self.open.len() >= MOST => return Err(Refused::TooManyContexts),
            None => {
                self.open.push(Context {
                    name: name.to_owned(),
                    buffer: String::new(),
                    requests: VecDeque::new(),
                    free: now,
                    closing: false,
                    stalled: false,
                });
                self.open.len() - 1
            }
        };
        self.open.get_mut(place).ok_or(Refused::TooManyContexts)
    }

    /// Takes text for a context, which it creates where there is none; the same for a flush.
    pub(super) fn say(
        &mut self,
        now: Instant,
        name: &str,
        text: &str,
        flush: bool,
        settings: bool,
        fault: &SpeechFault,
    ) -> Result<Started, Refused> {
        let known = self.open.iter().any(|c| c.name == name);
        if known && settings {
            return Err(Refused::SettingsTooLate);
        }
        let (pace, auto_mode) = (self.pace, self.auto_mode);
        let context = self.context(now, name)?;
        context.buffer.push_str(text);
        let ready = flush || auto_mode || context.buffer.len() >= FIRST_LENGTH;
        Ok(if ready { context.generate(now, pace, fault) } else { None })
    }

    /// Speaks what is buffered, then ends the context. An unknown one is ignored.
    pub(super) fn close(&mut self, now: Instant, name: &str, fault: &SpeechFault) -> Started {
        let pace = self.pace;
        let context = self.open.iter_mut().find(|c| c.name == name)?;
        let started = context.generate(now, pace, fault);
        context.closing = true;
        started
    }

    /// When something is next due.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        self.open.iter().filter_map(|context| context.next_deadline(now)).min()
    }

    /// Takes the first thing that is due at `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Due> {
        let place = self.open.iter().position(|c| c.next_deadline(now).is_some_and(|at| at <= now))?;
        let context = self.open.get_mut(place)?;
        if let Some(request) = context.requests.front_mut() {
            if let Some(chunk) = request.chunks.pop_front() {
                let first = !std::mem::replace(&mut request.spoke, true);
                let due = Due::Audio { context: context.name.clone(), chunk, first };
                if request.chunks.is_empty() && request.end == End::Complete {
                    context.requests.pop_front();
                }
                return Some(due);
            }
            match request.end {
                End::Complete => {}
                End::Stalled => context.stalled = true,
                End::Broken => return Some(Due::Break),
            }
            context.requests.pop_front();
            return self.take_due(now);
        }
        let ended = self.open.remove(place);
        Some(Due::Final { context: ended.name })
    }
}

impl Context {
    fn generate(&mut self, now: Instant, pace: SpeechPace, fault: &SpeechFault) -> Started {
        let text = std::mem::take(&mut self.buffer);
        if text.trim().is_empty() {
            return None;
        }
        let plan = speech::plan(&text, pace, fault);
        // One generation at a time: the next begins to sound when the one before has been made.
        let first = plan.chunks.first().map_or(pace.first_byte, |c| c.after);
        let asked = now.max(self.free.checked_sub(first).unwrap_or(now));
        self.free = asked + plan.chunks.last().map_or(first, |c| c.after);
        self.requests.push_back(Request { asked, chunks: plan.chunks.into(), end: plan.end, spoke: false });
        Some(text)
    }

    fn next_deadline(&self, now: Instant) -> Option<Instant> {
        if self.stalled {
            return None;
        }
        match self.requests.front() {
            Some(request) => Some(request.chunks.front().map_or(now, |c| request.asked + c.after)),
            None => self.closing.then_some(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;
    use std::time::Duration;

    fn story(contexts: &mut Contexts, began: Instant, until_ms: u64) -> Vec<(u64, String, usize)> {
        let mut story: Vec<(u64, String, usize)> = Vec::new();
        for ms in 0..until_ms {
            while let Some(due) = contexts.take_due(began + Duration::from_millis(ms)) {
                match due {
                    Due::Audio { context, chunk, .. } => story.push((ms, context, chunk.audio.len())),
                    Due::Final { context } => story.push((ms, format!("{context} is final"), 0)),
                    Due::Break => story.push((ms, "break".to_owned(), 0)),
                }
            }
        }
        story
    }

    fn contexts() -> Contexts {
        Contexts::new(SpeechPace::default(), false)
    }

    #[test]
    fn a_flush_speaks_after_100_ms_and_is_never_final() {
        let (now, well) = (clock::now(), SpeechFault::None);
        let mut all = contexts();
        all.say(now, "t1", " ", false, true, &well).unwrap();
        all.say(now, "t1", "Claro, le busco hueco. ", true, false, &well).unwrap();
        let story = story(&mut all, now, 1_000);
        assert_eq!(story.first().map(|(at, ..)| *at), Some(100));
        // 22 characters at 14 a second.
        assert_eq!(story.iter().map(|(.., bytes)| bytes).sum::<usize>(), 22 * 8_000 / 14);
        assert!(story.iter().all(|(_, what, _)| what == "t1"));
    }

    #[test]
    fn closing_speaks_the_rest_and_then_is_final_once() {
        let (now, well) = (clock::now(), SpeechFault::None);
        let mut all = contexts();
        all.say(now, "t1", "Hola. ", false, false, &well).unwrap();
        all.close(now, "t1", &well);
        let story = story(&mut all, now, 1_000);
        assert_eq!(story.last().unwrap().1, "t1 is final");
        assert_eq!(story.iter().filter(|(_, what, _)| what.ends_with("final")).count(), 1);
        assert_eq!(all.count(), 0);
    }

    #[test]
    fn the_sixth_context_is_refused_and_a_flush_makes_one() {
        let (now, well) = (clock::now(), SpeechFault::None);
        let mut all = contexts();
        for name in ["a", "b", "c", "d"] {
            all.say(now, name, " ", false, false, &well).unwrap();
        }
        all.say(now, "phantom", "", true, false, &well).unwrap();
        assert_eq!(all.count(), 5);
        assert_eq!(all.say(now, "f", " ", false, false, &well), Err(Refused::TooManyContexts));
        assert_eq!(all.say(now, "a", " ", false, true, &well), Err(Refused::SettingsTooLate));
    }

    #[test]
    fn two_sentences_follow_each_other() {
        let (now, well) = (clock::now(), SpeechFault::None);
        let mut all = contexts();
        all.say(now, "t", "Catorce letras ", true, false, &well).unwrap();
        all.say(now, "t", "Catorce letras ", true, false, &well).unwrap();
        let story = story(&mut all, now, 1_000);
        assert_eq!(story.iter().map(|(.., bytes)| bytes).sum::<usize>(), 16_000);
        assert!(story.is_sorted_by_key(|(at, ..)| *at));
    }

    #[test]
    fn a_stalled_context_stays_open() {
        let now = clock::now();
        let fault = SpeechFault::StallAfter(Duration::from_millis(300));
        let mut all = contexts();
        all.say(now, "t", "Claro, le busco hueco.", true, false, &fault).unwrap();
        all.close(now, "t", &fault);
        let story = story(&mut all, now, 2_000);
        assert_eq!(story.iter().map(|(.., bytes)| bytes).sum::<usize>(), 2_400);
        assert_eq!(all.count(), 1);
    }
}
