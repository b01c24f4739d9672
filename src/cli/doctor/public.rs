//! The public address: does it lead to the server, and does the server take what Twilio signs.

use super::{
    finding::Finding,
    vendors::{Answer, ask},
};
use crate::{
    base::{ids::CallSid, secret::SecretString},
    config::Config,
    providers::twilio::sign,
};
use serde_json::Value;

const NAME: &str = "public url";
const WEBHOOK: &str = "webhook";

/// What a proxy does that leads nowhere.
const PROXY: &str = "start the server, and let the proxy or tunnel pass this address on to its port";

pub(super) async fn reached(config: &Config) -> Finding {
    let Some(base) = &config.server.public_url else {
        return Finding::warn(
            NAME,
            "not set, so only this machine can call",
            "set PUBLIC_URL to let Twilio call",
        );
    };
    match ask(base, |client| client.get(base.http("/healthz"))).await {
        Ok(Answer { status: 200, body }) if body.get("status").is_some_and(|status| status == "ok") => {
            Finding::ok(NAME, format!("{base} leads to a server that lives"))
        }
        Ok(Answer { status: 200, .. }) => {
            Finding::fail(NAME, format!("something else answers at {base}"), PROXY)
        }
        Ok(Answer { status, .. }) => {
            Finding::fail(NAME, format!("{base}/healthz answers HTTP {status}"), PROXY)
        }
        Err(why) => {
            let remedy = format!("check the name and its certificate; {PROXY}");
            Finding::fail(NAME, format!("{base} does not answer ({why})"), remedy)
        }
    }
}

/// News of a call that nobody knows: the server checks and keeps them, until webhooks are deleted, and changes no call.
pub(super) async fn signed(config: &Config) -> Finding {
    let twilio = &config.twilio;
    let token: Option<&SecretString> = twilio.auth_token.as_ref().or(twilio.auth_token_secondary.as_ref());
    let (Some(base), Some(token)) = (&config.server.public_url, token) else {
        return Finding::fail(
            WEBHOOK,
            "nothing was sent",
            "set PUBLIC_URL and TWILIO_AUTH_TOKEN as the server has them",
        );
    };
    let url = base.http("/webhook/voice/status");
    let mut form = vec![
        ("CallSid".to_owned(), CallSid::nobody().to_string()),
        ("CallStatus".to_owned(), "ringing".to_owned()),
    ];
    if let Some(account) = &twilio.account_sid {
        form.push(("AccountSid".to_owned(), account.to_string()));
    }
    let signature = sign(token, url.as_str(), &form);
    let answer =
        ask(base, |client| client.post(url).form(&form).header("x-twilio-signature", signature)).await;
    match answer {
        Ok(Answer { status: 200..=299, .. }) => {
            Finding::ok(WEBHOOK, format!("a request signed for {base} is taken, as Twilio's will be"))
        }
        Ok(Answer { status: 403, .. }) => Finding::fail(
            WEBHOOK,
            "the server takes our signature for a forged one",
            "give it the same TWILIO_AUTH_TOKEN and PUBLIC_URL as here, and restart it",
        ),
        Ok(Answer { status: 429, .. }) => Finding::fail(
            WEBHOOK,
            "the server has refused too many requests of this address",
            "wait a minute, and try again",
        ),
        Ok(Answer { status: 503, body }) => {
            let why = body.get("title").and_then(Value::as_str).unwrap_or("it is busy").to_owned();
            Finding::fail(
                WEBHOOK,
                format!("the server can't take it now ({why})"),
                "see its log, and its database below",
            )
        }
        Ok(Answer { status, .. }) => Finding::fail(WEBHOOK, format!("HTTP {status}"), PROXY),
        Err(why) => Finding::fail(WEBHOOK, why, PROXY),
    }
}
