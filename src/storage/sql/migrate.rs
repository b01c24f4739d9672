//! The schema, and how it grows.

use super::{
    Dialect,
    engine::{Engine, Tx},
};
use crate::ports::store::{StoreError, Stored};

/// What is done to an empty database, in order. A change of the schema is one more file; a file that has landed is never
/// changed.
const STEPS: [(i64, &str, &str); 1] = [(1, "ground", include_str!("../migrations/0001_ground.sql"))];

/// The schema that this program needs.
#[expect(clippy::indexing_slicing, reason = "it is looked at when this is compiled")]
pub const SCHEMA: i64 = STEPS[STEPS.len() - 1].0;

/// The lock while a node migrates.
const LOCK: i64 = 0x6365_6e74_7261_6c69;

/// The versions before and after.
pub(in crate::storage) type Migrated = (i64, i64);

/// Brings the schema up to date; one node does it while others wait.
///
/// # Errors
/// [`StoreError::Conflict`] where the schema is newer than this program.
pub(in crate::storage) async fn migrate(engine: &Engine) -> Stored<Migrated> {
    engine.write((), |tx, ()| Box::pin(grow(tx))).await
}

async fn grow(tx: &mut Tx) -> Stored<Migrated> {
    tx.alone(LOCK).await?;
    let before = known(tx).await?;
    if before > SCHEMA {
        return Err(StoreError::Conflict(format!(
            "database schema {before} is newer than this build ({SCHEMA}); start the newer program, or restore a backup"
        )));
    }
    if before == 0 {
        tx.script("CREATE TABLE schema (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)")
            .await?;
    }
    for (version, name, sql) in STEPS.into_iter().filter(|(version, ..)| *version > before) {
        tx.script(sql).await?;
        let row = "INSERT INTO schema (version, name, applied_at) VALUES ($1, $2, {now})";
        tx.run(row, [version.into(), name.into()]).await?;
    }
    Ok((before, SCHEMA))
}

async fn known(tx: &mut Tx) -> Stored<i64> {
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
