//! The state store in the database's own table.
//!
//! A row's first byte tells what it is. What was taken leaves a row without a value behind, so that a copy elsewhere that was
//! not removed in time is known to be worth nothing.

use crate::{
    ports::{
        state::{Counted, Held, Key, Kind, StateError, StateStore, fits, millis},
        store::{StoreError, Stored},
    },
    storage::sql::{Engine, Tx},
};
use futures_util::future::BoxFuture;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// What the first byte of a row's value says.
mod tag {
    /// Made to be locked, within a transaction only.
    pub(super) const FRESH: u8 = 0;
    pub(super) const TAKEN: u8 = 1;
    pub(super) const VALUE: u8 = 2;
    /// Eight bytes follow, the lowest first.
    pub(super) const COUNT: u8 = 3;
}

/// The row of a key that was taken.
pub(in crate::storage) const TAKEN: [u8; 1] = [tag::TAKEN];

/// How long a taken key is remembered beyond its life: what was sent to Redis before may arrive there so much later, as long
/// as the system repeats what was not acknowledged (Linux: `tcp_retries2`, about 924 s).
const LATE: Duration = Duration::from_secs(924);

/// Every so many writes, rows that are past their end are removed, four times as many at most: garbage never grows for
/// long, and no single write pays for much of it.
const SWEEP: u32 = 64;

/// The state store over SQL.
#[derive(Debug)]
pub struct Embedded {
    engine: Arc<Engine>,
    writes: AtomicU32,
}

/// What the table knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Nothing,
    /// It was taken: whoever has a copy has an old one.
    Taken,
    /// Its value.
    Value(Vec<u8>),
}

impl Known {
    pub(super) fn value(self) -> Option<Vec<u8>> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Taken => None,
        }
    }
}

/// What became of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// Something is kept already.
    No,
    /// The table knew nothing of the key.
    Yes,
    /// What was kept had been taken.
    Again,
}

impl Embedded {
    pub(in crate::storage) const fn new(engine: Arc<Engine>) -> Self {
        Self { engine, writes: AtomicU32::new(0) }
    }

    pub(super) async fn known(&self, key: &Key) -> Held<Known> {
        let known = self.engine.read(key.held()?, |tx, name| {
            Box::pin(async move {
                let sql = "SELECT value FROM state WHERE name = $1 AND until > {now}";
                let row = tx.row(sql, [name.into()]).await?;
                Ok(row.map(|row| row.blob("value")).transpose()?.map_or(Known::Nothing, |row| known(&row)))
            })
        });
        known.await.map_err(consequence)
    }

    /// Takes what is kept; what is returned was kept, or had been taken before.
    pub(super) async fn withdraw(&self, key: &Key) -> Held<Known> {
        self.write(key.held()?, |tx, name| Box::pin(withdraw(tx, name))).await
    }

    /// Remembers that a key of which the table knew nothing was taken elsewhere, with so much of its life left; `false` where
    /// the table knows of it by now.
    pub(super) async fn bury(&self, key: &Key, left: Duration) -> Held<bool> {
        let left = i64::try_from((left + LATE).as_millis()).unwrap_or(i64::MAX);
        let buried = self.write((key.held()?, left), |tx, (name, left)| {
            Box::pin(async move {
                if lock(tx, name).await?.is_some() {
                    return Ok(false);
                }
                write(tx, name, TAKEN.to_vec(), *left).await?;
                Ok(true)
            })
        });
        buried.await
    }

    pub(super) async fn mark(&self, key: &Key, life: Duration) -> Held<Added> {
        let marked = self.write((key.held()?, millis(life)?), |tx, (name, life)| {
            Box::pin(async move {
                let added = match lock(tx, name).await? {
                    None => Added::Yes,
                    Some((row, _)) if known(&row) == Known::Taken => Added::Again,
                    Some(_) => return Ok(Added::No),
                };
                write(tx, name, vec![tag::VALUE], *life).await?;
                Ok(added)
            })
        });
        marked.await
    }

    async fn write<A, T>(
        &self,
        args: A,
        work: for<'t> fn(&'t mut Tx, &'t A) -> BoxFuture<'t, Stored<T>>,
    ) -> Held<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let done = self.engine.write(args, work).await.map_err(consequence)?;
        if self.writes.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1
            && let Err(error) = self.engine.write((), |tx, ()| Box::pin(sweep(tx))).await
        {
            tracing::debug!(%error, "what is past its end stays in the state table for now");
        }
        Ok(done)
    }
}

impl StateStore for Embedded {
    fn put(&self, key: Key, value: Vec<u8>, life: Duration) -> BoxFuture<'_, Held<()>> {
        Box::pin(async move {
            fits(&value)?;
            let args = (key.held()?, tagged(tag::VALUE, &value), millis(life)?);
            self.write(args, |tx, (name, value, life)| {
                Box::pin(async move {
                    let sql = "INSERT INTO state (name, value, until) VALUES ($1, $2, {now} + $3) \
                               ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until";
                    tx.run(sql, [name.into(), value.as_slice().into(), (*life).into()]).await?;
                    Ok(())
                })
            })
            .await
        })
    }

    fn get(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        Box::pin(async move { Ok(self.known(&key).await?.value()) })
    }

    fn take(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        Box::pin(async move { Ok(self.withdraw(&key).await?.value()) })
    }

    fn add(&self, key: Key, life: Duration) -> BoxFuture<'_, Held<bool>> {
        Box::pin(async move { Ok(self.mark(&key, life).await? != Added::No) })
    }

    fn count(&self, key: Key, window: Duration) -> BoxFuture<'_, Held<Counted>> {
        Box::pin(async move {
            let args = (key.counted()?, millis(window)?);
            self.write(args, |tx, (name, window)| Box::pin(count(tx, name, *window))).await
        })
    }

    fn kind(&self) -> Kind {
        Kind::Embedded
    }

    fn is_available(&self) -> BoxFuture<'_, bool> {
        let asked = self.engine.read((), |tx, ()| {
            Box::pin(async move { tx.rows("SELECT name FROM state WHERE name = ''", []).await.map(drop) })
        });
        Box::pin(async move { asked.await.is_ok() })
    }
}

/// The row of a key, locked until the transaction ends: what is in it and how many milliseconds it has left. Where there is
/// none, or its time is over, one that is worth nothing is locked, to be written or taken back.
async fn lock(tx: &mut Tx, name: &str) -> Stored<Option<(Vec<u8>, i64)>> {
    let fresh = [tag::FRESH];
    let sql = "INSERT INTO state (name, value, until) VALUES ($1, $2, 0) \
               ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value, until - {now} AS life";
    let Some(row) = tx.row(sql, [name.into(), fresh.as_slice().into()]).await? else {
        return Err(StoreError::Unknown);
    };
    let life = row.int("life")?;
    Ok(if life > 0 { Some((row.blob("value")?, life)) } else { None })
}

async fn write(tx: &mut Tx, name: &str, value: Vec<u8>, life: i64) -> Stored<()> {
    let sql = "UPDATE state SET value = $2, until = {now} + $3 WHERE name = $1";
    tx.run(sql, [name.into(), Some(value).into(), life.into()]).await?;
    Ok(())
}

async fn withdraw(tx: &mut Tx, name: &str) -> Stored<Known> {
    // Locks the row, and makes none: whoever tries tokens at random shall not fill the table.
    let sql = "UPDATE state SET name = name WHERE name = $1 AND until > {now} RETURNING value";
    let Some(row) = tx.row(sql, [name.into()]).await? else { return Ok(Known::Nothing) };
    let known = known(&row.blob("value")?);
    if matches!(known, Known::Value(_)) {
        let late = i64::try_from(LATE.as_millis()).unwrap_or(i64::MAX);
        let sql = "UPDATE state SET value = $2, until = until + $3 WHERE name = $1";
        tx.run(sql, [name.into(), TAKEN.as_slice().into(), late.into()]).await?;
    }
    Ok(known)
}

async fn count(tx: &mut Tx, name: &str, window: i64) -> Stored<Counted> {
    let Some((row, left)) = lock(tx, name).await? else {
        write(tx, name, tagged(tag::COUNT, &1_u64.to_le_bytes()), window).await?;
        return Ok(Counted { count: 1, left: Duration::from_millis(window.unsigned_abs()) });
    };
    let count = counted(&row).saturating_add(1);
    let sql = "UPDATE state SET value = $2 WHERE name = $1";
    tx.run(sql, [name.into(), tagged(tag::COUNT, &count.to_le_bytes()).as_slice().into()]).await?;
    Ok(Counted { count, left: Duration::from_millis(left.unsigned_abs()) })
}

async fn sweep(tx: &mut Tx) -> Stored<()> {
    let sql = "DELETE FROM state WHERE name IN \
               (SELECT name FROM state WHERE until <= {now} ORDER BY until LIMIT $1 {skip})";
    tx.run(sql, [i64::from(4 * SWEEP).into()]).await.map(drop)
}

fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag], value].concat()
}

fn known(row: &[u8]) -> Known {
    match row.split_first() {
        Some((&tag::VALUE, value)) => Known::Value(value.to_vec()),
        Some((&tag::TAKEN, _)) => Known::Taken,
        _ => Known::Nothing,
    }
}

fn counted(row: &[u8]) -> u64 {
    let count = row.strip_prefix(&[tag::COUNT]).and_then(|bytes| bytes.try_into().ok());
    count.map_or(0, u64::from_le_bytes)
}

fn consequence(error: StoreError) -> StateError {
    if error.is_temporary() {
        StateError::Unavailable(error.to_string())
    } else {
        StateError::Broken(error.into())
    }
}
