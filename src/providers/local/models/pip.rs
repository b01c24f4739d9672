//! Asks pip for wheels, as a child process, and watches them grow.

use super::pins::{Source, Wheel};
use crate::base::clock;
use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

/// How often the folder is looked at.
const GLANCE: Duration = Duration::from_millis(200);
/// Without a byte for so long, pip has lost its way.
const STALLED: Duration = Duration::from_mins(2);

/// Downloads the wheels of `source` into `folder` (which must exist), telling `seen` how many bytes are there. `Err` says why not,
/// in pip's own last words.
pub(super) fn download(source: &Source, folder: &Path, seen: &dyn Fn(u64)) -> Result<(), String> {
    let told = folder.join("pip.log");
    let log = File::create(&told).map_err(|error| error.to_string())?;
    let errors = log.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new("python3");
    command.args(arguments(source.wheels, folder));
    command.args(["--no-cache-dir", "--disable-pip-version-check", "--no-input"]);
    // pip writes into its temporary folder first: there the progress can be seen.
    command.env("TMPDIR", folder).stdin(Stdio::null()).stdout(log).stderr(errors);
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no python3 on this machine".to_owned(),
        _ => format!("python3: {error}"),
    })?;
    let status = watch(child, folder, seen)?;
    if status.success() { Ok(()) } else { Err(last_words(&told)) }
}

/// What follows `python3`, as a person may type it. Never an sdist: building one would run its code.
pub(super) fn arguments(wheels: &[Wheel], folder: &Path) -> Vec<String> {
    let mut arguments =
        ["-m", "pip", "download", "--no-deps", "--only-binary=:all:"].map(str::to_owned).to_vec();
    if let Some(platform) = wheels.iter().find_map(|wheel| wheel.platform) {
        // The library inside is the same for every Python; one is named so that the wheel is always the pinned one.
        let python =
            ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--platform", platform];
        arguments.extend(python.map(str::to_owned));
    }
    arguments.extend(["-d".to_owned(), folder.display().to_string()]);
    arguments.extend(wheels.iter().map(Wheel::requirement));
    arguments
}

/// Waits for the end of `child`; kills it when nothing comes any more.
fn watch(mut child: std::process::Child, folder: &Path, seen: &dyn Fn(u64)) -> Result<ExitStatus, String> {
    let (ended, end) = mpsc::channel::<()>();
    let mut files: HashMap<String, u64> = HashMap::new();
    let mut most = 0;
    let mut grown = clock::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            drop(ended);
            return Ok(status);
        }
        measure(folder, &mut files);
        let bytes: u64 = files.values().sum();
        if bytes > most {
            (most, grown) = (bytes, clock::now());
            seen(bytes);
        }
        if clock::now().duration_since(grown) > STALLED {
            child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
            return Err(format!("pip got nothing for {} s", STALLED.as_secs()));
        }
        // Nobody sends: this is a pause.
        match end.recv_timeout(GLANCE) {
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

/// The largest size at which each wheel was seen; pip moves a wheel when it is complete.
fn measure(folder: &Path, files: &mut HashMap<String, u64>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(facts) = entry.metadata() else { continue };
        if facts.is_dir() {
            measure(&entry.path(), files);
        } else if let Ok(name) = entry.file_name().into_string()
            && name.contains(".whl")
        {
            let size = files.entry(name).or_default();
            *size = facts.len().max(*size);
        }
    }
}

/// The last line that names an error, else the last line.
fn last_words(log: &Path) -> String {
    let told = fs::read_to_string(log).unwrap_or_default();
    let lines = || told.lines().rev().filter(|line| !line.trim().is_empty());
    let words = lines().find(|line| line.starts_with("ERROR")).or_else(|| lines().next());
    words.unwrap_or("pip said nothing").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::local::models::pins;

    #[test]
    fn pip_is_asked_for_exact_wheels_only() {
        let line = arguments(pins::VOICE_ACTIVITY.sources[0].wheels, Path::new("/tmp/x")).join(" ");
        assert_eq!(line, "-m pip download --no-deps --only-binary=:all: -d /tmp/x silero-vad==6.2.3");
    }
}
