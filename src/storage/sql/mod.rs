//! Two databases behind one way to speak SQL.
//!
//! Statements are written once, with `$1` for arguments; what the databases do not share is a word in braces, which
//! [`Dialect::write`] replaces. Every statement runs in a transaction and unprepared, so that a pooler in transaction mode
//! may stand between us and Postgres (measured: anything less gives wrong rows there).

mod engine;
mod failure;
pub mod file;
mod migrate;
mod postgres;
mod sqlite;
mod value;

pub(super) use engine::{Engine, Tx};
pub use engine::{Options, Place};
pub use migrate::{SCHEMA, STEPS, schema};
pub(super) use migrate::{is_ours, migrate};
pub(super) use value::{Arg, Row};

use std::borrow::Cow;

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// SQLite 3.51, in this process.
    Sqlite,
    /// PostgreSQL 14 or later.
    Postgres,
}

impl Dialect {
    /// The words in braces and what each database calls them: SQLite's first.
    const WORDS: [(&'static str, [&'static str; 2]); 9] = [
        // The database's clock in milliseconds since 1970: leases of several machines must not depend on theirs. It stands
        // still within a statement, so that an index can be asked with it.
        (
            "{now}",
            [
                "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
                "CAST(extract(epoch FROM statement_timestamp()) * 1000 AS BIGINT)",
            ],
        ),
        // Rows that another worker has just taken are passed over; SQLite has one writer.
        ("{skip}", ["", "FOR UPDATE SKIP LOCKED"]),
        // A row that nobody may change until the transaction ends.
        ("{hold}", ["", "FOR SHARE"]),
        // Rows that are about to be changed: in one order everywhere, so that no two transactions wait for each other.
        ("{lock}", ["", "FOR UPDATE"]),
        // The first argument as bytes, and where it lies in the column of bytes that is named between the two words.
        ("{in}", ["instr(", "position(convert_to($1, 'UTF8') IN "]),
        ("{in_end}", [", CAST($1 AS BLOB))", ")"]),
        // Where a text lies in another one, which comes first; from 1, and 0 where it does not.
        ("{find}", ["instr", "strpos"]),
        ("{blob}", ["BLOB", "BYTEA"]),
        (
            "{serial}",
            ["INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"],
        ),
    ];

    /// The statement as this database wants it.
    fn write(self, sql: &str) -> Cow<'_, str> {
        let mut sql = Cow::Borrowed(sql);
        for (word, [sqlite, postgres]) in Self::WORDS {
            if sql.contains(word) {
                let ours = if self == Self::Sqlite { sqlite } else { postgres };
                sql = Cow::Owned(sql.replace(word, ours));
            }
        }
        sql
    }
}
