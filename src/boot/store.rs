//! The database, and what is kept while it is away.

use crate::{
    base::secret::ExposeSecret as _,
    channels::ledger::{Ledger, Settings},
    config::Config,
    ports::store::{Owner, SharedStore, StoreError},
    storage::{Options, Place, SqlStore, state::Embedded},
};
use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path, sync::Arc, time::Duration};
use tokio::time::timeout;

/// SQLite's file in the data folder.
const DATABASE: &str = "centralita.db";
/// The folder of what the database could not take, in the data folder.
const SPOOL: &str = "spool";
/// How long the end of the process waits for what is still to be written.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Why the database cannot be used; the text says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreTrouble {
    /// The file is damaged.
    #[error("the database {0} is corrupt ({1}): restore a backup, or move the file away to begin a new one")]
    Corrupt(String, String),
    /// The file may not be used.
    #[error(
        "cannot open the database {0}: {1}. It belongs to user {2}; this process must be allowed to write it and its folder"
    )]
    Forbidden(String, String, u32),
    /// The server does not answer.
    #[error("cannot use the database at {0}: {1}. Check DATABASE_URL, and that the server runs")]
    Away(String, String),
    /// The schema is not ours.
    #[error("{0}")]
    Schema(String),
    /// What was left in the spool can't be read.
    #[error("cannot use the folder {0}: {1}")]
    Spool(String, #[source] io::Error),
}

/// What a server keeps.
pub(super) struct Kept {
    database: Arc<SqlStore>,
    /// The same, as the port.
    pub(super) store: SharedStore,
    pub(super) ledger: Ledger,
    pub(super) owner: Owner,
}

/// Opens the database, and brings its schema up to date.
pub(super) async fn open(config: &Config) -> Result<Kept, StoreTrouble> {
    let folder = &config.server.data_dir;
    let database = if let Some(url) = &config.store.url {
        let place = Place::Server(url.expose_secret().to_owned());
        let opened = SqlStore::open(place, Options::default()).await;
        opened.map_err(|error| remote(url.expose_secret(), &error))?
    } else {
        let file = folder.join(DATABASE);
        let opened = SqlStore::open(Place::File(file.clone()), Options::default()).await;
        opened.map_err(|error| local(&file, &error))?
    };
    let database = Arc::new(database);
    let store: SharedStore = database.clone();
    let spool = folder.join(SPOOL);
    let ledger = Ledger::open(store.clone(), &Settings::in_folder(spool.clone()))
        .map_err(|error| StoreTrouble::Spool(spool.display().to_string(), error))?;
    Ok(Kept { database, store, ledger, owner: owner() })
}

impl Kept {
    /// What the same database keeps for a while.
    pub(super) fn table(&self) -> Embedded {
        self.database.state()
    }

    /// Waits until what is still to be written is in the database or on the disk, and lets go.
    pub(super) async fn close(&self) {
        let done = async {
            self.ledger.settle().await;
            self.database.close().await;
        };
        if timeout(LAST_WORDS, done).await.is_err() {
            tracing::error!(code = "STORE", "the database did not take the last changes in time");
        }
    }
}

/// This machine, and this process while it runs.
fn owner() -> Owner {
    let machine = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Owner(format!("{}:{:016x}", machine.trim(), rand::random::<u64>()))
}

fn local(file: &Path, error: &StoreError) -> StoreTrouble {
    let name = file.display().to_string();
    match error {
        StoreError::Conflict(why) => StoreTrouble::Schema(why.clone()),
        StoreError::Broken(why) => StoreTrouble::Corrupt(name, why.to_string()),
        error => {
            let place = if file.exists() { Some(file) } else { file.parent() };
            let owner = place.and_then(|place| fs::metadata(place).ok()).map_or(0, |data| data.uid());
            StoreTrouble::Forbidden(name, error.to_string(), owner)
        }
    }
}

/// The address without its password.
fn remote(url: &str, error: &StoreError) -> StoreTrouble {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let rest = rest.split('?').next().unwrap_or_default();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    match error {
        StoreError::Conflict(why) => StoreTrouble::Schema(why.clone()),
        error => StoreTrouble::Away(place.to_owned(), error.to_string()),
    }
}
