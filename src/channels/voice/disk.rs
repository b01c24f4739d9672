//! The disk: one thread writes the records and recordings of all calls, so that no call ever waits for it.

use crate::{
    audio::wav::{WavError, Writer},
    base::units::PHONE_RATE,
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::{mpsc, oneshot};

/// What may wait for the disk, all calls together: 1,024 s of sound, 32 MB. Beyond that recordings have holes.
const WAITING: usize = 1_024;

#[derive(Debug)]
enum Job {
    Sound { file: Arc<Path>, samples: Vec<i16> },
    Finish { file: Arc<Path> },
    Text { file: PathBuf, text: String, done: oneshot::Sender<io::Result<()>> },
}

/// A file that is being recorded; `None` after an error, which was told.
type Recording = Option<Writer<BufWriter<File>>>;

/// The way to the thread, which ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Disk(mpsc::Sender<Job>);

impl Disk {
    /// Starts the thread. Must be called within a tokio runtime.
    pub(super) fn start() -> Self {
        let (jobs, mut queue) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let mut recordings = BTreeMap::new();
            while let Some(job) = queue.blocking_recv() {
                carry_out(job, &mut recordings);
            }
        });
        Self(jobs)
    }

    /// Appends samples of both sides to a recording, or begins it; false where too much waits already. Never waits.
    pub(super) fn record(&self, file: &Arc<Path>, samples: Vec<i16>) -> bool {
        self.0.try_send(Job::Sound { file: Arc::clone(file), samples }).is_ok()
    }

    /// Completes a recording. Waits for its place in the queue.
    pub(super) async fn finish(&self, file: Arc<Path>) {
        if self.0.send(Job::Finish { file }).await.is_err() {
            tracing::error!(code = "RECORDING", "the thread that writes recordings broke off");
        }
    }

    /// Writes a file whole or not at all, after all that was asked before, and waits for it. A caller that stops
    /// waiting leaves the file to be written.
    ///
    /// # Errors
    /// It could not be written.
    pub(super) async fn write(&self, file: PathBuf, text: String) -> io::Result<()> {
        let (done, written) = oneshot::channel();
        let broken = || io::Error::other("the thread that writes files broke off");
        self.0.send(Job::Text { file, text, done }).await.map_err(|_| broken())?;
        written.await.map_err(|_| broken())?
    }
}

fn carry_out(job: Job, recordings: &mut BTreeMap<Arc<Path>, Recording>) {
    let tell = |file: &Path, error: &WavError| {
        tracing::error!(code = "RECORDING", %error, path = %file.display(), "a recording could not be written");
    };
    match job {
        Job::Sound { file, samples } => {
            let recording = recordings
                .entry(Arc::clone(&file))
                .or_insert_with(|| begin(&file).inspect_err(|error| tell(&file, error)).ok());
            if let Some(writer) = recording
                && let Err(error) = writer.write(&samples)
            {
                tell(&file, &error);
                *recording = None;
            }
        }
        Job::Finish { file } => {
            if let Some(Err(error)) = recordings.remove(&file).flatten().map(Writer::finish) {
                tell(&file, &error);
            }
        }
        Job::Text { file, text, done } => {
            let draft = file.with_extension("draft");
            let written = fs::write(&draft, text).and_then(|()| fs::rename(draft, file));
            // Whoever waited may have given up.
            done.send(written).ok();
        }
    }
}

/// 16-bit stereo at 8 kHz, the caller on the left.
fn begin(file: &Path) -> Result<Writer<BufWriter<File>>, WavError> {
    let file = File::create(file).map_err(hound::Error::IoError)?;
    Writer::new(BufWriter::new(file), PHONE_RATE, 2)
}
