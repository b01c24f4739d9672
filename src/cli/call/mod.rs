//! `centralita call`: calls a running server as Twilio would, with WAV files, typed lines, or a scenario of the demo.

mod sound;
mod talk;
mod tell;

use super::{terminal::complain, voice};
use crate::{
    base::{
        connecting,
        ids::{AccountSid, CallSid},
        language::Language,
        secret::SecretString,
    },
    net::tls,
    ports::stt::SttSpec,
    providers::local::{Progress, Speech},
    testbed::{
        caller::{Mind, Scenario},
        phone::{Phone, PhoneFaults, PhoneOptions},
    },
};
use anyhow::{Context as _, anyhow};
use reqwest::Url;
use sound::Mouth;
use std::{
    collections::VecDeque, env, fs, net::TcpStream, path::PathBuf, process::ExitCode, sync::Arc,
    time::Duration,
};
use talk::{Held, Line, Talk, Wit};
use tell::Teller;

/// The agent has finished when it has been silent for so long.
const AGENT_SILENT: Duration = Duration::from_millis(700);
const EXAMPLE: &str = "http://127.0.0.1:8080/webhook/voice";
/// How long the end of the process waits for a decoding.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// Whom to call, and what to say.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The voice webhook of the server; without a path, /webhook/voice there.
    #[arg(long, value_name = "URL", default_value = EXAMPLE)]
    url: String,
    /// The server's Twilio auth token, which signs the requests; TWILIO_AUTH_TOKEN of the environment if left out. A
    /// server that was started without one tells the token of its run in its log.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Say this recording (a WAV file of any rate) when the agent is silent; may be given several times.
    #[arg(long, value_name = "FILE")]
    wav: Vec<PathBuf>,
    /// Say this line, after the recordings; may be given several times. Without any, lines are read from standard input:
    /// what is typed is said at once, also while the agent speaks; lines of a file or a pipe wait until it is silent.
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// What the caller speaks and hears: es or en.
    #[arg(long, value_name = "LANGUAGE", default_value = "es")]
    language: String,
    /// The caller's voice; the language's second one if left out.
    #[arg(long, value_name = "NAME")]
    voice: Option<String>,
    /// Who calls.
    #[arg(long, value_name = "NUMBER", default_value = "+5491155500199")]
    from: String,
    /// Whom they call.
    #[arg(long, value_name = "NUMBER", default_value = "+541155500142")]
    to: String,
    /// Where the embedded speech models lie.
    #[arg(long, value_name = "FOLDER")]
    model_dir: Option<PathBuf>,
    /// Play the caller that this file describes, and tell every event as a line of JSON.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wav", "say"])]
    scenario: Option<PathBuf>,
    /// Write what happened here, as JSON.
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
}

/// Calls; returns when the call is over. Succeeds if the server took the call.
pub fn run(args: &Args) -> ExitCode {
    match called(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn called(args: &Args) -> anyhow::Result<bool> {
    tls::install();
    // What can be wrong is told before models are fetched and loaded.
    let token = token(args)?;
    let webhook = webhook(&args.url)?;
    let scenario = args.scenario.as_ref().map(read_scenario).transpose()?;
    let tag = scenario.as_ref().map_or(args.language.as_str(), |scenario| &scenario.language);
    let language =
        Language::of_tag(tag).ok_or_else(|| anyhow!("`{tag}` is not spoken here: es and en are"))?;
    let named = scenario.as_ref().map(|scenario| scenario.voice.as_str()).or(args.voice.as_deref());
    let voice = voice::find(Some(named.unwrap_or(second_voice(language))), Some(language))?;
    let recordings = recordings(&args.wav)?;
    reachable(&webhook)?;
    let folder = super::model_folder(args.model_dir.as_deref())?;
    let speech = Arc::new(Speech::new(folder, Progress::Shown)?);
    let recogniser = speech.recogniser()?;
    let mut mouth = Mouth::new(Arc::clone(&speech), voice);
    let wit = wit(args, recordings, scenario.as_ref(), &mut mouth)?;
    let call = scenario.as_ref().map_or_else(random_call, |scenario| Ok(scenario.call.clone()))?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let held = runtime.block_on(async {
        let ear = recogniser.open(SttSpec { call: call.clone(), language, tag: tag.to_owned() });
        let phone = Phone::new()?.dial(options(args, (webhook.into(), token), call)?);
        let teller = if scenario.is_some() { Teller::json() } else { Teller::human() };
        anyhow::Ok(Talk::new(phone, ear, mouth, wit, teller).hold().await)
    });
    runtime.shutdown_timeout(LAST_TASKS);
    let Held { told, was_taken } = held?;
    if let Some(path) = &args.result {
        fs::write(path, format!("{told:#}\n")).with_context(|| path.display().to_string())?;
    }
    Ok(was_taken)
}

fn token(args: &Args) -> anyhow::Result<SecretString> {
    let token = args.token.clone().or_else(|| env::var_os("TWILIO_AUTH_TOKEN")?.into_string().ok());
    token.filter(|token| !token.is_empty()).map(SecretString::from).context(
        "give the server's Twilio auth token with --token or in TWILIO_AUTH_TOKEN; \
         a server that was started without one tells the token of its run in its log",
    )
}

fn webhook(url: &str) -> anyhow::Result<Url> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut parsed = parsed.with_context(|| format!("--url `{url}`: write it like {EXAMPLE}"))?;
    if parsed.path() == "/" {
        parsed.set_path("/webhook/voice");
    }
    Ok(parsed)
}

/// A server that is not there is told at once.
fn reachable(webhook: &Url) -> anyhow::Result<()> {
    let told = || {
        let place = webhook.origin().ascii_serialization();
        format!(
            "nobody answers at {place}: start a server with `centralita serve`, or name another with --url"
        )
    };
    let addresses = webhook.socket_addrs(|| None).with_context(told)?;
    let reached = addresses.iter().map(|address| TcpStream::connect_timeout(address, connecting::LIMIT));
    let mut refused = None;
    for connection in reached {
        match connection {
            Ok(_) => return Ok(()),
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(()), |error| Err(error).with_context(told))
}

fn read_scenario(path: &PathBuf) -> anyhow::Result<Scenario> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// What the caller says; its sentences are made before it dials, because nobody waits for a caller.
fn wit(
    args: &Args,
    mut lines: VecDeque<Line>,
    scenario: Option<&Scenario>,
    mouth: &mut Mouth,
) -> anyhow::Result<Wit> {
    if let Some(scenario) = scenario {
        for line in scenario.lines.all() {
            mouth.prepare(line)?;
        }
        return Ok(Wit::Scenario(Box::new(Mind::new(scenario.clone()))));
    }
    for text in &args.say {
        lines.push_back(Line { text: text.clone(), audio: mouth.prepare(text)? });
    }
    Ok(if lines.is_empty() { Wit::typed() } else { Wit::Lines(lines) })
}

fn recordings(files: &[PathBuf]) -> anyhow::Result<VecDeque<Line>> {
    let line = |path: &PathBuf| {
        let text = path.display().to_string();
        let audio = sound::read(path).with_context(|| text.clone())?;
        Ok(Line { text, audio })
    };
    files.iter().map(line).collect()
}

const fn second_voice(language: Language) -> &'static str {
    match language {
        Language::Es => "em_alex",
        Language::En => "am_michael",
    }
}

fn random_call() -> anyhow::Result<CallSid> {
    Ok(format!("CA{:032x}", rand::random::<u128>()).parse()?)
}

fn options(
    args: &Args,
    (webhook, auth_token): (String, SecretString),
    call: CallSid,
) -> anyhow::Result<PhoneOptions> {
    let account: AccountSid = format!("AC{:032x}", 1).parse()?;
    Ok(PhoneOptions {
        webhook,
        status_callback: None,
        auth_token,
        from: args.from.clone(),
        to: args.to.clone(),
        account,
        call,
        calls: None,
        record: false,
        listen: true,
        agent_silent_after: AGENT_SILENT,
        faults: PhoneFaults::default(),
    })
}
