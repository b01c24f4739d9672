//! Takes a time: holds it, books it, or moves an appointment to it.

use super::{
    claim::{Person, same},
    rows::{self, Asked},
};
use crate::{
    dialogue::clinic::{Visit, free},
    ports::{
        calendar::{Appointment, Slot, Subject},
        store::Stored,
    },
    storage::{sql::Tx, store::new_id},
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// A time that somebody wants.
pub(super) struct Take {
    pub(super) workspace: String,
    pub(super) specialty: String,
    /// The visits that begin then, the first of those who attend first; none where nobody does.
    pub(super) visits: Vec<Visit>,
    /// The name of the business's zone.
    pub(super) zone: String,
    pub(super) by: Subject,
    pub(super) why: Why,
}

/// What for.
pub(super) enum Why {
    /// To keep it for so many milliseconds.
    Hold { life: i64 },
    /// For this patient.
    Book { key: String, name: String, document: String },
    /// For an appointment that so far is with them.
    Move { from: String },
}

/// Keeps a time; the slot and the end of the hold, or nothing where the time is taken.
pub(super) async fn hold(tx: &mut Tx, take: &Take) -> Stored<Option<(Slot, i64)>> {
    let Why::Hold { life } = take.why else { return Ok(None) };
    alone(tx, take).await?;
    let Some(visit) = find(tx, take).await? else { return Ok(None) };
    make_room(tx, take, visit).await?;
    let sql = "INSERT INTO appointments (id, workspace_id, call_sid, specialty, professional, starts_at, ends_at, zone, name, \
                                         document, state, created_at, held_until) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', 'held', {now}, {now} + $9) RETURNING held_until";
    let args = [
        new_id().into(),
        (&take.workspace).into(),
        (&take.by.session).into(),
        (&take.specialty).into(),
        (&visit.professional).into(),
        visit.from.as_millisecond().into(),
        visit.to.as_millisecond().into(),
        (&take.zone).into(),
        life.into(),
    ];
    let until = tx.row(sql, args).await?.map(|row| row.int("held_until")).transpose()?;
    Ok(until.map(|until| (slot(take, visit), until)))
}

/// Books a time; nothing where it is taken.
pub(super) async fn book(tx: &mut Tx, take: &Take) -> Stored<Option<Appointment>> {
    let Why::Book { key, name, document } = &take.why else { return Ok(None) };
    alone(tx, take).await?;
    // Asked behind the lock: of two equal requests the second one finds what the first has written.
    if let Some(row) = rows::with_key(tx, &take.workspace, key).await? {
        return Ok(Some(row.appointment));
    }
    let person = Person::meet(tx, &take.workspace, &take.by).await?;
    if let Some(before) = made_before(tx, take, &person, document).await? {
        return Ok(Some(before));
    }
    let Some(visit) = find(tx, take).await? else { return Ok(None) };
    make_room(tx, take, visit).await?;
    let id = new_id();
    let sql = "INSERT INTO appointments (id, workspace_id, contact_id, call_sid, specialty, professional, starts_at, ends_at, \
                                         zone, name, document, state, created_at, booking_key) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'booked', {now}, $12)";
    let args = [
        (&id).into(),
        (&take.workspace).into(),
        (&person.contact).into(),
        (&take.by.session).into(),
        (&take.specialty).into(),
        (&visit.professional).into(),
        visit.from.as_millisecond().into(),
        visit.to.as_millisecond().into(),
        (&take.zone).into(),
        name.into(),
        document.into(),
        key.into(),
    ];
    tx.run(sql, args).await?;
    let call = take.by.session.parse().ok();
    let (name, document) = (name.clone(), document.clone());
    Ok(Some(Appointment { id, slot: slot(take, visit), name, document, call }))
}

/// What the same person has booked for the same patient and time already, in a call that broke off perhaps.
async fn made_before(
    tx: &mut Tx,
    take: &Take,
    person: &Person,
    document: &str,
) -> Stored<Option<Appointment>> {
    let (Some(contact), Some(visit)) = (&person.contact, take.visits.first()) else { return Ok(None) };
    let theirs = rows::of(tx, &take.workspace, contact, Some(visit.from)).await?;
    let made = theirs.into_iter().find(|row| {
        let appointment = &row.appointment;
        row.from == visit.from
            && appointment.slot.specialty == take.specialty
            && same(&appointment.document, document)
    });
    Ok(made.map(|row| row.appointment))
}

/// Moves an appointment to a time; `None` where that is taken. Whoever books its former time again wants another one: the key
/// no longer stands for it.
pub(super) async fn moved(tx: &mut Tx, take: &Take, id: &str) -> Stored<Option<Slot>> {
    let Some(visit) = find(tx, take).await? else { return Ok(None) };
    make_room(tx, take, visit).await?;
    let sql = "UPDATE appointments SET professional = $3, starts_at = $4, ends_at = $5, zone = $6, changed_at = {now}, \
                 booking_key = NULL WHERE id = $1 AND workspace_id = $2";
    let args = [
        id.into(),
        (&take.workspace).into(),
        (&visit.professional).into(),
        visit.from.as_millisecond().into(),
        visit.to.as_millisecond().into(),
        (&take.zone).into(),
    ];
    tx.run(sql, args).await?;
    Ok(Some(slot(take, visit)))
}

/// Waits until nobody else takes a time of those who could attend. In one order everywhere, so that no two wait for each other.
pub(super) async fn alone(tx: &mut Tx, take: &Take) -> Stored<()> {
    let names: BTreeSet<&str> = take.visits.iter().map(|visit| visit.professional.as_str()).collect();
    for name in names {
        tx.alone(lock(&take.workspace, name)).await?;
    }
    Ok(())
}

/// The lock of one professional, the same in every process.
fn lock(workspace: &str, professional: &str) -> i64 {
    let hash = Sha256::digest(format!("appointments\0{workspace}\0{professional}"));
    hash.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// The visit that can be had: with whoever it was held for, or was with, where they have time.
async fn find<'t>(tx: &mut Tx, take: &'t Take) -> Stored<Option<&'t Visit>> {
    let Some((from, to)) = rows::ends(&take.visits) else { return Ok(None) };
    let asked = Asked {
        workspace: take.workspace.clone(),
        professionals: take.visits.iter().map(|visit| visit.professional.clone()).collect(),
        from,
        to,
        but: Some(take.by.session.clone()),
    };
    let left = free(take.visits.clone(), &rows::busy(tx, &asked).await?);
    let wanted = match &take.why {
        Why::Move { from } => Some(from.clone()),
        Why::Book { .. } | Why::Hold { .. } => held_with(tx, take, from.as_millisecond()).await?,
    };
    let chosen = left.iter().find(|visit| Some(&visit.professional) == wanted.as_ref()).or(left.first());
    Ok(chosen.and_then(|chosen| take.visits.iter().find(|visit| *visit == chosen)))
}

/// With whom the session holds a time that begins then.
async fn held_with(tx: &mut Tx, take: &Take, from: i64) -> Stored<Option<String>> {
    let sql = "SELECT professional FROM appointments \
               WHERE call_sid = $1 AND workspace_id = $2 AND starts_at = $3 AND state = 'held' AND held_until > {now}";
    let args = [(&take.by.session).into(), (&take.workspace).into(), from.into()];
    tx.row(sql, args).await?.map(|row| row.text("professional")).transpose()
}

/// Gives up what the session holds, and takes out holds of the professional that have ended: nobody else has to.
async fn make_room(tx: &mut Tx, take: &Take, visit: &Visit) -> Stored<()> {
    let sql = "DELETE FROM appointments \
               WHERE workspace_id = $1 AND state = 'held' AND (call_sid = $2 OR professional = $3 AND held_until <= {now})";
    let args = [(&take.workspace).into(), (&take.by.session).into(), (&visit.professional).into()];
    tx.run(sql, args).await.map(drop)
}

fn slot(take: &Take, visit: &Visit) -> Slot {
    Slot { specialty: take.specialty.clone(), professional: visit.professional.clone(), start: visit.start }
}
