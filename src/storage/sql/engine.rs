//! Transactions, on either database.

use super::{
    Dialect,
    failure::{consequence, is_collision, unavailable},
    postgres::Postgres,
    sqlite::Sqlite,
    value::{Arg, Row},
};
use crate::{
    base::connecting,
    ports::store::{StoreError, Stored},
};
use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection, Transaction};
use std::{fmt, mem, path::PathBuf, time::Duration};
use tokio::{sync::oneshot, time::timeout};

/// How a database is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long anything may take before the database counts as away: 2 s, so that a caller's tool and a webhook get an answer
    /// in time (reliability E8).
    pub patience: Duration,
    /// How long the first connection to Postgres may take, however long the rest may; those that follow are a part of what they
    /// are made for.
    pub connecting: Duration,
    /// Connections to Postgres.
    pub connections: u32,
    /// Bytes of SQLite's log from which on it is told that it grows: 256 MiB (reliability E6).
    pub long_log: u64,
    /// Transactions that may wait for SQLite's one writer; beyond them the database counts as away.
    pub waiting: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(2),
            connecting: connecting::LIMIT,
            connections: 10,
            long_log: 256 << 20,
            waiting: 1_024,
        }
    }
}

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// SQLite's file.
    File(PathBuf),
    /// Postgres' address; it may hold a password.
    Server(String),
}

/// One of the two databases.
pub(in crate::storage) struct Engine {
    kind: Kind,
    patience: Duration,
}

enum Kind {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.dialect()).finish()
    }
}

/// What is done in a transaction. It gets its arguments by reference, since it runs again after a collision.
pub(in crate::storage) type Work<A, T> = for<'t> fn(&'t mut Tx, &'t A) -> BoxFuture<'t, Stored<T>>;

impl Engine {
    /// Connects, and brings the schema up to date where `migrate` says so.
    ///
    /// # Errors
    /// The database is away or damaged, or its schema is newer than this program, or older and not to be migrated.
    pub(in crate::storage) async fn open(place: Place, options: Options) -> Stored<Self> {
        let patience = options.patience;
        let kind = match place {
            Place::File(path) => Kind::Sqlite(Sqlite::open(&path, &options).await?),
            Place::Server(url) => Kind::Postgres(Postgres::open(&url, &options).await?),
        };
        Ok(Self { kind, patience })
    }

    /// From now on anything may take so long.
    pub(in crate::storage) const fn be_patient_for(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Which SQL it speaks.
    pub(in crate::storage) const fn dialect(&self) -> Dialect {
        match self.kind {
            Kind::Sqlite(_) => Dialect::Sqlite,
            Kind::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Writes in one transaction; what it wrote is on the disk when this returns `Ok`. Dropping the future does not take it
    /// back once it has begun.
    pub(in crate::storage) async fn write<A, T>(&self, args: A, work: Work<A, T>) -> Stored<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        self.write_within(self.patience, args, work).await
    }

    /// The same for what may take longer than the rest: so long, where that is more.
    pub(in crate::storage) async fn write_within<A, T>(
        &self,
        patience: Duration,
        args: A,
        work: Work<A, T>,
    ) -> Stored<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let done = async {
            match &self.kind {
                Kind::Postgres(postgres) => postgres.write(&args, work).await,
                Kind::Sqlite(sqlite) => {
                    let (unit, done) = unit(args, work);
                    sqlite.queue(unit)?;
                    done.await.unwrap_or_else(|_| Err(unavailable("the connection is closed")))
                }
            }
        };
        in_time(patience.max(self.patience), done).await
    }

    /// Reads in one transaction: what it sees is of one moment.
    pub(in crate::storage) async fn read<A, T>(&self, args: A, work: Work<A, T>) -> Stored<T>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
    {
        let done = async {
            let mut tx = match &self.kind {
                Kind::Sqlite(sqlite) => sqlite.reader().await?,
                Kind::Postgres(postgres) => postgres.begin().await?,
            };
            let read = work(&mut tx, &args).await;
            tx.rollback().await?;
            read
        };
        in_time(self.patience, done).await
    }

    /// Takes SQLite's log into its file and empties it; `false` where somebody still reads from it. Postgres' pages are its own
    /// business.
    pub(in crate::storage) async fn empty_log(&self) -> Stored<bool> {
        match &self.kind {
            Kind::Sqlite(sqlite) => in_time(self.patience, sqlite.empty_log()).await,
            Kind::Postgres(_) => Ok(true),
        }
    }

    /// Ends all connections, when what was begun is done.
    pub(in crate::storage) async fn close(&self) {
        match &self.kind {
            Kind::Sqlite(sqlite) => sqlite.close().await,
            Kind::Postgres(postgres) => postgres.close().await,
        }
    }
}

async fn in_time<T>(patience: Duration, done: impl Future<Output = Stored<T>>) -> Stored<T> {
    match timeout(patience, done).await {
        Ok(done) => done,
        Err(_) => Err(unavailable(format!("no answer within {} ms", patience.as_millis()))),
    }
}

/// The arguments of a statement: `$1` is the first.
pub(in crate::storage) trait Args:
    IntoIterator<Item = Arg, IntoIter: Send> + Send
{
}

impl<T: IntoIterator<Item = Arg, IntoIter: Send> + Send> Args for T {}

/// A transaction.
pub(in crate::storage) struct Tx {
    conn: Conn,
    collided: bool,
}

pub(super) enum Conn {
    /// SQLite's writer, which keeps its connection for ever.
    Writer(Box<SqliteConnection>),
    Reader(Transaction<'static, sqlx::Sqlite>),
    Postgres(Transaction<'static, sqlx::Postgres>),
}

/// Where a statement goes.
enum Way<'t> {
    Sqlite(&'t mut SqliteConnection),
    Postgres(&'t mut PgConnection),
}

/// The statement with its arguments. Postgres gets it unnamed: see the module above.
macro_rules! query {
    ($sql:expr, $args:expr, $kept:literal) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql)).persistent($kept);
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Blob(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Tx {
    pub(super) const fn on(conn: Conn) -> Self {
        Self { conn, collided: false }
    }

    pub(in crate::storage) const fn dialect(&self) -> Dialect {
        match self.conn {
            Conn::Writer(_) | Conn::Reader(_) => Dialect::Sqlite,
            Conn::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement and tells how many rows it touched.
    pub(in crate::storage) async fn run(&mut self, sql: &str, args: impl Args) -> Stored<u64> {
        let sql = self.dialect().write(sql).into_owned();
        let done = match self.way() {
            Way::Sqlite(conn) => query!(sql, args, true).execute(conn).await.map(|done| done.rows_affected()),
            Way::Postgres(conn) => {
                query!(sql, args, false).execute(conn).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| self.failed(error))
    }

    /// All rows of a result.
    pub(in crate::storage) async fn rows(&mut self, sql: &str, args: impl Args) -> Stored<Vec<Row>> {
        let sql = self.dialect().write(sql).into_owned();
        let rows = match self.way() {
            Way::Sqlite(conn) => {
                let rows = query!(sql, args, true).fetch_all(conn).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Way::Postgres(conn) => {
                let rows = query!(sql, args, false).fetch_all(conn).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        };
        rows.map_err(|error| self.failed(error))
    }

    /// The first row of a result, where there is one.
    pub(in crate::storage) async fn row(&mut self, sql: &str, args: impl Args) -> Stored<Option<Row>> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Waits until no other transaction holds this lock, and holds it until this one ends. SQLite has one writer anyway.
    ///
    /// Postgres' lock is one of the transaction, so that it is safe behind a pooler (a lock of the session is not).
    pub(in crate::storage) async fn alone(&mut self, lock: i64) -> Stored<()> {
        if self.dialect() == Dialect::Postgres {
            self.rows("SELECT pg_advisory_xact_lock($1)", [lock.into()]).await?;
        }
        Ok(())
    }

    /// Runs a text of many statements.
    pub(in crate::storage) async fn script(&mut self, sql: &str) -> Stored<()> {
        let sql = self.dialect().write(sql).into_owned();
        let done = match self.way() {
            Way::Sqlite(conn) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.map(drop),
            Way::Postgres(conn) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.map(drop),
        };
        done.map_err(|error| self.failed(error))
    }

    pub(super) fn into_conn(self) -> Conn {
        self.conn
    }

    /// Whether the transaction met another one in its way since this was last asked.
    pub(super) fn collided(&mut self) -> bool {
        mem::take(&mut self.collided)
    }

    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self.conn {
            Conn::Writer(_) => Ok(()),
            Conn::Reader(tx) => tx.commit().await,
            Conn::Postgres(tx) => tx.commit().await,
        }
    }

    pub(super) async fn rollback(self) -> Stored<()> {
        let done = match self.conn {
            Conn::Writer(_) => return Ok(()),
            Conn::Reader(tx) => tx.rollback().await,
            Conn::Postgres(tx) => tx.rollback().await,
        };
        done.map_err(consequence)
    }

    fn way(&mut self) -> Way<'_> {
        match &mut self.conn {
            Conn::Writer(conn) => Way::Sqlite(conn),
            Conn::Reader(tx) => Way::Sqlite(tx),
            Conn::Postgres(tx) => Way::Postgres(tx),
        }
    }

    fn failed(&mut self, error: sqlx::Error) -> StoreError {
        self.collided |= is_collision(&error);
        consequence(error)
    }
}

/// A transaction that waits for SQLite's writer.
pub(super) trait Unit: Send {
    /// Whether somebody still waits for it; if not, it need not begin.
    fn is_wanted(&self) -> bool;
    /// Does the work; `false` asks for it to be taken back.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Why the database is away, where that is why it failed.
    fn failure(&self) -> Option<StoreError>;
    /// It is on the disk, or could not be brought there.
    fn finish(self: Box<Self>, committed: Stored<()>);
}

struct UnitOf<A, T> {
    args: A,
    work: Work<A, T>,
    done: Option<Stored<T>>,
    reply: oneshot::Sender<Stored<T>>,
}

/// A unit, and where its result will come.
pub(super) fn unit<A, T>(args: A, work: Work<A, T>) -> (Box<dyn Unit>, oneshot::Receiver<Stored<T>>)
where
    A: Send + Sync + 'static,
    T: Send + 'static,
{
    let (reply, done) = oneshot::channel();
    (Box::new(UnitOf { args, work, done: None, reply }), done)
}

impl<A: Send + Sync, T: Send> Unit for UnitOf<A, T> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move { self.done.insert((self.work)(tx, &self.args).await).is_ok() })
    }

    fn failure(&self) -> Option<StoreError> {
        match &self.done {
            Some(Err(StoreError::Unavailable { why, full })) => {
                Some(StoreError::Unavailable { why: why.clone(), full: *full })
            }
            _ => None,
        }
    }

    fn finish(self: Box<Self>, committed: Stored<()>) {
        let done = match (self.done, committed) {
            (Some(Ok(_)) | None, Err(error)) => Err(error),
            (Some(done), _) => done,
            (None, Ok(())) => return,
        };
        // Whoever asked may have given up.
        self.reply.send(done).ok();
    }
}
