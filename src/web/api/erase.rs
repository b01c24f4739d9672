//! Forgets a person.

use crate::{
    jobs::erasure::{self, Erasure, Outside, Where},
    ports::store::MAIN_WORKSPACE,
    web::{
        access::Access,
        extract::{Asked, Nothing, Sent},
        problem::Problem,
        state::Web,
    },
};
use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Who is to be forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    /// The number with its country (E.164); blanks, dots, dashes and parentheses do not count.
    #[schema(example = "+54 9 11 5555-0100")]
    number: String,
}

/// What of a person is no longer there.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Forgotten {
    /// Identifies the erasure in the audit log, as its proof: the log has no number.
    erasure: String,
    /// Contacts that are gone.
    contacts: u64,
    /// Calls that keep only times and outcome.
    calls: u64,
    /// Notes that are gone.
    notes: u64,
    /// Messages that are gone.
    messages: u64,
    /// Appointments that are gone from the database and from the book.
    appointments: u64,
    /// Recordings and logs that were deleted.
    files: u64,
    /// Those that could not be deleted: the log of the server names their calls.
    files_left: u64,
    /// Whether the database's own log holds nothing of it any more. Where not, somebody read all the time: ask again.
    scrubbed: bool,
}

/// Forgets whoever has this number, in all workspaces.
///
/// What was said and written, names, numbers, appointments and recordings are gone; times and outcomes of calls stay. A number that nobody
/// knows is no error. Only a key of the workspace `main` may do this.
#[utoipa::path(
    post, path = "/api/contacts/erase", operation_id = "erasePerson", tag = "contacts",
    request_body = Person,
    responses((status = 200, body = Forgotten))
)]
pub(super) async fn erase(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    _: Asked<Nothing>,
    Sent(person): Sent<Person>,
) -> Result<Json<Forgotten>, Problem> {
    if access.workspace != MAIN_WORKSPACE {
        return Err(Problem::NOT_HERE);
    }
    let number = number(&person.number)?;
    // What was said a moment ago is erased as well.
    web.parts.ledger.settle().await;
    let all = Where {
        store: &*web.parts.store,
        state: &*web.parts.state,
        calendar: &*web.parts.calendar,
        files: &web.parts.files,
    };
    let done = erasure::erase(all, access.who, number).await;
    let done = done.map_err(|error| Problem::of_store(&error, Problem::BROKEN, Problem::BROKEN))?;
    let Erasure { id: erasure, erased, outside, scrubbed } = done;
    let Outside { files, files_left, appointments, by_hand } = outside;
    // The database does not know of it any more.
    for what in by_hand {
        tracing::error!(
            code = "ERASE",
            erasure,
            what,
            "something of an erased person must be taken out by hand"
        );
    }
    Ok(Json(Forgotten {
        erasure,
        contacts: erased.contacts,
        calls: erased.calls,
        notes: erased.notes,
        messages: erased.messages,
        appointments: erased.appointments + appointments,
        files,
        files_left,
        scrubbed,
    }))
}

/// The number as it is stored.
fn number(written: &str) -> Result<String, Problem> {
    let number: String =
        written.chars().filter(|sign| !matches!(sign, ' ' | '.' | '-' | '(' | ')')).collect();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let is_e164 = (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_e164 && !digits.starts_with('0') {
        return Ok(number);
    }
    Err(Problem::BAD_BODY.because("number: write it with its country, such as `+54 9 11 5555-0100`"))
}
