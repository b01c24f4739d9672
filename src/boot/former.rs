//! Which processes of ours are gone for good, so that nobody waits until their leases end.
//!
//! A process holds a lock on a file of its own in the data folder as long as it lives; however it ends, the system takes the lock
//! back. A file that can be locked is one of a process that is gone. Where the folder goes with the process, leases end by time.

use crate::ports::store::{Owner, SharedStore};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// The folder of these files, in the data folder.
const FOLDER: &str = "processes";
const ENDING: &str = "process";

/// This process lives until it is dropped.
#[derive(Debug)]
pub(super) struct Life {
    _locked: File,
}

impl Life {
    /// Begins to live, and buries who is gone; `None` where the folder does not let us. Then leases end by time.
    pub(super) async fn begin(data: &Path, owner: &Owner, store: &SharedStore) -> Option<Self> {
        let folder = data.join(FOLDER);
        let life = Self::announced(&folder, owner).map_err(|error| unusable(&folder, &error)).ok();
        if let Err(error) = bury(&folder, store).await {
            unusable(&folder, &error);
        }
        life
    }

    fn announced(folder: &Path, owner: &Owner) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{:016x}.{ENDING}", rand::random::<u64>()));
        // Under its name it is locked from the first moment on.
        let unnamed = path.with_extension("new");
        let mut file = File::create_new(&unnamed)?;
        file.lock()?;
        file.write_all(owner.0.as_bytes())?;
        fs::rename(&unnamed, &path)?;
        Ok(Self { _locked: file })
    }
}

/// Tells the store of each process that is gone.
async fn bury(folder: &Path, store: &SharedStore) -> io::Result<()> {
    for (path, owner) in gone(folder)? {
        match store.bury(Owner(owner.clone())).await {
            Ok(()) => {
                tracing::info!(owner, "a former process is gone; what it held goes on here");
                match fs::remove_file(path) {
                    // Another process that starts has buried it too.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed?,
                }
            }
            // The next start tries again, and leases end by themselves.
            Err(error) => {
                tracing::warn!(code = "STORE", owner, %error, "what a former process held has to wait");
            }
        }
    }
    Ok(())
}

fn unusable(folder: &Path, error: &io::Error) {
    let folder = folder.display();
    tracing::warn!(code = "PROCESSES", %folder, %error, "what a process holds that dies has to wait for its leases");
}

fn gone(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut gone = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != ENDING) {
            continue;
        }
        let mut file = match File::options().read(true).write(true).open(&path) {
            Ok(file) => file,
            // Another process has buried it in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut owner = String::new();
        file.read_to_string(&mut owner)?;
        gone.push((path, owner));
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lives_is_not_gone_and_who_has_ended_is() {
        let folder = std::env::temp_dir().join(format!("centralita-former-{:016x}", rand::random::<u64>()));
        let [first, second] =
            ["host:1", "host:2"].map(|owner| Life::announced(&folder, &Owner(owner.to_owned())).unwrap());
        let owners = || gone(&folder).unwrap().into_iter().map(|(_, owner)| owner).collect::<Vec<_>>();
        assert!(owners().is_empty());
        drop(first);
        assert_eq!(owners(), ["host:1"]);
        drop(second);
        assert_eq!(owners().len(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }
}
