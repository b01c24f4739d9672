//! Calls that lost their socket, and what the network says of them.

use super::{calls::find, jobs};
use crate::{
    base::ids::CallSid,
    ports::store::{
        StoreError, Stored,
        calls::{CallRow, CallState, HANDED_OVER, NetworkNews, Resumed, TRANSFERRED},
        notes::call_back_job,
    },
    storage::sql::Tx,
};
use std::time::Duration;

/// Gives a call its next epoch.
pub(super) async fn resume(tx: &mut Tx, sid: &CallSid, least: i64) -> Stored<Resumed> {
    let since = "SELECT {now} - resumed_at AS since, outcome FROM calls WHERE sid = $1";
    let row = tx.row(since, [sid.as_str().into()]).await?.ok_or(StoreError::Unknown)?;
    let since = row.maybe_int("since")?.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
    let handed_over = row.maybe_text("outcome")?.is_some_and(|outcome| outcome == HANDED_OVER);
    let sql = format!(
        "UPDATE calls SET epoch = $2 + 1, state = 'live', outcome = NULL, ended_at = NULL, resumed_at = {{now}}, \
           heartbeat_at = {{now}}, owner = NULL \
         WHERE sid = $1 AND epoch <= $2 AND (state <> 'over' OR outcome IN ('caller_left', 'lost', '{HANDED_OVER}', '{TRANSFERRED}')) AND {OPEN} \
         RETURNING epoch"
    );
    let Some(row) = tx.row(&sql, [sid.as_str().into(), least.into()]).await? else {
        return asked_before(&find(tx, sid).await?, least);
    };
    let epoch = row.int("epoch")?;
    Ok(Resumed { epoch, since_last: since, handed_over })
}

/// Whoever asks once more with the same epoch gets the same answer; who asks after another socket has opened gets none.
fn asked_before(call: &CallRow, least: i64) -> Stored<Resumed> {
    match (call.state, &call.owner) {
        (CallState::Live, None) if call.epoch > least => {
            Ok(Resumed { epoch: call.epoch, since_last: None, handed_over: false })
        }
        (CallState::Live, Some(_)) if call.epoch > least => Err(StoreError::Fenced),
        _ => Err(StoreError::Unknown),
    }
}

/// The network has said no word that is its last.
pub(super) const OPEN: &str =
    "(COALESCE(network, '') NOT IN ('completed', 'busy', 'no-answer', 'failed', 'canceled'))";

/// Takes in what the network says, and tells whether the call is over by it.
pub(super) async fn learn(tx: &mut Tx, news: &NetworkNews) -> Stored<bool> {
    let sid = || news.sid.as_str().into();
    let sql = format!(
        "UPDATE calls SET network = $2, network_seq = $3, network_s = COALESCE($4, network_s) WHERE sid = $1 AND {OPEN} \
           AND ($5 = 1 OR network_seq IS NULL OR CAST($3 AS BIGINT) IS NULL OR network_seq < $3)"
    );
    let args = [
        sid(),
        (&news.state).into(),
        news.sequence.into(),
        news.seconds.into(),
        i64::from(news.is_final).into(),
    ];
    if tx.run(&sql, args).await? == 0 {
        find(tx, &news.sid).await?;
        return Ok(false);
    }
    if !news.is_final {
        return Ok(false);
    }
    // The row is ours from here on: a socket that opens at the same time comes before or after, not between.
    let never = "UPDATE calls SET state = 'over', outcome = 'never_began', ended_at = $2 WHERE sid = $1 AND state = 'arrived'";
    if tx.run(never, [sid(), news.at.as_millisecond().into()]).await? == 1 {
        return Ok(true);
    }
    // It lost its line, and never got another one.
    let sql = "UPDATE calls SET state = 'over', outcome = COALESCE(outcome, 'lost'), \
                 ended_at = COALESCE(ended_at, $2) WHERE sid = $1 AND state = 'live' AND owner IS NULL";
    if tx.run(sql, [sid(), news.at.as_millisecond().into()]).await? == 1 {
        jobs::insert(tx, &call_back_job(&news.sid, Duration::ZERO)).await?;
    }
    for job in &news.jobs {
        jobs::insert(tx, job).await?;
    }
    Ok(true)
}

/// Keeps what the network says of a call that is not known yet. It may have become known in this moment.
pub(super) async fn learn_later(tx: &mut Tx, news: &NetworkNews) -> Stored<()> {
    tx.alone(lock_of(&news.sid)).await?;
    match learn(tx, news).await {
        Err(StoreError::Unknown) => {}
        learnt => return learnt.map(drop),
    }
    let body = serde_json::to_string(news).map_err(|error| StoreError::Broken(error.into()))?;
    let sql = "INSERT INTO early_news (call_sid, body, received_at) VALUES ($1, $2, {now})";
    tx.run(sql, [news.sid.as_str().into(), body.into()]).await?;
    Ok(())
}

/// Of calls that never came, nothing comes after a day.
pub(super) async fn forget_early_news(tx: &mut Tx) -> Stored<()> {
    tx.run("DELETE FROM early_news WHERE received_at < {now} - 86400000", []).await?;
    Ok(())
}

/// Whoever makes a call known and whoever has news of it must not miss each other.
fn lock_of(sid: &CallSid) -> i64 {
    // FNV-1a, which every build computes alike.
    let hash = sid.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

/// Takes in what the network said before the call was known.
pub(super) async fn learn_at_last(tx: &mut Tx, sid: &CallSid) -> Stored<()> {
    tx.alone(lock_of(sid)).await?;
    let sql = "DELETE FROM early_news WHERE call_sid = $1 RETURNING id, body";
    let rows = tx.rows(sql, [sid.as_str().into()]).await?;
    let mut rows =
        rows.iter().map(|row| Ok((row.int("id")?, row.text("body")?))).collect::<Stored<Vec<_>>>()?;
    rows.sort_unstable();
    for (_, body) in rows {
        let news = serde_json::from_str(&body).map_err(|error| StoreError::Broken(error.into()))?;
        learn(tx, &news).await?;
    }
    Ok(())
}
