//! Calls that lost their socket, and what the network says of them.

use super::{calls::find, jobs};
use crate::{
    base::ids::CallSid,
    ports::store::{
        StoreError, Stored,
        calls::{CallState, NetworkNews, Resumed},
    },
    storage::sql::Tx,
};
use std::time::Duration;

/// Gives a call its next epoch.
pub(super) async fn resume(tx: &mut Tx, sid: &CallSid, least: i64) -> Stored<Resumed> {
    let sql = "SELECT {now} - resumed_at AS since FROM calls WHERE sid = $1";
    let row = tx.row(sql, [sid.as_str().into()]).await?.ok_or(StoreError::Unknown)?;
    let since = row.maybe_int("since")?.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
    let row = tx
        .row(
            "UPDATE calls SET epoch = CASE WHEN epoch > $2 THEN epoch + 1 ELSE $2 + 1 END, state = 'live', resumed_at = {now}, \
               heartbeat_at = {now}, owner = NULL \
             WHERE sid = $1 AND (state <> 'over' OR outcome IN ('caller_left', 'lost')) AND network_s IS NULL \
             RETURNING epoch",
            [sid.as_str().into(), least.into()],
        )
        .await?;
    let epoch = row.ok_or(StoreError::Unknown)?.int("epoch")?;
    Ok(Resumed { epoch, since_last: since })
}

/// Takes in what the network says, and tells whether the call is over by it.
pub(super) async fn learn(tx: &mut Tx, news: &NetworkNews) -> Stored<bool> {
    let sid = || news.sid.as_str().into();
    let call = find(tx, &news.sid).await?;
    let learnt = tx
        .run(
            "UPDATE calls SET network = $2, network_seq = $3, network_s = COALESCE($4, network_s) WHERE sid = $1 \
               AND COALESCE(network, '') NOT IN ('completed', 'busy', 'no-answer', 'failed', 'canceled') \
               AND ($5 = 1 OR network_seq IS NULL OR CAST($3 AS BIGINT) IS NULL OR network_seq < $3)",
            [
                sid(),
                (&news.state).into(),
                news.sequence.into(),
                news.seconds.into(),
                i64::from(news.is_final).into(),
            ],
        )
        .await?;
    if learnt == 0 || !news.is_final {
        return Ok(false);
    }
    if call.state == CallState::Arrived {
        let sql = "UPDATE calls SET state = 'over', outcome = 'never_began', ended_at = $2 WHERE sid = $1";
        tx.run(sql, [sid(), news.at.as_millisecond().into()]).await?;
        return Ok(true);
    }
    let sql = "UPDATE calls SET state = 'over', outcome = COALESCE(outcome, 'network'), \
                 ended_at = COALESCE(ended_at, $2) WHERE sid = $1 AND state = 'live' AND owner IS NULL";
    tx.run(sql, [sid(), news.at.as_millisecond().into()]).await?;
    for job in &news.jobs {
        jobs::insert(tx, job).await?;
    }
    Ok(true)
}
