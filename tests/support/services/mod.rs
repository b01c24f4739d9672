//! Real servers for tests: Postgres, Redis and PgBouncer, running ones or ones that the test process starts itself.
//!
//! A test binary takes them in by `#[path = "../support/services/mod.rs"] mod services;`, with
//! `#[expect(dead_code, unused_imports, reason = "…")]` before it where it needs only some. Whatever is started listens on
//! loopback alone, lives in a folder of its own and dies with the test process, however that ends (see [`daemon`]).
//! Nothing is installed here: where a server is missing [`skip`] says so, and the test returns early:
//!
//! ```ignore
//! let Some(postgres) = Postgres::any().await else { return };
//! let database = Database::on(postgres.url()).await;
//! ```
//!
//! All waiting here is on the machine's own clock: not for tests whose clock is paused.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

pub(crate) mod address;
mod daemon;
mod pgbouncer;
mod postgres;
mod proxy;
mod redis;
pub(crate) mod sql;

pub(crate) use self::{
    address::{address_of, moved_to},
    pgbouncer::PgBouncer,
    postgres::{Database, Postgres},
    proxy::{Losses, Proxy},
    redis::Redis,
    sql::sql,
};
use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    path::PathBuf,
    process::Command,
    sync::Mutex,
    time::Duration,
};

/// The guard of everything that is waited for here: far beyond what it takes, also on a machine that is busy.
const GUARD: Duration = Duration::from_mins(1);

/// Says once per process that tests were skipped because `server` is not here, and which packages of Debian bring it.
///
/// Written past the harness, which shows nothing of a test that passes, and on a line of its own whatever it is printing.
pub(crate) fn skip(server: &str, packages: &str) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if TOLD.lock().unwrap().insert(server.to_owned()) {
        let line =
            format!("\nSKIPPED tests with {server}, which is not installed: apt-get install {packages}\n");
        io::stderr().write_all(line.as_bytes()).unwrap();
    }
}

/// Where a program is: in `PATH`, or where Debian puts servers.
fn program(name: &str) -> Option<PathBuf> {
    let find = "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; command -v \"$1\"";
    let output = Command::new("/bin/sh").args(["-c", find, "sh", name]).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| PathBuf::from(found.trim_end()))
}

/// Runs what blocks for a moment on a thread of its own, so that the test's tasks go on.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
