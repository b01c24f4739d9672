//! What is left of a person who was erased: nothing but totals.

use super::{ERASED, is_number, jobs, outbox};
use crate::{
    ports::store::{Stored, people::Erased},
    storage::sql::{Arg, Tx},
};

/// The calls of a number, inbound and outbound.
const THEIRS: &str = "(SELECT sid FROM calls WHERE from_number = $1 OR to_number = $1)";

/// Erases whoever has this number.
pub(super) async fn erase(tx: &mut Tx, phone: &str) -> Stored<Erased> {
    let mut erased = Erased::default();
    let files = "SELECT recording, replay FROM calls WHERE from_number = $1 OR to_number = $1";
    for row in tx.rows(files, [phone.into()]).await? {
        erased.files.extend([row.maybe_text("recording")?, row.maybe_text("replay")?].into_iter().flatten());
    }
    // Free texts may name the number, in a form too, where the plus sign is written otherwise.
    let digits = is_number(phone).then(|| phone.trim_start_matches('+'));
    for id in outbox::erase(tx, phone, digits).await? {
        jobs::erase_delivery(tx, &id).await?;
    }
    jobs::erase(tx, phone, digits).await?;
    erased.notes = run(tx, &format!("DELETE FROM notes WHERE call_sid IN {THEIRS}"), phone).await?;
    run(tx, &format!("DELETE FROM turns WHERE call_sid IN {THEIRS}"), phone).await?;
    run(tx, &format!("DELETE FROM call_commands WHERE call_sid IN {THEIRS}"), phone).await?;
    let appointments = format!(
        "DELETE FROM appointments WHERE call_sid IN {THEIRS} \
           OR contact_id IN (SELECT id FROM contacts WHERE phone = $1)"
    );
    erased.appointments = run(tx, &appointments, phone).await?;
    let conversations =
        "(SELECT id FROM conversations WHERE contact_id IN (SELECT id FROM contacts WHERE phone = $1))";
    let messages = format!("DELETE FROM messages WHERE conversation_id IN {conversations}");
    erased.messages = run(tx, &messages, phone).await?;
    run(tx, &format!("DELETE FROM conversations WHERE id IN {conversations}"), phone).await?;
    bodies(tx, phone, digits).await?;
    let calls = "UPDATE calls SET contact_id = NULL, recording = NULL, replay = NULL, \
                   from_number = CASE WHEN from_number = $1 THEN $2 ELSE from_number END, \
                   to_number = CASE WHEN to_number = $1 THEN $2 ELSE to_number END \
                 WHERE from_number = $1 OR to_number = $1";
    erased.calls = tx.run(calls, [phone.into(), ERASED.into()]).await?;
    erased.contacts = run(tx, "DELETE FROM contacts WHERE phone = $1", phone).await?;
    Ok(erased)
}

async fn run(tx: &mut Tx, sql: &str, phone: &str) -> Stored<u64> {
    tx.run(sql, [phone.into()]).await
}

/// What came from outside about their calls, or names their number; and what is remembered for a while.
async fn bodies(tx: &mut Tx, phone: &str, digits: Option<&str>) -> Stored<()> {
    let by_call = "UPDATE inbox SET payload = NULL, response = NULL, state = 'forgotten' WHERE EXISTS \
                     (SELECT 1 FROM calls WHERE (from_number = $1 OR to_number = $1) AND dedupe_key LIKE sid || '%')";
    run(tx, by_call, phone).await?;
    for by_number in [
        "UPDATE inbox SET payload = NULL, response = NULL, state = 'forgotten' \
         WHERE {in}payload{in_end} > 0 OR {in}response{in_end} > 0",
        "DELETE FROM state WHERE {in}value{in_end} > 0 OR name LIKE '%' || $1 || '%'",
    ] {
        tx.run(by_number, [Arg::from(digits.map(str::to_owned))]).await?;
    }
    Ok(())
}
