//! The store, on either database.

mod book;
mod calls;
mod erase;
mod inbox;
mod jobs;
mod keys;
mod leases;
mod notes;
mod outbox;
mod people;
mod resume;
mod retention;
mod turns;

pub use book::{Book, Business, BusinessNow};

use super::{
    sql::{Engine, Options, Place, Tx, is_ours, migrate, schema},
    state::Embedded,
};
use crate::{
    base::ids::CallSid,
    ports::store::{Store, StoreError, Stored, people::ERASED},
};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// The store over SQL.
#[derive(Debug)]
pub struct SqlStore {
    engine: Arc<Engine>,
}

impl Store for SqlStore {}

impl SqlStore {
    /// Opens the database, and brings its schema up to date.
    ///
    /// # Errors
    /// `Unavailable` where it is away, `Conflict` where its schema is newer than this program, `Broken` where it is damaged.
    pub async fn open(place: Place, options: Options) -> Stored<Self> {
        let patience = options.patience;
        // Another node may be migrating: it is waited for (reliability E11).
        let mut engine = Engine::open(place, Options { patience: Duration::from_mins(1), ..options }).await?;
        migrate(&engine).await?;
        engine.be_patient_for(patience);
        Ok(Self { engine: Arc::new(engine) })
    }

    /// Opens a database whose schema is up to date, beside whoever else uses it, and changes nothing.
    ///
    /// # Errors
    /// As [`SqlStore::open`]; `Conflict` also where its schema is older than this program.
    pub async fn attach(place: Place, options: Options) -> Stored<Self> {
        is_ours(schema(&place, &options).await?)?;
        Ok(Self { engine: Arc::new(Engine::open(place, options).await?) })
    }

    /// Writes and reads a row in a transaction that is taken back, and returns the database's clock.
    ///
    /// # Errors
    /// Why it can't.
    pub async fn probe(&self) -> Stored<Timestamp> {
        self.engine
            .write(new_id(), |tx, name| {
                Box::pin(async move {
                    tx.script("SAVEPOINT probe").await?;
                    let row = "INSERT INTO leases (name, owner, epoch, until) VALUES ($1, 'probe', 0, 0)";
                    tx.run(row, [name.into()]).await?;
                    let row = "SELECT {now} AS clock FROM leases WHERE name = $1";
                    let row = tx.row(row, [name.into()]).await?.ok_or(StoreError::Unknown)?;
                    tx.script("ROLLBACK TO SAVEPOINT probe; RELEASE SAVEPOINT probe").await?;
                    Ok(instant(row.int("clock")?))
                })
            })
            .await
    }

    /// The state store in this database, by the same connections.
    pub fn state(&self) -> Embedded {
        Embedded::new(Arc::clone(&self.engine))
    }

    /// Ends all connections, when what was begun is done.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}

/// Places for `rows` rows of `columns` arguments each, from `$first` on: `($1, $2), ($3, $4)`.
fn places(first: usize, rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let place = |column: usize| format!("${}", first + row * columns + column);
        format!("({})", (0..columns).map(place).collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// An identifier that sorts by time.
fn new_id() -> String {
    Uuid::now_v7().simple().to_string()
}

/// A hundred years are for ever, and can be added to the clock.
const FOR_EVER: Duration = Duration::from_hours(100 * 365 * 24);

fn millis(time: Duration) -> i64 {
    i64::try_from(time.min(FOR_EVER).as_millis()).unwrap_or(i64::MAX)
}

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}

fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

fn call_sid(text: String) -> Stored<CallSid> {
    CallSid::try_from(text).map_err(|error| StoreError::Broken(error.into()))
}

/// What networks show for `anonymous`, `restricted`, `blocked`, `unknown` and `unavailable`, as typed on a keypad.
const WITHHELD: [&str; 5] = ["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"];

/// Enough of a number to tell people apart, and no word such as `anonymous`.
fn is_number(from: &str) -> bool {
    let digits =
        from.starts_with('+') && from.len() > 7 && from.bytes().skip(1).all(|digit| digit.is_ascii_digit());
    digits && !WITHHELD.contains(&from)
}

/// The person with this number, made known where nobody was.
async fn meet(tx: &mut Tx, workspace: &str, phone: &str) -> Stored<String> {
    let id = new_id();
    let new = "INSERT INTO contacts (id, workspace_id, phone, version, created_at, updated_at) \
               VALUES ($1, $2, $3, 1, {now}, {now}) ON CONFLICT (workspace_id, phone) DO NOTHING";
    if tx.run(new, [(&id).into(), workspace.into(), phone.into()]).await? == 1 {
        return Ok(id);
    }
    let known = "SELECT id FROM contacts WHERE workspace_id = $1 AND phone = $2";
    tx.row(known, [workspace.into(), phone.into()]).await?.ok_or(StoreError::Unknown)?.text("id")
}
