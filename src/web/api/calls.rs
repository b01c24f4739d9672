//! Calls: those that live, and those that are over.

use super::shown::{Call, CallRecord, Calls, Ending, Notes, Stage, Turns};
use crate::{
    base::ids::CallSid,
    channels::voice::HANG_UP,
    ports::store::{
        MAIN_WORKSPACE, StoreError,
        calls::{CallFilter, CallRow},
        keys::Scope,
    },
    web::{
        access::Access,
        extract::{Asked, Limit, Nothing, Sid},
        problem::Problem,
        state::Web,
    },
};
use axum::{Extension, Json, extract::State, http::StatusCode};
use serde::Deserialize;
use std::sync::Arc;

/// Which calls are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only calls older than the one with this `id`: the `next` of the page before.
    before: Option<String>,
    /// How many at most, 1 to 200; 50 unless it is said.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    limit: Limit,
    /// Only calls of this contact.
    contact: Option<String>,
    /// Only calls that are so far.
    #[param(value_type = Option<Stage>)]
    state: Option<Stage>,
}

/// The calls, the newest first.
///
/// Live ones too, of all servers that share the database.
#[utoipa::path(
    get, path = "/api/calls", operation_id = "listCalls", tag = "calls", params(Which),
    responses((status = 200, body = Calls))
)]
pub(super) async fn list(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Asked(which): Asked<Which>,
) -> Result<Json<Calls>, Problem> {
    let object = match &which.contact {
        Some(contact) => known(&web, &access, contact).await?,
        None => None,
    };
    let filter = CallFilter {
        contact: which.contact,
        state: which.state.map(Into::into),
        before: which.before,
        ..CallFilter::default()
    };
    page(&web, &access, filter, which.limit, object.as_deref().unwrap_or("calls")).await
}

/// The identifier, where somebody has it. Whatever else was sent may be a telephone number, and is not written down.
async fn known(web: &Web, access: &Access, contact: &str) -> Result<Option<String>, Problem> {
    match web.parts.store.contact(access.workspace.clone(), contact.to_owned()).await {
        Ok(contact) => Ok(Some(contact.id)),
        Err(StoreError::Unknown) => Ok(None),
        Err(error) => Err(no_call(&error)),
    }
}

/// A page of the calls of the key's own workspace.
pub(super) async fn page(
    web: &Web,
    access: &Access,
    filter: CallFilter,
    limit: Limit,
    object: &str,
) -> Result<Json<Calls>, Problem> {
    // What has just happened is written first.
    web.parts.ledger.settle().await;
    let filter = CallFilter { workspace: Some(access.workspace.clone()), most: limit.and_one(), ..filter };
    let rows = web.parts.store.calls(filter).await.map_err(|error| no_call(&error))?;
    access.note(web, "calls.list", object).await?;
    let now = web.parts.clock.now();
    let mut calls: Vec<Call> = rows.into_iter().map(|row| Call::of(row, now)).collect();
    let next = limit.cut(&mut calls, |call| &call.id);
    Ok(Json(Calls { calls, next }))
}

/// A call, what was said in it, and how long each step took.
///
/// Of one that has just ended it is told once all of it is on the disk.
#[utoipa::path(
    get, path = "/api/calls/{sid}", operation_id = "showCall", tag = "calls",
    params(("sid" = String, Path, description = "The telephone network's identifier of the call.")),
    responses((status = 200, body = CallRecord), (status = 404, description = "No call of this workspace."))
)]
pub(super) async fn show(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Sid(sid): Sid,
    _: Asked<Nothing>,
) -> Result<Json<CallRecord>, Problem> {
    // First, since it waits for the end of a call that has just ended.
    let seen = web.parts.calls.show(&sid).await;
    let row = find(&web, &access, &sid).await?;
    access.note(&web, "call.read", sid.as_str()).await?;
    let rows = match seen {
        Some(_) => Vec::new(),
        None => web.parts.store.turns(sid).await.map_err(|error| no_call(&error))?,
    };
    let now = web.parts.clock.now();
    Ok(Json(CallRecord::of(row, seen, &rows, now, access.may(Scope::Admin))))
}

/// Everything that was said, heard and done in a call, in order.
///
/// An hour of talking is about half a megabyte.
#[utoipa::path(
    get, path = "/api/calls/{sid}/turns", operation_id = "listTurns", tag = "calls",
    params(("sid" = String, Path, description = "The telephone network's identifier of the call.")),
    responses((status = 200, body = Turns), (status = 404, description = "No call of this workspace."))
)]
pub(super) async fn turns(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Sid(sid): Sid,
    _: Asked<Nothing>,
) -> Result<Json<Turns>, Problem> {
    find(&web, &access, &sid).await?;
    access.note(&web, "call.turns", sid.as_str()).await?;
    let turns = web.parts.store.turns(sid).await.map_err(|error| no_call(&error))?;
    Ok(Json(turns.into()))
}

/// What was written about a call, such as its summary.
#[utoipa::path(
    get, path = "/api/calls/{sid}/notes", operation_id = "listNotes", tag = "calls",
    params(("sid" = String, Path, description = "The telephone network's identifier of the call.")),
    responses((status = 200, body = Notes), (status = 404, description = "No call of this workspace."))
)]
pub(super) async fn notes(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Sid(sid): Sid,
    _: Asked<Nothing>,
) -> Result<Json<Notes>, Problem> {
    find(&web, &access, &sid).await?;
    access.note(&web, "call.notes", sid.as_str()).await?;
    let notes = web.parts.store.notes_of(sid.to_string()).await.map_err(|error| no_call(&error))?;
    Ok(Json(notes.into()))
}

/// Ends a live call, whichever server holds it: the agent says goodbye first.
#[utoipa::path(
    post, path = "/api/calls/{sid}/hangup", operation_id = "hangUp", tag = "calls",
    params(("sid" = String, Path, description = "The telephone network's identifier of the call.")),
    responses(
        (status = 202, body = Ending, description = "It will end."),
        (status = 404, description = "No call of this workspace."),
        (status = 409, description = "The call does not live."),
    )
)]
pub(super) async fn hang_up(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    Sid(sid): Sid,
    _: Asked<Nothing>,
) -> Result<(StatusCode, Json<Ending>), Problem> {
    let found = find(&web, &access, &sid).await;
    let may = found.is_ok() || access.workspace == MAIN_WORKSPACE;
    let noted = match found {
        Ok(_) => access.note(&web, "call.hang_up", sid.as_str()).await,
        Err(problem) => Err(problem),
    };
    let asked = match noted {
        Ok(()) => true,
        // A call of this process must end when somebody wants it to, whatever became of the database.
        Err(problem) if problem.is(&Problem::NO_STORE) && may => {
            tracing::warn!(code = "AUDIT", call.sid = %sid, "a call is ended by the API, and the database can't take it down");
            false
        }
        Err(problem) => return Err(problem),
    };
    if web.parts.calls.hang_up(&sid).is_err() {
        if !asked {
            return Err(Problem::NO_STORE);
        }
        let told = web.parts.store.command(sid.clone(), HANG_UP.to_owned()).await;
        told.map_err(|error| Problem::of_store(&error, Problem::NOT_LIVE, Problem::NOT_LIVE))?;
    }
    Ok((StatusCode::ACCEPTED, Json(Ending { call: sid.to_string() })))
}

/// A call of the key's own workspace.
pub(super) async fn find(web: &Web, access: &Access, sid: &CallSid) -> Result<CallRow, Problem> {
    web.parts.ledger.settle().await;
    let row = web.parts.store.call(sid.clone()).await.map_err(|error| no_call(&error))?;
    if row.call.workspace == access.workspace { Ok(row) } else { Err(Problem::NO_SUCH_CALL) }
}

fn no_call(error: &StoreError) -> Problem {
    Problem::of_store(error, Problem::NO_SUCH_CALL, Problem::NO_SUCH_CALL)
}
