//! What goes into a statement, and what comes out of one.

use super::failure::broken;
use crate::ports::store::StoreError;
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};

/// An argument. The database must know the type also of what is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

/// Postgres' texts hold no NUL, and what was said must be kept all the same.
fn text(value: String) -> String {
    if value.contains('\0') { value.replace('\0', "\u{FFFD}") } else { value }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(text(value.to_owned())))
    }
}

impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Self::Text(Some(text(value.clone())))
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(Some(text(value)))
    }
}

impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(text))
    }
}

impl From<&Option<String>> for Arg {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone().map(text))
    }
}

impl From<&[u8]> for Arg {
    fn from(value: &[u8]) -> Self {
        Self::Blob(Some(value.to_owned()))
    }
}

impl From<Option<Vec<u8>>> for Arg {
    fn from(value: Option<Vec<u8>>) -> Self {
        Self::Blob(value)
    }
}

/// A row of a result. A column that is not there, or of another type, is a mistake of ours.
pub(in crate::storage) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($self:ident, $name:ident, $kind:ty) => {
        match $self {
            Self::Sqlite(row) => row.try_get::<$kind, _>($name),
            Self::Postgres(row) => row.try_get::<$kind, _>($name),
        }
        .map_err(broken)
    };
}

impl Row {
    pub(in crate::storage) fn int(&self, name: &str) -> Result<i64, StoreError> {
        column!(self, name, i64)
    }

    pub(in crate::storage) fn maybe_int(&self, name: &str) -> Result<Option<i64>, StoreError> {
        column!(self, name, Option<i64>)
    }

    pub(in crate::storage) fn text(&self, name: &str) -> Result<String, StoreError> {
        column!(self, name, String)
    }

    pub(in crate::storage) fn maybe_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        column!(self, name, Option<String>)
    }

    pub(in crate::storage) fn blob(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        column!(self, name, Vec<u8>)
    }

    pub(in crate::storage) fn maybe_blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        column!(self, name, Option<Vec<u8>>)
    }
}
