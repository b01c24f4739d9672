//! SQLite in this process: one writer, which gathers what waits into one transaction and one `fsync`, and several readers.

use super::{
    engine::{Conn, Options, Tx, Unit},
    failure::{consequence, is_collision, unavailable},
    file::log_of,
    value::Row,
};
use crate::ports::store::{StoreError, Stored};
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};

/// Transactions that share one `fsync`.
const TOGETHER: usize = 128;

/// How long SQLite itself waits for another process that holds the file; after it the writer tries again.
const BUSY: Duration = Duration::from_millis(250);

/// How soon a file that another process opens too is tried again.
const AGAIN: Duration = Duration::from_millis(20);

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
    /// Empties the log.
    Empty(oneshot::Sender<Stored<bool>>),
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
            sound(path, options.patience).await?;
        }
        let writer = Tx::on(Conn::Writer(Box::new(connect(&file, options.patience).await?)));
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
        let log = LongLog { path: log_of(path), from: options.long_log, told: false };
        tokio::spawn(write(writer, queue, log));
        Ok(Self { orders, readers })
    }

    /// Gives the writer something to do. Never waits.
    pub(super) fn queue(&self, unit: Box<dyn Unit>) -> Stored<()> {
        self.order(Order::Work(unit))
    }

    fn order(&self, order: Order) -> Stored<()> {
        self.orders.try_send(order).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => unavailable("too much waits for the disk"),
            mpsc::error::TrySendError::Closed(_) => unavailable("the connection is closed"),
        })
    }

    /// Takes the log into the file and empties it; `false` where somebody still reads from it.
    pub(super) async fn empty_log(&self) -> Stored<bool> {
        let (reply, emptied) = oneshot::channel();
        self.order(Order::Empty(reply))?;
        emptied.await.unwrap_or_else(|_| Err(unavailable("the connection is closed")))
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

/// Connects. Whoever else opens the file at this moment holds it alone for a while, for which SQLite itself does not always wait.
async fn connect(file: &SqliteConnectOptions, patience: Duration) -> Stored<SqliteConnection> {
    let until = Instant::now() + patience;
    loop {
        match file.connect().await {
            Err(error) if is_collision(&error) && Instant::now() < until => sleep(AGAIN).await,
            connected => return connected.map_err(consequence),
        }
    }
}

/// A damaged file must not be written to, least of all silently: it is looked at by a connection that can't write.
async fn sound(path: &Path, patience: Duration) -> Stored<()> {
    let look = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(patience);
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

/// Tells where the log grows and can't be emptied, because somebody reads for long.
struct LongLog {
    path: PathBuf,
    from: u64,
    told: bool,
}

impl LongLog {
    fn look(&mut self) {
        let bytes = fs::metadata(&self.path).map_or(0, |log| log.len());
        let is_long = bytes >= self.from;
        if is_long && !self.told {
            let mib = bytes >> 20;
            tracing::warn!(
                code = "LONG_LOG",
                mib,
                "the database's log grows: somebody reads from it for long"
            );
        }
        self.told = is_long;
    }
}

/// The writer: until it is closed, or nobody can give it anything any more.
async fn write(mut tx: Tx, mut queue: mpsc::Receiver<Order>, mut log: LongLog) {
    let mut orders = Vec::with_capacity(TOGETHER);
    let mut closing = None;
    while closing.is_none() && queue.recv_many(&mut orders, TOGETHER).await > 0 {
        let mut units = Vec::with_capacity(orders.len());
        let mut empties = Vec::new();
        for order in orders.drain(..) {
            match order {
                Order::Work(unit) => units.push(unit),
                Order::Empty(reply) => empties.push(reply),
                Order::Close(until) => closing = Some(until),
            }
        }
        together(&mut tx, units).await;
        log.look();
        for reply in empties {
            // Whoever asked may have given up.
            reply.send(empty(&mut tx).await).ok();
        }
    }
    queue.close();
    if let Conn::Writer(conn) = tx.into_conn()
        && let Err(error) = conn.close().await
    {
        tracing::warn!(code = "STORE", %error, "the database was not closed as it should be");
    }
    drop(closing);
}

async fn empty(tx: &mut Tx) -> Stored<bool> {
    let row = tx.row("PRAGMA wal_checkpoint(TRUNCATE)", []).await?;
    Ok(row.map(|row| row.int("busy")).transpose()? == Some(0))
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
