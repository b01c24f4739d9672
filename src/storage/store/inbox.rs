//! What came from outside.

use super::{SqlStore, calls::apply, jobs::insert};
use crate::{
    ports::store::{
        Stored,
        inbox::{Accepted, Event, Inbox},
    },
    storage::sql::{Arg, Tx},
};
use futures_util::future::BoxFuture;

impl Inbox for SqlStore {
    fn accept(&self, event: Event) -> BoxFuture<'_, Stored<Accepted>> {
        Box::pin(self.engine.write(event, |tx, event| Box::pin(accept(tx, event))))
    }

    fn events(&self, source: String) -> BoxFuture<'_, Stored<u64>> {
        Box::pin(self.engine.read(source, |tx, source| {
            Box::pin(async move {
                let row =
                    tx.row("SELECT count(*) AS events FROM inbox WHERE source = $1", [source.into()]).await?;
                let events = row.map(|row| row.int("events")).transpose()?.unwrap_or(0);
                Ok(u64::try_from(events).unwrap_or(0))
            })
        }))
    }
}

async fn accept(tx: &mut Tx, event: &Event) -> Stored<Accepted> {
    // What changes nothing is kept for whoever will understand it (reliability H9).
    let state = if event.change.is_none() && event.jobs.is_empty() { "ignored" } else { "kept" };
    let new = tx
        .run(
            "INSERT INTO inbox (source, dedupe_key, received_at, payload, response, state) \
             VALUES ($1, $2, {now}, $3, $4, $5) ON CONFLICT (source, dedupe_key) DO NOTHING",
            [
                (&event.source).into(),
                (&event.key).into(),
                event.payload.as_slice().into(),
                Arg::Blob(event.response.clone()),
                state.into(),
            ],
        )
        .await?;
    if new == 0 {
        let row = tx
            .row(
                "SELECT response FROM inbox WHERE source = $1 AND dedupe_key = $2",
                [(&event.source).into(), (&event.key).into()],
            )
            .await?;
        let response = row.map(|row| row.maybe_blob("response")).transpose()?.flatten();
        return Ok(Accepted::Repeat { response });
    }
    if let Some(change) = &event.change {
        apply(tx, change).await?;
    }
    for job in &event.jobs {
        insert(tx, job).await?;
    }
    Ok(Accepted::New)
}
