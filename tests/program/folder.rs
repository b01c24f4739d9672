//! A data folder of a test's own, the program that works in it, and a look into its database.

use super::{Server, program, told};
use centralita::{
    ports::store::{
        MAIN_WORKSPACE,
        jobs::{Jobs as _, NewJob},
    },
    storage::{Options, Place, SqlStore},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Gone with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("data-{:016x}", rand::random::<u64>()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("centralita.db")
    }

    /// Runs the program with this data folder: its exit code, and what it told.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
        let environment = [environment, &[("DATA_DIR", self.0.to_str().unwrap())]].concat();
        let output = program(arguments, &environment).output().unwrap();
        (output.status.code(), told(&output))
    }

    /// What goes well, and what it told.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let (code, told) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {told}");
        told
    }

    /// What ends with 1, and what it told.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let (code, told) = self.run(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {told}");
        told
    }

    pub(crate) fn server(&self) -> Server {
        Server::start(&[("DATA_DIR", self.0.to_str().unwrap())])
    }

    pub(crate) async fn store(&self) -> SqlStore {
        let options = Options {
            patience: Duration::from_mins(1),
            connecting: Duration::from_mins(1),
            ..Options::default()
        };
        SqlStore::open(Place::File(self.database()), options).await.unwrap()
    }

    /// Makes a database with some rows, and leaves it.
    pub(crate) async fn filled(&self, jobs: u32) {
        let store = self.store().await;
        store.enqueue((0..jobs).map(|n| job(&n.to_string())).collect()).await.unwrap();
        store.close().await;
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let names =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// One that no program runs.
pub(crate) fn job(key: &str) -> NewJob {
    let job = NewJob::new("of_a_test", key, serde_json::json!({}));
    assert_eq!(job.workspace, MAIN_WORKSPACE);
    NewJob { after: Duration::from_hours(24 * 365), ..job }
}

pub(crate) async fn connect(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .disable_statement_logging()
        .connect()
        .await
        .unwrap()
}

/// The keys of the test's jobs in a file.
pub(crate) async fn jobs(file: &Path) -> Vec<String> {
    let mut connection = connect(file).await;
    let sql = "SELECT dedupe_key FROM jobs WHERE kind = 'of_a_test' ORDER BY id";
    let keys = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    keys
}

/// Changes a file by hand.
pub(crate) async fn change(file: &Path, sql: &str) {
    let mut connection = connect(file).await;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Damages a page of a file, counted from 1, and returns what it is then.
pub(crate) fn damage(file: &Path, page: usize) -> Vec<u8> {
    let mut bytes = fs::read(file).unwrap();
    for byte in bytes.iter_mut().skip((page - 1) * 4_096).take(4_096) {
        *byte ^= 0x5a;
    }
    fs::write(file, &bytes).unwrap();
    bytes
}
