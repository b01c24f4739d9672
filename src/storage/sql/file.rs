//! SQLite's file as a whole: copied while others write to it, examined, and whether anybody has it open.

use super::{
    engine::{Conn, Tx},
    failure::{consequence, is_held},
    migrate::known,
};
use crate::ports::store::{StoreError, Stored};
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteLockingMode},
};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a copy waits for somebody who holds the file for himself.
const BUSY: Duration = Duration::from_secs(10);

/// The log that SQLite keeps beside a file: what it holds belongs to the file.
pub fn log_of(file: &Path) -> PathBuf {
    beside(file, "-wal")
}

/// The index of that log.
pub fn index_of(file: &Path) -> PathBuf {
    beside(file, "-shm")
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

/// How a file is read; never is it written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// Others may write to it meanwhile.
    Live,
    /// Nobody writes to it: it is taken as it lies, without locks and without a file beside it, also from a medium that can't be
    /// written.
    Still,
}

impl Read {
    async fn open(self, file: &Path) -> Result<SqliteConnection, sqlx::Error> {
        // A log beside a file that lies still is a part of it, which only SQLite can read.
        let still = self == Self::Still && !log_of(file).exists();
        let read = SqliteConnectOptions::new().filename(file).read_only(true).immutable(still);
        read.busy_timeout(BUSY).disable_statement_logging().connect().await
    }

    /// Checks every page; `ok` where all is well.
    async fn checked(self, file: &Path) -> Result<(SqliteConnection, String), sqlx::Error> {
        let mut source = self.open(file).await?;
        let verdict = sqlx::query_scalar("PRAGMA integrity_check(1)").persistent(false);
        let verdict = verdict.fetch_one(&mut source).await?;
        Ok((source, verdict))
    }

    /// Copies the database `from` into the empty file `to`, as it is at one moment. Whoever writes to it goes on writing; pages
    /// that nothing uses any more are not copied.
    ///
    /// # Errors
    /// `Unavailable` where it can't be read or the copy can't be written, `Broken` where it is damaged.
    pub async fn copy(self, from: &Path, to: &Path) -> Stored<()> {
        let name =
            to.to_str().ok_or_else(|| StoreError::Broken("the name of the copy is not Unicode".into()))?;
        let mut source = self.open(from).await.map_err(consequence)?;
        let copied = sqlx::query("VACUUM INTO $1").bind(name).persistent(false).execute(&mut source).await;
        source.close().await.map_err(consequence)?;
        copied.map(drop).map_err(consequence)
    }

    /// Checks every page of a database and every row against its indexes, and returns the version of its schema; 0 where it is
    /// none of ours.
    ///
    /// # Errors
    /// `Unavailable` where it can't be read, `Broken` where it is damaged or no database at all.
    pub async fn examine(self, file: &Path) -> Stored<i64> {
        let (source, verdict) = self.checked(file).await.map_err(consequence)?;
        if verdict != "ok" {
            return Err(StoreError::Broken(verdict.into()));
        }
        schema(source).await
    }
}

/// The version of the schema in a file that is there.
pub(super) async fn version(file: &Path) -> Stored<i64> {
    schema(Read::Live.open(file).await.map_err(consequence)?).await
}

async fn schema(source: SqliteConnection) -> Stored<i64> {
    let mut tx = Tx::on(Conn::Writer(Box::new(source)));
    let version = known(&mut tx).await;
    if let Conn::Writer(source) = tx.into_conn() {
        source.close().await.map_err(consequence)?;
    }
    version
}

/// Whether another process has the file open. Where nobody has, its log is taken in, so that the file alone is everything; a
/// damaged one is left as it is, and its log with it.
///
/// # Errors
/// It can't be told, for instance since the file can't be opened or the disk fails.
pub async fn is_in_use(file: &Path) -> Stored<bool> {
    match taken_in(file).await {
        Ok(()) => Ok(false),
        Err(error) if is_held(&error) => Ok(true),
        Err(error) => match consequence(error) {
            StoreError::Broken(_) => Ok(false),
            error => Err(error),
        },
    }
}

/// Has the file alone for a moment, in which its log is taken in where it is sound.
async fn taken_in(file: &Path) -> Result<(), sqlx::Error> {
    let (source, verdict) = Read::Live.checked(file).await?;
    source.close().await?;
    if verdict != "ok" {
        return Ok(());
    }
    let alone = SqliteConnectOptions::new().filename(file).locking_mode(SqliteLockingMode::Exclusive);
    let mut alone = alone.disable_statement_logging().connect().await?;
    let taken = sqlx::raw_sql("BEGIN EXCLUSIVE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    let taken = taken.execute(&mut alone).await;
    alone.close().await?;
    taken.map(drop)
}
