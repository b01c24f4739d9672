//! The API, health and metrics.

use super::{
    http::{api, get, request},
    rig::{API_TOKEN, CALL, Rig},
    stub::Shelf,
};
use centralita::{base::rate::Rate, ports::state::Kind, web::MetricsFor};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn only_the_token_itself_opens_the_api() {
    let rig = Rig::with(|setup| setup.http.wrong_tokens = Rate::a_minute(1_000)).await;
    let almost = format!("Bearer {}", &API_TOKEN[1..]);
    let longer = format!("Bearer {API_TOKEN}x");
    let other = format!("Basic {API_TOKEN}");
    for line in ["GET /api/calls".to_owned(), format!("POST /api/calls/{CALL}/hangup")] {
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
async fn a_call_is_listed_shown_and_ended_from_its_announcement_on() {
    let rig = Rig::start().await;
    assert_eq!(api(&rig, "GET /api/calls").await.json(), json!({"calls": [], "next": null}));
    rig.announce(CALL).await;
    let call = &api(&rig, "GET /api/calls").await.json()["calls"][0];
    assert_eq!(
        (&call["call"], &call["agent"], &call["state"]),
        (&json!(CALL), &json!("clinica"), &json!("arrived"))
    );
    let shown = api(&rig, &format!("GET /api/calls/{CALL}")).await.json();
    assert_eq!(
        (&shown["call"], &shown["entries"], &shown["outcome"]),
        (&json!(CALL), &json!([]), &Value::Null)
    );
    let ended = api(&rig, &format!("POST /api/calls/{CALL}/hangup")).await;
    assert_eq!((ended.status, ended.json()), (202, json!({"call": CALL})));
    assert_eq!(*rig.calls.hung_up.lock().unwrap(), [CALL]);
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
    let expected = json!({"status": "ok", "service": "centralita", "calls": 0, "admission": "open", "features": features});
    assert_eq!(health.json(), expected);
    assert!(
        health.head.contains("x-content-type-options: nosniff")
            && health.head.contains("cache-control: no-store")
    );
    assert_eq!(get(&rig, "/healthz", &[]).await.status, 200);
    let ready = get(&rig, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.json()), (200, json!({"status": "ok", "database": "up"})));
}

#[tokio::test]
async fn a_server_without_its_redis_is_ready_and_says_so() {
    let shelf = Shelf { kind: Kind::Redis, ..Shelf::default() };
    let rig = Rig::with(|setup| setup.state = shelf.clone()).await;
    for (available, ready) in [
        (true, json!({"status": "ok", "database": "up", "redis": "up"})),
        (false, json!({"status": "degraded", "database": "up", "redis": "down"})),
        (true, json!({"status": "ok", "database": "up", "redis": "up"})),
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
