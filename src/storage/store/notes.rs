//! Summaries and other texts about calls.

use super::{SqlStore, calls::is_kept, instant, new_id, outbox::insert};
use crate::{
    ports::store::{
        StoreError, Stored,
        notes::{NewNote, Note, Notes},
    },
    storage::sql::{Row, Tx},
};
use futures_util::future::BoxFuture;

impl Notes for SqlStore {
    fn write_note(&self, note: NewNote) -> BoxFuture<'_, Stored<Note>> {
        Box::pin(self.engine.write(note, |tx, note| Box::pin(write(tx, note))))
    }

    fn notes_of(&self, call: String) -> BoxFuture<'_, Stored<Vec<Note>>> {
        Box::pin(self.engine.read(call, |tx, call| {
            Box::pin(async move {
                let sql =
                    "SELECT id, call_sid, kind, text, created_at FROM notes WHERE call_sid = $1 ORDER BY id";
                tx.rows(sql, [call.into()]).await?.iter().map(read).collect()
            })
        }))
    }
}

fn read(row: &Row) -> Stored<Note> {
    Ok(Note {
        id: row.text("id")?,
        call: row.text("call_sid")?,
        kind: row.text("kind")?,
        text: row.text("text")?,
        at: instant(row.int("created_at")?),
    })
}

async fn write(tx: &mut Tx, note: &NewNote) -> Stored<Note> {
    if !is_kept(tx, &note.call).await? {
        return Err(StoreError::Unknown);
    }
    let call = "SELECT workspace_id, contact_id FROM calls WHERE sid = $1";
    let call = tx.row(call, [(&note.call).into()]).await?.ok_or(StoreError::Unknown)?;
    let workspace = call.text("workspace_id")?;
    let new = tx
        .run(
            "INSERT INTO notes (id, workspace_id, contact_id, call_sid, kind, text, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, {now}) ON CONFLICT (call_sid, kind) DO NOTHING",
            [
                new_id().into(),
                (&workspace).into(),
                call.maybe_text("contact_id")?.into(),
                (&note.call).into(),
                (&note.kind).into(),
                (&note.text).into(),
            ],
        )
        .await?;
    if new == 1 {
        for delivery in &note.deliveries {
            insert(tx, &workspace, delivery).await?;
        }
    }
    let stands = "SELECT id, call_sid, kind, text, created_at FROM notes WHERE call_sid = $1 AND kind = $2";
    let stands = tx.row(stands, [(&note.call).into(), (&note.kind).into()]).await?;
    read(&stands.ok_or(StoreError::Unknown)?)
}
