//! The API of the operator: calls, people, appointments, keys, and its own description.

mod appointments;
mod calls;
mod contacts;
mod description;
mod erase;
mod keys;
mod page;
mod recording;
mod shown;

use super::{
    access::{Gate, guard},
    state::Web,
};
use crate::ports::store::keys::Scope;
use axum::{Router, middleware};
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

type Routes = OpenApiRouter<Arc<Web>>;

/// The routes of the API, each behind the scope that it needs; those of the description are open.
pub(super) fn routes(web: &Arc<Web>) -> Router<Arc<Web>> {
    let read = Routes::default()
        .routes(routes!(calls::list))
        .routes(routes!(calls::show))
        .routes(routes!(calls::turns))
        .routes(routes!(calls::notes))
        .routes(routes!(recording::listen))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::show))
        .routes(routes!(contacts::calls))
        .routes(routes!(appointments::list));
    let write = Routes::default().routes(routes!(calls::hang_up)).routes(routes!(contacts::change));
    let admin = Routes::default()
        .routes(routes!(erase::erase))
        .routes(routes!(keys::list, keys::make))
        .routes(routes!(keys::revoke));
    let (router, description) = Routes::with_openapi(description::head())
        .merge(behind(web, Scope::Read, read))
        .merge(behind(web, Scope::Write, write))
        .merge(behind(web, Scope::Admin, admin))
        .split_for_parts();
    router.merge(page::routes(&description))
}

/// Routes that want a key with this scope, and say so.
fn behind(web: &Arc<Web>, scope: Scope, mut routes: Routes) -> Routes {
    description::guarded(routes.get_openapi_mut(), scope);
    let gate = Gate { web: Arc::clone(web), scope };
    routes.route_layer(middleware::from_fn_with_state(gate, guard))
}
