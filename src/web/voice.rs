//! The telephone network's webhooks.

use super::{
    arrivals::{self, ComesBack},
    body,
    client::Client,
    problem::Problem,
    state::Web,
    turns,
};
use crate::{
    base::{clock, ids::CallSid, language::Language, rate::TooMany, secret::Masked},
    channels::voice::{
        admission::{Ticket, Verdict},
        calls::Next,
        handshake::TOKEN,
    },
    dialogue::agent::{Agent, Place},
    ports::{
        carrier::{Answer, Arrival, BadRequest, Denied, Dial, News, Params},
        store::inbox::Event,
    },
    telemetry::metrics,
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Where calls are announced.
pub(super) const VOICE: &str = "/webhook/voice";
/// Where a call whose media socket is gone asks how to go on.
pub(super) const RESUME: &str = "/webhook/voice/resume";
/// Where a call that was passed on asks how to go on.
pub(super) const TRANSFERRED: &str = "/webhook/voice/transferred";
/// Where the network asks what to say to whoever a call is passed on to.
pub(super) const WHISPER: &str = "/webhook/voice/whisper";
/// Where the network tells how a call fares.
pub(super) const STATUS: &str = "/webhook/voice/status";
/// The media socket.
pub(super) const MEDIA: &str = "/media";

/// A call arrives: it gets a media socket, or hears that we are busy. The same request again gets the same answer.
pub(super) async fn arrived(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let carrier = &web.parts.carrier;
    let arrival = carrier.arrival(&params).map_err(unusable)?;
    let agent = (web.parts.agent)();
    if web.sends_elsewhere() {
        return Ok(twiml(carrier.ask_again(VOICE)));
    }
    if web.is_draining() {
        metrics::call_refused("draining");
        return Ok(twiml(carrier.goodbye(&agent.tag, call_again(agent.language))));
    }
    let call = arrival.call.clone();
    if is_for_others(&web, &arrival) {
        return Ok(twiml(carrier.busy()));
    }
    tracing::info!(call.sid = %call, from = %Masked(&arrival.from), to = %Masked(&arrival.to), "a call arrived");
    let live = web.parts.calls.count();
    match web.parts.admission.ask(clock::now(), live, arrival.clone(), &agent.name) {
        Verdict::Welcome { .. } if by_turns(&web, &agent) => {
            Ok(twiml(turns::begin(&web, arrival, agent, &params).await))
        }
        Verdict::Welcome { token } => {
            let answer = carrier.connect(MEDIA, &[(TOKEN, &token)], &way_back(&call, 1));
            let event = arrivals::announced(&web, arrival, &agent.name, &params, &answer);
            Ok(twiml(let_in(&web, &call, &token, event, answer).await))
        }
        Verdict::Busy { code } => {
            tracing::warn!(call.sid = %call, code, "a call was refused");
            metrics::call_refused("busy");
            Ok(twiml(carrier.busy()))
        }
    }
}

/// Whether the call is for a number that is not ours; it is refused then.
fn is_for_others(web: &Web, arrival: &Arrival) -> bool {
    let others = web.parts.number.as_ref().is_some_and(|ours| *ours != arrival.to);
    if others {
        tracing::warn!(call.sid = %arrival.call, code = "OTHER_NUMBER", to = %Masked(&arrival.to), "a call was refused");
        metrics::call_refused("other_number");
    }
    others
}

fn by_turns(web: &Web, agent: &Agent) -> bool {
    web.parts.turns.as_ref().is_some_and(|turns| turns.answers(agent))
}

/// Keeps the event and shares the token, and returns the answer: where the call has asked before, what it was answered then.
async fn let_in(web: &Arc<Web>, call: &CallSid, token: &str, event: Event, answer: Answer) -> Answer {
    let admission = &web.parts.admission;
    match tokio::join!(arrivals::keep(web, event), admission.share(call, token)) {
        (Some(first), ()) if first != answer.body => {
            admission.withdraw(call, token);
            Answer { body: first, ..answer }
        }
        _ => answer,
    }
}

/// The media socket of a call is gone: the call gets another one, or ends with a word of apology where it comes back too often.
pub(super) async fn resumed(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let carrier = &web.parts.carrier;
    let arrival = carrier.arrival(&params).map_err(unusable)?;
    let call = arrival.call.clone();
    let former = epoch_of(&params);
    match web.parts.calls.next(&call) {
        Some(Next::HangUp) => {
            web.parts.admission.forget(&call);
            Ok(twiml(carrier.hang_up()))
        }
        Some(Next::ByTurns) => Ok(twiml(turns::instead(&web, arrival, former).await)),
        Some(Next::Transfer(place)) => Ok(twiml(pass_on(&web, &call, former, &place))),
        None => Ok(come_back(&web, arrival, former).await),
    }
}

/// The call rings at one of the agent's places.
fn pass_on(web: &Web, call: &CallSid, former: i64, place: &Place) -> Answer {
    tracing::info!(call.sid = %call, place = place.name, "a call is passed on");
    let (after, whisper) = (format!("{TRANSFERRED}?c={call}&e={former}"), format!("{WHISPER}?c={call}"));
    let whisper = place.announced.then_some(whisper.as_str());
    let Place { number, rings, .. } = place;
    web.parts.carrier.dial(&Dial { number, rings: *rings, whisper, after: &after })
}

/// A call that was passed on is over, or comes back where nobody answered.
pub(super) async fn transferred(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let carrier = &web.parts.carrier;
    let arrival = carrier.arrival(&params).map_err(unusable)?;
    if carrier.was_put_through(&params) {
        web.parts.admission.forget(&arrival.call);
        return Ok(twiml(carrier.hang_up()));
    }
    tracing::info!(call.sid = %arrival.call, "nobody answered where a call was passed on to");
    let former = epoch_of(&params);
    Ok(come_back(&web, arrival, former).await)
}

/// Somebody answers a call that is passed on: they hear from whom it is.
pub(super) async fn whispered(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    verified(&web, request).await?;
    let agent = (web.parts.agent)();
    let text = match agent.language {
        Language::Es => format!("Le paso una llamada de {}.", agent.clinic.name),
        Language::En => format!("I'm putting a call through from {}.", agent.clinic.name),
    };
    Ok(twiml(web.parts.carrier.say(&agent.tag, &text)))
}

/// Which media socket of the call it was.
fn epoch_of(params: &Params) -> i64 {
    params.get("e").and_then(|epoch| epoch.parse().ok()).unwrap_or(1)
}

/// The call gets another media socket, or ends with a word of apology where it comes back too often.
async fn come_back(web: &Arc<Web>, arrival: Arrival, former: i64) -> Response {
    let (carrier, call) = (&web.parts.carrier, arrival.call.clone());
    let connect =
        |epoch, token: &str| twiml(carrier.connect(MEDIA, &[(TOKEN, token)], &way_back(&call, epoch)));
    if let Some(token) = web.parts.admission.token_of(clock::now(), &call, former + 1) {
        return connect(former + 1, &token);
    }
    web.parts.admission.forget(&call);
    let agent = (web.parts.agent)();
    let goodbye = || twiml(carrier.goodbye(&agent.tag, cut_off(agent.language)));
    if web.sends_elsewhere() {
        return twiml(carrier.ask_again(&way_back(&call, former)));
    }
    if web.is_draining() {
        return goodbye();
    }
    match arrivals::next_epoch(web, &call, former).await {
        ComesBack::As { epoch } => {
            tracing::warn!(call.sid = %call, code = "RESUME", epoch, "a call lost its media socket and gets another one");
            let ticket = Ticket { arrival, agent: agent.name.clone(), epoch };
            let token = web.parts.admission.ask_again(clock::now(), ticket);
            web.parts.admission.share(&call, &token).await;
            connect(epoch, &token)
        }
        ComesBack::IsOver => twiml(carrier.hang_up()),
        ComesBack::No { why } => {
            tracing::warn!(call.sid = %call, code = "RESUME", why, "a call lost its media socket and ends");
            goodbye()
        }
    }
}

/// News of a call.
pub(super) async fn news(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let news = match web.parts.carrier.news(&params).map_err(unusable)? {
        News::Progress(news) => news,
        News::Unknown { call, word } => {
            let event = arrivals::not_understood(&call, &word, &params);
            web.parts.ledger.keep(event).await.map_err(|_| Problem::NOT_KEPT)?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    };
    let event = arrivals::news(&web, &news, &params);
    // Before it is safe nothing is said: then the network may send it again.
    web.parts.ledger.keep(event).await.map_err(|_| Problem::NOT_KEPT)?;
    if web.statuses.learn(&news) {
        web.parts.admission.forget(&news.call);
        web.parts.calls.is_over(&news);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Where the call asks how to go on, when its socket of this epoch is gone.
fn way_back(call: &CallSid, epoch: i64) -> String {
    format!("{RESUME}?c={call}&e={epoch}")
}

pub(super) async fn verified(web: &Web, request: Request) -> Result<Params, Problem> {
    let (head, body): (_, Body) = request.into_parts();
    let body = body::read(&head.headers, body, &web.parts.http).await?;
    let path = path_and_query(&head.uri);
    web.parts.carrier.verify_form(path, &head.headers, &body).map_err(|denied| refuse(web, &head, denied))
}

pub(super) fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// The answer to a request that the telephone network did not sign; of many from one address the rest is not logged.
pub(super) fn refuse(web: &Web, head: &Parts, denied: Denied) -> Problem {
    let client = Client::of(&head.extensions);
    match web.unsigned.count(clock::now(), client.source()) {
        Ok(()) => {
            let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            tracing::warn!(
                code = denied.code(),
                path = head.uri.path(),
                host,
                "a request was denied: {denied}"
            );
            Problem::FORBIDDEN
        }
        Err(TooMany { wait, first }) => {
            if first {
                tracing::warn!(code = "UNSIGNED", client = %client.0.ip(), "too many requests are denied; more are not logged");
            }
            Problem::TOO_OFTEN.after(wait)
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn unusable(error: BadRequest) -> Problem {
    tracing::warn!(code = "BAD_REQUEST", "{error}");
    Problem::BAD_REQUEST
}

pub(super) fn twiml(answer: Answer) -> Response {
    ([(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response()
}

const fn cut_off(language: Language) -> &'static str {
    match language {
        Language::Es => "Lo sentimos, se cortó la comunicación. Por favor, llámenos de nuevo. Hasta luego.",
        Language::En => "We're sorry, we were cut off. Please call us again. Goodbye.",
    }
}

const fn call_again(language: Language) -> &'static str {
    match language {
        Language::Es => {
            "En este momento no podemos atenderle. Por favor, llámenos de nuevo en unos minutos. Hasta luego."
        }
        Language::En => "We can't take your call right now. Please call again in a few minutes. Goodbye.",
    }
}
