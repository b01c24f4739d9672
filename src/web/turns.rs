//! Webhooks of calls by turns: the telephone network tells what it heard, and is told what to say.

use super::{
    arrivals,
    problem::Problem,
    state::Web,
    voice::{twiml, unusable, verified},
};
use crate::{
    base::ids::CallSid,
    channels::turns::{self, Asked, Said},
    dialogue::agent::Agent,
    ports::carrier::{Answer, Arrival, Params, Tongue},
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use std::sync::Arc;

/// Where a call by turns asks what to say.
pub(super) const TURN: &str = "/webhook/voice/turn";

/// A call arrives that is held by turns. The same request again gets the same answer.
pub(super) async fn begin(web: &Arc<Web>, arrival: Arrival, agent: Arc<Agent>, params: &Params) -> Answer {
    let (carrier, call) = (&web.parts.carrier, arrival.call.clone());
    let Some(turns) = &web.parts.turns else { return carrier.busy() };
    let opening = turns.opening(agent);
    let answer = spoken(web, &call, &opening);
    let event = arrivals::announced(web, arrival.clone(), &opening.agent.name, params, &answer);
    let first = arrivals::keep(web, event).await;
    // Who was answered before has a call already: here, or at another node.
    if first.is_none() {
        turns.begins(arrival, &opening);
    }
    web.parts.admission.forget(&call);
    match first {
        Some(body) => Answer { body, ..answer },
        None => answer,
    }
}

/// A call whose media stream was of no use goes on by turns.
pub(super) async fn instead(web: &Web, arrival: Arrival, former: i64) -> Answer {
    let Some(turns) = &web.parts.turns else { return web.parts.carrier.hang_up() };
    let call = arrival.call.clone();
    web.parts.admission.forget(&call);
    let answer = turns.instead(arrival, (web.parts.agent)(), former).await;
    spoken(web, &call, &answer)
}

/// A call asks how to go on, with what the network heard.
pub(super) async fn asked(State(web): State<Arc<Web>>, request: Request) -> Result<Response, Problem> {
    let params = verified(&web, request).await?;
    let carrier = &web.parts.carrier;
    let arrival = carrier.arrival(&params).map_err(unusable)?;
    let Some(turns) = &web.parts.turns else { return Ok(twiml(carrier.hang_up())) };
    let asked = Asked {
        epoch: params.get("e").and_then(|epoch| epoch.parse().ok()).unwrap_or(1),
        number: params.get("n").and_then(|number| number.parse().ok()).unwrap_or(1),
        waits: params.get("w").is_some(),
    };
    let call = arrival.call.clone();
    if web.sends_elsewhere() && !turns.has(&call) {
        return Ok(twiml(carrier.ask_again(&path(&call, (asked.epoch, asked.number), true))));
    }
    let agent = (web.parts.agent)();
    let answer = turns.goes_on(arrival, agent, asked, &carrier.heard(&params)).await;
    Ok(twiml(spoken(&web, &call, &answer)))
}

fn spoken(web: &Web, call: &CallSid, answer: &turns::Answer) -> Answer {
    let (carrier, agent) = (&web.parts.carrier, &answer.agent);
    let tongue = Tongue { tag: &agent.tag, voice: &agent.say_voice };
    match &answer.said {
        Said::Asks(text) => {
            carrier.listen(tongue, text, agent.patience.reprompt, &path(call, answer.next, false))
        }
        Said::Holds(text) => carrier.say_and_ask(tongue, text, &path(call, answer.next, true)),
        Said::Ends(text) => carrier.say_and_end(tongue, text),
        Said::IsOver => carrier.hang_up(),
    }
}

fn path(call: &CallSid, (epoch, number): (i64, u32), waits: bool) -> String {
    format!("{TURN}?c={call}&e={epoch}&n={number}{}", if waits { "&w=1" } else { "" })
}
