//! The paid services: does each of them take its key.

use super::{LIMIT, finding::Finding};
use crate::{
    base::{
        ids::AccountSid,
        secret::{ExposeSecret as _, SecretString},
    },
    config::{Config, Llm, Tts},
    net::{
        address::BaseUrl,
        http::{self, Timeouts},
    },
};
use futures_util::future::BoxFuture;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::time::timeout;

/// What is found some time later.
pub(super) type Trial<'a> = BoxFuture<'a, Finding>;

/// Whatever has a key, or an address that the operator named.
pub(super) fn trials(config: &Config) -> Vec<Trial<'_>> {
    let mut trials: Vec<Trial<'_>> = Vec::new();
    if let Some(token) = &config.twilio.auth_token {
        trials.push(Box::pin(twilio(&config.twilio.api_base_url, config.twilio.account_sid.as_ref(), token)));
    }
    if let Some(key) = &config.deepgram.api_key {
        trials.push(Box::pin(deepgram(&config.deepgram.base_url, key)));
    }
    for llm in config.llm() {
        if let Llm::OpenAi { name, address, settings } = llm {
            let variable = if name == "openai" { "OPENAI" } else { "OPENAI_FALLBACK" };
            trials.push(Box::pin(openai(
                name,
                variable,
                address,
                settings.api_key.as_ref(),
                &settings.model,
            )));
        }
    }
    for tts in config.tts() {
        if let Tts::OpenAi { address, key } = tts {
            let model = &config.openai_speech.model;
            trials.push(Box::pin(openai("speech", "OPENAI_SPEECH", address, key, model)));
        }
    }
    if let Some(key) = &config.elevenlabs.api_key {
        trials.push(Box::pin(elevenlabs(&config.elevenlabs.base_url, key)));
    }
    trials
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Null where it is no JSON, or too long.
    pub(super) body: Value,
}

/// Asks, and waits for no longer than the limit; the error is fit to be printed.
pub(super) async fn ask(
    base: &BaseUrl,
    request: impl FnOnce(&Client) -> RequestBuilder,
) -> Result<Answer, String> {
    let client = http::client(base, Timeouts::default()).map_err(|error| error.to_string())?;
    let asked = async {
        let response = request(&client).send().await.map_err(|error| http::innermost(&error))?;
        let status = response.status().as_u16();
        let body = http::error_body(response).await;
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
    };
    timeout(LIMIT, asked).await.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())))
}

/// A service that could not be reached, or says that the fault is its own.
fn away(what: &'static str, base: &BaseUrl, variable: &str, why: &str) -> Finding {
    let remedy =
        format!("check {variable}_BASE_URL, the network of this machine, and the service's status page");
    Finding::fail(what, format!("{base} does not answer as it should ({why})"), remedy)
}

fn refused(what: &'static str, variable: &str, status: u16) -> Finding {
    let remedy = format!("copy it again into {variable}, or make a new one in the service's console");
    Finding::fail(what, format!("the key is refused (HTTP {status})"), remedy)
}

async fn twilio(base: &BaseUrl, account: Option<&AccountSid>, token: &SecretString) -> Finding {
    const NAME: &str = "twilio";
    let Some(account) = account else {
        let remedy =
            "set TWILIO_ACCOUNT_SID, so that calls can be ended by the REST API, and the token be tried";
        return Finding::warn(NAME, "the account is not known", remedy);
    };
    let url = base.http(&format!("/2010-04-01/Accounts/{account}.json"));
    let answer = ask(base, |client| client.get(url).basic_auth(account, Some(token.expose_secret()))).await;
    let text = |answer: &Answer, field: &str| {
        answer.body.get(field).and_then(Value::as_str).unwrap_or_default().to_lowercase()
    };
    match answer {
        Err(why) => away(NAME, base, "TWILIO_API", &why),
        Ok(Answer { status: status @ (401 | 403 | 404), .. }) => {
            let remedy = "copy both from Twilio's console into TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN";
            Finding::fail(NAME, format!("account or auth token are refused (HTTP {status})"), remedy)
        }
        Ok(answer) if answer.status == 200 => match text(&answer, "status").as_str() {
            "active" if text(&answer, "type") == "trial" => {
                let remedy =
                    "upgrade it, since it plays an announcement and takes calls of verified numbers only";
                Finding::warn(NAME, "the account is on trial", remedy)
            }
            "active" => Finding::ok(NAME, "the account is active"),
            other => Finding::fail(NAME, format!("the account is `{other}`"), "look into Twilio's console"),
        },
        Ok(Answer { status, .. }) => away(NAME, base, "TWILIO_API", &format!("HTTP {status}")),
    }
}

async fn deepgram(base: &BaseUrl, key: &SecretString) -> Finding {
    const NAME: &str = "deepgram";
    let url = base.http("/v1/projects");
    let token = format!("Token {}", key.expose_secret());
    match ask(base, |client| client.get(url).header("authorization", token)).await {
        Err(why) => away(NAME, base, "DEEPGRAM", &why),
        Ok(Answer { status: 200, .. }) => Finding::ok(NAME, format!("{base} takes the key")),
        Ok(Answer { status: 401, .. }) => refused(NAME, "DEEPGRAM_API_KEY", 401),
        // Keys may be made that do nothing but recognise.
        Ok(Answer { status: 403, .. }) => {
            Finding::ok(NAME, format!("{base} knows the key, which may not list projects"))
        }
        Ok(Answer { status, .. }) => away(NAME, base, "DEEPGRAM", &format!("HTTP {status}")),
    }
}

async fn openai(
    name: &'static str,
    variable: &'static str,
    base: BaseUrl,
    key: Option<&SecretString>,
    model: &str,
) -> Finding {
    let url = base.http("/models");
    let request = |client: &Client| {
        let request = client.get(url);
        match key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        }
    };
    match ask(&base, request).await {
        Err(why) => away(name, &base, variable, &why),
        Ok(Answer { status: 200, body }) => match body.get("data").and_then(Value::as_array) {
            Some(models) if !models.iter().any(|one| one.get("id").is_some_and(|id| id == model)) => {
                let remedy = format!(
                    "set {variable}_MODEL to one of its models, unless it knows some that it does not list"
                );
                Finding::warn(
                    name,
                    format!("{base} takes the key and does not list the model {model}"),
                    remedy,
                )
            }
            Some(_) => Finding::ok(name, format!("{base} takes the key and has the model {model}")),
            // Some lists are longer than what is read of an answer.
            None => {
                Finding::ok(name, format!("{base} answers; whether it has the model {model} is not known"))
            }
        },
        Ok(Answer { status: status @ (401 | 403), .. }) => {
            refused(name, &format!("{variable}_API_KEY"), status)
        }
        Ok(Answer { status: status @ (404 | 405), .. }) => {
            let remedy = format!(
                "check that {variable}_BASE_URL has the version path, such as /v1; the key is not tried"
            );
            Finding::warn(name, format!("{base} has no list of models (HTTP {status})"), remedy)
        }
        Ok(Answer { status, .. }) => away(name, &base, variable, &format!("HTTP {status}")),
    }
}

async fn elevenlabs(base: &BaseUrl, key: &SecretString) -> Finding {
    const NAME: &str = "elevenlabs";
    let url = base.http("/v1/user");
    let answer = ask(base, |client| client.get(url).header("xi-api-key", key.expose_secret())).await;
    match answer {
        Err(why) => away(NAME, base, "ELEVENLABS", &why),
        Ok(Answer { status: 200, body }) => {
            let figure = |name: &str| body.pointer(&format!("/subscription/{name}")).and_then(Value::as_u64);
            match (figure("character_count"), figure("character_limit")) {
                (Some(count), Some(limit)) if count >= limit => {
                    let remedy = "wait for the next period, or take a larger plan";
                    Finding::warn(NAME, format!("all {limit} characters of the plan are used"), remedy)
                }
                _ => Finding::ok(NAME, format!("{base} takes the key")),
            }
        }
        // A key with few rights is refused by the same status, and named otherwise.
        Ok(Answer { status: 401, body })
            if body.pointer("/detail/status").is_some_and(|status| status == "missing_permissions") =>
        {
            Finding::ok(NAME, format!("{base} knows the key, which may not read the account"))
        }
        Ok(Answer { status: status @ (401 | 403), .. }) => refused(NAME, "ELEVENLABS_API_KEY", status),
        Ok(Answer { status, .. }) => away(NAME, base, "ELEVENLABS", &format!("HTTP {status}")),
    }
}
