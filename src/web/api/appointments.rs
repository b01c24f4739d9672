//! The appointment book.

use crate::{
    ports::{calendar::Appointment, store::MAIN_WORKSPACE},
    web::{
        access::Access,
        extract::{Asked, Nothing},
        problem::Problem,
        state::Web,
    },
};
use axum::{Extension, Json, extract::State};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The book.
#[derive(Serialize, ToSchema)]
pub(super) struct Appointments {
    /// Each with `id`, `specialty`, `professional`, `start` (in the clinic's own zone), the patient's `name` and `document`, and
    /// the `call` in which it was booked.
    #[schema(value_type = Vec<Object>)]
    appointments: Vec<Appointment>,
}

/// The appointments that were booked in calls.
///
/// The book belongs to the workspace `main`; keys of others see an empty one.
#[utoipa::path(
    get, path = "/api/appointments", operation_id = "listAppointments", tag = "appointments",
    responses((status = 200, body = Appointments))
)]
pub(super) async fn list(
    State(web): State<Arc<Web>>,
    Extension(access): Extension<Access>,
    _: Asked<Nothing>,
) -> Result<Json<Appointments>, Problem> {
    // The book knows no workspaces: it is that of the one business which answers the telephone.
    if access.workspace != MAIN_WORKSPACE {
        access.note(&web, "appointments.list", "appointments").await?;
        return Ok(Json(Appointments { appointments: Vec::new() }));
    }
    let appointments = web.parts.calendar.appointments().await.map_err(|error| {
        tracing::warn!(code = "CALENDAR", %error, "the appointment book can't be read");
        Problem::NO_CALENDAR
    })?;
    access.note(&web, "appointments.list", "appointments").await?;
    Ok(Json(Appointments { appointments }))
}
