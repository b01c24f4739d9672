//! Who uses the database in the data folder: whoever has it open shares a lock, and who replaces it has the lock alone.
//!
//! The system gives a lock back when its process ends, however that happens.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// The lock's file in the data folder; it stays empty.
const LOCK: &str = "centralita.lock";

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct InUse {
    _file: File,
}

impl InUse {
    /// Uses the database beside others; `None` while somebody replaces it.
    ///
    /// # Errors
    /// The lock's file can't be made or opened.
    pub fn shared(folder: &Path) -> io::Result<Option<Self>> {
        let file = open(folder)?;
        let taken = file.try_lock_shared();
        held(file, taken)
    }

    /// Has the database alone; `None` while somebody uses it.
    ///
    /// # Errors
    /// The lock's file can't be made or opened.
    pub fn alone(folder: &Path) -> io::Result<Option<Self>> {
        let file = open(folder)?;
        let taken = file.try_lock();
        held(file, taken)
    }
}

/// One that lies there need not be ours: an operator with other rights may have made it.
fn open(folder: &Path) -> io::Result<File> {
    let path = folder.join(LOCK);
    match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o644).open(&path)
        }
        opened => opened,
    }
}

fn held(file: File, taken: Result<(), TryLockError>) -> io::Result<Option<InUse>> {
    match taken {
        Ok(()) => Ok(Some(InUse { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
