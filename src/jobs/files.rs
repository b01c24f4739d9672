//! The files of calls: recordings and logs, which lie in the data folder under the call's identifier.
//!
//! Nothing else is ever deleted here, and nothing outside of that folder, whatever a record says where a file lies.

use crate::base::ids::CallSid;
use jiff::Timestamp;
use std::{
    collections::BTreeSet,
    fs::{self, DirEntry},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long the name of a call is: `CA` and 32 digits.
const SID: usize = 34;

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files that are gone.
    pub deleted: u64,
    /// Files that should be gone, and are not.
    pub left: u64,
}

/// The call whose file this is.
pub fn call_of(file: &str) -> Option<CallSid> {
    let name = Path::new(file).file_name()?.to_str()?;
    name.get(..SID)?.parse().ok()
}

/// All files of a call in the folder, also those of its later sockets.
///
/// # Errors
/// The folder can't be read.
pub fn of_call(folder: &Path, call: &CallSid) -> io::Result<Vec<PathBuf>> {
    let theirs = |entry: &DirEntry| owner(entry).as_ref() == Some(call);
    let mut files: Vec<PathBuf> = entries(folder)?.filter(theirs).map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

/// Deletes the files of these calls.
///
/// # Errors
/// The folder can't be read.
pub fn delete(folder: &Path, calls: &BTreeSet<CallSid>) -> io::Result<Swept> {
    each(folder, |entry| owner(entry).is_some_and(|call| calls.contains(&call)))
}

/// Deletes the files of calls that were written last longer ago than `age`; tells the log what it did.
pub fn sweep(folder: &Path, now: Timestamp, age: Duration) {
    let is_old = |entry: &DirEntry| {
        let written = entry.metadata().ok()?.modified().ok()?;
        let written = Timestamp::try_from(written).ok()?;
        Duration::try_from(now.duration_since(written)).ok()
    };
    match each(folder, |entry| owner(entry).is_some() && is_old(entry).is_some_and(|old| old >= age)) {
        Ok(Swept { deleted: 0, left: 0 }) => {}
        Ok(Swept { deleted, left: 0 }) => tracing::info!(deleted, "old recordings are deleted"),
        Ok(Swept { deleted, left }) => {
            tracing::error!(code = "RETENTION", deleted, left, "old recordings can't be deleted");
        }
        Err(error) => tracing::error!(code = "RETENTION", %error, "old recordings can't be looked for"),
    }
}

fn each(folder: &Path, is_meant: impl Fn(&DirEntry) -> bool) -> io::Result<Swept> {
    let mut swept = Swept::default();
    for entry in entries(folder)?.filter(is_meant) {
        match fs::remove_file(entry.path()) {
            Ok(()) => swept.deleted += 1,
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => swept.left += 1,
        }
    }
    Ok(swept)
}

fn entries(folder: &Path) -> io::Result<impl Iterator<Item = DirEntry>> {
    let is_file = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| !kind.is_dir());
    Ok(fs::read_dir(folder)?.flatten().filter(is_file))
}

fn owner(entry: &DirEntry) -> Option<CallSid> {
    call_of(entry.file_name().to_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn sid(number: u32) -> CallSid {
        format!("CA{number:032x}").parse().unwrap()
    }

    fn folder(name: &str, files: &[String]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("centralita-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join(format!("{}.folder", sid(1)))).unwrap();
        for file in files {
            fs::write(folder.join(file), "").unwrap();
        }
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_files_of_a_call_go_with_those_of_its_later_sockets_and_no_others() {
        let (one, two) = (sid(1), sid(2));
        let theirs = [
            format!("{one}.opus"),
            format!("{one}.replay"),
            format!("{one}-2.opus"),
            format!("{one}-2.2.replay"),
        ];
        let others = ["appointments.json".to_owned(), "centralita.db".to_owned(), format!("{two}.opus")];
        let folder = folder("files-of", &[&theirs[..], &others].concat());
        assert_eq!(of_call(&folder, &one).unwrap().len(), 4);
        assert_eq!(delete(&folder, &[one.clone()].into()).unwrap(), Swept { deleted: 4, left: 0 });
        assert_eq!(
            names(&folder),
            [&[format!("{one}.folder")][..], &[others[2].clone()], &others[..2]].concat()
        );
        assert_eq!(call_of(&format!("/elsewhere/{one}-3.opus")), Some(one));
        assert_eq!(call_of("/elsewhere/centralita.db"), None);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn only_old_files_of_calls_are_swept() {
        let (one, two) = (sid(1), sid(2));
        let folder =
            folder("files-old", &[format!("{one}.opus"), format!("{two}.opus"), "centralita.db".to_owned()]);
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let age = Duration::from_hours(30 * 24);
        for (name, second) in
            [(format!("{one}.opus"), 0), (format!("{two}.opus"), 1), ("centralita.db".to_owned(), 0)]
        {
            let written = now - age + Duration::from_secs(second);
            File::options()
                .write(true)
                .open(folder.join(name))
                .unwrap()
                .set_modified(written.into())
                .unwrap();
        }
        sweep(&folder, now, age);
        assert_eq!(
            names(&folder),
            [format!("{one}.folder"), format!("{two}.opus"), "centralita.db".to_owned()]
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
