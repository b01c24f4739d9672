//! Keys to the API: made, shown once, used, limited, revoked.

use super::{
    http::{api, request},
    rig::{API_TOKEN, Rig},
    rows::{MAIN, OTHER, ask, deeds, folder, key, key_for, open, open_in, send},
    store::kept_in,
    stub::Stub,
};
use centralita::{base::rate::Rate, ports::store::keys::Scope};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

#[tokio::test]
async fn a_key_is_shown_once_and_opens_what_it_was_made_for() {
    let rig = open().await;
    let wanted = json!({"name": "front desk", "scopes": ["read"], "days": 30});
    let made = send(&rig, API_TOKEN, "POST /api/keys", &[], &wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    let (made, id) = (made.json(), made.json()["id"].as_str().unwrap().to_owned());
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("ck_") && key.len() == 46, "{key}");

    assert_eq!(ask(&rig, key, "GET /api/calls").await.status, 200);
    let listed = api(&rig, "GET /api/keys").await;
    assert!(!listed.body.contains(&key[3..]), "{}", listed.body);
    let one = &listed.json()["keys"][0];
    assert_eq!(
        (&one["id"], &one["name"], &one["scopes"]),
        (&json!(id), &json!("front desk"), &json!(["read"]))
    );
    assert!(one["used_at"].is_string() && one["ends_at"].is_string() && one["revoked_at"].is_null(), "{one}");
    assert_eq!(deeds(&rig, &id).await, [("API_TOKEN".to_owned(), "key.make".to_owned())]);
}

#[tokio::test]
async fn a_scope_includes_the_smaller_ones_and_a_missing_one_is_named() {
    let rig = open().await;
    let keys = [
        key(&rig, MAIN, Scope::Read).await,
        key(&rig, MAIN, Scope::Write).await,
        key(&rig, MAIN, Scope::Admin).await,
    ];
    // What needs read, write and admin; none of it is there.
    let lines = ["GET /api/contacts/x", "PATCH /api/contacts/x", "DELETE /api/keys/x"];
    let mut told = Vec::new();
    for key in &keys {
        for line in lines {
            told.push(send(&rig, key, line, &[("if-match", "*")], &json!({})).await);
        }
    }
    let statuses: Vec<u16> = told.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [404, 403, 403, 404, 404, 403, 404, 404, 404]);
    let refused = &told[1];
    assert_eq!(refused.error(), "scope");
    assert!(
        refused.json()["detail"].as_str().unwrap().contains("`write`, and the key's is `read`"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_key_that_is_revoked_or_past_its_end_opens_nothing() {
    let rig = open().await;
    let late = key_for(&rig, MAIN, Scope::Read, Some(Duration::ZERO)).await;
    assert_eq!(ask(&rig, &late, "GET /api/calls").await.error(), "unauthorized");
    let good = key(&rig, MAIN, Scope::Admin).await;
    let id = ask(&rig, &good, "GET /api/keys").await.json()["keys"][0]["id"].as_str().unwrap().to_owned();
    // A key of another workspace does not reach it.
    let stranger = key(&rig, OTHER, Scope::Admin).await;
    let revoke = format!("DELETE /api/keys/{id}");
    assert_eq!(ask(&rig, &stranger, &revoke).await.error(), "no_such_key");
    assert_eq!(ask(&rig, &good, &revoke).await.status, 204);
    assert_eq!(ask(&rig, &good, "GET /api/calls").await.status, 401);
    assert_eq!(api(&rig, &revoke).await.error(), "no_such_key");
    assert_eq!(deeds(&rig, &id).await, [(format!("admin of main {id}"), "key.revoke".to_owned())]);
}

#[tokio::test]
async fn each_key_has_a_limit_of_its_own() {
    let rig = open_in(&folder(), |setup| setup.http.api = Rate::a_minute(2)).await;
    let (busy, idle) = (key(&rig, MAIN, Scope::Read).await, key(&rig, MAIN, Scope::Read).await);
    let asked = [ask(&rig, &busy, "GET /api/calls").await, ask(&rig, &busy, "GET /api/contacts").await];
    assert_eq!(asked.map(|answer| answer.status), [200, 200]);
    let limited = ask(&rig, &busy, "GET /api/calls").await;
    assert_eq!((limited.status, limited.error().as_str()), (429, "too_often"));
    assert!(
        limited.head.contains("retry-after: ") && limited.body.contains("2 requests within 60 s"),
        "{limited:?}"
    );
    assert_eq!(ask(&rig, &idle, "GET /api/calls").await.status, 200);
    assert_eq!(api(&rig, "GET /api/calls").await.status, 200);
}

#[tokio::test]
async fn whoever_sent_too_many_wrong_keys_has_none_looked_up() {
    // The second one is from where a proxy may stand, whom one guest's guesses shall not shut out.
    for (spare_near, status) in [(false, 429), (true, 200)] {
        let rig = open_in(&folder(), |setup| {
            setup.http.wrong_tokens = Rate::a_minute(2);
            setup.http.spare_near = spare_near;
        })
        .await;
        let good = key(&rig, MAIN, Scope::Read).await;
        let wrong = format!("ck_{}", good[3..].chars().rev().collect::<String>());
        for status in [401, 401, 429] {
            assert_eq!(ask(&rig, &wrong, "GET /api/calls").await.status, status);
        }
        assert_eq!(ask(&rig, &good, "GET /api/calls").await.status, status);
        assert_eq!(api(&rig, "GET /api/calls").await.status, 200, "the configuration's needs no look-up");
    }
}

#[tokio::test]
async fn what_can_be_no_key_is_not_looked_up() {
    let folder = folder();
    let kept = kept_in(&folder).await;
    let rig = Rig::keeping(kept, Arc::new(Stub::new(mpsc::channel(1).0)), |_| ()).await;
    let key = key(&rig, MAIN, Scope::Read).await;
    let mut file =
        SqliteConnectOptions::new().filename(folder.join("centralita.db")).connect().await.unwrap();
    sqlx::query("DROP TABLE api_keys").execute(&mut file).await.unwrap();
    for (sent, status) in [(key[..45].to_owned(), 401), (format!("{key}x"), 401), (key, 500)] {
        assert_eq!(ask(&rig, &sent, "GET /api/calls").await.status, status, "{sent}");
    }
}

#[tokio::test]
async fn a_body_that_can_not_be_used_is_told_by_its_field() {
    let rig = open().await;
    let good = json!({"name": "desk", "scopes": ["read"]});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let cases = [
        (with("workspace", json!("other")), "workspace"),
        (with("role", json!("admin")), "role"),
        (with("scopes", json!(["root"])), "scopes"),
        (with("scopes", json!([])), "scopes"),
        (with("days", json!(0)), "days"),
        (with("days", json!(-1)), "days"),
        (with("name", json!("")), "name"),
        (with("name", json!("two\nlines")), "name"),
        (with("name", json!("x".repeat(101))), "name"),
        (json!({"scopes": ["read"]}), "name"),
    ];
    for (body, field) in cases {
        let told = send(&rig, API_TOKEN, "POST /api/keys", &[], &body).await;
        assert_eq!((told.status, told.error().as_str()), (422, "bad_body"), "{body} {told:?}");
        assert!(told.json()["detail"].as_str().unwrap().contains(field), "{field}: {told:?}");
    }
    let authorized = ("authorization", format!("Bearer {API_TOKEN}"));
    let head = [(authorized.0, authorized.1.as_str()), ("content-type", "application/json")];
    assert_eq!(request(&rig, "POST /api/keys", &head, "{").await.error(), "not_json");
    assert_eq!(request(&rig, "POST /api/keys", &head[..1], &good.to_string()).await.error(), "wrong_type");
    let deep = "[".repeat(100_000);
    assert_eq!(request(&rig, "POST /api/keys", &head, &deep).await.status, 422);
    assert_eq!(api(&rig, "GET /api/keys").await.json(), json!({"keys": []}), "no key was made");
}
