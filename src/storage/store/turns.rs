//! What was said in calls.

use super::{ERASED, places};
use crate::{
    base::ids::CallSid,
    ports::store::{
        StoreError, Stored,
        calls::{CallEntry, TurnRow},
    },
    storage::sql::{Arg, Row, Tx},
};
use std::collections::HashMap;

/// Rows that are written with one statement: over a slow line each statement costs a round trip or two.
const TOGETHER: usize = 100;

/// What was said in one call.
pub(super) type Said<'a> = (&'a CallSid, &'a [TurnRow]);

/// The entries up to the first that is of another kind.
pub(super) fn said(entries: &[CallEntry]) -> Vec<Said<'_>> {
    let said = entries.iter().map_while(|entry| match entry {
        CallEntry::Turns { sid, turns } => Some((sid, turns.as_slice())),
        _ => None,
    });
    said.collect()
}

/// Writes what was said in one call.
///
/// # Errors
/// `Unknown` where there is no such call.
pub(super) async fn add(tx: &mut Tx, sid: &CallSid, turns: &[TurnRow]) -> Stored<()> {
    let known = write(tx, &[(sid, turns)]).await?;
    if known.contains(&true) { Ok(()) } else { Err(StoreError::Unknown) }
}

/// Writes what was said in several calls, and tells for each entry whether there is such a call. Of one whose caller was erased
/// nothing is kept.
pub(super) async fn write(tx: &mut Tx, said: &[Said<'_>]) -> Stored<Vec<bool>> {
    // A violated key would end Postgres' transaction, and what else is in it: hence it is asked first whether there are such calls.
    let kept = kept(tx, said).await?;
    let known = said.iter().map(|(sid, _)| kept.contains_key(sid.as_str())).collect();
    let is_kept = |sid: &CallSid| kept.get(sid.as_str()) == Some(&true);
    let rows = said.iter().filter(|(sid, _)| is_kept(sid));
    let rows: Vec<(&CallSid, &TurnRow)> =
        rows.flat_map(|(sid, turns)| turns.iter().map(move |turn| (*sid, turn))).collect();
    for some in rows.chunks(TOGETHER) {
        let sql = format!(
            "INSERT INTO turns (call_sid, epoch, seq, kind, at_ms, body) VALUES {} \
             ON CONFLICT (call_sid, epoch, seq) DO NOTHING",
            places(1, some.len(), 6)
        );
        let args: Vec<Arg> = some.iter().flat_map(|(sid, turn)| args(sid, turn)).collect();
        tx.run(&sql, args).await?;
    }
    Ok(known)
}

/// Which of the calls there are, and whether what belongs to them is kept; until the transaction ends it stays so.
async fn kept(tx: &mut Tx, said: &[Said<'_>]) -> Stored<HashMap<String, bool>> {
    let mut sids: Vec<&str> = said.iter().map(|(sid, _)| sid.as_str()).collect();
    // In one order everywhere, so that two transactions never hold what the other one wants.
    sids.sort_unstable();
    sids.dedup();
    let mut kept = HashMap::new();
    for some in sids.chunks(TOGETHER) {
        let sql = format!(
            "SELECT sid, from_number, to_number FROM calls WHERE sid IN (VALUES {}) ORDER BY sid {{hold}}",
            places(1, some.len(), 1)
        );
        let args: Vec<Arg> = some.iter().map(|sid| (*sid).into()).collect();
        for row in tx.rows(&sql, args).await? {
            let is_kept = row.text("from_number")? != ERASED && row.text("to_number")? != ERASED;
            kept.insert(row.text("sid")?, is_kept);
        }
    }
    Ok(kept)
}

fn args(sid: &CallSid, turn: &TurnRow) -> [Arg; 6] {
    [
        sid.as_str().into(),
        turn.epoch.into(),
        turn.seq.into(),
        (&turn.kind).into(),
        turn.at_ms.into(),
        (&turn.body).into(),
    ]
}

/// All that was said in a call, in order.
pub(super) async fn of(tx: &mut Tx, sid: &CallSid) -> Stored<Vec<TurnRow>> {
    let sql = "SELECT epoch, seq, kind, at_ms, body FROM turns WHERE call_sid = $1 ORDER BY epoch, seq";
    tx.rows(sql, [sid.as_str().into()]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Stored<TurnRow> {
    Ok(TurnRow {
        epoch: row.int("epoch")?,
        seq: row.int("seq")?,
        kind: row.text("kind")?,
        at_ms: row.int("at_ms")?,
        body: row.text("body")?,
    })
}
