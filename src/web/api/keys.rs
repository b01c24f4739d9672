//! Keys to this API.

use crate::{
    base::secret::ExposeSecret as _,
    ports::store::{
        StoreError,
        keys::{self, LONGEST_NAME, NewKey, Scope},
    },
    web::{
        access::Access,
        extract::{Asked, Id, Nothing, Sent},
        problem::Problem,
        state::Web,
    },
};
use axum::{Extension, Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use utoipa::ToSchema;

/// A day in seconds.
const DAY: u64 = 24 * 60 * 60;

/// The longest life of a key that has an end: ten years.
const MOST_DAYS: u32 = 3_650;

/// A key, as far as it is known: the key itself is stored nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Key {
    /// Identifies it; sorts by time.
    id: String,
    /// What people call it.
    name: String,
    /// What it may do: `read`, `write`, `admin`.
    #[schema(value_type = Vec<String>, example = json!(["read"]))]
    scopes: Vec<Scope>,
    /// When it was made.
    made_at: Timestamp,
    /// When it ends.
    ends_at: Option<Timestamp>,
    /// When it was last used, within a minute.
    used_at: Option<Timestamp>,
    /// When it was revoked.
    revoked_at: Option<Timestamp>,
}

impl From<keys::Key> for Key {
    fn from(key: keys::Key) -> Self {
        let keys::Key { id, name, scopes, made_at, ends_at, used_at, revoked_at, .. } = key;
        Self { id, name, scopes, made_at, ends_at, used_at, revoked_at }
    }
}

/// Keys, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

/// A key to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// What people call it, 1 to 100 letters: it stands in lists and in the audit log.
    #[schema(example = "front desk")]
    name: String,
    /// What it may do, at least one of `read` (look at everything), `write` (also change contacts and end calls) and `admin`
    /// (also make keys and forget people).
    #[schema(value_type = Vec<String>, min_items = 1, example = json!(["read"]))]
    scopes: Vec<Scope>,
    /// For how many days it is good, 1 to 3,650; until it is revoked where nothing is said.
    #[schema(minimum = 1, maximum = 3650)]
    days: Option<u32>,
}

/// A new key.
#[derive(Serialize, ToSchema)]
pub(super) struct Made {
    /// Identifies it.
    id: String,
    /// The key itself, which is shown this once.
    #[schema(example = "ck_…")]
    key: String,
}

/// The keys of the workspace, revoked ones too, the newest first.
#[utoipa::path(
    get, path = "/api/keys", operation_id = "listKeys", tag = "keys", responses((status = 200, body = Keys))
)]
pub(super) async fn list(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    _: Asked<Nothing>,
) -> Result<Json<Keys>, Problem> {
    let keys = web.parts.store.keys(access.workspace).await.map_err(|error| no_key(&error))?;
    Ok(Json(Keys { keys: keys.into_iter().map(Key::from).collect() }))
}

/// Makes a key to the workspace.
///
/// It is shown this once.
#[utoipa::path(
    post, path = "/api/keys", operation_id = "makeKey", tag = "keys", request_body = Wanted,
    responses((status = 201, body = Made, description = "The key."))
)]
pub(super) async fn make(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    _: Asked<Nothing>,
    Sent(Wanted { name, scopes, days }): Sent<Wanted>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let bad = |what: String| Err(Problem::BAD_BODY.because(what));
    if !keys::is_name(&name) {
        return bad(format!("name: 1 to {LONGEST_NAME} letters on one line, without blanks around them"));
    }
    if scopes.is_empty() {
        return bad("scopes: at least one of `read`, `write` and `admin`".to_owned());
    }
    if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        return bad(format!("days: 1 to {MOST_DAYS}, or nothing for a key without an end"));
    }
    let key = keys::draw();
    let key = key.expose_secret();
    let wanted = NewKey {
        workspace: access.workspace.clone(),
        name,
        hash: keys::hash(key),
        scopes,
        life: days.map(|days| Duration::from_secs(u64::from(days) * DAY)),
    };
    let id = web.parts.store.make_key(wanted).await.map_err(|error| no_key(&error))?;
    // Before anybody has the key.
    access.note(&web, "key.make", &id).await?;
    Ok((StatusCode::CREATED, Json(Made { id, key: key.to_owned() })))
}

/// Revokes a key at once.
///
/// It stays in the list.
#[utoipa::path(
    delete, path = "/api/keys/{id}", operation_id = "revokeKey", tag = "keys",
    params(("id" = String, Path, description = "The identifier of the key, not the key.")),
    responses(
        (status = 204, description = "It opens nothing any more."),
        (status = 404, description = "No key of this workspace, or it was revoked before."),
    )
)]
pub(super) async fn revoke(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Id(id): Id,
    _: Asked<Nothing>,
) -> Result<StatusCode, Problem> {
    let revoked = web.parts.store.revoke_key(access.workspace.clone(), id.clone()).await;
    revoked.map_err(|error| no_key(&error))?;
    access.note(&web, "key.revoke", &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn no_key(error: &StoreError) -> Problem {
    Problem::of_store(error, Problem::NO_SUCH_KEY, Problem::BROKEN)
}
