//! Who alone may do something.

use super::{SqlStore, millis};
use crate::ports::store::{Owner, Stored, leases::Leases};
use futures_util::future::BoxFuture;
use std::time::Duration;

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
}
