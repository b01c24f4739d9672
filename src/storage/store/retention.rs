//! The end of what is old.

use super::{SqlStore, millis};
use crate::{
    ports::store::{
        Stored,
        retention::{Old, Retention},
    },
    storage::sql::Tx,
};
use futures_util::future::BoxFuture;
use std::time::Duration;

impl Retention for SqlStore {
    fn forget(&self, what: Old, age: Duration, most: u32) -> BoxFuture<'_, Stored<u64>> {
        Box::pin(self.engine.write((what, millis(age), i64::from(most)), |tx, (what, age, most)| {
            Box::pin(async move {
                match what {
                    Old::Files => tx.run(FILES, [(*age).into(), (*most).into()]).await,
                    Old::Words => words(tx, *age, *most).await,
                    Old::Bodies => tx.run(BODIES, [(*age).into(), (*most).into()]).await,
                    Old::Done => each(tx, [DONE_JOBS, SENT], *age, *most).await,
                    Old::GivenUp => each(tx, [DEAD_JOBS, UNSENT], *age, *most).await,
                }
            })
        }))
    }

    fn scrub(&self) -> BoxFuture<'_, Stored<bool>> {
        Box::pin(self.engine.empty_log())
    }
}

const FILES: &str = "UPDATE calls SET recording = NULL, replay = NULL WHERE sid IN ( \
    SELECT sid FROM calls WHERE (recording IS NOT NULL OR replay IS NOT NULL) AND ended_at <= {now} - $1 \
    ORDER BY ended_at LIMIT $2)";

const BODIES: &str = "UPDATE inbox SET payload = NULL, response = NULL, state = 'forgotten' WHERE id IN ( \
    SELECT id FROM inbox WHERE state <> 'forgotten' AND received_at <= {now} - $1 ORDER BY received_at LIMIT $2)";

/// The first condition on the state is the index's own.
const DONE_JOBS: &str = "DELETE FROM jobs WHERE id IN ( \
    SELECT id FROM jobs WHERE state IN ('done', 'dead') AND state = 'done' AND done_at <= {now} - $1 \
    ORDER BY done_at LIMIT $2)";

const DEAD_JOBS: &str = "DELETE FROM jobs WHERE id IN ( \
    SELECT id FROM jobs WHERE state IN ('done', 'dead') AND state = 'dead' AND done_at <= {now} - $1 \
    ORDER BY done_at LIMIT $2)";

const SENT: &str = "DELETE FROM outbox WHERE id IN ( \
    SELECT id FROM outbox WHERE state = 'sent' AND COALESCE(sent_at, created_at) <= {now} - $1 ORDER BY id LIMIT $2)";

const UNSENT: &str = "DELETE FROM outbox WHERE id IN ( \
    SELECT id FROM outbox WHERE state IN ('held', 'dead') AND COALESCE(tried_at, created_at) <= {now} - $1 \
    ORDER BY id LIMIT $2)";

async fn each(tx: &mut Tx, statements: [&str; 2], age: i64, most: i64) -> Stored<u64> {
    let mut rows = 0;
    for statement in statements {
        rows += tx.run(statement, [age.into(), most.into()]).await?;
    }
    Ok(rows)
}

async fn words(tx: &mut Tx, age: i64, most: i64) -> Stored<u64> {
    let old = "UPDATE calls SET forgotten_at = {now} WHERE sid IN ( \
                 SELECT sid FROM calls WHERE forgotten_at IS NULL AND ended_at <= {now} - $1 ORDER BY ended_at LIMIT $2) \
               RETURNING sid";
    let rows = tx.rows(old, [age.into(), most.into()]).await?;
    for row in &rows {
        let sid = row.text("sid")?;
        for theirs in [
            "DELETE FROM turns WHERE call_sid = $1",
            "DELETE FROM notes WHERE call_sid = $1",
            "DELETE FROM call_commands WHERE call_sid = $1",
        ] {
            tx.run(theirs, [(&sid).into()]).await?;
        }
    }
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}
