//! What happened at the fakes: a bounded log in memory, counts that never forget, and a JSONL file if wanted.

use crate::base::clock;
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::sync::watch;

/// Entries kept in memory; the oldest goes first.
const KEPT: usize = 20_000;

/// Which of the fakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Speech to text and Aura voices.
    Deepgram,
    /// Chat completions, a voice.
    OpenAi,
    /// Voices, speech to text.
    ElevenLabs,
    /// Twilio's REST interface.
    Twilio,
    /// Whoever is told about calls.
    Sink,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Milliseconds since the fakes started.
    pub at_ms: u64,
    /// Where.
    pub service: Service,
    /// Counts the sockets and requests of all services from 1.
    pub visit: u64,
    /// What, as one word: `opened`, `closed`, `final`, `request` …
    pub what: &'static str,
    /// More of it.
    pub detail: String,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    counts: BTreeMap<(Service, &'static str), u64>,
    open: BTreeMap<Service, usize>,
    file: Option<File>,
}

#[derive(Debug)]
struct Shared {
    began: Instant,
    kept: Mutex<Kept>,
    visits: AtomicU64,
    changed: watch::Sender<()>,
}

/// The log of one set of fakes. Clones share it.
#[derive(Clone, Debug)]
pub struct Log(Arc<Shared>);

impl Log {
    /// An empty log, written also to `file` where one is given.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn new(file: Option<&Path>) -> io::Result<Self> {
        let kept = Kept { file: file.map(File::create).transpose()?, ..Kept::default() };
        let visits = AtomicU64::new(0);
        let changed = watch::Sender::new(());
        Ok(Self(Arc::new(Shared { began: clock::now(), kept: Mutex::new(kept), visits, changed })))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entries still kept, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().cloned().collect()
    }

    /// The details of all kept entries of one kind, oldest first.
    pub fn details(&self, service: Service, what: &str) -> Vec<String> {
        let kept = self.lock();
        let wanted = kept.entries.iter().filter(|e| e.service == service && e.what == what);
        wanted.map(|e| e.detail.clone()).collect()
    }

    /// How often something happened since the start.
    pub fn count(&self, service: Service, what: &'static str) -> u64 {
        self.lock().counts.get(&(service, what)).copied().unwrap_or_default()
    }

    /// Sockets and requests that are open at a service.
    pub fn open(&self, service: Service) -> usize {
        self.lock().open.get(&service).copied().unwrap_or_default()
    }

    /// Waits until `condition` holds; it is asked again after each entry. Cancel-safe; has no time limit of its own.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let mut changed = self.0.changed.subscribe();
        while !condition(self) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Begins a visit: a socket or a request. Dropping it is logged as `closed`.
    pub(super) fn visit(&self, service: Service, detail: impl Into<String>) -> Visit {
        let number = self.0.visits.fetch_add(1, Ordering::Relaxed) + 1;
        *self.lock().open.entry(service).or_default() += 1;
        let visit = Visit { log: self.clone(), service, number };
        visit.note("opened", detail);
        visit
    }

    fn write(&self, service: Service, visit: u64, what: &'static str, detail: String) {
        let at_ms = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let entry = Entry { at_ms, service, visit, what, detail };
        let mut kept = self.lock();
        *kept.counts.entry((service, what)).or_default() += 1;
        if let Some(mut file) = kept.file.as_ref()
            && let Ok(line) = serde_json::to_string(&entry)
            && writeln!(file, "{line}").is_err()
        {
            // A full disk must not end the calls that are watched.
            kept.file = None;
        }
        if kept.entries.len() == KEPT {
            kept.entries.pop_front();
        }
        kept.entries.push_back(entry);
        drop(kept);
        self.0.changed.send_replace(());
    }
}

/// One socket or request while it lasts.
#[derive(Debug)]
pub(super) struct Visit {
    log: Log,
    service: Service,
    number: u64,
}

impl Visit {
    /// Adds an entry.
    pub(super) fn note(&self, what: &'static str, detail: impl Into<String>) {
        self.log.write(self.service, self.number, what, detail.into());
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(open) = self.log.lock().open.get_mut(&self.service) {
            *open = open.saturating_sub(1);
        }
        self.note("closed", "");
    }
}
