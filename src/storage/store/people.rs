//! The people who call and write.

use super::{SqlStore, erase, instant, meet};
use crate::{
    base::ids::CallSid,
    ports::store::{
        StoreError, Stored,
        people::{Contact, ContactChange, Erased, People},
    },
    storage::sql::{Row, Tx},
};
use futures_util::future::BoxFuture;

const COLUMNS: &str = "id, workspace_id, phone, name, document, language, version, created_at";

impl People for SqlStore {
    fn meet(&self, workspace: String, phone: String) -> BoxFuture<'_, Stored<Contact>> {
        Box::pin(self.engine.write((workspace, phone), |tx, (workspace, phone)| {
            Box::pin(async move {
                let id = meet(tx, workspace, phone).await?;
                find(tx, workspace, &id).await
            })
        }))
    }

    fn change_contact(
        &self,
        workspace: String,
        id: String,
        version: Option<i64>,
        change: ContactChange,
    ) -> BoxFuture<'_, Stored<Contact>> {
        Box::pin(self.engine.write((workspace, id, version, change), |tx, (workspace, id, version, change)| {
            Box::pin(async move {
                find(tx, workspace, id).await?;
                let sql = "UPDATE contacts SET name = NULLIF(COALESCE($3, name), ''), \
                             document = NULLIF(COALESCE($4, document), ''), \
                             language = NULLIF(COALESCE($5, language), ''), version = version + 1, updated_at = {now} \
                           WHERE id = $1 AND (version = $2 OR CAST($2 AS BIGINT) IS NULL)";
                let args = [
                    id.into(),
                    (*version).into(),
                    (&change.name).into(),
                    (&change.document).into(),
                    (&change.language).into(),
                ];
                if tx.run(sql, args).await? == 0 {
                    return Err(StoreError::Conflict("the contact was changed meanwhile".to_owned()));
                }
                find(tx, workspace, id).await
            })
        }))
    }

    fn contact(&self, workspace: String, id: String) -> BoxFuture<'_, Stored<Contact>> {
        Box::pin(self.engine.read((workspace, id), |tx, (workspace, id)| Box::pin(find(tx, workspace, id))))
    }

    fn known(&self, workspace: String, phone: String) -> BoxFuture<'_, Stored<Contact>> {
        Box::pin(self.engine.read((workspace, phone), |tx, (workspace, phone)| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM contacts WHERE workspace_id = $1 AND phone = $2");
                let row = tx.row(&sql, [workspace.into(), phone.into()]).await?;
                read(&row.ok_or(StoreError::Unknown)?)
            })
        }))
    }

    fn contacts(
        &self,
        workspace: String,
        before: Option<String>,
        most: u32,
    ) -> BoxFuture<'_, Stored<Vec<Contact>>> {
        Box::pin(self.engine.read((workspace, before, i64::from(most)), |tx, (workspace, before, most)| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} FROM contacts \
                     WHERE workspace_id = $1 AND (id < $2 OR CAST($2 AS TEXT) IS NULL) ORDER BY id DESC LIMIT $3"
                );
                tx.rows(&sql, [workspace.into(), before.into(), (*most).into()]).await?.iter().map(read).collect()
            })
        }))
    }

    fn calls_of(&self, phone: String) -> BoxFuture<'_, Stored<Vec<CallSid>>> {
        Box::pin(self.engine.read(phone, |tx, phone| Box::pin(erase::calls_of(tx, phone))))
    }

    fn erase(&self, phone: String) -> BoxFuture<'_, Stored<Erased>> {
        let patience = erase::PATIENCE;
        Box::pin(self.engine.write_within(patience, phone, |tx, phone| Box::pin(erase::erase(tx, phone))))
    }
}

async fn find(tx: &mut Tx, workspace: &str, id: &str) -> Stored<Contact> {
    let sql = format!("SELECT {COLUMNS} FROM contacts WHERE id = $1 AND workspace_id = $2");
    read(&tx.row(&sql, [id.into(), workspace.into()]).await?.ok_or(StoreError::Unknown)?)
}

fn read(row: &Row) -> Stored<Contact> {
    Ok(Contact {
        id: row.text("id")?,
        workspace: row.text("workspace_id")?,
        phone: row.text("phone")?,
        name: row.maybe_text("name")?,
        document: row.maybe_text("document")?,
        language: row.maybe_text("language")?,
        version: row.int("version")?,
        since: instant(row.int("created_at")?),
    })
}
