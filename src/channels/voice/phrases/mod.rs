//! What an agent says of its own accord, spoken beforehand by its own voice: it sounds at once, and without any voice too.
//!
//! Each text is asked of the voice once, while no call is live, and kept on the disk. What is not there yet is spoken by the
//! voice of the call as any answer is; standard phrases sound then as they are built into the program.

mod maker;
mod shelf;

pub use shelf::Shelf;

use crate::{
    base::{ids::CallSid, language::Language},
    dialogue::{agent::Agent, clips::Clips, phrases},
    ports::tts::{TextToSpeech, TtsSpec},
};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

/// How often an agent's voice may fail until a call renews our patience with it.
const TRIES: u32 = 3;

/// The phrases of one agent, as far as they are there.
#[derive(Debug, Default)]
pub(super) struct Book {
    sounds: BTreeMap<String, Bytes>,
    clips: Arc<Clips>,
}

impl Book {
    /// The sound of exactly this text: mu-law, 8 kHz.
    pub(super) fn sound(&self, text: &str) -> Option<Bytes> {
        self.sounds.get(text).cloned()
    }

    /// The standard phrases, in the agent's own voice where they are there.
    pub(super) fn clips(&self) -> Arc<Clips> {
        Arc::clone(&self.clips)
    }
}

/// What is to be there for one agent.
struct Wanted {
    agent: Arc<Agent>,
    texts: Vec<String>,
    missing: VecDeque<String>,
    tries: u32,
    book: Arc<Book>,
}

/// One text that is to be spoken.
#[derive(Clone, Debug)]
struct Job {
    agent: Arc<Agent>,
    text: String,
}

struct Room {
    voice: Arc<dyn TextToSpeech>,
    shelf: Shelf,
    clips: fn(Language) -> Arc<Clips>,
    wanted: Mutex<BTreeMap<String, Wanted>>,
    /// Calls that are live.
    live: watch::Sender<usize>,
    /// More is wanted.
    news: Notify,
}

/// The phrases of all agents of this process.
pub struct Phrases {
    clips: fn(Language) -> Arc<Clips>,
    room: Option<Arc<Room>>,
    _maker: Option<AbortOnDropHandle<()>>,
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phrases").field("kept", &self.room.is_some()).finish_non_exhaustive()
    }
}

impl Phrases {
    /// No phrases but the standard ones, as they are built in.
    pub fn built_in(clips: fn(Language) -> Arc<Clips>) -> Self {
        Self { clips, room: None, _maker: None }
    }

    /// Phrases that `voice` speaks and that lie in `folder`. Where that cannot be used, only those that are built in. Must be
    /// called within a tokio runtime.
    pub fn open(voice: Arc<dyn TextToSpeech>, clips: fn(Language) -> Arc<Clips>, folder: PathBuf) -> Self {
        let shelf = match Shelf::open(folder) {
            Ok(shelf) => shelf,
            Err(error) => {
                tracing::warn!(code = "PHRASES", %error, "phrases cannot be kept: each call asks its voice for them");
                return Self::built_in(clips);
            }
        };
        let (wanted, live, news) = (Mutex::default(), watch::Sender::new(0), Notify::new());
        let room = Arc::new(Room { voice, shelf, clips, wanted, live, news });
        let maker = AbortOnDropHandle::new(tokio::spawn(maker::work(Arc::clone(&room))));
        Self { clips, room: Some(room), _maker: Some(maker) }
    }

    /// Sees to it that the phrases of `agent` are there in time. Blocks for the disk.
    pub fn learn(&self, agent: &Arc<Agent>) {
        if let Some(room) = &self.room {
            room.learn(agent);
        }
    }

    /// What is there for a call of `agent` that begins. Never waits; an agent that has changed is learnt meanwhile.
    pub(super) fn book(&self, agent: &Arc<Agent>) -> Arc<Book> {
        let built_in = || Arc::new(Book { sounds: BTreeMap::new(), clips: (self.clips)(agent.language) });
        let Some(room) = &self.room else { return built_in() };
        let mut wanted = room.wanted();
        let known = wanted.get_mut(&agent.name);
        if let Some(known) = known.filter(|known| speaks_alike(&known.agent, agent)) {
            if Arc::ptr_eq(&known.agent, agent) {
                known.tries = TRIES;
                room.news.notify_one();
            } else {
                room.learn_later(agent);
            }
            return Arc::clone(&known.book);
        }
        room.learn_later(agent);
        built_in()
    }

    /// A call is live until the guard is dropped: nothing is made meanwhile.
    pub(super) fn call_begins(&self) -> Option<LiveCall> {
        let room = self.room.clone()?;
        room.live.send_modify(|live| *live += 1);
        Some(LiveCall(room))
    }
}

/// A call that nothing may be in the way of.
pub(super) struct LiveCall(Arc<Room>);

impl Drop for LiveCall {
    fn drop(&mut self) {
        self.0.live.send_modify(|live| *live -= 1);
    }
}

fn speaks_alike(one: &Agent, other: &Agent) -> bool {
    (one.language, &one.voice) == (other.language, &other.voice)
}

fn spec(agent: &Agent) -> TtsSpec {
    TtsSpec::of(agent, CallSid::nobody())
}

impl Room {
    fn wanted(&self) -> MutexGuard<'_, BTreeMap<String, Wanted>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn_later(self: &Arc<Self>, agent: &Arc<Agent>) {
        let (room, agent) = (Arc::clone(self), Arc::clone(agent));
        drop(tokio::task::spawn_blocking(move || room.learn(&agent)));
    }

    fn learn(&self, agent: &Arc<Agent>) {
        let texts = phrases::all(agent);
        let signature = self.voice.signature(&spec(agent));
        let found = |text: &String| Some((text.clone(), self.shelf.find(&Shelf::name(&signature, text))?));
        let sounds: BTreeMap<String, Bytes> = texts.iter().filter_map(found).collect();
        let missing: VecDeque<String> =
            texts.iter().filter(|text| !sounds.contains_key(*text)).cloned().collect();
        tracing::info!(agent = agent.name, there = sounds.len(), missing = missing.len(), "phrases");
        let book = self.bound(agent.language, sounds);
        let wanted = Wanted { agent: Arc::clone(agent), texts, missing, tries: TRIES, book };
        self.wanted().insert(agent.name.clone(), wanted);
        self.news.notify_one();
    }

    fn bound(&self, language: Language, sounds: BTreeMap<String, Bytes>) -> Arc<Book> {
        let clips = (self.clips)(language).respoken(|text| sounds.get(text).cloned());
        Arc::new(Book { sounds, clips: Arc::new(clips) })
    }

    /// What is to be spoken next, of an agent with whose voice we have patience.
    fn next_job(&self) -> Option<Job> {
        let wanted = self.wanted();
        let mut due = wanted.values().filter(|wanted| wanted.tries > 0);
        let (agent, text) = due.find_map(|wanted| Some((&wanted.agent, wanted.missing.front()?)))?;
        Some(Job { agent: Arc::clone(agent), text: text.clone() })
    }

    /// The voice has failed with this text: the others come first.
    fn failed(&self, job: &Job) {
        if let Some(wanted) = self.wanted().get_mut(&job.agent.name) {
            wanted.tries = wanted.tries.saturating_sub(1);
            wanted.missing.rotate_left(1.min(wanted.missing.len()));
        }
    }

    /// From the next call on, `sound` is what is heard for the text. Blocks for the disk.
    fn keep(&self, job: &Job, sound: &Bytes) {
        let signature = self.voice.signature(&spec(&job.agent));
        if let Err(error) = self.shelf.put(&Shelf::name(&signature, &job.text), sound) {
            tracing::warn!(code = "PHRASES", %error, "a phrase could not be kept: it is made again after the next start");
        }
        let mut wanted = self.wanted();
        if let Some(known) =
            wanted.get_mut(&job.agent.name).filter(|known| speaks_alike(&known.agent, &job.agent))
            && known.missing.contains(&job.text)
        {
            known.missing.retain(|text| *text != job.text);
            let mut sounds = known.book.sounds.clone();
            sounds.insert(job.text.clone(), sound.clone());
            known.book = self.bound(job.agent.language, sounds);
        }
        let names = |known: &Wanted| -> Vec<String> {
            let signature = self.voice.signature(&spec(&known.agent));
            known.texts.iter().map(|text| Shelf::name(&signature, text)).collect()
        };
        let keep: BTreeSet<String> = wanted.values().flat_map(names).collect();
        drop(wanted);
        self.shelf.tidy(&keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::tts::TtsSession;
    use std::fs;

    /// A voice by its signature.
    struct Voice;

    impl TextToSpeech for Voice {
        fn name(&self) -> &'static str {
            "stub"
        }
        fn signature(&self, spec: &TtsSpec) -> String {
            spec.voice.clone()
        }
        fn open(&self, _: TtsSpec) -> TtsSession {
            TtsSession {
                commands: tokio::sync::mpsc::channel(1).0,
                events: Box::pin(futures_util::stream::pending()),
            }
        }
    }

    fn clips(language: Language) -> Arc<Clips> {
        Arc::new(Clips::new(language, |_, _| Bytes::from_static(&[1])))
    }

    fn agent(voice: &str) -> Arc<Agent> {
        let (text, data) = (
            include_str!("../../../../prompts/clinica.md"),
            include_str!("../../../../prompts/clinica.toml"),
        );
        Arc::new(Agent { voice: voice.to_owned(), ..Agent::parse("clinica", text, data).unwrap() })
    }

    fn phrases(name: &str) -> (Phrases, PathBuf) {
        let folder = std::env::temp_dir().join(format!("centralita-phrases-{name}-{}", std::process::id()));
        let shelf = Shelf::open(folder.clone()).unwrap();
        let (wanted, live, news) = (Mutex::default(), watch::Sender::new(0), Notify::new());
        let room = Arc::new(Room { voice: Arc::new(Voice), shelf, clips, wanted, live, news });
        (Phrases { clips, room: Some(room), _maker: None }, folder)
    }

    #[test]
    fn what_is_made_is_heard_from_the_next_call_on_and_after_a_restart() {
        let (phrases, folder) = phrases("made");
        let (agent, room) = (agent("ana"), phrases.room.clone().unwrap());
        phrases.learn(&agent);
        let (before, job) = (phrases.book(&agent), room.next_job().unwrap());
        assert_eq!(job.text, "Buenos días.");
        room.keep(&job, &Bytes::from_static(&[7; 400]));
        assert_eq!(before.sound("Buenos días."), None);
        assert_eq!(phrases.book(&agent).sound("Buenos días.").unwrap().len(), 400);
        let filler = Job { text: "Un momento, por favor.".to_owned(), ..job };
        room.keep(&filler, &Bytes::from_static(&[8; 400]));
        let hold = |phrases: &Phrases, count| {
            phrases.book(&agent).clips().spoken(crate::dialogue::record::Clip::Hold, count).sound.len()
        };
        assert_eq!([hold(&phrases, 0), hold(&phrases, 1)], [400, 1]);

        phrases.learn(&agent);
        assert_eq!([hold(&phrases, 0), hold(&phrases, 1)], [400, 1]);
        assert_ne!(room.next_job().unwrap().text, "Buenos días.");
        let other = self::agent("eva");
        phrases.learn(&other);
        assert_eq!(phrases.book(&other).sound("Buenos días."), None);
        assert_eq!(room.next_job().unwrap().text, "Buenos días.");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_voice_that_fails_is_left_alone_until_the_next_call() {
        let (phrases, folder) = phrases("fails");
        let (agent, room) = (agent(""), phrases.room.clone().unwrap());
        phrases.learn(&agent);
        let mut tried = Vec::new();
        while let Some(job) = room.next_job() {
            room.failed(&job);
            tried.push(job.text);
        }
        assert_eq!(tried.len(), TRIES as usize);
        assert!(tried[0] != tried[1] && tried[1] != tried[2], "{tried:?}");
        assert_eq!(phrases.book(&agent).sound("Buenos días."), None);
        assert!(room.next_job().is_some());
        fs::remove_dir_all(folder).unwrap();
    }
}
