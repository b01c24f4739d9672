//! The API, health and metrics.

use super::{
    http::{api, get, request},
    phone::call_number,
    rig::{API_TOKEN, CALL, Rig},
    stub::Shelf,
};
use centralita::{base::rate::Rate, ports::state::Kind, web::MetricsFor};
use serde_json::json;
use std::sync::atomic::Ordering;

const ROUTES: [(&str, &str); 4] = [
    ("GET", "/api/calls"),
    ("GET", "/api/calls/CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f"),
    ("POST", "/api/calls/CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f/hangup"),
    ("GET", "/api/appointments"),
];

#[tokio::test]
async fn every_route_of_the_api_wants_the_token() {
    let rig = Rig::with(|setup| setup.http.wrong_tokens = Rate::a_minute(1_000)).await;
    let almost = format!("Bearer {}", &API_TOKEN[1..]);
    let longer = format!("Bearer {API_TOKEN}x");
    let other = format!("Basic {API_TOKEN}");
    for (method, path) in ROUTES {
        let line = format!("{method} {path}");
        let plain = request(&rig, &line, &[], "").await;
        assert_eq!((plain.status, plain.error().as_str()), (401, "unauthorized"), "{line}");
        assert!(plain.head.contains("www-authenticate: Bearer"), "{}", plain.head);
        for wrong in ["", "Bearer", "Bearer ", &almost, &longer, &other] {
            assert_eq!(
                request(&rig, &line, &[("authorization", wrong)], "").await.status,
                401,
                "{line} {wrong}"
            );
        }
    }
    assert!(rig.calls.hung_up.lock().unwrap().is_empty());
}

#[tokio::test]
async fn guessing_the_token_ends_soon_and_locks_nobody_out() {
    let rig = Rig::with(|setup| setup.http.wrong_tokens = Rate::a_minute(2)).await;
    let guess = async |path| get(&rig, path, &[("authorization", "Bearer guess"), ("host", "x")]).await;
    // Who sends none does not guess.
    for _ in 0..3 {
        assert_eq!(get(&rig, "/api/calls", &[]).await.status, 401);
    }
    assert_eq!(guess("/api/calls").await.status, 401);
    // A token is guessed here as well as there.
    assert_eq!(guess("/metrics").await.status, 404);
    for path in ["/api/calls", "/metrics"] {
        let limited = guess(path).await;
        assert_eq!((limited.status, limited.error().as_str()), (429, "too_often"), "{path}");
        assert!(limited.head.contains("retry-after: "), "{}", limited.head);
    }
    assert_eq!(api(&rig, "GET /api/calls").await.status, 200);
}

#[tokio::test]
async fn the_token_has_its_limit_too() {
    let rig = Rig::with(|setup| setup.http.api = Rate::a_minute(2)).await;
    let asked = [api(&rig, "GET /api/calls").await, api(&rig, "GET /api/appointments").await];
    assert_eq!(asked.map(|answer| answer.status), [200, 200]);
    assert_eq!(api(&rig, "GET /api/calls").await.status, 429);
    assert_eq!(get(&rig, "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn calls_are_listed_shown_and_ended() {
    let rig = Rig::start().await;
    assert_eq!(api(&rig, "GET /api/calls").await.json(), json!({"calls": []}));
    rig.calls.live.store(1, Ordering::Relaxed);
    let call = &api(&rig, "GET /api/calls").await.json()["calls"][0];
    assert_eq!(
        call,
        &json!({"call": CALL, "agent": "clinica", "from": "+346***1222", "started_at": "2026-11-21T09:00:00Z", "seconds": 12})
    );
    let shown = api(&rig, &format!("GET /api/calls/{CALL}")).await;
    assert_eq!(shown.json(), json!({"call": CALL, "entries": []}));
    let ended = api(&rig, &format!("POST /api/calls/{CALL}/hangup")).await;
    assert_eq!((ended.status, ended.json()), (202, json!({"call": CALL})));
    assert_eq!(*rig.calls.hung_up.lock().unwrap(), [CALL]);
    for unknown in [call_number(1), "CA1".to_owned(), "..%2f..%2fetc%2fpasswd".to_owned()] {
        assert_eq!(api(&rig, &format!("GET /api/calls/{unknown}")).await.error(), "no_such_call");
        assert_eq!(api(&rig, &format!("POST /api/calls/{unknown}/hangup")).await.status, 404);
    }
}

#[tokio::test]
async fn appointments_are_listed() {
    let rig = Rig::start().await;
    let book = api(&rig, "GET /api/appointments").await.json();
    assert_eq!(book["appointments"][0]["specialty"], "Pediatría");
    assert_eq!(book["appointments"][0]["start"], "2026-11-23T10:00:00");
}

#[tokio::test]
async fn health_tells_what_the_server_is() {
    let rig = Rig::start().await;
    let health = get(&rig, "/health", &[]).await;
    let storage = json!({"type": "embedded", "available": true, "ttl": 86_400});
    let features = json!({"stt": "stub", "persistentStorage": storage});
    let expected = json!({"status": "ok", "service": "centralita", "calls": 0, "features": features});
    assert_eq!(health.json(), expected);
    assert!(
        health.head.contains("x-content-type-options: nosniff")
            && health.head.contains("cache-control: no-store")
    );
    assert_eq!(get(&rig, "/healthz", &[]).await.status, 200);
    let ready = get(&rig, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.json()), (200, json!({"status": "ok"})));
}

#[tokio::test]
async fn a_server_without_its_redis_is_ready_and_says_so() {
    let shelf = Shelf { kind: Kind::Redis, ..Shelf::default() };
    let rig = Rig::with(|setup| setup.state = shelf.clone()).await;
    for (available, ready) in [
        (true, json!({"status": "ok", "redis": "up"})),
        (false, json!({"status": "degraded", "redis": "down"})),
        (true, json!({"status": "ok", "redis": "up"})),
    ] {
        shelf.available.store(available, Ordering::Relaxed);
        let told = get(&rig, "/readyz", &[]).await;
        assert_eq!((told.status, told.json()), (200, ready));
        let storage = &get(&rig, "/health", &[]).await.json()["features"]["persistentStorage"];
        assert_eq!(*storage, json!({"type": "redis", "available": available, "ttl": 86_400}));
        assert_eq!(get(&rig, "/healthz", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_who_has_the_token() {
    let rig = Rig::start().await;
    let local = get(&rig, "/metrics", &[("host", "127.0.0.1:9000")]).await;
    assert!(local.status == 200 && local.body.contains("http_requests_total"), "{local:?}");
    let tunnel = [("host", "voice.example.com")];
    assert_eq!(get(&rig, "/metrics", &tunnel).await.error(), "not_found");
    let proxied = [("host", "127.0.0.1:9000"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(get(&rig, "/metrics", &proxied).await.status, 404);
    assert_eq!(api(&rig, "GET /metrics").await.status, 200);
    let open = Rig::with(|setup| setup.metrics_for = MetricsFor::Everybody).await;
    assert_eq!(get(&open, "/metrics", &tunnel).await.status, 200);
    let closed = Rig::with(|setup| setup.metrics_for = MetricsFor::Nobody).await;
    assert_eq!(api(&closed, "GET /metrics").await.status, 404);
}

#[tokio::test]
async fn wrong_methods_and_unknown_paths_are_told_as_json() {
    let rig = Rig::start().await;
    for line in
        ["PUT /webhook/voice", "GET /webhook/voice/status", "POST /media", "DELETE /health", "POST /metrics"]
    {
        let answer = request(&rig, line, &[], "").await;
        assert_eq!((answer.status, answer.error().as_str()), (405, "wrong_method"), "{line}");
    }
    for path in ["/", "/webhook", "/api", "/webhook/voice/", "/debug"] {
        let answer = get(&rig, path, &[]).await;
        assert_eq!((answer.status, answer.error().as_str()), (404, "not_found"), "{path}");
    }
}
