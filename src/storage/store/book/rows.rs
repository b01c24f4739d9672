//! What the book's rows say.

use crate::{
    base::ids::CallSid,
    dialogue::clinic::{Busy, Visit},
    ports::{
        calendar::{Appointment, Slot},
        store::Stored,
    },
    storage::{
        sql::{Arg, Row, Tx},
        store::{instant, places},
    },
};
use jiff::{Timestamp, tz::TimeZone};

const COLUMNS: &str = "id, contact_id, call_sid, specialty, professional, starts_at, zone, name, document, state, \
    CAST(CASE WHEN starts_at <= {now} THEN 1 ELSE 0 END AS BIGINT) AS is_past";

/// Appointments that are told at once.
const MOST: i64 = 1_000;

/// No visit is longer, in milliseconds: eight hours, as the business's data may have it.
const LONGEST: i64 = 8 * 3_600 * 1_000;

/// A row, with whose it is.
pub(super) struct Known {
    pub(super) appointment: Appointment,
    pub(super) contact: Option<String>,
    pub(super) from: Timestamp,
    pub(super) state: State,
    pub(super) is_past: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Held,
    Booked,
    Cancelled,
}

/// Whose time is asked for, and when.
pub(super) struct Asked {
    pub(super) workspace: String,
    pub(super) professionals: Vec<String>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// What is held for this session does not count.
    pub(super) but: Option<String>,
}

/// The first and the last instant of these visits, which are in order of their beginning.
pub(super) fn ends(visits: &[Visit]) -> Option<(Timestamp, Timestamp)> {
    Some((visits.first()?.from, visits.iter().map(|visit| visit.to).max()?))
}

/// When they have no time.
pub(super) async fn busy(tx: &mut Tx, asked: &Asked) -> Stored<Vec<Busy>> {
    // What begins earlier than the longest visit ago is over: so the index need not be read from its beginning.
    let sql = format!(
        "SELECT professional, starts_at, ends_at FROM appointments \
         WHERE workspace_id = $1 AND professional IN (VALUES {}) \
           AND starts_at < $3 AND starts_at > $2 - {LONGEST} AND ends_at > $2 \
           AND state <> 'cancelled' \
           AND (state = 'booked' OR held_until > {{now}} AND call_sid <> COALESCE(CAST($4 AS TEXT), ''))",
        places(5, asked.professionals.len(), 1)
    );
    let args = [
        (&asked.workspace).into(),
        asked.from.as_millisecond().into(),
        asked.to.as_millisecond().into(),
        (&asked.but).into(),
    ];
    let args: Vec<Arg> = args.into_iter().chain(asked.professionals.iter().map(Arg::from)).collect();
    let rows = tx.rows(&sql, args).await?;
    let busy = |row: &Row| {
        let (from, to) = (instant(row.int("starts_at")?), instant(row.int("ends_at")?));
        Ok(Busy { professional: row.text("professional")?, from, to })
    };
    rows.iter().map(busy).collect()
}

/// One row.
pub(super) async fn known(tx: &mut Tx, workspace: &str, id: &str) -> Stored<Option<Known>> {
    first(tx, "id = $2", [workspace.into(), id.into()]).await
}

/// One row, which nobody else changes until the transaction ends.
pub(super) async fn locked(tx: &mut Tx, workspace: &str, id: &str) -> Stored<Option<Known>> {
    first(tx, "id = $2 {lock}", [workspace.into(), id.into()]).await
}

/// What was booked with this key.
pub(super) async fn with_key(tx: &mut Tx, workspace: &str, key: &str) -> Stored<Option<Known>> {
    let are = "booking_key = $2 AND state <> 'cancelled'";
    first(tx, are, [workspace.into(), key.into()]).await
}

/// What this person has from that instant on, earliest first.
pub(super) async fn of(
    tx: &mut Tx,
    workspace: &str,
    contact: &str,
    from: Option<Timestamp>,
) -> Stored<Vec<Known>> {
    let are = "contact_id = $2 AND state = 'booked' AND starts_at >= COALESCE(CAST($3 AS BIGINT), {now}) \
               ORDER BY starts_at LIMIT 100";
    all(tx, are, [workspace.into(), contact.into(), from.map(Timestamp::as_millisecond).into()]).await
}

/// What is not over.
pub(super) async fn to_come(tx: &mut Tx, workspace: &str) -> Stored<Vec<Appointment>> {
    let are = "state = 'booked' AND ends_at > {now} ORDER BY starts_at, id LIMIT $2";
    let rows = all(tx, are, [workspace.into(), MOST.into()]).await?;
    Ok(rows.into_iter().map(|row| row.appointment).collect())
}

async fn first<const N: usize>(tx: &mut Tx, are: &str, args: [Arg; N]) -> Stored<Option<Known>> {
    Ok(all(tx, are, args).await?.into_iter().next())
}

async fn all<const N: usize>(tx: &mut Tx, are: &str, args: [Arg; N]) -> Stored<Vec<Known>> {
    let sql = format!("SELECT {COLUMNS} FROM appointments WHERE workspace_id = $1 AND {are}");
    tx.rows(&sql, args).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Stored<Known> {
    let from = instant(row.int("starts_at")?);
    // As the wall showed it where it was booked, also where the business has moved since.
    let zone = TimeZone::get(&row.text("zone")?).unwrap_or(TimeZone::UTC);
    let start = zone.to_datetime(from);
    let slot = Slot { specialty: row.text("specialty")?, professional: row.text("professional")?, start };
    let call = row.maybe_text("call_sid")?.and_then(|session| CallSid::try_from(session).ok());
    let (name, document) = (row.text("name")?, row.text("document")?);
    Ok(Known {
        appointment: Appointment { id: row.text("id")?, slot, name, document, call },
        contact: row.maybe_text("contact_id")?,
        from,
        state: match row.text("state")?.as_str() {
            "held" => State::Held,
            "booked" => State::Booked,
            _ => State::Cancelled,
        },
        is_past: row.int("is_past")? == 1,
    })
}
