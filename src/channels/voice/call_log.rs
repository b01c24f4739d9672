//! The log of a call on its way to the disk.

use super::disk::{Appended, Disk};
use crate::dialogue::{
    input::Input,
    output::Output,
    replay::{Head, Writer},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// Where the log of a call lies whose recording is `recording`.
pub(super) fn beside(recording: &Path) -> PathBuf {
    recording.with_extension("replay")
}

/// Hands the log over once a second. Where the disk does not keep up the log breaks off, and says so.
#[derive(Debug)]
pub(super) struct CallLog {
    writer: Writer,
    disk: Disk,
    file: Arc<Appended>,
}

impl CallLog {
    /// Begins the log of a call that was made at `began`; nothing where even its beginning finds no place.
    pub(super) fn begin(disk: Disk, path: PathBuf, head: &Head, began: Instant) -> Option<Self> {
        let (writer, beginning) = Writer::begin(head, began)
            .inspect_err(|error| tracing::error!(code = "CALL_LOG", %error, "a call gets no log"))
            .ok()?;
        let file = Appended::new(path);
        if disk.append(&file, beginning) {
            return Some(Self { writer, disk, file });
        }
        tracing::warn!(code = "CALL_LOG_BROKEN", "the disk was too slow for the log of a call");
        None
    }

    /// Where it lies.
    pub(super) fn file(&self) -> Arc<Appended> {
        Arc::clone(&self.file)
    }

    /// What the core is about to be told.
    pub(super) fn told(&mut self, now: Instant, input: &Input) {
        self.writer.input(now, input);
    }

    /// What it decided.
    pub(super) fn decided(&mut self, outputs: &[Output]) {
        self.writer.outputs(outputs);
        if self.writer.is_due() {
            let block = self.writer.take_block();
            if !self.disk.append(&self.file, block) {
                self.writer.breaks_off();
            }
        }
    }

    /// Hands the rest to the disk; waits for its place in the queue.
    pub(super) async fn finish(self) {
        if self.writer.is_broken() {
            tracing::warn!(code = "CALL_LOG_BROKEN", "the disk was too slow for the log of a call");
        }
        self.disk.append_last(self.file, self.writer.end()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::clock,
        dialogue::{
            call::{Call, Setup},
            output::Outputs,
            replay::{End, Log, replay},
        },
    };
    use std::{fs, time::Duration};

    fn head() -> Head {
        let call = format!("CA{:032x}", 1).parse().unwrap();
        Head::new(call, "", jiff::Timestamp::UNIX_EPOCH, Setup::default())
    }

    #[tokio::test]
    async fn a_log_that_found_no_place_says_from_where_on_it_is_broken() {
        let folder = std::env::temp_dir().join(format!("centralita-log-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("call.replay");
        fs::write(&path, "of an earlier stream").unwrap();
        let (head, began) = (head(), clock::now());
        // The beginning and one block find a place.
        let (disk, mut carry_on) = Disk::stuck(2);
        let mut log = CallLog::begin(disk, path.clone(), &head, began).unwrap();
        let file = log.file();
        assert_eq!(file.made(), None);
        let (mut call, mut out) = (Call::new(head.setup.clone(), began), Outputs::default());
        for second in 1..=4 {
            let now = began + Duration::from_secs(second);
            log.told(now, &Input::Digit('5'));
            call.handle(now, Input::Digit('5'), &mut out);
            log.decided(out.as_slice());
            out.drain().for_each(drop);
        }
        carry_on();
        log.finish().await;
        carry_on();
        assert_eq!(fs::read_to_string(&path).unwrap(), "of an earlier stream");
        assert_eq!(file.made(), Some(folder.join("call.2.replay").as_path()));
        let bytes = fs::read(file.made().unwrap()).unwrap();
        let verdict = replay(&mut Log::open(&bytes).unwrap(), clock::now(), |_| {});
        assert_eq!((verdict.inputs, verdict.outputs, &verdict.end), (1, 1, &Some(End::Lost)));
        assert!(verdict.holds());
        fs::remove_dir_all(folder).unwrap();
    }
}
