//! What is left of a person who was erased: nothing but totals.
//!
//! Every table is looked through a few times at most, however many calls the person had.

use super::{ERASED, call_sid, is_number, jobs, outbox, places};
use crate::{
    base::ids::CallSid,
    ports::{
        state::{Key, Use},
        store::{Stored, people::Erased},
    },
    storage::{
        sql::{Arg, Tx},
        state::TAKEN,
    },
};
use std::time::Duration;

/// How long it may take: the bodies of all that came from outside are looked at.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Calls, or deliveries, that are named in one statement: SQLite takes 32,766 arguments.
pub(super) const TOGETHER: usize = 2_000;

/// Which rows of a table are meant, and the arguments of that.
pub(super) struct Rows {
    pub(super) are: String,
    pub(super) args: Vec<Arg>,
}

/// The calls of a number, inbound and outbound.
pub(super) async fn calls_of(tx: &mut Tx, phone: &str) -> Stored<Vec<CallSid>> {
    let sql = "SELECT sid FROM calls WHERE from_number = $1 OR to_number = $1 ORDER BY sid";
    tx.rows(sql, [phone.into()]).await?.iter().map(|row| call_sid(row.text("sid")?)).collect()
}

/// Erases whoever has this number.
pub(super) async fn erase(tx: &mut Tx, phone: &str) -> Stored<Erased> {
    // The calls first: whoever writes about them from here on waits, and finds that nothing of them is kept.
    let sids = take_numbers(tx, phone).await?;
    let mut erased = Erased { calls: sids.len() as u64, ..Erased::default() };
    // Free texts may name the number, in a form too, where the plus sign is written otherwise.
    let digits = is_number(phone).then(|| phone.trim_start_matches('+'));
    if let Some(digits) = digits {
        let are = "payload LIKE '%' || CAST($1 AS TEXT) || '%'".to_owned();
        deeds(tx, &Rows { are, args: vec![digits.into()] }).await?;
        by_number(tx, digits).await?;
    }
    for some in sids.chunks(TOGETHER) {
        deeds(tx, &about(some)).await?;
        of_calls(tx, some, &mut erased).await?;
    }
    let contact = "contact_id IN (SELECT id FROM contacts WHERE phone = $1)";
    erased.appointments += run(tx, &format!("DELETE FROM appointments WHERE {contact}"), phone).await?;
    let conversations = format!("(SELECT id FROM conversations WHERE {contact})");
    let messages = format!("DELETE FROM messages WHERE conversation_id IN {conversations}");
    erased.messages = run(tx, &messages, phone).await?;
    run(tx, &format!("DELETE FROM conversations WHERE id IN {conversations}"), phone).await?;
    erased.contacts = run(tx, "DELETE FROM contacts WHERE phone = $1", phone).await?;
    erased.sids = sids;
    Ok(erased)
}

async fn run(tx: &mut Tx, sql: &str, phone: &str) -> Stored<u64> {
    tx.run(sql, [phone.into()]).await
}

/// Takes the number out of the calls, and tells which they are.
async fn take_numbers(tx: &mut Tx, phone: &str) -> Stored<Vec<CallSid>> {
    let sql = "UPDATE calls SET contact_id = NULL, recording = NULL, replay = NULL, \
                 from_number = CASE WHEN from_number = $1 THEN $2 ELSE from_number END, \
                 to_number = CASE WHEN to_number = $1 THEN $2 ELSE to_number END \
               WHERE from_number = $1 OR to_number = $1 RETURNING sid";
    let rows = tx.rows(sql, [phone.into(), ERASED.into()]).await?;
    let mut sids = rows.iter().map(|row| call_sid(row.text("sid")?)).collect::<Stored<Vec<_>>>()?;
    sids.sort_unstable();
    Ok(sids)
}

/// Rows of deliveries and jobs about these calls: the first call that the key or the payload names counts.
fn about(sids: &[CallSid]) -> Rows {
    let calls = places(1, sids.len(), 1);
    let are = format!(
        "(substr(dedupe_key, {{find}}(dedupe_key, 'CA'), 34) IN (VALUES {calls}) \
          OR substr(payload, {{find}}(payload, '\"call\":\"CA') + 8, 34) IN (VALUES {calls}))"
    );
    Rows { are, args: named(sids) }
}

fn named(sids: &[CallSid]) -> Vec<Arg> {
    sids.iter().map(|sid| sid.as_str().into()).collect()
}

/// Ends and empties what is to be done, here and outside.
async fn deeds(tx: &mut Tx, rows: &Rows) -> Stored<()> {
    let deliveries = outbox::erase(tx, rows).await?;
    for some in deliveries.chunks(TOGETHER) {
        jobs::erase_deliveries(tx, some).await?;
    }
    jobs::erase(tx, rows).await
}

/// What belongs to these calls, what came from outside about them, and what is remembered of them for a while.
async fn of_calls(tx: &mut Tx, sids: &[CallSid], erased: &mut Erased) -> Stored<()> {
    let calls = places(1, sids.len(), 1);
    let theirs = |table: &str| format!("DELETE FROM {table} WHERE call_sid IN (VALUES {calls})");
    erased.notes += tx.run(&theirs("notes"), named(sids)).await?;
    erased.appointments += tx.run(&theirs("appointments"), named(sids)).await?;
    tx.run(&theirs("turns"), named(sids)).await?;
    tx.run(&theirs("call_commands"), named(sids)).await?;
    let bodies = format!(
        "UPDATE inbox SET payload = NULL, response = NULL, state = 'forgotten' \
         WHERE state <> 'forgotten' AND substr(dedupe_key, 1, 34) IN (VALUES {calls})"
    );
    tx.run(&bodies, named(sids)).await?;
    // What was taken stays known as taken: a copy in Redis is worth nothing then.
    let names = sids.iter().filter_map(|sid| Key::new(Use::Summary, sid.as_str()).held().ok());
    let taken = std::iter::once(Arg::from(TAKEN.as_slice()));
    let summaries =
        format!("DELETE FROM state WHERE value <> $1 AND name IN (VALUES {})", places(2, sids.len(), 1));
    let args: Vec<Arg> = taken.chain(names.map(Arg::from)).collect();
    tx.run(&summaries, args).await?;
    Ok(())
}

/// What came from outside, or is remembered for a while, and names the number.
async fn by_number(tx: &mut Tx, digits: &str) -> Stored<()> {
    for sql in [
        "UPDATE inbox SET payload = NULL, response = NULL, state = 'forgotten' \
         WHERE {in}payload{in_end} > 0 OR {in}response{in_end} > 0",
        "DELETE FROM state WHERE {in}value{in_end} > 0 OR name LIKE '%' || $1 || '%'",
    ] {
        tx.run(sql, [digits.into()]).await?;
    }
    Ok(())
}
