//! Who alone may do something.

use super::{SqlStore, call_sid, jobs, millis, resume::OPEN};
use crate::{
    ports::store::{
        Owner, Stored,
        leases::Leases,
        notes::{call_back_job, summary_job},
    },
    storage::sql::Tx,
};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// Time for what the process left on its disk to reach the store, before its calls are summed up.
const LAST_WORDS: Duration = Duration::from_secs(5);

impl Leases for SqlStore {
    fn lease(&self, name: String, owner: Owner, life: Duration) -> BoxFuture<'_, Stored<Option<i64>>> {
        Box::pin(self.engine.write((name, owner, millis(life)), |tx, (name, owner, life)| {
            Box::pin(async move {
                let row = tx
                    .row(
                        "INSERT INTO leases (name, owner, epoch, until) VALUES ($1, $2, 1, {now} + $3) \
                         ON CONFLICT (name) DO UPDATE SET \
                           epoch = leases.epoch + CASE WHEN leases.owner = excluded.owner THEN 0 ELSE 1 END, \
                           owner = excluded.owner, until = excluded.until \
                         WHERE leases.owner = excluded.owner OR leases.until <= {now} \
                         RETURNING epoch",
                        [name.into(), (&owner.0).into(), (*life).into()],
                    )
                    .await?;
                row.map(|row| row.int("epoch")).transpose()
            })
        }))
    }

    fn give_back(&self, name: String, owner: Owner) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write((name, owner), |tx, (name, owner)| {
            Box::pin(async move {
                let free = "UPDATE leases SET until = {now} WHERE name = $1 AND owner = $2";
                tx.run(free, [name.into(), (&owner.0).into()]).await?;
                Ok(())
            })
        }))
    }

    fn leases_of_others(&self, prefix: String, owner: Owner) -> BoxFuture<'_, Stored<u64>> {
        Box::pin(self.engine.read((prefix, owner), |tx, (prefix, owner)| {
            Box::pin(async move {
                let sql = "SELECT count(*) AS held FROM leases \
                           WHERE name LIKE $1 || '%' AND owner <> $2 AND until > {now}";
                let row = tx.row(sql, [prefix.into(), (&owner.0).into()]).await?;
                let held = row.map(|row| row.int("held")).transpose()?.unwrap_or(0);
                Ok(u64::try_from(held).unwrap_or(0))
            })
        }))
    }

    fn bury(&self, owner: Owner) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write(owner, |tx, owner| Box::pin(bury(tx, owner))))
    }
}

async fn bury(tx: &mut Tx, owner: &Owner) -> Stored<()> {
    let gone = || (&owner.0).into();
    tx.run("UPDATE leases SET until = {now} WHERE owner = $1 AND until > {now}", [gone()]).await?;
    // What was begun several times may be what our processes die of: it waits a little longer each time.
    let due = "UPDATE jobs SET state = 'waiting', owner = NULL, epoch = epoch + 1, run_at = {now} + (attempts - 1) * 2000 \
               WHERE owner = $1 AND state = 'running' AND run_at > {now}";
    tx.run(due, [gone()]).await?;
    // What is not over is few, and has an index.
    let nobodys = "UPDATE calls SET owner = NULL WHERE owner = $1 AND state <> 'over'";
    let over = format!(
        "UPDATE calls SET state = 'over', outcome = COALESCE(outcome, 'lost'), ended_at = COALESCE(ended_at, {{now}}) \
         WHERE owner = $1 AND state <> 'over' AND NOT {OPEN} RETURNING sid"
    );
    for call in tx.rows(&over, [gone()]).await? {
        let call = call_sid(call.text("sid")?)?;
        for job in [summary_job, call_back_job] {
            jobs::insert(tx, &job(&call, LAST_WORDS)).await?;
        }
    }
    tx.run(nobodys, [gone()]).await?;
    Ok(())
}
