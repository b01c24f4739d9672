//! The records of calls.

use super::{
    ERASED, SqlStore, call_sid, instant, is_number, jobs, meet, millis, new_id, places, resume, turns,
};
use crate::{
    base::ids::CallSid,
    ports::store::{
        Owner, StoreError, Stored,
        calls::{
            CallBegan, CallEnd, CallEntry, CallFilter, CallRecords, CallRow, CallState, JobsOf, NetworkNews,
            NewCall, Resumed, TurnRow,
        },
    },
    storage::sql::{Arg, Dialect, Row, Tx},
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::{collections::BTreeSet, time::Duration};

pub(super) const COLUMNS: &str = "sid, id, workspace_id, contact_id, agent, direction, from_number, to_number, account, state, \
    outcome, owner, epoch, arrived_at, began_at, ended_at, recording, replay, network, network_s";

impl CallRecords for SqlStore {
    fn write_calls(&self, entries: Vec<CallEntry>) -> BoxFuture<'_, Stored<Vec<bool>>> {
        Box::pin(self.engine.write(entries, |tx, entries| {
            Box::pin(async move {
                lock(tx, entries).await?;
                let (mut useless, mut rest) = (Vec::with_capacity(entries.len()), entries.as_slice());
                while let [entry, others @ ..] = rest {
                    let said = turns::said(rest);
                    if said.is_empty() {
                        useless.push(!apply(tx, entry).await?);
                        rest = others;
                    } else {
                        rest = rest.get(said.len()..).unwrap_or_default();
                        useless.extend(turns::write(tx, &said).await?.into_iter().map(|known| !known));
                    }
                }
                Ok(useless)
            })
        }))
    }

    fn call_arrived(&self, call: NewCall) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write(call, |tx, call| Box::pin(arrived(tx, call))))
    }

    fn call_began(&self, began: CallBegan) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write(began, |tx, began| Box::pin(begin(tx, began))))
    }

    fn resume_call(&self, sid: CallSid, least: i64) -> BoxFuture<'_, Stored<Resumed>> {
        Box::pin(
            self.engine.write((sid, least), |tx, (sid, least)| Box::pin(resume::resume(tx, sid, *least))),
        )
    }

    fn add_turns(&self, sid: CallSid, turns: Vec<TurnRow>) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write((sid, turns), |tx, (sid, turns)| Box::pin(turns::add(tx, sid, turns))))
    }

    fn heartbeat(&self, owner: Owner, calls: Vec<(CallSid, i64)>) -> BoxFuture<'_, Stored<Vec<CallSid>>> {
        Box::pin(
            self.engine.write((owner, calls), |tx, (owner, calls)| Box::pin(heartbeat(tx, owner, calls))),
        )
    }

    fn call_ended(&self, sid: CallSid, epoch: i64, end: CallEnd) -> BoxFuture<'_, Stored<()>> {
        Box::pin(
            self.engine
                .write((sid, epoch, end), |tx, (sid, epoch, end)| Box::pin(ended(tx, sid, *epoch, end))),
        )
    }

    fn network_news(&self, news: NetworkNews) -> BoxFuture<'_, Stored<bool>> {
        Box::pin(self.engine.write(news, |tx, news| Box::pin(resume::learn(tx, news))))
    }

    fn close_silent(
        &self,
        silent: Duration,
        at: Timestamp,
        jobs: JobsOf,
        most: u32,
    ) -> BoxFuture<'_, Stored<Vec<CallRow>>> {
        Box::pin(self.engine.write((millis(silent), at, jobs, most), |tx, (silent, at, jobs, most)| {
            Box::pin(close_silent(tx, *silent, *at, *jobs, *most))
        }))
    }

    fn call(&self, sid: CallSid) -> BoxFuture<'_, Stored<CallRow>> {
        Box::pin(self.engine.read(sid, |tx, sid| Box::pin(find(tx, sid))))
    }

    fn calls(&self, filter: CallFilter) -> BoxFuture<'_, Stored<Vec<CallRow>>> {
        Box::pin(self.engine.read(filter, |tx, filter| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} FROM calls \
                     WHERE (workspace_id = $1 OR CAST($1 AS TEXT) IS NULL) \
                       AND (contact_id = $2 OR CAST($2 AS TEXT) IS NULL) \
                       AND (id < $3 OR CAST($3 AS TEXT) IS NULL) \
                       AND (state = $5 OR CAST($5 AS TEXT) IS NULL) ORDER BY id DESC LIMIT $4"
                );
                let args = [
                    (&filter.workspace).into(),
                    (&filter.contact).into(),
                    (&filter.before).into(),
                    i64::from(filter.most).into(),
                    filter.state.map(|state| state.as_str().to_owned()).into(),
                ];
                tx.rows(&sql, args).await?.iter().map(read).collect()
            })
        }))
    }

    fn turns(&self, sid: CallSid) -> BoxFuture<'_, Stored<Vec<TurnRow>>> {
        Box::pin(self.engine.read(sid, |tx, sid| Box::pin(turns::of(tx, sid))))
    }

    fn command(&self, sid: CallSid, command: String) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write((sid, command), |tx, (sid, command)| {
            Box::pin(async move {
                let sql = "INSERT INTO call_commands (call_sid, command, state, created_at) \
                           SELECT sid, $2, 'asked', {now} FROM calls WHERE sid = $1 AND state = 'live'";
                let asked = tx.run(sql, [sid.as_str().into(), command.into()]).await?;
                if asked == 0 { Err(StoreError::Unknown) } else { Ok(()) }
            })
        }))
    }

    fn commands(&self, owner: Owner) -> BoxFuture<'_, Stored<Vec<(CallSid, String)>>> {
        Box::pin(self.engine.write(owner, |tx, owner| {
            Box::pin(async move {
                let late = "UPDATE call_commands SET state = 'late' \
                            WHERE state = 'asked' AND created_at < {now} - 30000";
                tx.run(late, []).await?;
                let sql = "UPDATE call_commands SET state = 'given' WHERE state = 'asked' AND call_sid IN \
                             (SELECT sid FROM calls WHERE owner = $1 AND state = 'live') \
                           RETURNING id, call_sid, command";
                let rows = tx.rows(sql, [(&owner.0).into()]).await?;
                let mut rows =
                    rows.iter().map(|row| Ok((row.int("id")?, row))).collect::<Stored<Vec<_>>>()?;
                rows.sort_by_key(|(id, _)| *id);
                rows.iter()
                    .map(|(_, row)| Ok((call_sid(row.text("call_sid")?)?, row.text("command")?)))
                    .collect()
            })
        }))
    }
}

/// Makes a change, and tells whether it was of use.
pub(super) async fn apply(tx: &mut Tx, entry: &CallEntry) -> Stored<bool> {
    let done = match entry {
        CallEntry::Arrived(call) => arrived(tx, call).await,
        CallEntry::Began(began) => begin(tx, began).await,
        CallEntry::Turns { sid, turns } => turns::add(tx, sid, turns).await,
        CallEntry::Ended { sid, epoch, end } => ended(tx, sid, *epoch, end).await,
        CallEntry::News(news) => match resume::learn(tx, news).await {
            Err(StoreError::Unknown) => resume::learn_later(tx, news).await,
            learnt => learnt.map(drop),
        },
    };
    match done {
        Ok(()) => Ok(true),
        Err(StoreError::Fenced | StoreError::Unknown) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn arrived(tx: &mut Tx, call: &NewCall) -> Stored<()> {
    let known = "SELECT 1 AS known FROM calls WHERE sid = $1";
    if tx.row(known, [call.sid.as_str().into()]).await?.is_some() {
        return Ok(());
    }
    let contact =
        if is_number(&call.from) { Some(meet(tx, &call.workspace, &call.from).await?) } else { None };
    tx.run(
        "INSERT INTO calls (sid, id, workspace_id, contact_id, agent, direction, from_number, to_number, account, state, \
                            epoch, heartbeat_at, arrived_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'arrived', 0, {now}, $10) ON CONFLICT (sid) DO NOTHING",
        [
            call.sid.as_str().into(),
            new_id().into(),
            (&call.workspace).into(),
            contact.into(),
            (&call.agent).into(),
            (&call.direction).into(),
            (&call.from).into(),
            (&call.to).into(),
            (&call.account).into(),
            call.at.as_millisecond().into(),
        ],
    )
    .await?;
    resume::learn_at_last(tx, &call.sid).await
}

async fn begin(tx: &mut Tx, began: &CallBegan) -> Stored<()> {
    arrived(tx, &began.call).await?;
    let [recording, replay] = &began.files;
    // Of a call whose caller was erased no files are kept, should it go on.
    let sql = format!(
        "UPDATE calls SET owner = $2, epoch = $3, heartbeat_at = {{now}}, \
           state = CASE WHEN epoch = $3 AND owner = $2 THEN state ELSE 'live' END, \
           outcome = CASE WHEN epoch = $3 AND owner = $2 THEN outcome END, \
           ended_at = CASE WHEN epoch = $3 AND owner = $2 THEN ended_at END, \
           began_at = COALESCE(began_at, $4), \
           recording = CASE WHEN '{ERASED}' IN (from_number, to_number) THEN NULL ELSE COALESCE(recording, $5) END, \
           replay = CASE WHEN '{ERASED}' IN (from_number, to_number) THEN NULL ELSE COALESCE(replay, $6) END \
         WHERE sid = $1 AND (epoch < $3 OR (epoch = $3 AND (owner IS NULL OR owner = $2)))"
    );
    let args = [
        began.call.sid.as_str().into(),
        (&began.owner.0).into(),
        began.epoch.into(),
        began.at.as_millisecond().into(),
        recording.into(),
        replay.into(),
    ];
    let taken = tx.run(&sql, args).await?;
    if taken == 0 { Err(StoreError::Fenced) } else { Ok(()) }
}

/// Locks the calls that the entries change, in the order in which everybody does. SQLite has one writer anyway.
async fn lock(tx: &mut Tx, entries: &[CallEntry]) -> Stored<()> {
    let sids: BTreeSet<&str> = entries.iter().map(|entry| entry.sid().as_str()).collect();
    if tx.dialect() == Dialect::Sqlite || sids.len() < 2 {
        return Ok(());
    }
    let sql = format!(
        "SELECT sid FROM calls WHERE sid IN (VALUES {}) ORDER BY sid {{lock}}",
        places(1, sids.len(), 1)
    );
    let args: Vec<Arg> = sids.into_iter().map(Arg::from).collect();
    tx.rows(&sql, args).await.map(drop)
}

/// Calls whose signs of life are written with one statement.
const BEATS: usize = 100;

async fn heartbeat(tx: &mut Tx, owner: &Owner, calls: &[(CallSid, i64)]) -> Stored<Vec<CallSid>> {
    let mut lost: Vec<CallSid> = calls.iter().map(|(sid, _)| sid.clone()).collect();
    for some in calls.chunks(BEATS) {
        // One that was taken for lost while nobody could say otherwise lives again.
        let sql = format!(
            "UPDATE calls SET heartbeat_at = {{now}}, state = 'live', \
               outcome = CASE WHEN outcome = 'lost' THEN NULL ELSE outcome END, \
               ended_at = CASE WHEN outcome = 'lost' THEN NULL ELSE ended_at END \
             WHERE sid IN (SELECT sid FROM calls WHERE (sid, epoch) IN (VALUES {}) AND owner = $1 \
                             AND (state = 'live' OR outcome = 'lost') ORDER BY sid {{lock}}) RETURNING sid",
            places(2, some.len(), 2)
        );
        let ids = some.iter().flat_map(|(sid, epoch)| [sid.as_str().into(), (*epoch).into()]);
        let args: Vec<Arg> = std::iter::once((&owner.0).into()).chain(ids).collect();
        for row in tx.rows(&sql, args).await? {
            let living = call_sid(row.text("sid")?)?;
            lost.retain(|sid| *sid != living);
        }
    }
    Ok(lost)
}

async fn ended(tx: &mut Tx, sid: &CallSid, epoch: i64, end: &CallEnd) -> Stored<()> {
    let done = tx
        .run(
            // Whoever held the call knows better than those who took it for lost.
            "UPDATE calls SET state = 'over', \
               outcome = CASE WHEN outcome IS NULL OR outcome = 'lost' THEN $3 ELSE outcome END, \
               ended_at = CASE WHEN ended_at IS NULL OR outcome = 'lost' THEN $4 ELSE ended_at END \
             WHERE sid = $1 AND epoch = $2",
            [sid.as_str().into(), epoch.into(), (&end.outcome).into(), end.at.as_millisecond().into()],
        )
        .await?;
    if done == 0 {
        find(tx, sid).await?;
        return Err(StoreError::Fenced);
    }
    for job in &end.jobs {
        jobs::insert(tx, job).await?;
    }
    Ok(())
}

async fn close_silent(
    tx: &mut Tx,
    silent: i64,
    at: Timestamp,
    jobs: JobsOf,
    most: u32,
) -> Stored<Vec<CallRow>> {
    // Asked again in the statement that closes: one that has said a word meanwhile lives.
    let sql = format!(
        "UPDATE calls SET state = 'over', ended_at = $2, outcome = CASE state WHEN 'arrived' THEN 'never_began' ELSE 'lost' END \
         WHERE sid IN (SELECT sid FROM calls WHERE state <> 'over' AND heartbeat_at <= {{now}} - $1 \
                       ORDER BY heartbeat_at LIMIT $3 {{skip}}) \
           AND state <> 'over' AND heartbeat_at <= {{now}} - $1 RETURNING {COLUMNS}"
    );
    let args = [silent.into(), at.as_millisecond().into(), i64::from(most).into()];
    let closed: Vec<CallRow> = tx.rows(&sql, args).await?.iter().map(read).collect::<Stored<_>>()?;
    if closed.is_empty() {
        resume::forget_early_news(tx).await?;
    }
    for call in &closed {
        for job in jobs(call) {
            jobs::insert(tx, &job).await?;
        }
    }
    Ok(closed)
}

/// Whether what belongs to this call is kept; not so where its caller was erased. Until the transaction ends it stays so.
///
/// # Errors
/// `Unknown` where there is no such call.
pub(super) async fn is_kept(tx: &mut Tx, sid: &str) -> Stored<bool> {
    let sql = "SELECT from_number, to_number FROM calls WHERE sid = $1 {hold}";
    let row = tx.row(sql, [sid.into()]).await?.ok_or(StoreError::Unknown)?;
    Ok(row.text("from_number")? != ERASED && row.text("to_number")? != ERASED)
}

pub(super) async fn find(tx: &mut Tx, sid: &CallSid) -> Stored<CallRow> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE sid = $1");
    read(&tx.row(&sql, [Arg::from(sid.as_str())]).await?.ok_or(StoreError::Unknown)?)
}

fn read(row: &Row) -> Stored<CallRow> {
    let at = |name: &str| -> Stored<Option<Timestamp>> { Ok(row.maybe_int(name)?.map(instant)) };
    Ok(CallRow {
        call: NewCall {
            sid: call_sid(row.text("sid")?)?,
            workspace: row.text("workspace_id")?,
            agent: row.text("agent")?,
            direction: row.text("direction")?,
            from: row.text("from_number")?,
            to: row.text("to_number")?,
            account: row.text("account")?,
            at: instant(row.int("arrived_at")?),
        },
        id: row.text("id")?,
        contact: row.maybe_text("contact_id")?,
        state: match row.text("state")?.as_str() {
            "arrived" => CallState::Arrived,
            "live" => CallState::Live,
            _ => CallState::Over,
        },
        outcome: row.maybe_text("outcome")?,
        owner: row.maybe_text("owner")?.map(Owner),
        epoch: row.int("epoch")?,
        began_at: at("began_at")?,
        ended_at: at("ended_at")?,
        files: [row.maybe_text("recording")?, row.maybe_text("replay")?],
        network: (row.maybe_text("network")?, row.maybe_int("network_s")?),
    })
}
