//! The telephone network's webhooks.

use super::{body, client::Client, problem::Problem, state::Web};
use crate::{
    base::{clock, language::Language, rate::TooMany, secret::Masked},
    channels::voice::{admission::Verdict, handshake::TOKEN},
    ports::carrier::{Answer, BadRequest, Denied, Params},
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
/// Where the network tells how a call fares.
pub(super) const STATUS: &str = "/webhook/voice/status";
/// The media socket.
pub(super) const MEDIA: &str = "/media";

/// A call arrives: it gets a media socket, or hears that we are busy.
pub(super) async fn arrived(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let carrier = &web.parts.carrier;
    let arrival = carrier.arrival(&params).map_err(unusable)?;
    let agent = (web.parts.agent)();
    if web.is_draining() {
        metrics::call_refused("draining");
        return Ok(twiml(carrier.goodbye(&agent.tag, call_again(agent.language))));
    }
    let call = arrival.call.clone();
    if web.parts.number.as_ref().is_some_and(|ours| *ours != arrival.to) {
        tracing::warn!(call.sid = %call, code = "OTHER_NUMBER", to = %Masked(&arrival.to), "a call was refused");
        metrics::call_refused("other_number");
        return Ok(twiml(carrier.busy()));
    }
    tracing::info!(call.sid = %call, from = %Masked(&arrival.from), to = %Masked(&arrival.to), "a call arrived");
    let live = web.parts.calls.count();
    match web.parts.admission.ask(clock::now(), live, arrival, &agent.name) {
        Verdict::Welcome { token } => Ok(twiml(carrier.connect(MEDIA, &[(TOKEN, &token)], RESUME))),
        Verdict::Busy { code } => {
            tracing::warn!(call.sid = %call, code, "a call was refused");
            metrics::call_refused("busy");
            Ok(twiml(carrier.busy()))
        }
    }
}

/// The media socket of a call is gone: the call ends, with a word of apology unless all was said.
pub(super) async fn resumed(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let carrier = &web.parts.carrier;
    let call = carrier.arrival(&params).map_err(unusable)?.call;
    web.parts.admission.forget(&call);
    if web.parts.calls.ended_well(&call) {
        return Ok(twiml(carrier.hang_up()));
    }
    tracing::warn!(call.sid = %call, code = "RESUME", "a call lost its media socket");
    let agent = (web.parts.agent)();
    Ok(twiml(carrier.goodbye(&agent.tag, cut_off(agent.language))))
}

/// News of a call.
pub(super) async fn news(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let news = web.parts.carrier.progress(&params).map_err(unusable)?;
    if web.statuses.learn(&news) {
        web.parts.admission.forget(&news.call);
        web.parts.calls.is_over(&news);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn verified(web: &Web, request: Request) -> Result<Params, Problem> {
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
fn unusable(error: BadRequest) -> Problem {
    tracing::warn!(code = "BAD_REQUEST", "{error}");
    Problem::BAD_REQUEST
}

fn twiml(answer: Answer) -> Response {
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
