//! The database, and what is kept while it is away.

use super::{former::Life, in_use::InUse};
use crate::{
    base::secret::ExposeSecret as _,
    channels::ledger::{Ledger, Settings},
    config::Config,
    ports::store::{Owner, SharedStore, StoreError},
    storage::{Book, BusinessNow, Options, Place, SqlStore, state::Embedded},
};
use std::{fmt::Display, fs, io, os::unix::fs::MetadataExt as _, path::Path, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// SQLite's file in the data folder.
const DATABASE: &str = "centralita.db";
/// The folder of what the database could not take, in the data folder.
const SPOOL: &str = "spool";
/// How long an operator waits for an answer: what is asked for may touch all that there is.
const OPERATOR: Duration = Duration::from_mins(1);
/// How long the start waits for what a former process left in the spool, and how often it looks.
const CATCH_UP: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);
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
    /// Another process puts a backup in its place.
    #[error("the database {0} is being restored: start again when `centralita restore` has ended")]
    Replaced(String),
    /// There is none.
    #[error("there is no database {0} yet: start the server, or set DATA_DIR or DATABASE_URL to where it is")]
    Missing(String),
    /// What was left in the spool can't be read.
    #[error("cannot use the folder {0}: {1}")]
    Spool(String, #[source] io::Error),
}

/// A database that is open.
#[derive(Debug)]
pub struct Database {
    /// What is in it.
    pub store: Arc<SqlStore>,
    _in_use: Option<InUse>,
}

/// Where the configuration says that the database is.
pub fn place(config: &Config) -> Place {
    match &config.store.url {
        Some(url) => Place::Server(url.expose_secret().to_owned()),
        None => Place::File(config.server.data_dir.join(DATABASE)),
    }
}

impl Database {
    /// Opens the database, which is made where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// See [`StoreTrouble`].
    pub async fn open(config: &Config) -> Result<Self, StoreTrouble> {
        let place = place(config);
        let in_use = in_use(&place)?;
        let store = SqlStore::open(place.clone(), Options::default()).await;
        Ok(Self { store: Arc::new(store.map_err(|error| trouble(&place, &error))?), _in_use: in_use })
    }

    /// Opens a database that is there and up to date, beside whoever else uses it. What is asked of it may take a while.
    ///
    /// # Errors
    /// See [`StoreTrouble`].
    pub async fn attach(config: &Config) -> Result<Self, StoreTrouble> {
        let place = place(config);
        if let Place::File(file) = &place
            && matches!(file.try_exists(), Ok(false))
        {
            return Err(StoreTrouble::Missing(file.display().to_string()));
        }
        let in_use = in_use(&place)?;
        let store =
            SqlStore::attach(place.clone(), Options { patience: OPERATOR, ..Options::default() }).await;
        Ok(Self { store: Arc::new(store.map_err(|error| trouble(&place, &error))?), _in_use: in_use })
    }
}

fn in_use(place: &Place) -> Result<Option<InUse>, StoreTrouble> {
    let Place::File(file) = place else { return Ok(None) };
    let shared = InUse::shared(file.parent().unwrap_or(Path::new(".")));
    match shared.map_err(|error| forbidden(file, &error))? {
        Some(in_use) => Ok(Some(in_use)),
        None => Err(StoreTrouble::Replaced(file.display().to_string())),
    }
}

/// What a server keeps.
pub(super) struct Kept {
    database: Database,
    /// The same, as the port.
    pub(super) store: SharedStore,
    pub(super) ledger: Ledger,
    pub(super) owner: Owner,
    _life: Option<Life>,
}

/// Opens what a server keeps.
pub(super) async fn open(config: &Config) -> Result<Kept, StoreTrouble> {
    let database = Database::open(config).await?;
    let store: SharedStore = database.store.clone();
    let folder = &config.server.data_dir;
    let spool = folder.join(SPOOL);
    let ledger = Ledger::open(store.clone(), &Settings::in_folder(spool.clone()))
        .map_err(|error| StoreTrouble::Spool(spool.display().to_string(), error))?;
    // What a former process left on the disk comes before it is buried: it may tell how its calls ended.
    let caught_up = async {
        while ledger.is_spooling() {
            sleep(LOOK).await;
        }
    };
    if timeout(CATCH_UP, caught_up).await.is_err() {
        tracing::warn!(
            code = "SPOOL",
            "the start does not wait for all that a former process left on the disk"
        );
    }
    let owner = owner();
    let life = Life::begin(folder, &owner, &store).await;
    Ok(Kept { database, store, ledger, owner, _life: life })
}

impl Kept {
    /// What the same database keeps for a while.
    pub(super) fn table(&self) -> Embedded {
        self.database.store.state()
    }

    /// The appointment book in the same database.
    pub(super) fn book(&self, business: BusinessNow) -> Book {
        self.database.store.book(business)
    }

    /// Waits until what is still to be written is in the database or on the disk, and lets go.
    pub(super) async fn close(&self) {
        let done = async {
            self.ledger.settle().await;
            self.database.store.close().await;
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

/// What an error means for whoever starts the program.
pub fn trouble(place: &Place, error: &StoreError) -> StoreTrouble {
    match (place, error) {
        (_, StoreError::Conflict(why)) => StoreTrouble::Schema(why.clone()),
        (Place::File(file), StoreError::Broken(why)) => {
            StoreTrouble::Corrupt(file.display().to_string(), why.to_string())
        }
        (Place::File(file), error) => forbidden(file, error),
        (Place::Server(url), error) => StoreTrouble::Away(without_password(url), error.to_string()),
    }
}

fn forbidden(file: &Path, error: &dyn Display) -> StoreTrouble {
    let place = if file.exists() { Some(file) } else { file.parent() };
    let owner = place.and_then(|place| fs::metadata(place).ok()).map_or(0, |data| data.uid());
    StoreTrouble::Forbidden(file.display().to_string(), error.to_string(), owner)
}

/// Host and name.
fn without_password(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let rest = rest.split('?').next().unwrap_or_default();
    rest.rsplit_once('@').map_or(rest, |(_, place)| place).to_owned()
}
