//! Whether the server lives, is ready, and what it counted.

use super::{
    access,
    client::Client,
    problem::Problem,
    state::{MetricsFor, Web},
};
use crate::{channels::voice::room::Scarce, ports::state::Kind};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use std::{net::IpAddr, sync::Arc};

/// What proxies and tunnels add to the requests of others.
const PASSED_ON: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "cf-connecting-ip"];

/// For people: what this is and what it does.
pub(super) async fn health(State(web): State<Arc<Web>>) -> Json<Value> {
    let Web { parts, .. } = &*web;
    let storage = json!({
        "type": parts.state.kind().as_str(),
        "available": parts.state.is_available().await,
        "ttl": parts.state_ttl.as_secs(),
    });
    let mut features: Map<String, Value> =
        parts.features.iter().map(|(what, name)| (what.clone(), json!(name))).collect();
    features.insert("persistentStorage".to_owned(), storage);
    Json(json!({
        "status": "ok",
        "service": "centralita",
        "calls": parts.calls.count(),
        "admission": parts.admission.lacking().map_or("open", Scarce::label),
        "features": features,
    }))
}

/// The process lives.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// New calls may come, also while Redis or the database is away, as long as there is a place for what happens in them.
pub(super) async fn ready(State(web): State<Arc<Web>>) -> Result<Json<Value>, Problem> {
    let (state, ledger) = (&web.parts.state, &web.parts.ledger);
    if web.is_draining() {
        return Err(Problem::DRAINING);
    }
    if ledger.is_full() {
        return Err(Problem::DISK_FULL);
    }
    let database = !ledger.is_spooling();
    let redis = match state.kind() {
        Kind::Embedded => None,
        Kind::Redis => Some(state.is_available().await),
    };
    let up_or_down = |up: bool| if up { "up" } else { "down" };
    let well = database && redis.unwrap_or(true);
    let mut told = Map::from_iter([("status".to_owned(), json!(if well { "ok" } else { "degraded" }))]);
    told.insert("database".to_owned(), json!(up_or_down(database)));
    told.extend(redis.map(|up| ("redis".to_owned(), json!(up_or_down(up)))));
    Ok(Json(told.into()))
}

/// What was counted, for Prometheus (text format 0.0.4).
pub(super) async fn metrics(
    State(web): State<Arc<Web>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    let refused = match web.parts.metrics_for {
        MetricsFor::Nobody => Some(Problem::NOT_FOUND),
        MetricsFor::Everybody => None,
        MetricsFor::ThisMachine if is_this_machine(client.0.ip(), &headers) => None,
        // Who has no key is not told that there is anything.
        MetricsFor::ThisMachine => access::open(&web, client, &headers)
            .await
            .err()
            .map(|problem| if problem.is(&Problem::UNAUTHORIZED) { Problem::NOT_FOUND } else { problem }),
    };
    if let Some(problem) = refused {
        return problem.into_response();
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, web.parts.metrics.render()).into_response()
}

/// A proxy or a tunnel on this machine has a loopback address too, but names the public host or says whom it serves.
fn is_this_machine(client: IpAddr, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => v6,
        None => host.split(':').next().unwrap_or_default(),
    };
    let local = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    client.to_canonical().is_loopback() && local && !PASSED_ON.iter().any(|name| headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tunnel_passes_on_does_not_come_from_this_machine() {
        let headers = |pairs: &[(&'static str, &str)]| -> HeaderMap {
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
        };
        let judge = |client: &str, pairs: &[(&'static str, &str)]| {
            is_this_machine(client.parse().unwrap(), &headers(pairs))
        };
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "[::1]"] {
            assert!(judge("127.0.0.1", &[("host", host)]), "{host}");
        }
        assert!(judge("::ffff:127.0.0.1", &[("host", "127.0.0.1")]));
        assert!(!judge("127.0.0.1", &[]));
        assert!(!judge("127.0.0.1", &[("host", "voice.example.com")]));
        assert!(!judge("10.0.0.1", &[("host", "localhost")]));
        assert!(!judge("127.0.0.1", &[("host", "localhost"), ("x-forwarded-for", "203.0.113.9")]));
    }
}
