//! The three databases that every fact is tried on.

use crate::services::{Database, PgBouncer, Postgres, sql};
use centralita::{
    base::ids::CallSid,
    ports::store::{
        MAIN_WORKSPACE, Owner, StoreError,
        calls::{CallBegan, NewCall},
        jobs::{Ask, Claim, Jobs as _, NewJob},
    },
    storage::{Options, Place, SqlStore},
};
use serde_json::json;
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions,
};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::OnceCell, time::timeout};

/// The guard of everything: far beyond what any fact takes.
const GUARD: Duration = Duration::from_mins(2);

/// Whatever a fact may write to, the pointing before what is pointed to; of the workspaces the first one stays.
const TABLES: [&str; 16] = [
    "early_news",
    "state",
    "audit",
    "api_keys",
    "leases",
    "jobs",
    "outbox",
    "inbox",
    "notes",
    "appointments",
    "call_commands",
    "turns",
    "calls",
    "messages",
    "conversations",
    "contacts",
];

/// Rows, each value as text.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Tries each fact on every database.
macro_rules! facts {
    ($($fact:ident),* $(,)?) => {
        facts!(@on sqlite $($fact)*);
        facts!(@on postgres $($fact)*);
        facts!(@on pooled $($fact)*);
    };
    (@on $place:ident $($fact:ident)*) => {
        mod $place {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $fact() {
                $crate::rig::on_each(async || $crate::rig::Rig::$place().await, async |rig: &mut $crate::rig::Rig| super::$fact(rig).await).await;
            }
        )*}
    };
}

/// A fresh database with a store on it.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) store: Arc<SqlStore>,
    at: At,
}

#[derive(Debug)]
enum At {
    File(Folder),
    Server { straight: Database, url: String, is_as_it_was: bool },
}

/// Databases of facts that are through, for the next ones: they have a schema and no rows.
static USED: Mutex<Vec<Database>> = Mutex::new(Vec::new());

/// A folder of the test's own, gone with it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("centralita-store-{:016x}", rand::random::<u64>()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("centralita.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// As the program has them, but for a machine that is busy with other tests.
pub(crate) fn options() -> Options {
    let minute = Duration::from_mins(1);
    Options { patience: minute, connecting: minute, ..Options::default() }
}

/// Runs a fact where there is such a database.
pub(crate) async fn on_each(place: impl AsyncFnOnce() -> Option<Rig>, fact: impl AsyncFnOnce(&mut Rig)) {
    let Some(mut rig) = place().await else { return };
    timeout(GUARD, fact(&mut rig)).await.expect("something is waited for that never comes");
    timeout(GUARD, rig.store.close()).await.expect("the store does not close");
    rig.hand_on().await;
}

/// The test process's own Postgres, which goes with it.
pub(crate) async fn server() -> Option<&'static Postgres> {
    static SERVER: OnceCell<Option<Postgres>> = OnceCell::const_new();
    SERVER.get_or_init(|| Postgres::own_with(&[("max_connections", "300")])).await.as_ref()
}

async fn pooler(server: &Postgres) -> Option<&'static PgBouncer> {
    static POOLER: OnceCell<Option<PgBouncer>> = OnceCell::const_new();
    POOLER.get_or_init(|| PgBouncer::before(server.url(), 2)).await.as_ref()
}

/// One that another fact has left, or a new one.
async fn database(server: &Postgres) -> Database {
    let used = USED.lock().unwrap().pop();
    match used {
        Some(used) => used,
        None => Database::on(server.url()).await,
    }
}

impl Rig {
    /// Leaves the database to another fact, where it has nothing in it but the first rows.
    async fn hand_on(self) {
        let At::Server { straight, is_as_it_was: true, .. } = self.at else { return };
        let wiped = format!("DELETE FROM {};", TABLES.join("; DELETE FROM "));
        let first = "DELETE FROM workspaces WHERE id <> 'main'";
        sql(straight.url(), &format!("{wiped}{first}")).await.unwrap();
        USED.lock().unwrap().push(straight);
    }

    /// The fact changes the schema: nobody else gets the database.
    pub(crate) fn spoils_the_schema(&mut self) {
        if let At::Server { is_as_it_was, .. } = &mut self.at {
            *is_as_it_was = false;
        }
    }

    pub(crate) async fn sqlite() -> Option<Self> {
        let folder = Folder::new();
        let store = SqlStore::open(Place::File(folder.file()), options()).await.unwrap();
        Some(Self { store: Arc::new(store), at: At::File(folder) })
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let straight = database(server().await?).await;
        let url = straight.url().to_owned();
        Some(Self::at(straight, url).await)
    }

    pub(crate) async fn pooled() -> Option<Self> {
        let server = server().await?;
        let pooler = pooler(server).await?;
        let straight = database(server).await;
        let at = pooler.url().rsplit_once('/').unwrap().0;
        let url = format!("{at}/{}", straight.name());
        Some(Self::at(straight, url).await)
    }

    async fn at(straight: Database, url: String) -> Self {
        let store = SqlStore::open(Place::Server(url.clone()), options()).await.unwrap();
        Self { store: Arc::new(store), at: At::Server { straight, url, is_as_it_was: true } }
    }

    /// Where the store finds its database.
    pub(crate) fn place(&self) -> Place {
        match &self.at {
            At::File(folder) => Place::File(folder.file()),
            At::Server { url, .. } => Place::Server(url.clone()),
        }
    }

    /// The same place with nothing in it, not even a schema. The store must be closed.
    pub(crate) async fn emptied(&self) -> Place {
        match &self.at {
            At::File(folder) => fs::remove_file(folder.file()).unwrap(),
            At::Server { .. } => {
                self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            }
        }
        self.place()
    }

    /// Another store on the same database, as another process has it.
    pub(crate) async fn another(&self) -> Result<SqlStore, StoreError> {
        SqlStore::open(self.place(), options()).await
    }

    /// As [`Self::another`], with other options.
    pub(crate) async fn with(&self, options: Options) -> SqlStore {
        SqlStore::open(self.place(), options).await.unwrap()
    }

    /// Asks the database itself, past the store and past the pooler.
    pub(crate) async fn sql(&self, statement: &str) -> Rows {
        match &self.at {
            At::File(folder) => ask(&folder.file(), statement).await,
            At::Server { straight, .. } => sql(straight.url(), statement).await.unwrap(),
        }
    }

    /// One number.
    pub(crate) async fn number(&self, statement: &str) -> i64 {
        self.sql(statement).await[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// SQLite's file.
    pub(crate) fn file(&self) -> PathBuf {
        match &self.at {
            At::File(folder) => folder.file(),
            At::Server { .. } => panic!("there is no file"),
        }
    }

    /// Whether nobody keeps a transaction open.
    pub(crate) async fn nothing_is_open(&self) -> bool {
        let open = if self.is_sqlite() {
            // Pages stay in the log while somebody reads: the first column tells that it could not be emptied.
            "PRAGMA wal_checkpoint(TRUNCATE)"
        } else {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
               AND state <> 'idle'"
        };
        self.number(open).await == 0
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.at, At::File(_))
    }

    /// All that is stored, as one text.
    pub(crate) async fn dump(&self) -> String {
        let tables = if self.is_sqlite() {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'"
        } else {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        };
        let mut text = String::new();
        for table in self.sql(tables).await {
            let table = table[0].as_ref().unwrap();
            for row in self.sql(&self.rows_of(table).await).await {
                writeln!(text, "{table}: {row:?}").unwrap();
            }
        }
        text
    }

    /// Every column as text; bytes as the text that they are.
    async fn rows_of(&self, table: &str) -> String {
        if self.is_sqlite() {
            return format!("SELECT * FROM {table}");
        }
        let columns = format!(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}' \
             AND table_schema = 'public'"
        );
        let columns: Vec<String> = self.sql(&columns).await.iter().map(|row| plain(row)).collect();
        format!("SELECT {} FROM {table}", columns.join(", "))
    }
}

fn plain(column: &[Option<String>]) -> String {
    let (name, kind) = (column[0].as_ref().unwrap(), column[1].as_ref().unwrap());
    if kind == "bytea" { format!("encode({name}, 'escape')") } else { name.clone() }
}

/// A connection of its own to a file.
pub(crate) async fn connect(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(GUARD).disable_statement_logging();
    options.connect().await.unwrap()
}

/// Asks SQLite's file.
pub(crate) async fn ask(file: &Path, statement: &str) -> Rows {
    let mut connection = connect(file).await;
    let rows = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut connection).await.unwrap();
    let value = |row: &sqlx::sqlite::SqliteRow, place: usize| {
        let text = row.try_get_unchecked::<Option<String>, _>(place);
        let bytes = || row.try_get_unchecked::<Option<Vec<u8>>, _>(place).unwrap();
        text.unwrap_or_else(|_| bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let rows =
        rows.iter().map(|row| row.columns().iter().map(|column| value(row, column.ordinal())).collect());
    rows.collect()
}

/// A process of ours.
pub(crate) fn owner(name: &str) -> Owner {
    Owner(name.to_owned())
}

/// The call with this number.
pub(crate) fn sid(number: u32) -> CallSid {
    format!("CA{number:032x}").parse().unwrap()
}

/// As the network announces it.
pub(crate) fn call(number: u32) -> NewCall {
    NewCall {
        sid: sid(number),
        workspace: MAIN_WORKSPACE.to_owned(),
        agent: "clara".to_owned(),
        direction: "inbound".to_owned(),
        from: "+34600100200".to_owned(),
        to: "+34910000000".to_owned(),
        account: "AC1".to_owned(),
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
    }
}

/// It has a socket in this process.
pub(crate) fn began(number: u32, by: &str, epoch: i64) -> CallBegan {
    CallBegan {
        call: call(number),
        owner: owner(by),
        epoch,
        at: "2026-11-20T10:00:01Z".parse().unwrap(),
        files: [Some(format!("{number}.wav")), Some(format!("{number}.log"))],
    }
}

/// A job that can run at once.
pub(crate) fn job(key: &str) -> NewJob {
    NewJob::new("work", key, json!({"for": key}))
}

/// Much at once, for an hour.
pub(crate) fn asks(by: &str) -> Ask {
    Ask { owner: owner(by), most: 1_000, lane: 1_000, lease: Duration::from_hours(1) }
}

/// The keys of what one claim takes, in order.
pub(crate) async fn claimed(store: &SqlStore, ask: Ask) -> Vec<String> {
    keys(&store.claim(ask).await.unwrap())
}

/// Their keys.
pub(crate) fn keys(claims: &[Claim]) -> Vec<String> {
    claims.iter().map(|claim| claim.key.clone()).collect()
}
