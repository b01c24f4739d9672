//! What is to happen outside.

use super::{ERASED, SqlStore, erase::Rows, jobs, new_id};
use crate::{
    ports::store::{
        StoreError, Stored,
        jobs::{Claim, NewJob, Outcome},
        outbox::{DELIVER, Delivery, DeliveryEnd, DeliveryState, NewDelivery, Outbox, Settle},
    },
    storage::sql::{Row, Tx},
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::time::Duration;

/// Claims of a delivery that end without a word of it: the process died each time.
const ATTEMPTS: u32 = 5;

const COLUMNS: &str =
    "id, target, mode, dedupe_key, payload, state, tries, provider_ref, error, {now} - tried_at AS since";

impl Outbox for SqlStore {
    fn delivery(&self, id: String) -> BoxFuture<'_, Stored<Delivery>> {
        Box::pin(self.engine.read(id, |tx, id| Box::pin(find(tx, id))))
    }

    fn sending(&self, id: String, claim: Claim) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write((id, claim), |tx, (id, claim)| {
            Box::pin(async move {
                fence(tx, claim).await?;
                let sql = "UPDATE outbox SET state = 'sending', tries = tries + 1, tried_at = {now} \
                           WHERE id = $1 AND state IN ('pending', 'sending')";
                if tx.run(sql, [id.into()]).await? == 0 { Err(StoreError::Unknown) } else { Ok(()) }
            })
        }))
    }

    fn delivered(&self, id: String, claim: Claim, end: DeliveryEnd) -> BoxFuture<'_, Stored<()>> {
        Box::pin(
            self.engine
                .write((id, claim, end), |tx, (id, claim, end)| Box::pin(delivered(tx, id, claim, end))),
        )
    }

    fn deliveries(&self, state: DeliveryState, most: u32) -> BoxFuture<'_, Stored<Vec<Delivery>>> {
        Box::pin(self.engine.read((state, i64::from(most)), |tx, (state, most)| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM outbox WHERE state = $1 ORDER BY id DESC LIMIT $2");
                tx.rows(&sql, [name(*state).into(), (*most).into()]).await?.iter().map(read).collect()
            })
        }))
    }

    fn decide(&self, id: String, again: bool) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write((id, again), |tx, (id, again)| {
            Box::pin(async move {
                let state = if *again { "pending" } else { "sent" };
                let sql = "UPDATE outbox SET state = $2 \
                           WHERE id = $1 AND state IN ('held', 'dead') AND COALESCE(error, '') <> $3";
                if tx.run(sql, [id.into(), state.into(), ERASED.into()]).await? == 0 {
                    return Err(StoreError::Unknown);
                }
                if *again {
                    let sql = "UPDATE jobs SET state = 'waiting', run_at = {now}, attempts = 0, epoch = epoch + 1, \
                                 done_at = NULL WHERE dedupe_key = $1";
                    tx.run(sql, [job_key(id).into()]).await?;
                }
                Ok(())
            })
        }))
    }
}

/// Writes a delivery with its job, unless its key is known.
pub(super) async fn insert(tx: &mut Tx, workspace: &str, delivery: &NewDelivery) -> Stored<()> {
    let id = new_id();
    let new = tx
        .run(
            "INSERT INTO outbox (id, workspace_id, target, mode, dedupe_key, payload, state, tries, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, {now}) ON CONFLICT (target, dedupe_key) DO NOTHING",
            [
                (&id).into(),
                workspace.into(),
                (&delivery.target).into(),
                delivery.settle.as_str().into(),
                (&delivery.key).into(),
                delivery.payload.to_string().into(),
            ],
        )
        .await?;
    if new == 1 {
        let mut job = NewJob::new(DELIVER, job_key(&id), json!({"delivery": id}));
        job.lane = Some(format!("target:{}", delivery.target));
        job.attempts = ATTEMPTS;
        workspace.clone_into(&mut job.workspace);
        jobs::insert(tx, &job).await?;
    }
    Ok(())
}

/// The job was given up: what may have arrived waits for a person, what did not begin is dead.
pub(super) async fn given_up(tx: &mut Tx, kind: &str, job: &str, error: &str) -> Stored<()> {
    let Some(id) = delivery_of(kind, job) else { return Ok(()) };
    let sql = "UPDATE outbox SET state = CASE WHEN state = 'sending' THEN 'held' ELSE 'dead' END, error = $2 \
               WHERE id = $1 AND state IN ('pending', 'sending')";
    tx.run(sql, [id.into(), error.into()]).await?;
    Ok(())
}

/// The job runs again: what was given up goes again, and what may have arrived is ambiguous again.
pub(super) async fn revived(tx: &mut Tx, kind: &str, job: &str) -> Stored<()> {
    let Some(id) = delivery_of(kind, job) else { return Ok(()) };
    let sql = "UPDATE outbox SET state = CASE WHEN state = 'held' THEN 'sending' ELSE 'pending' END \
               WHERE id = $1 AND state IN ('held', 'dead')";
    tx.run(sql, [id.into()]).await?;
    Ok(())
}

/// Forgets what these deliveries hold of a person; what has not gone yet does not go any more. Returns whose jobs are to end.
pub(super) async fn erase(tx: &mut Tx, Rows { are, args }: &Rows) -> Stored<Vec<String>> {
    let sql = format!(
        "UPDATE outbox SET payload = '{{}}', provider_ref = NULL, \
           error = CASE WHEN state = 'sent' THEN NULL ELSE '{ERASED}' END, \
           state = CASE WHEN state = 'sent' THEN state ELSE 'dead' END WHERE {are} RETURNING id"
    );
    let rows = tx.rows(&sql, args.clone()).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

fn delivery_of<'j>(kind: &str, job: &'j str) -> Option<&'j str> {
    if kind == DELIVER { job.strip_prefix(DELIVER)?.strip_prefix(':') } else { None }
}

pub(super) fn job_key(id: &str) -> String {
    format!("{DELIVER}:{id}")
}

/// Locks the claim's row until the transaction ends, or finds that it is ours no longer.
async fn fence(tx: &mut Tx, claim: &Claim) -> Stored<()> {
    let ours = "UPDATE jobs SET owner = owner WHERE id = $1 AND epoch = $2 AND state = 'running'";
    if tx.run(ours, [claim.id.into(), claim.epoch.into()]).await? == 0 {
        return Err(StoreError::Fenced);
    }
    Ok(())
}

async fn find(tx: &mut Tx, id: &str) -> Stored<Delivery> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = $1");
    read(&tx.row(&sql, [id.into()]).await?.ok_or(StoreError::Unknown)?)
}

async fn delivered(tx: &mut Tx, id: &str, claim: &Claim, end: &DeliveryEnd) -> Stored<()> {
    let (state, provider_ref, error, outcome) = match end {
        DeliveryEnd::Sent { provider_ref } => {
            (DeliveryState::Sent, provider_ref.clone(), None, Outcome::Done)
        }
        DeliveryEnd::Held { error } => (DeliveryState::Held, None, Some(error), Outcome::Done),
        // Whoever delivers counts the tries; the job's attempts are for processes that die.
        DeliveryEnd::Missed { error, after: Some(after) } => {
            (DeliveryState::Pending, None, Some(error), Outcome::Later { after: *after })
        }
        DeliveryEnd::Dead { error } | DeliveryEnd::Missed { error, after: None } => {
            (DeliveryState::Dead, None, Some(error), Outcome::Dead { error: error.clone() })
        }
    };
    jobs::finish(tx, claim, &outcome).await?;
    let known = tx
        .run(
            "UPDATE outbox SET state = $2, provider_ref = COALESCE($3, provider_ref), error = $4, \
           sent_at = CASE WHEN $2 = 'sent' THEN {now} ELSE sent_at END WHERE id = $1",
            [id.into(), name(state).into(), provider_ref.into(), error.cloned().into()],
        )
        .await?;
    if known == 0 { Err(StoreError::Unknown) } else { Ok(()) }
}

const fn name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Sending => "sending",
        DeliveryState::Sent => "sent",
        DeliveryState::Held => "held",
        DeliveryState::Dead => "dead",
    }
}

fn read(row: &Row) -> Stored<Delivery> {
    let settle = match row.text("mode")?.as_str() {
        "key" => Settle::Key,
        "reconcile" => Settle::Reconcile,
        "at_least_once" => Settle::AtLeastOnce,
        _ => Settle::Operator,
    };
    let state = match row.text("state")?.as_str() {
        "pending" => DeliveryState::Pending,
        "sending" => DeliveryState::Sending,
        "sent" => DeliveryState::Sent,
        "dead" => DeliveryState::Dead,
        _ => DeliveryState::Held,
    };
    Ok(Delivery {
        id: row.text("id")?,
        target: row.text("target")?,
        settle,
        key: row.text("dedupe_key")?,
        payload: serde_json::from_str(&row.text("payload")?).unwrap_or(Value::Null),
        state,
        tries: u32::try_from(row.int("tries")?).unwrap_or(u32::MAX),
        since: row.maybe_int("since")?.map(|since| Duration::from_millis(u64::try_from(since).unwrap_or(0))),
        provider_ref: row.maybe_text("provider_ref")?,
        error: row.maybe_text("error")?,
    })
}
