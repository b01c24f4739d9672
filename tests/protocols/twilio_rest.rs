//! Twilio's REST API: a call is ended in any circumstance that a network can offer.

use super::{fixture, twilio::keys};
use axum::{
    Form, Router,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use centralita::{
    ports::phone::{Phone, PhoneError},
    providers::twilio::{Account, Rest, RestLimits},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const CALL: &str = "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f";
const SECRET: &str = "a-canary-that-must-not-be-logged";

#[derive(Clone, Copy)]
enum Reply {
    Status(u16, &'static str),
    Silence,
}

#[derive(Clone, Default)]
struct Fake {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn update(
    State(fake): State<Fake>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let auth = headers["authorization"].to_str().unwrap();
    fake.seen.lock().unwrap().push(format!("{account} {call} {form:?} {auth}"));
    let reply = fake.replies.lock().unwrap().pop_front();
    match reply.unwrap() {
        Reply::Status(status, file) => {
            let body = if file.is_empty() { String::new() } else { fixture(&format!("twilio/{file}")) };
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
        Reply::Silence => std::future::pending().await,
    }
}

async fn hang_up(replies: &[Reply]) -> (Result<(), PhoneError>, Vec<String>) {
    hang_up_with(&[SECRET], replies).await
}

async fn hang_up_with(tokens: &[&str], replies: &[Reply]) -> (Result<(), PhoneError>, Vec<String>) {
    let fake = Fake::default();
    fake.replies.lock().unwrap().extend(replies);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/2010-04-01/Accounts/{account}/Calls/{call}", post(update))
        .with_state(fake.clone());
    let silent = replies.iter().any(|reply| matches!(reply, Reply::Silence));
    let limits = RestLimits::default();
    let attempt = if silent { Duration::from_millis(200) } else { limits.attempt };
    let account = Account { keys: keys(tokens).into(), ..account(&base_url) };
    let rest = Rest::within(account, RestLimits { attempt, ..limits }).unwrap();
    let result = tokio::select! {
        result = rest.hang_up(CALL.parse().unwrap()) => result,
        served = async { axum::serve(listener, routes).await } => panic!("{served:?}"),
    };
    let seen = fake.seen.lock().unwrap().clone();
    (result, seen)
}

fn account(base_url: &str) -> Account {
    Account {
        sid: ACCOUNT.parse().unwrap(),
        keys: keys(&[SECRET]).into(),
        base_url: base_url.parse().unwrap(),
    }
}

#[tokio::test]
async fn a_call_is_ended_by_one_signed_in_order() {
    let (result, seen) = hang_up(&[Reply::Status(200, "rest_call_update_completed_200.json")]).await;
    result.unwrap();
    let auth = "QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjphLWNhbmFyeS10aGF0LW11c3Qtbm90LWJlLWxvZ2dlZA==";
    assert_eq!(seen, [format!("{ACCOUNT} {CALL}.json {{\"Status\": \"completed\"}} Basic {auth}")]);
}

#[tokio::test]
async fn a_call_that_is_over_already_counts_as_ended() {
    for reply in [Reply::Status(404, "rest_error_20404.json"), Reply::Status(400, "rest_error_21220.json")] {
        let (result, seen) = hang_up(&[reply]).await;
        result.unwrap();
        assert_eq!(seen.len(), 1);
    }
}

#[tokio::test]
async fn overload_and_errors_of_the_server_are_tried_again() {
    let busy = Reply::Status(429, "rest_error_429.json");
    let (result, seen) = hang_up(&[busy, Reply::Status(500, ""), Reply::Status(200, "")]).await;
    result.unwrap();
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn three_failures_are_the_end() {
    let broken = Reply::Status(503, "");
    let (result, seen) = hang_up(&[broken, broken, broken]).await;
    assert!(matches!(result, Err(PhoneError::Busy(reason)) if reason == "HTTP 503"));
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_server_that_is_silent_once_is_asked_again() {
    let (result, seen) = hang_up(&[Reply::Silence, Reply::Status(200, "")]).await;
    result.unwrap();
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn a_refusal_is_final_and_names_no_secret() {
    let (result, seen) = hang_up(&[Reply::Status(401, "rest_error_20003.json")]).await;
    let error = result.unwrap_err();
    assert!(matches!(&error, PhoneError::Refused(reason) if reason == "HTTP 401, code 20003"));
    assert!(!format!("{error} {error:?}").contains(SECRET));
    assert_eq!(seen.len(), 1);
}

/// Twilio takes the new token and no longer the old one, and whoever exchanges them here is a minute late.
#[tokio::test]
async fn a_token_that_is_refused_is_followed_by_the_next() {
    let denied = Reply::Status(401, "rest_error_20003.json");
    let (result, seen) = hang_up_with(&["old", "new"], &[denied, Reply::Status(200, "")]).await;
    result.unwrap();
    let tokens: Vec<&str> = seen.iter().map(|request| request.rsplit(' ').next().unwrap()).collect();
    let basic = |token: &str| STANDARD.encode(format!("{ACCOUNT}:{token}"));
    assert_eq!(tokens, [basic("old"), basic("new")]);
    let (result, seen) = hang_up_with(&["old", "new"], &[denied, denied]).await;
    assert!(matches!(result, Err(PhoneError::Refused(reason)) if reason == "HTTP 401, code 20003"));
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn errors_of_the_network_name_no_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let rest = Rest::new(account(&base_url)).unwrap();
    let error = rest.hang_up(CALL.parse().unwrap()).await.unwrap_err();
    assert!(matches!(&error, PhoneError::Busy(reason) if !reason.contains(ACCOUNT)), "{error}");
}

#[tokio::test]
async fn every_order_goes_over_a_connection_of_its_own() {
    let callers = Arc::new(Mutex::new(BTreeSet::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rest = Rest::new(account(&format!("http://{}", listener.local_addr().unwrap()))).unwrap();
    let seen = Arc::clone(&callers);
    let note = async move |ConnectInfo(caller): ConnectInfo<SocketAddr>| {
        seen.lock().unwrap().insert(caller);
    };
    let routes = Router::new().fallback(note).into_make_service_with_connect_info::<SocketAddr>();
    let orders = async {
        for _ in 0..3 {
            rest.hang_up(CALL.parse().unwrap()).await.unwrap();
        }
    };
    tokio::select! {
        () = orders => {}
        served = async { axum::serve(listener, routes).await } => panic!("{served:?}"),
    }
    assert_eq!(callers.lock().unwrap().len(), 3);
}
