//! What is to be done later, or again.

use super::{ERASED, SqlStore, count, erase::Rows, millis, outbox, places};
use crate::{
    ports::store::{
        StoreError, Stored,
        jobs::{Ask, Claim, DeadJob, JobCounts, Jobs, NewJob, Outcome},
        outbox::DELIVER,
    },
    storage::sql::{Row, Tx},
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::time::Duration;

impl Jobs for SqlStore {
    fn enqueue(&self, jobs: Vec<NewJob>) -> BoxFuture<'_, Stored<u64>> {
        Box::pin(self.engine.write(jobs, |tx, jobs| {
            Box::pin(async move {
                let mut new = 0;
                for job in jobs {
                    new += insert(tx, job).await?;
                }
                Ok(new)
            })
        }))
    }

    fn claim(&self, ask: Ask) -> BoxFuture<'_, Stored<Vec<Claim>>> {
        Box::pin(self.engine.write(ask, |tx, ask| Box::pin(claim(tx, ask))))
    }

    fn renew(&self, claim: Claim, lease: Duration) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write((claim, millis(lease)), |tx, (claim, lease)| {
            Box::pin(async move {
                let renewed = tx
                    .run(
                        "UPDATE jobs SET run_at = {now} + $3 WHERE id = $1 AND epoch = $2 AND state = 'running'",
                        [claim.id.into(), claim.epoch.into(), (*lease).into()],
                    )
                    .await?;
                if renewed == 0 { Err(StoreError::Fenced) } else { Ok(()) }
            })
        }))
    }

    fn finish(&self, claim: Claim, outcome: Outcome) -> BoxFuture<'_, Stored<()>> {
        Box::pin(
            self.engine.write((claim, outcome), |tx, (claim, outcome)| Box::pin(finish(tx, claim, outcome))),
        )
    }

    fn next_due(&self) -> BoxFuture<'_, Stored<Option<Duration>>> {
        Box::pin(self.engine.read((), |tx, ()| {
            Box::pin(async move {
                let next = format!(
                    "SELECT run_at - {{now}} AS wait FROM jobs AS due WHERE state IN ('waiting', 'running') AND {TURN} \
                     ORDER BY run_at, id LIMIT 1"
                );
                let wait = tx.row(&next, []).await?.map(|row| row.maybe_int("wait")).transpose()?.flatten();
                Ok(wait.map(|wait| Duration::from_millis(u64::try_from(wait).unwrap_or(0))))
            })
        }))
    }

    fn job_counts(&self, kind: Option<String>) -> BoxFuture<'_, Stored<JobCounts>> {
        Box::pin(self.engine.read(kind, |tx, kind| {
            Box::pin(async move {
                let sql = "SELECT state, count(*) AS jobs FROM jobs \
                           WHERE kind = $1 OR CAST($1 AS TEXT) IS NULL GROUP BY state";
                let mut counts = JobCounts::default();
                for row in tx.rows(sql, [kind.into()]).await? {
                    let jobs = count(row.int("jobs")?);
                    match row.text("state")?.as_str() {
                        "waiting" => counts.waiting = jobs,
                        "running" => counts.running = jobs,
                        "done" => counts.done = jobs,
                        _ => counts.dead = jobs,
                    }
                }
                Ok(counts)
            })
        }))
    }

    fn dead_jobs(&self, most: u32) -> BoxFuture<'_, Stored<Vec<DeadJob>>> {
        Box::pin(self.engine.read(i64::from(most), |tx, most| {
            Box::pin(async move {
                let sql = "SELECT id, kind, dedupe_key, error FROM jobs WHERE state = 'dead' \
                           ORDER BY done_at DESC, id DESC LIMIT $1";
                let rows = tx.rows(sql, [(*most).into()]).await?;
                rows.iter().map(dead).collect()
            })
        }))
    }

    fn revive(&self, id: i64) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write(id, |tx, id| {
            Box::pin(async move {
                let sql = "UPDATE jobs SET state = 'waiting', run_at = {now}, attempts = 0, done_at = NULL \
                           WHERE id = $1 AND state = 'dead' AND COALESCE(error, '') <> $2 RETURNING kind, dedupe_key";
                let job = tx.row(sql, [(*id).into(), ERASED.into()]).await?.ok_or(StoreError::Unknown)?;
                outbox::revived(tx, &job.text("kind")?, &job.text("dedupe_key")?).await
            })
        }))
    }
}

fn dead(row: &Row) -> Stored<DeadJob> {
    Ok(DeadJob {
        id: row.int("id")?,
        kind: row.text("kind")?,
        key: row.text("dedupe_key")?,
        error: row.maybe_text("error")?.unwrap_or_default(),
    })
}

/// Makes a job where its key is new; 1 where it was.
pub(super) async fn insert(tx: &mut Tx, job: &NewJob) -> Stored<u64> {
    tx.run(
        "INSERT INTO jobs (workspace_id, kind, dedupe_key, order_key, lane, payload, state, run_at, attempts, most, \
                           epoch, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting', {now} + $7, 0, $8, 0, {now}) \
         ON CONFLICT (dedupe_key) DO NOTHING",
        [
            (&job.workspace).into(),
            (&job.kind).into(),
            (&job.key).into(),
            (&job.order).into(),
            (&job.lane).into(),
            job.payload.to_string().into(),
            millis(job.after).into(),
            i64::from(job.attempts).into(),
        ],
    )
    .await
}

/// Postgres' claims come one after another. Side by side they would see the same rows as due: most would leave empty-handed, and
/// lanes would be overfilled.
const LOCK: i64 = 0x6365_6e74_6a6f_6273;

/// Due jobs that a claim looks at beyond those it wants. A lane with more of them than that holds up the others for one claim,
/// since then it is full.
const LOOK: i64 = 256;

/// Whether it is the turn of the job `due`: of its order nobody came earlier, and nobody runs.
const TURN: &str = "(due.order_key IS NULL OR NOT EXISTS ( \
   SELECT 1 FROM jobs AS other WHERE other.order_key = due.order_key AND other.id <> due.id \
     AND other.state IN ('waiting', 'running') \
     AND (other.id < due.id OR other.state = 'running' AND other.run_at > {now})))";

fn claim_sql() -> String {
    format!(
        "WITH busy AS ( \
           SELECT lane, count(*) AS taken FROM jobs \
           WHERE state = 'running' AND lane IS NOT NULL AND run_at > {{now}} GROUP BY lane), \
         due AS ( \
           SELECT id, run_at, lane FROM jobs AS due \
           WHERE state IN ('waiting', 'running') AND run_at <= {{now}} AND {TURN} \
             AND (lane IS NULL OR lane NOT IN (SELECT lane FROM busy WHERE taken >= $3)) \
           ORDER BY run_at, id LIMIT $5), \
         placed AS ( \
           SELECT due.id, due.run_at, due.lane, COALESCE(busy.taken, 0) AS taken, \
             row_number() OVER (PARTITION BY due.lane ORDER BY due.run_at, due.id) AS place \
           FROM due LEFT JOIN busy ON busy.lane = due.lane), \
         chosen AS MATERIALIZED ( \
           SELECT id FROM jobs WHERE state IN ('waiting', 'running') AND run_at <= {{now}} AND id IN ( \
             SELECT id FROM placed WHERE lane IS NULL OR place + taken <= $3 ORDER BY run_at, id LIMIT $4) \
           {{skip}}) \
         UPDATE jobs SET state = 'running', owner = $1, epoch = epoch + 1, attempts = attempts + 1, run_at = {{now}} + $2 \
         WHERE id IN (SELECT id FROM chosen) \
         RETURNING id, workspace_id, kind, dedupe_key, payload, epoch, attempts, most"
    )
}

async fn claim(tx: &mut Tx, ask: &Ask) -> Stored<Vec<Claim>> {
    tx.alone(LOCK).await?;
    // Whoever dies of a job does not count it: the claim before did, and here is where that ends.
    let poison = "UPDATE jobs SET state = 'dead', done_at = {now}, owner = NULL, epoch = epoch + 1, \
                    error = COALESCE(error, 'no attempt came to an end') \
                  WHERE state IN ('waiting', 'running') AND run_at <= {now} AND attempts >= most \
                  RETURNING kind, dedupe_key, error";
    for job in tx.rows(poison, []).await? {
        outbox::given_up(tx, &job.text("kind")?, &job.text("dedupe_key")?, &job.text("error")?).await?;
    }
    let args = [
        (&ask.owner.0).into(),
        millis(ask.lease).into(),
        i64::from(ask.lane).into(),
        i64::from(ask.most).into(),
        (i64::from(ask.most) + LOOK).into(),
    ];
    let rows = tx.rows(&claim_sql(), args).await?;
    let mut claims = rows.iter().map(claimed).collect::<Stored<Vec<Claim>>>()?;
    claims.sort_by_key(|claim| claim.id);
    Ok(claims)
}

fn claimed(row: &Row) -> Stored<Claim> {
    let (attempts, most) = (row.int("attempts")?, row.int("most")?);
    Ok(Claim {
        id: row.int("id")?,
        epoch: row.int("epoch")?,
        workspace: row.text("workspace_id")?,
        kind: row.text("kind")?,
        key: row.text("dedupe_key")?,
        payload: serde_json::from_str(&row.text("payload")?).unwrap_or(Value::Null),
        attempt: u32::try_from(attempts).unwrap_or(u32::MAX),
        is_last: attempts >= most,
    })
}

/// Ends the attempt; [`StoreError::Fenced`] where the claim is no longer ours.
pub(super) async fn finish(tx: &mut Tx, claim: &Claim, outcome: &Outcome) -> Stored<()> {
    let (state, wait, error, counts) = match outcome {
        Outcome::Done => ("done", None, None, true),
        Outcome::Again { error, .. } if claim.is_last => ("dead", None, Some(error), true),
        Outcome::Again { after, error } => ("waiting", Some(millis(*after)), Some(error), true),
        Outcome::Later { after } => ("waiting", Some(millis(*after)), None, false),
        Outcome::Dead { error } => ("dead", None, Some(error), true),
    };
    let done = tx
        .run(
            "UPDATE jobs SET state = $3, owner = NULL, epoch = epoch + 1, \
               run_at = CASE WHEN CAST($4 AS BIGINT) IS NULL THEN run_at ELSE {now} + $4 END, \
               done_at = CASE WHEN CAST($4 AS BIGINT) IS NULL THEN {now} END, \
               error = COALESCE($5, error), attempts = attempts - $6 \
             WHERE id = $1 AND epoch = $2 AND state = 'running'",
            [
                claim.id.into(),
                claim.epoch.into(),
                state.into(),
                wait.into(),
                error.cloned().into(),
                i64::from(!counts).into(),
            ],
        )
        .await?;
    if done == 0 {
        return Err(StoreError::Fenced);
    }
    if let ("dead", Some(error)) = (state, error) {
        outbox::given_up(tx, &claim.kind, &claim.key, error).await?;
    }
    Ok(())
}

/// What an erased job becomes: one that is not done is given up, so that whoever runs it is fenced.
fn gone() -> String {
    format!(
        "payload = '{{}}', error = CASE WHEN state = 'done' THEN NULL ELSE '{ERASED}' END, \
         state = CASE WHEN state = 'done' THEN state ELSE 'dead' END, epoch = epoch + 1, owner = NULL, \
         done_at = COALESCE(done_at, {{now}})"
    )
}

/// Ends and empties these jobs.
pub(super) async fn erase(tx: &mut Tx, Rows { are, args }: &Rows) -> Stored<()> {
    tx.run(&format!("UPDATE jobs SET {} WHERE {are}", gone()), args.clone()).await?;
    Ok(())
}

/// Ends and empties the jobs of these deliveries.
pub(super) async fn erase_deliveries(tx: &mut Tx, ids: &[String]) -> Stored<()> {
    let are = format!("kind = $1 AND dedupe_key IN (VALUES {})", places(2, ids.len(), 1));
    let keys = ids.iter().map(|id| outbox::job_key(id).into());
    erase(tx, &Rows { are, args: std::iter::once(DELIVER.into()).chain(keys).collect() }).await
}
