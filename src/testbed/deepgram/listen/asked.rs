//! The request that opens a socket: who asks, and for what.

use super::{
    super::{
        ListenFault, Shared,
        query::{Flux, Listen},
        refusal::{is_authorised, refuse, with_request_id},
    },
    Session,
};
use crate::testbed::{log::Service, socket};
use axum::{
    extract::{Query, State, ws::WebSocketUpgrade},
    http::{HeaderMap, header},
    response::Response,
};
use std::sync::Arc;

pub(in crate::testbed::deepgram) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let wanted = Listen::read(&pairs).map(Wanted::Results);
    open(shared, "/v1/listen", &headers, upgrade, wanted)
}

pub(in crate::testbed::deepgram) async fn upgrade_flux(
    State(shared): State<Arc<Shared>>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let wanted = Flux::read(&pairs).map(Wanted::Turns);
    open(shared, "/v2/listen", &headers, upgrade, wanted)
}

/// What a socket is to be told.
pub(super) enum Wanted {
    Results(Listen),
    Turns(Flux),
}

fn open(
    shared: Arc<Shared>,
    path: &'static str,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
    wanted: Result<Wanted, String>,
) -> Response {
    let visit = shared.log.visit(Service::Deepgram, path);
    let fault = shared.listen.take();
    if !is_authorised(headers.get(header::AUTHORIZATION), shared.options.key.as_deref()) {
        visit.note("refused", "401");
        return refuse(401, None);
    }
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(why) => {
            visit.note("refused", why.clone());
            return refuse(400, Some(why));
        }
    };
    if let ListenFault::Refuse(status) = fault.now() {
        visit.note("refused", status.to_string());
        return refuse(status, None);
    }
    visit.note("accepted", "");
    let session = Session::new(shared, wanted, fault, visit);
    with_request_id(socket::accept(upgrade, |socket| session.run(socket)))
}
