//! Keys to the API, and who did what.

use super::{SqlStore, instant, millis, new_id};
use crate::{
    ports::store::{
        StoreError, Stored,
        keys::{Deed, Key, Keys, NewKey, Scope},
    },
    storage::sql::{Row, Tx},
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

const COLUMNS: &str = "id, workspace_id, name, scopes, created_at, expires_at, used_at, revoked_at";

impl Keys for SqlStore {
    fn make_key(&self, key: NewKey) -> BoxFuture<'_, Stored<String>> {
        Box::pin(self.engine.write(key, |tx, key| Box::pin(make(tx, key))))
    }

    fn key(&self, hash: [u8; 32]) -> BoxFuture<'_, Stored<Option<Key>>> {
        Box::pin(async move {
            let found = self.engine.read(hash, |tx, hash| Box::pin(look_up(tx, hash))).await?;
            let Some((key, is_noted)) = found else { return Ok(None) };
            if !is_noted {
                self.engine.write(key.id.clone(), |tx, id| Box::pin(note_use(tx, id))).await?;
            }
            Ok(Some(key))
        })
    }

    fn keys(&self, workspace: String) -> BoxFuture<'_, Stored<Vec<Key>>> {
        Box::pin(self.engine.read(workspace, |tx, workspace| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE workspace_id = $1 ORDER BY id DESC");
                tx.rows(&sql, [workspace.into()]).await?.iter().map(read).collect()
            })
        }))
    }

    fn revoke_key(&self, workspace: String, id: String) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write((workspace, id), |tx, (workspace, id)| {
            Box::pin(async move {
                let sql = "UPDATE api_keys SET revoked_at = {now} \
                           WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL";
                if tx.run(sql, [workspace.into(), id.into()]).await? == 0 {
                    return Err(StoreError::Unknown);
                }
                Ok(())
            })
        }))
    }

    fn audit(&self, deed: Deed) -> BoxFuture<'_, Stored<()>> {
        Box::pin(self.engine.write(deed, |tx, deed| Box::pin(audit(tx, deed))))
    }

    fn deeds(&self, object: String, most: u32) -> BoxFuture<'_, Stored<Vec<(Timestamp, Deed)>>> {
        Box::pin(self.engine.read((object, i64::from(most)), |tx, (object, most)| {
            Box::pin(async move {
                let sql = "SELECT workspace_id, at, who, what, object FROM audit WHERE object = $1 \
                           ORDER BY id DESC LIMIT $2";
                tx.rows(sql, [object.into(), (*most).into()]).await?.iter().map(deed).collect()
            })
        }))
    }
}

/// Writes down what somebody did, in the transaction in which it is done.
pub(super) async fn audit(tx: &mut Tx, deed: &Deed) -> Stored<()> {
    let sql = "INSERT INTO audit (workspace_id, at, who, what, object) VALUES ($1, {now}, $2, $3, $4)";
    let args = [(&deed.workspace).into(), (&deed.who).into(), (&deed.what).into(), (&deed.object).into()];
    tx.run(sql, args).await.map(drop)
}

async fn make(tx: &mut Tx, key: &NewKey) -> Stored<String> {
    let id = new_id();
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    tx.run(
        "INSERT INTO api_keys (id, workspace_id, name, hash, scopes, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, {now}, {now} + $6)",
        [
            (&id).into(),
            (&key.workspace).into(),
            (&key.name).into(),
            key.hash.as_slice().into(),
            scopes.join(" ").into(),
            key.life.map(millis).into(),
        ],
    )
    .await?;
    Ok(id)
}

/// The key, and whether its use was noted within the last minute.
async fn look_up(tx: &mut Tx, hash: &[u8; 32]) -> Stored<Option<(Key, bool)>> {
    let sql = format!(
        "SELECT {COLUMNS}, CAST(CASE WHEN COALESCE(used_at, 0) < {{now}} - 60000 THEN 0 ELSE 1 END AS BIGINT) AS noted \
         FROM api_keys WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {{now}})"
    );
    let Some(row) = tx.row(&sql, [hash.as_slice().into()]).await? else { return Ok(None) };
    Ok(Some((read(&row)?, row.int("noted")? == 1)))
}

/// Many requests may come here at once: the first one notes for all of them.
async fn note_use(tx: &mut Tx, id: &str) -> Stored<()> {
    let used = "UPDATE api_keys SET used_at = {now} WHERE id = $1 AND COALESCE(used_at, 0) < {now} - 60000";
    tx.run(used, [id.into()]).await?;
    Ok(())
}

fn read(row: &Row) -> Stored<Key> {
    let at = |name: &str| -> Stored<Option<Timestamp>> { Ok(row.maybe_int(name)?.map(instant)) };
    let scopes = row.text("scopes")?;
    Ok(Key {
        id: row.text("id")?,
        workspace: row.text("workspace_id")?,
        name: row.text("name")?,
        scopes: Scope::ALL
            .into_iter()
            .filter(|scope| scopes.split(' ').any(|word| word == scope.as_str()))
            .collect(),
        made_at: instant(row.int("created_at")?),
        ends_at: at("expires_at")?,
        used_at: at("used_at")?,
        revoked_at: at("revoked_at")?,
    })
}

fn deed(row: &Row) -> Stored<(Timestamp, Deed)> {
    let deed = Deed {
        workspace: row.text("workspace_id")?,
        who: row.text("who")?,
        what: row.text("what")?,
        object: row.text("object")?,
    };
    Ok((instant(row.int("at")?), deed))
}
