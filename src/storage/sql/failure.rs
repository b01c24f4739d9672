//! What an error of a database means for us.

use crate::ports::store::StoreError;
use sqlx::error::{DatabaseError, ErrorKind};

/// SQLite's primary result codes (sqlite.org/rescode.html).
mod sqlite {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const IO_ERROR: i32 = 10;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    /// Extended codes keep the primary one in the low byte.
    pub(super) const PRIMARY: i32 = 0xff;
}

/// A mistake of ours, or damage.
pub(super) fn broken(error: sqlx::Error) -> StoreError {
    StoreError::Broken(Box::new(error))
}

pub(super) fn unavailable(why: impl Into<String>) -> StoreError {
    StoreError::Unavailable { why: why.into(), full: false }
}

/// What an error means for whoever asked.
pub(super) fn consequence(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => said(database.as_ref()).unwrap_or_else(|| broken(error)),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => unavailable(error.to_string()),
        sqlx::Error::PoolTimedOut => unavailable("no connection became free in time"),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => unavailable("the connection is closed"),
        _ => broken(error),
    }
}

/// Two transactions were in each other's way: the whole of it may be tried again at once. For SQLite it is another process.
pub(super) fn is_collision(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let Some(code) = error.code() else { return false };
    matches!(code.as_ref(), "40001" | "40P01") || code.len() < 5 && primary(&code) == Some(sqlite::BUSY)
}

/// Somebody else has SQLite's file.
pub(super) fn is_held(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    matches!(error.code().and_then(|code| primary(&code)), Some(sqlite::BUSY | sqlite::LOCKED))
}

fn said(error: &dyn DatabaseError) -> Option<StoreError> {
    let why = error.message().to_owned();
    match error.kind() {
        ErrorKind::UniqueViolation => return Some(StoreError::Conflict(why)),
        ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
            return None;
        }
        _ => {}
    }
    let code = error.code()?;
    // Postgres has five letters or digits (appendix A of its manual), SQLite a number.
    if code.len() == 5 {
        let temporary = match code.as_ref() {
            // Read-only after a failover; a plan or a lock that gave up.
            "25006" | "55P03" | "57014" => true,
            // Connection, resources, shutdown of the server, the system below it.
            _ => ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class)),
        };
        return temporary.then(|| StoreError::Unavailable { why, full: code == "53100" });
    }
    match primary(&code)? {
        sqlite::BUSY | sqlite::LOCKED | sqlite::IO_ERROR | sqlite::CANNOT_OPEN => {
            Some(StoreError::Unavailable { why, full: false })
        }
        sqlite::FULL => Some(StoreError::Unavailable { why, full: true }),
        _ => None,
    }
}

/// SQLite's code without its extension.
fn primary(code: &str) -> Option<i32> {
    Some(code.parse::<i32>().ok()? & sqlite::PRIMARY)
}
