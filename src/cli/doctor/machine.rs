//! This machine: room on the disk, open files, models.

use super::finding::Finding;
use crate::{boot, config::Config, providers::local::ModelFolder};
use rustix::fs::statvfs;

/// Below this there is soon no room for recordings.
const LITTLE: u64 = 1 << 30;

/// Below this there is soon none for the database.
const TOO_LITTLE: u64 = 100 << 20;

pub(super) fn disk(config: &Config) -> Finding {
    const NAME: &str = "disk";
    let folder = &config.server.data_dir;
    // It is made by the first start, in the nearest folder that is there.
    let here = folder.ancestors().find(|folder| folder.exists());
    let here = here.unwrap_or(std::path::Path::new("."));
    let room = match statvfs(here) {
        Ok(room) => room.f_bavail.saturating_mul(room.f_frsize),
        Err(error) => {
            let remedy = "set DATA_DIR to a folder that may be written";
            return Finding::fail(NAME, format!("{} can't be looked at ({error})", folder.display()), remedy);
        }
    };
    judge(room, &format!("{} MiB are free for {}", room >> 20, folder.display()))
}

fn judge(room: u64, text: &str) -> Finding {
    const NAME: &str = "disk";
    let remedy = "make room, keep recordings for a shorter time (RECORDINGS_DAYS), or move DATA_DIR";
    match room {
        ..TOO_LITTLE => Finding::fail(NAME, text, remedy),
        TOO_LITTLE..LITTLE => Finding::warn(NAME, text, remedy),
        _ => Finding::ok(NAME, text),
    }
}

pub(super) fn files(config: &Config) -> Finding {
    const NAME: &str = "open files";
    let calls = config.voice.max_calls;
    let needed = boot::files_for(calls);
    match rlimit::getrlimit(rlimit::Resource::NOFILE).map(|(_, hard)| hard) {
        Ok(hard) if hard < needed => Finding::warn(
            NAME,
            format!("{hard} may be open, and {calls} calls need {needed}"),
            "raise the limit (ulimit -n, LimitNOFILE), or lower MAX_CALLS",
        ),
        Ok(hard) => Finding::ok(NAME, format!("{hard} may be open, and {calls} calls need {needed}")),
        Err(error) => Finding::warn(NAME, format!("the limit is not known ({error})"), "see `ulimit -n`"),
    }
}

pub(super) fn models(config: &Config) -> Finding {
    const NAME: &str = "models";
    let folder = match ModelFolder::resolve(config.server.model_dir.as_deref()) {
        Ok(folder) => folder,
        Err(error) => return Finding::fail(NAME, error, "set MODEL_DIR"),
    };
    let missing = crate::cli::check::missing(config, &folder);
    let place = folder.path().display();
    match &missing[..] {
        [] => Finding::ok(NAME, format!("all that are used lie in {place}")),
        missing if config.needs_models() => Finding::warn(
            NAME,
            format!("{} not in {place}", missing.join(", ")),
            "the first start fetches them; this machine must reach the network then",
        ),
        missing => {
            Finding::ok(NAME, format!("{} not in {place}; the simple gate stands in", missing.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Verdict, *};

    #[test]
    fn little_room_is_told_before_there_is_none() {
        let verdict = |room| judge(room, "").verdict;
        assert_eq!(verdict(LITTLE), Verdict::Ok);
        assert_eq!(verdict(LITTLE - 1), Verdict::Warn);
        assert_eq!(verdict(TOO_LITTLE), Verdict::Warn);
        assert_eq!(verdict(TOO_LITTLE - 1), Verdict::Fail);
    }
}
