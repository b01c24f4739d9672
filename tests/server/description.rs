//! The API is as its description says, and the description's page needs nobody else.

use super::{
    http::{Answer, get, request},
    rig::{CALL, Rig},
    rows::{MAIN, folder, key, open, open_in},
};
use centralita::{base::rate::Rate, ports::store::keys::Scope};
use serde_json::Value;

/// A route, and the scope that the description says it needs.
struct Route {
    line: String,
    scope: Scope,
    operation: Value,
}

async fn described(rig: &Rig) -> (Value, Vec<Route>) {
    let description = get(rig, "/api/openapi.json", &[]).await.json();
    let mut routes = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.replace("{sid}", CALL).replace("{id}", "x");
            let scope = serde_json::from_value(operation["security"][0]["key"][0].clone()).unwrap();
            let line = format!("{} {path}", method.to_uppercase());
            routes.push(Route { line, scope, operation: operation.clone() });
        }
    }
    (description, routes)
}

async fn knock(rig: &Rig, line: &str, key: Option<&str>) -> Answer {
    let bearer = key.map(|key| format!("Bearer {key}"));
    let head: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    request(rig, line, &head, "").await
}

#[tokio::test]
async fn every_route_wants_a_key_with_its_scope() {
    let rig = open_in(&folder(), |setup| {
        setup.http.wrong_tokens = Rate::a_minute(1_000);
        setup.http.api = Rate::a_minute(1_000);
    })
    .await;
    let (_, routes) = described(&rig).await;
    assert!(routes.len() >= 15, "{} routes", routes.len());
    let keys = [
        (Scope::Read, key(&rig, MAIN, Scope::Read).await),
        (Scope::Write, key(&rig, MAIN, Scope::Write).await),
    ];
    for Route { line, scope, .. } in &routes {
        let plain = knock(&rig, line, None).await;
        assert_eq!((plain.status, plain.error().as_str()), (401, "unauthorized"), "{line}");
        assert!(plain.head.contains("www-authenticate: Bearer"), "{}", plain.head);
        assert!(plain.head.contains("content-type: application/problem+json"), "{}", plain.head);
        assert_eq!(knock(&rig, line, Some(&format!("ck_{}", "A".repeat(43)))).await.status, 401, "{line}");
        for (held, key) in &keys {
            let told = knock(&rig, line, Some(key)).await;
            assert_eq!(told.status == 403, held < scope, "{line} with {}: {told:?}", held.as_str());
            assert_ne!(told.status, 401, "{line}");
        }
    }
}

#[tokio::test]
async fn the_description_is_whole() {
    let rig = open().await;
    let (description, routes) = described(&rig).await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{}", description["openapi"]);
    for Route { line, operation, .. } in &routes {
        for told in ["summary", "operationId", "tags"] {
            assert!(!operation[told].is_null(), "{told} of {line} is missing");
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{line}");
        assert!(responses.values().all(|response| response["description"].is_string()), "{line}");
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
            assert!(response["content"]["application/problem+json"].is_object(), "{line} {status}");
        }
    }
    // Each reference leads somewhere.
    let mut left = vec![&description];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(to) = fields.get("$ref").and_then(Value::as_str) {
                    assert!(description.pointer(&to[1..]).is_some(), "{to}");
                }
                left.extend(fields.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_page_comes_from_here_and_loads_nothing_from_elsewhere() {
    let rig = open().await;
    let moved = get(&rig, "/api/docs", &[]).await;
    assert!(moved.status == 308 && moved.head.contains("location: docs/"), "{moved:?}");
    for file in ["", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let part = get(&rig, &format!("/api/docs/{file}"), &[]).await;
        assert_eq!(part.status, 200, "{file}");
        assert!(
            part.head.contains("content-security-policy: default-src 'none'; script-src 'self'"),
            "{}",
            part.head
        );
        assert!(
            !part.head.contains("unsafe") && !part.head.contains("http:") && !part.head.contains("https:")
        );
        assert!(part.head.contains("x-content-type-options: nosniff"), "{}", part.head);
    }
    let set_up = get(&rig, "/api/docs/swagger-initializer.js", &[]).await.body;
    assert!(set_up.contains("../openapi.json") && !set_up.contains("://"), "{set_up}");
    for nothing in ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "nothing.js"] {
        assert_eq!(get(&rig, &format!("/api/docs/{nothing}"), &[]).await.status, 404, "{nothing}");
    }
}
