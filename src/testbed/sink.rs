//! A fake of whoever is told about calls: a CRM that keeps notes, or a customer's own server.
//!
//! It keeps what is posted to `/notes`, drops what comes again with the same `Idempotency-Key` where it is told to honour keys,
//! and can be asked for a note by its marker: `GET /notes?ref=ref:ID`.

use super::{
    door::Door,
    faults::Faults,
    log::{Log, Service, Visit},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What goes wrong with one delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkFault {
    /// Nothing.
    #[default]
    None,
    /// It is answered by this HTTP status (301, 410, 429, 500 …) and not kept.
    Refuse(u16),
    /// It is kept and answered by this HTTP status.
    KeepAndRefuse(u16),
    /// The connection breaks before it is kept.
    Cut,
    /// It is kept; then the connection breaks.
    KeepAndCut,
    /// It is neither kept nor answered.
    Stall,
    /// It is kept and never answered.
    KeepAndStall,
}

/// How the fake behaves.
#[derive(Clone, Debug, Default)]
pub struct SinkOptions {
    /// 0 takes a free port.
    pub port: u16,
    /// Whether a second note with the same `Idempotency-Key` is dropped.
    pub honours_keys: bool,
    /// How long it takes to answer once a note is kept.
    pub delay: Duration,
    /// The secret (`whsec_` and base64) that every delivery must be signed with; any is taken when absent.
    pub secret: Option<String>,
}

/// A note that was kept: the effect of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The `Idempotency-Key`.
    pub key: String,
    /// The marker in its field `ref`.
    pub marker: String,
    /// All of it.
    pub body: Value,
}

#[derive(Debug)]
struct Shared {
    options: SinkOptions,
    log: Log,
    faults: Faults<SinkFault>,
    notes: Mutex<Vec<Kept>>,
    gone: CancellationToken,
}

impl Shared {
    fn notes(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running fake.
#[derive(Debug)]
pub struct Sink {
    door: Door,
    shared: Arc<Shared>,
    _gone: DropGuard,
}

impl Sink {
    /// Starts it within the present tokio runtime.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(options: SinkOptions, log: Log) -> io::Result<Self> {
        let (port, gone) = (options.port, CancellationToken::new());
        let shared =
            Shared { options, log, faults: Faults::default(), notes: Mutex::default(), gone: gone.clone() };
        let shared = Arc::new(shared);
        let router =
            Router::new().route("/notes", routing::post(take).get(find)).with_state(Arc::clone(&shared));
        Ok(Self { door: Door::open(port, router).await?, shared, _gone: gone.drop_guard() })
    }

    /// Where notes are posted to, and asked for.
    pub fn url(&self) -> String {
        format!("http://{}/notes", self.door.address())
    }

    /// What goes wrong with deliveries; a visit is one of them.
    pub fn faults(&self) -> &Faults<SinkFault> {
        &self.shared.faults
    }

    /// What was kept, in order.
    pub fn notes(&self) -> Vec<Kept> {
        self.shared.notes().clone()
    }

    /// Refuses connections and breaks those that are open.
    pub async fn shut(&self) {
        self.door.shut().await;
    }

    /// Takes connections again.
    pub async fn reopen(&self) {
        self.door.reopen().await;
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let given = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = given("idempotency-key").to_owned();
    let visit = shared.log.visit(Service::Sink, format!("POST {key}"));
    if !is_signed(&shared.options, given, &body) {
        return answer(&visit, 401);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return answer(&visit, 400) };
    let fault = shared.faults.take().now();
    match fault {
        SinkFault::Refuse(status) => return answer(&visit, status),
        SinkFault::Cut => cut(&visit),
        SinkFault::Stall => {
            visit.note("stalls", "");
            shared.gone.cancelled().await;
            return answer(&visit, 503);
        }
        _ => {}
    }
    let id = keep(&shared, &visit, key, body);
    match fault {
        SinkFault::KeepAndRefuse(status) => return answer(&visit, status),
        SinkFault::KeepAndCut => cut(&visit),
        SinkFault::KeepAndStall => shared.gone.cancelled().await,
        _ => sleep(shared.options.delay).await,
    }
    visit.note("answered", "200");
    Json(json!({ "id": id })).into_response()
}

/// Keeps a note, unless its key is honoured and known; returns its number.
fn keep(shared: &Shared, visit: &Visit, key: String, body: Value) -> usize {
    let mut notes = shared.notes();
    let known =
        notes.iter().position(|note| shared.options.honours_keys && !key.is_empty() && note.key == key);
    if let Some(place) = known {
        visit.note("repeat", key);
        return place + 1;
    }
    let marker = body.get("ref").and_then(Value::as_str).unwrap_or_default().to_owned();
    notes.push(Kept { key: key.clone(), marker, body });
    let count = notes.len();
    drop(notes);
    visit.note("kept", key);
    count
}

async fn find(State(shared): State<Arc<Shared>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let wanted = query.get("ref").cloned().unwrap_or_default();
    let visit = shared.log.visit(Service::Sink, format!("GET {wanted}"));
    let notes = shared.notes();
    let found = (1..).zip(notes.iter()).find(|(_, note)| note.marker == wanted);
    visit.note(if found.is_some() { "found" } else { "not_found" }, &wanted);
    match found {
        Some((id, note)) => Json(json!({ "id": id, "ref": note.marker })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(visit: &Visit, status: u16) -> Response {
    visit.note("answered", status.to_string());
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let elsewhere = [(header::LOCATION, "/elsewhere")];
    if code.is_redirection() { (code, elsewhere).into_response() } else { code.into_response() }
}

/// Ends the task of this connection, which closes its socket without a word.
fn cut(visit: &Visit) {
    visit.note("cut", "");
    std::panic::resume_unwind(Box::new("a fake breaks the connection"));
}

/// Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.
fn is_signed<'a>(options: &SinkOptions, given: impl Fn(&str) -> &'a str, body: &[u8]) -> bool {
    let Some(secret) = &options.secret else { return true };
    let Some(Ok(key)) = secret.strip_prefix("whsec_").map(|key| STANDARD.decode(key)) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    mac.update(format!("{}.{}.", given("webhook-id"), given("webhook-timestamp")).as_bytes());
    mac.update(body);
    let signatures = given("webhook-signature");
    let genuine = mac.finalize().into_bytes();
    let mut signatures =
        signatures.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    signatures.any(|signature| signature == genuine.as_slice())
}
