//! SQLite in this process: one writer, which gathers what waits into one transaction and one `fsync`, and several readers.

use super::{
    engine::{Conn, Options, Tx, Unit},
    failure::{consequence, unavailable},
    value::Row,
};
use crate::ports::store::{StoreError, Stored};
use sqlx::{
    ConnectOptions as _, Connection as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// Transactions that share one `fsync`.
const TOGETHER: usize = 128;

/// How long SQLite itself waits for another process that holds the file; after it the writer tries again.
const BUSY: Duration = Duration::from_millis(250);

/// Bytes of the write-ahead log that are kept on the disk after a checkpoint: 64 MiB.
const LOG_KEPT: &str = "67108864";

/// Those who read at a time, beside the one who writes.
const READERS: u32 = 4;

/// The file, opened.
pub(super) struct Sqlite {
    orders: mpsc::Sender<Order>,
    readers: SqlitePool,
}

enum Order {
    Work(Box<dyn Unit>),
    /// Everything before it is done when the sender is dropped.
    Close(oneshot::Sender<()>),
}

impl Sqlite {
    /// Opens the file, which is made where there is none, and checks that it is sound.
    pub(super) async fn open(path: &Path, options: &Options) -> Stored<Self> {
        let file = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("journal_size_limit", LOG_KEPT)
            // What was erased must not stay readable in free pages.
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        if path.exists() {
            sound(path).await?;
        }
        let writer = Tx::on(Conn::Writer(Box::new(file.connect().await.map_err(consequence)?)));
        // All of them now, and for ever: each is a thread with three open files, which must not be missing later.
        let readers = SqlitePoolOptions::new()
            .min_connections(READERS)
            .max_connections(READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(options.patience)
            .connect_with(file.create_if_missing(false).read_only(true))
            .await
            .map_err(consequence)?;
        let (orders, queue) = mpsc::channel(options.waiting);
        tokio::spawn(write(writer, queue));
        Ok(Self { orders, readers })
    }

    /// Gives the writer something to do. Never waits.
    pub(super) fn queue(&self, unit: Box<dyn Unit>) -> Stored<()> {
        self.orders.try_send(Order::Work(unit)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => unavailable("too much waits for the disk"),
            mpsc::error::TrySendError::Closed(_) => unavailable("the connection is closed"),
        })
    }

    pub(super) async fn reader(&self) -> Stored<Tx> {
        Ok(Tx::on(Conn::Reader(self.readers.begin().await.map_err(consequence)?)))
    }

    /// Waits until all that was queued is done.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        let (until, closed) = oneshot::channel();
        if self.orders.send(Order::Close(until)).await.is_ok() {
            drop(closed.await);
        }
    }
}

/// A damaged file must not be written to, least of all silently: it is looked at by a connection that can't write.
async fn sound(path: &Path) -> Stored<()> {
    let look = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY);
    let mut conn = look.disable_statement_logging().connect().await.map_err(consequence)?;
    let verdict = sqlx::query("PRAGMA quick_check(1)").persistent(false).fetch_one(&mut conn).await;
    let verdict = match verdict.map_err(consequence).map(|row| Row::Sqlite(row).text("quick_check")) {
        Ok(verdict) => verdict?,
        Err(StoreError::Broken(error)) => error.to_string(),
        Err(error) => return Err(error),
    };
    conn.close().await.map_err(consequence)?;
    if verdict == "ok" {
        return Ok(());
    }
    let damage = format!("the file {} is damaged, restore a backup: {verdict}", path.display());
    Err(StoreError::Broken(damage.into()))
}

/// The writer: until it is closed, or nobody can give it anything any more.
async fn write(mut tx: Tx, mut queue: mpsc::Receiver<Order>) {
    let mut orders = Vec::with_capacity(TOGETHER);
    let mut closing = None;
    while closing.is_none() && queue.recv_many(&mut orders, TOGETHER).await > 0 {
        let mut units = Vec::with_capacity(orders.len());
        for order in orders.drain(..) {
            match order {
                Order::Work(unit) => units.push(unit),
                Order::Close(until) => closing = Some(until),
            }
        }
        together(&mut tx, units).await;
    }
    queue.close();
    if let Conn::Writer(conn) = tx.into_conn()
        && let Err(error) = conn.close().await
    {
        tracing::warn!(code = "STORE", %error, "the database was not closed as it should be");
    }
    drop(closing);
}

/// Does the units in one transaction: each of them whole or not at all, and all of them with one `fsync`.
async fn together(tx: &mut Tx, mut units: Vec<Box<dyn Unit>>) {
    loop {
        units.retain(|unit| unit.is_wanted());
        if units.is_empty() {
            return;
        }
        match tx.script("BEGIN IMMEDIATE").await {
            Ok(()) => break,
            Err(_) if tx.collided() => {}
            Err(error) => return finish(units, Err(error)),
        }
    }
    // Another process may have held the file for long: what nobody waits for any more is not made to happen later.
    units.retain(|unit| unit.is_wanted());
    let done = each(tx, &mut units).await;
    let done = match done {
        Ok(()) => tx.script("COMMIT").await,
        Err(error) => Err(error),
    };
    if done.is_err()
        && let Err(error) = tx.script("ROLLBACK").await
    {
        // A full disk or a failed read has ended the transaction already.
        tracing::debug!(%error, "nothing was left to be taken back");
    }
    finish(units, done);
}

async fn each(tx: &mut Tx, units: &mut [Box<dyn Unit>]) -> Stored<()> {
    for unit in units {
        tx.script("SAVEPOINT unit").await?;
        if unit.run(tx).await {
            tx.script("RELEASE unit").await?;
        } else if let Err(error) = tx.script("ROLLBACK TO unit; RELEASE unit").await {
            // A full disk has taken back the whole transaction: that is what the others are told.
            return Err(unit.failure().unwrap_or(error));
        }
    }
    Ok(())
}

fn finish(units: Vec<Box<dyn Unit>>, done: Stored<()>) {
    let error = done.err();
    let full = matches!(error, Some(StoreError::Unavailable { full: true, .. }));
    for unit in units {
        unit.finish(match &error {
            None => Ok(()),
            Some(error) => Err(StoreError::Unavailable { why: error.to_string(), full }),
        });
    }
}
