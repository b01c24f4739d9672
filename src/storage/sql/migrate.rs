//! The schema, and how it grows.

use super::{
    Dialect,
    engine::{Engine, Options, Place, Tx},
    file,
    postgres::Postgres,
};
use crate::ports::store::{StoreError, Stored};

/// What is done to an empty database, in order: number, name and text. A change of the schema is one more file; a file that has landed is never
/// changed.
pub const STEPS: [(i64, &str, &str); 5] = [
    (1, "ground", include_str!("../migrations/0001_ground.sql")),
    (2, "retention", include_str!("../migrations/0002_retention.sql")),
    (3, "early news", include_str!("../migrations/0003_early_news.sql")),
    (4, "numbers of calls", include_str!("../migrations/0004_numbers_of_calls.sql")),
    (5, "appointments", include_str!("../migrations/0005_appointments.sql")),
];

/// The schema that this program needs.
#[expect(clippy::indexing_slicing, reason = "it is looked at when this is compiled")]
pub const SCHEMA: i64 = STEPS[STEPS.len() - 1].0;

/// The lock while a node migrates.
const LOCK: i64 = 0x6365_6e74_7261_6c69;

/// Brings the schema up to date; one node does it while others wait.
///
/// # Errors
/// [`StoreError::Conflict`] where the schema is newer than this program.
pub(in crate::storage) async fn migrate(engine: &Engine) -> Stored<()> {
    engine.write((), |tx, ()| Box::pin(grow(tx))).await
}

/// The version of the schema of a database, which is left as it is; 0 where there is none yet.
///
/// # Errors
/// The database is away or damaged.
pub async fn schema(place: &Place, options: &Options) -> Stored<i64> {
    match place {
        Place::File(path) if !path.exists() => Ok(0),
        Place::File(path) => file::version(path).await,
        Place::Server(url) => {
            let postgres = Postgres::open(url, options).await?;
            let mut tx = postgres.begin().await?;
            let version = known(&mut tx).await;
            tx.rollback().await?;
            postgres.close().await;
            version
        }
    }
}

/// Refuses a schema that this program can't use as it is.
///
/// # Errors
/// [`StoreError::Conflict`], which says what is to be done.
pub(in crate::storage) fn is_ours(version: i64) -> Stored<()> {
    if version < SCHEMA {
        return Err(StoreError::Conflict(format!(
            "database schema {version} is older than this build ({SCHEMA}); run `centralita migrate`, or start the server"
        )));
    }
    newer(version)
}

fn newer(version: i64) -> Stored<()> {
    if version <= SCHEMA {
        return Ok(());
    }
    Err(StoreError::Conflict(format!(
        "database schema {version} is newer than this build ({SCHEMA}); start the newer program, or restore a backup"
    )))
}

async fn grow(tx: &mut Tx) -> Stored<()> {
    tx.alone(LOCK).await?;
    let before = known(tx).await?;
    newer(before)?;
    if before == 0 {
        tx.script("CREATE TABLE schema (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)")
            .await?;
    }
    for (version, name, sql) in STEPS.into_iter().filter(|(version, ..)| *version > before) {
        tx.script(sql).await?;
        let row = "INSERT INTO schema (version, name, applied_at) VALUES ($1, $2, {now})";
        tx.run(row, [version.into(), name.into()]).await?;
    }
    Ok(())
}

/// The version of the schema; 0 where there is none.
pub(super) async fn known(tx: &mut Tx) -> Stored<i64> {
    let there = match tx.dialect() {
        Dialect::Sqlite => "SELECT 1 AS there FROM sqlite_master WHERE type = 'table' AND name = 'schema'",
        Dialect::Postgres => "SELECT 1 AS there WHERE to_regclass('schema') IS NOT NULL",
    };
    if tx.row(there, []).await?.is_none() {
        return Ok(0);
    }
    let row = tx.row("SELECT max(version) AS version FROM schema", []).await?;
    Ok(row.map(|row| row.maybe_int("version")).transpose()?.flatten().unwrap_or(0))
}
