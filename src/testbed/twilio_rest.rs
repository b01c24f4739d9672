//! A fake of Twilio's REST interface, as far as it is needed: reading a call and hanging it up, and reading the account.

use super::{
    door::Door,
    faults::Faults,
    log::{Log, Service},
};
use crate::base::ids::CallSid;
use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What goes wrong with one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestFault {
    /// Nothing.
    #[default]
    None,
    /// The request is answered by this HTTP status (429, 500 …) and not carried out.
    Refuse(u16),
    /// The request is neither answered nor carried out.
    Stall,
    /// The request is carried out and never answered.
    LoseAnswer,
}

/// How the fake behaves.
#[derive(Clone, Debug, Default)]
pub struct TwilioOptions {
    /// 0 takes a free port.
    pub port: u16,
    /// Account SID and auth token that are accepted; any when absent.
    pub account: Option<(String, String)>,
    /// Calls that were never announced are taken to be in progress, as when the phone is another process.
    pub any_call: bool,
}

/// A call as the telephone network sees it.
#[derive(Clone, Debug, Default)]
struct Known {
    ended: bool,
    hang_up: CancellationToken,
}

/// The calls that are known to the fake. Simulated phones announce theirs, and learn when they are hung up. Clones
/// share it.
#[derive(Clone, Debug, Default)]
pub struct CallBook(Arc<Mutex<BTreeMap<String, Known>>>);

impl CallBook {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces a call in progress; the token fires when it is hung up over REST.
    pub fn announce(&self, call: &CallSid) -> CancellationToken {
        let known = Known::default();
        let token = known.hang_up.clone();
        self.lock().insert(call.as_str().to_owned(), known);
        token
    }

    /// The call is over; hanging it up is answered by 21220 from now on.
    pub fn ended(&self, call: &CallSid) {
        if let Some(known) = self.lock().get_mut(call.as_str()) {
            known.ended = true;
        }
    }
}

#[derive(Debug)]
struct Shared {
    options: TwilioOptions,
    log: Log,
    faults: Faults<RestFault>,
    calls: CallBook,
    gone: CancellationToken,
}

/// The running fake.
#[derive(Debug)]
pub struct TwilioRest {
    door: Door,
    shared: Arc<Shared>,
    _gone: DropGuard,
}

impl TwilioRest {
    pub(super) async fn start(options: TwilioOptions, log: Log) -> io::Result<Self> {
        let port = options.port;
        let gone = CancellationToken::new();
        let calls = CallBook::default();
        let shared = Arc::new(Shared { options, log, faults: Faults::default(), calls, gone: gone.clone() });
        let router = Router::new()
            .route("/2010-04-01/Accounts/{account}/Calls/{call}", routing::post(update).get(read))
            .route("/2010-04-01/Accounts/{file}", routing::get(account))
            .with_state(Arc::clone(&shared));
        Ok(Self { door: Door::open(port, router).await?, shared, _gone: gone.drop_guard() })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.door.address())
    }

    /// What goes wrong; a visit is a request.
    pub fn faults(&self) -> &Faults<RestFault> {
        &self.shared.faults
    }

    /// The calls; give a clone to simulated phones.
    pub fn calls(&self) -> &CallBook {
        &self.shared.calls
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

async fn account(
    State(shared): State<Arc<Shared>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let _visit = shared.log.visit(Service::Twilio, format!("GET {file}"));
    let account = file.trim_end_matches(".json");
    if !is_authorised(&shared.options, account, &headers) {
        return refuse(401, 20_003, "Authenticate");
    }
    let uri = format!("/2010-04-01/Accounts/{account}.json");
    Json(json!({
        "sid": account, "status": "active", "type": "Full", "friendly_name": "A clinic", "owner_account_sid": account,
        "uri": uri,
    }))
    .into_response()
}

async fn read(
    State(shared): State<Arc<Shared>>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let _visit = shared.log.visit(Service::Twilio, format!("GET {file}"));
    let call = file.trim_end_matches(".json");
    if !is_authorised(&shared.options, &account, &headers) {
        return refuse(401, 20_003, "Authenticate");
    }
    match shared.calls.lock().get(call) {
        Some(known) => resource(&account, call, known.ended),
        None => unknown(&account, call),
    }
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let visit = shared.log.visit(Service::Twilio, format!("POST {file}"));
    let call = file.trim_end_matches(".json");
    visit.note("update", format!("{call} {form:?}"));
    if !is_authorised(&shared.options, &account, &headers) {
        return refuse(401, 20_003, "Authenticate");
    }
    match shared.faults.take().now() {
        RestFault::None | RestFault::LoseAnswer if form.get("Status").is_none_or(|s| s != "completed") => {
            return refuse(400, 21_218, "Only Status=completed is known to this fake");
        }
        RestFault::Refuse(429) => return refuse(429, 20_429, "Too Many Requests"),
        RestFault::Refuse(status) => return refuse(status, 20_500, "Internal Server Error"),
        RestFault::Stall => {
            shared.gone.cancelled().await;
            return refuse(500, 20_500, "Internal Server Error");
        }
        RestFault::LoseAnswer => {
            hang_up(&shared, &account, call);
            shared.gone.cancelled().await;
        }
        RestFault::None => {}
    }
    let answer = hang_up(&shared, &account, call);
    visit.note("answered", format!("{call} {}", answer.status().as_u16()));
    answer
}

fn hang_up(shared: &Shared, account: &str, call: &str) -> Response {
    let mut calls = shared.calls.lock();
    if shared.options.any_call {
        calls.entry(call.to_owned()).or_default();
    }
    match calls.get_mut(call) {
        None => unknown(account, call),
        Some(known) if known.ended => refuse(400, 21_220, "Call is not in-progress. Cannot redirect."),
        Some(known) => {
            known.ended = true;
            known.hang_up.cancel();
            resource(account, call, true)
        }
    }
}

fn is_authorised(options: &TwilioOptions, account: &str, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok());
    let Some(given) = given.and_then(|h| h.strip_prefix("Basic ")) else { return false };
    let given = STANDARD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((user, secret)) = given.as_deref().and_then(|given| given.split_once(':')) else { return false };
    match &options.account {
        Some((sid, token)) => sid == account && user == sid && secret == token,
        None => user == account && !secret.is_empty(),
    }
}

fn unknown(account: &str, call: &str) -> Response {
    let message =
        format!("The requested resource /2010-04-01/Accounts/{account}/Calls/{call}.json was not found");
    refuse(404, 20_404, &message)
}

fn refuse(status: u16, code: u32, message: &str) -> Response {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({"code": code, "message": message, "more_info": more, "status": status});
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
}

fn resource(account: &str, call: &str, ended: bool) -> Response {
    let uri = format!("/2010-04-01/Accounts/{account}/Calls/{call}.json");
    Json(json!({
        "sid": call, "account_sid": account, "status": if ended { "completed" } else { "in-progress" },
        "direction": "inbound", "api_version": "2010-04-01", "price": null, "price_unit": "USD",
        "parent_call_sid": null, "answered_by": null, "forwarded_from": null, "queue_time": "0", "uri": uri,
        "date_created": "Sat, 21 Nov 2026 09:00:00 +0000", "date_updated": "Sat, 21 Nov 2026 09:01:31 +0000",
        "start_time": "Sat, 21 Nov 2026 09:00:09 +0000",
        "end_time": ended.then_some("Sat, 21 Nov 2026 09:01:31 +0000"),
        "duration": ended.then_some("82"),
    }))
    .into_response()
}
