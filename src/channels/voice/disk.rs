//! The disk: one thread writes the records and recordings of all calls, so that no call ever waits for it.

use super::recording::{Block, Recording, RecordingError};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{mpsc, oneshot};

/// What may wait for the disk, all calls together: 1,024 s of sound and of logs, 48 MB. Beyond that recordings have holes, and
/// logs break off.
const WAITING: usize = 2_048;

/// Other files of the same name that may lie there already: a call whose line was lost comes back under its name.
const SAME_NAME: u32 = 9;

#[derive(Debug)]
enum Job {
    Sound {
        file: Arc<Path>,
        block: Block,
    },
    Finish {
        file: Arc<Path>,
        last: Block,
    },
    Block {
        file: Arc<Appended>,
        block: Vec<u8>,
    },
    /// Everything before it is done when the sender is dropped.
    Settle(oneshot::Sender<()>),
}

/// The recordings of all calls; `None` after an error, which was told.
type Recordings = BTreeMap<Arc<Path>, Option<Recording>>;

/// A file that grows by blocks. It is made with the first one and closed with the last clone; nothing waits in memory for the
/// next block, so that it is there when the process dies.
#[derive(Debug)]
pub(super) struct Appended {
    path: PathBuf,
    file: OnceLock<Option<(PathBuf, File)>>,
    failed: AtomicBool,
}

impl Appended {
    /// A file that will lie at `path`, or beside it where another one lies there.
    pub(super) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { path, file: OnceLock::new(), failed: AtomicBool::new(false) })
    }

    /// Where it lies, once it was made.
    pub(super) fn made(&self) -> Option<&Path> {
        self.file.get()?.as_ref().map(|(path, _)| path.as_path())
    }

    /// Only for the thread. What could not be written is told once, and nothing follows it.
    fn append(&self, block: &[u8]) {
        let tell = |error: io::Error| {
            tracing::error!(code = "CALL_LOG", %error, path = %self.path.display(), "the log of a call could not be written");
            self.failed.store(true, Ordering::Relaxed);
        };
        let file = self.file.get_or_init(|| self.create().map_err(tell).ok());
        if let Some((_, file)) = file.as_ref()
            && !self.failed.load(Ordering::Relaxed)
            && let Err(error) = (&*file).write_all(block)
        {
            tell(error);
        }
    }

    fn create(&self) -> io::Result<(PathBuf, File)> {
        let mut path = self.path.clone();
        for number in 2..=SAME_NAME {
            match File::create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let ending = self.path.extension().unwrap_or_default().to_string_lossy();
                    path = self.path.with_extension(format!("{number}.{ending}"));
                }
                made => return made.map(|file| (path, file)),
            }
        }
        File::create_new(&path).map(|file| (path, file))
    }
}

/// The way to the thread, which ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Disk(mpsc::Sender<Job>);

impl Disk {
    /// Starts the thread. Must be called within a tokio runtime.
    pub(super) fn start() -> Self {
        let (jobs, mut queue) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let mut recordings = Recordings::new();
            while let Some(job) = queue.blocking_recv() {
                carry_out(job, &mut recordings);
            }
        });
        Self(jobs)
    }

    /// Appends a block to a recording, or begins it; false where too much waits already. Never waits.
    pub(super) fn record(&self, file: &Arc<Path>, block: Block) -> bool {
        self.0.try_send(Job::Sound { file: Arc::clone(file), block }).is_ok()
    }

    /// Appends the last block to a recording and completes it. Waits for its place in the queue.
    pub(super) async fn finish(&self, file: Arc<Path>, last: Block) {
        if self.0.send(Job::Finish { file, last }).await.is_err() {
            tracing::error!(code = "RECORDING", "the thread that writes recordings broke off");
        }
    }

    /// Waits until all that was asked before is done.
    pub(super) async fn settle(&self) {
        let (until, settled) = oneshot::channel();
        if self.0.send(Job::Settle(until)).await.is_ok() {
            // It ends with an error, since nothing is ever sent.
            settled.await.ok();
        }
    }

    /// Appends a block; false where too much waits already. Never waits.
    pub(super) fn append(&self, file: &Arc<Appended>, block: Vec<u8>) -> bool {
        self.0.try_send(Job::Block { file: Arc::clone(file), block }).is_ok()
    }

    /// Appends the last block. Waits for its place in the queue.
    pub(super) async fn append_last(&self, file: Arc<Appended>, block: Vec<u8>) {
        if self.0.send(Job::Block { file, block }).await.is_err() {
            tracing::error!(code = "CALL_LOG", "the thread that writes logs broke off");
        }
    }
}

fn carry_out(job: Job, recordings: &mut Recordings) {
    let tell = |file: &Path, error: &RecordingError| {
        tracing::error!(code = "RECORDING", %error, path = %file.display(), "a recording could not be written");
    };
    let begin = |file: &Path| Recording::begin(file).inspect_err(|error| tell(file, error)).ok();
    match job {
        Job::Sound { file, block } => {
            let recording = recordings.entry(Arc::clone(&file)).or_insert_with(|| begin(&file));
            if let Some(Err(error)) = recording.as_mut().map(|recording| recording.add(&block)) {
                tell(&file, &error);
                *recording = None;
            }
        }
        Job::Finish { file, last } => {
            let recording = recordings.remove(&file).unwrap_or_else(|| begin(&file));
            if let Some(Err(error)) = recording.map(|recording| recording.finish(&last)) {
                tell(&file, &error);
            }
        }
        Job::Block { file, block } => file.append(&block),
        Job::Settle(until) => drop(until),
    }
}

#[cfg(test)]
impl Disk {
    /// A disk that writes nothing before it is told to, and has so many places.
    pub(super) fn stuck(places: usize) -> (Self, impl FnMut()) {
        let (jobs, mut queue) = mpsc::channel(places);
        let mut recordings = Recordings::new();
        let carry_on = move || {
            while let Ok(job) = queue.try_recv() {
                carry_out(job, &mut recordings);
            }
        };
        (Self(jobs), carry_on)
    }
}
