//! The database of a server that is killed, looked at past the server.

use crate::services;
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};
use std::path::Path;

/// Where the server keeps everything.
#[derive(Debug)]
pub(crate) enum Database {
    /// The file in its data folder.
    Sqlite,
    /// A database of its own.
    Postgres(services::Database),
}

impl Database {
    /// How the server finds it.
    pub(super) fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres(database) => Some(database.url()),
        }
    }

    /// The rows of an answer, each value as text, nothing as nothing. The data of the server lies in `folder`.
    pub(super) async fn rows(&self, folder: &Path, statement: &str) -> Vec<Vec<String>> {
        let rows = match self {
            Self::Sqlite => ask(&folder.join("centralita.db"), statement).await,
            Self::Postgres(database) => services::sql(database.url(), statement).await.unwrap(),
        };
        rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect()).collect()
    }

    /// Whether the file is whole; Postgres is not what is killed here.
    pub(super) async fn is_sound(&self, folder: &Path) -> bool {
        match self {
            Self::Sqlite => self.rows(folder, "PRAGMA integrity_check").await == [["ok"]],
            Self::Postgres(_) => true,
        }
    }
}

async fn ask(file: &Path, statement: &str) -> services::sql::Rows {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(super::GUARD);
    let mut connection = options.disable_statement_logging().connect().await.unwrap();
    let rows = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut connection).await.unwrap();
    let text = |row: &sqlx::sqlite::SqliteRow| {
        let values = row.columns().iter().map(|column| row.try_get_unchecked(column.ordinal()).unwrap());
        values.collect()
    };
    rows.iter().map(text).collect()
}
