//! `centralita call`: calls a running server as Twilio would, with WAV files, typed lines, or a scenario of the demo.

mod sound;
mod talk;
mod tell;

use super::terminal::complain;
use crate::{
    base::{
        ids::{AccountSid, CallSid},
        language::Language,
        secret::SecretString,
    },
    net::tls,
    ports::stt::SttSpec,
    providers::local::{Progress, Speech, kokoro::Voice},
    testbed::{
        caller::{Mind, Scenario},
        phone::{Phone, PhoneFaults, PhoneOptions},
    },
};
use anyhow::{Context as _, anyhow};
use sound::Mouth;
use std::{collections::VecDeque, env, fs, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use talk::{Line, Talk, Wit};
use tell::Teller;

/// The agent has finished when it has been silent for so long.
const AGENT_SILENT: Duration = Duration::from_millis(700);
/// How long the end of the process waits for a decoding.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// Whom to call, and what to say.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The voice webhook of the server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/webhook/voice")]
    url: String,
    /// The server's Twilio auth token, which signs the requests; TWILIO_AUTH_TOKEN of the environment if left out.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Say this recording when the agent is silent; may be given several times.
    #[arg(long, value_name = "FILE")]
    wav: Vec<PathBuf>,
    /// Say this line, after the recordings; may be given several times. Without any, lines are read from the terminal.
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// es or en.
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

/// Calls; returns when the call is over.
pub fn run(args: &Args) -> ExitCode {
    match called(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn called(args: &Args) -> anyhow::Result<()> {
    tls::install();
    let scenario = args.scenario.as_ref().map(read_scenario).transpose()?;
    let tag = scenario.as_ref().map_or(args.language.as_str(), |scenario| &scenario.language);
    let language =
        Language::of_tag(tag).ok_or_else(|| anyhow!("`{tag}` is not spoken here: es and en are"))?;
    let named = scenario.as_ref().map(|scenario| scenario.voice.as_str()).or(args.voice.as_deref());
    let voice = Voice::of(named.unwrap_or(second_voice(language)), language);
    let folder = super::model_folder(args.model_dir.as_deref())?;
    let speech = Arc::new(Speech::new(folder, Progress::Shown)?);
    let recogniser = speech.recogniser()?;
    let mut mouth = Mouth::new(Arc::clone(&speech), voice);
    let wit = wit(args, scenario.as_ref(), &mut mouth)?;
    let call = scenario.as_ref().map_or_else(random_call, |scenario| Ok(scenario.call.clone()))?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(async {
        let ear = recogniser.open(SttSpec { call: call.clone(), language, tag: tag.to_owned() });
        let phone = Phone::new()?.dial(options(args, call)?);
        let teller = if scenario.is_some() { Teller::json() } else { Teller::human() };
        anyhow::Ok(Talk::new(phone, ear, mouth, wit, teller).hold().await)
    });
    runtime.shutdown_timeout(LAST_TASKS);
    let told = told?;
    if let Some(path) = &args.result {
        fs::write(path, format!("{told:#}\n")).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn read_scenario(path: &PathBuf) -> anyhow::Result<Scenario> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// What the caller says; its sentences are made before it dials, because nobody waits for a caller.
fn wit(args: &Args, scenario: Option<&Scenario>, mouth: &mut Mouth) -> anyhow::Result<Wit> {
    if let Some(scenario) = scenario {
        for line in scenario.lines.all() {
            mouth.prepare(line)?;
        }
        return Ok(Wit::Scenario(Box::new(Mind::new(scenario.clone()))));
    }
    let mut lines = VecDeque::new();
    for path in &args.wav {
        let audio = sound::read(path).with_context(|| path.display().to_string())?;
        lines.push_back(Line { text: path.display().to_string(), audio });
    }
    for text in &args.say {
        lines.push_back(Line { text: text.clone(), audio: mouth.prepare(text)? });
    }
    Ok(if lines.is_empty() { Wit::typed() } else { Wit::Lines(lines) })
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

fn options(args: &Args, call: CallSid) -> anyhow::Result<PhoneOptions> {
    let token =
        args.token.clone().or_else(|| env::var_os("TWILIO_AUTH_TOKEN")?.into_string().ok()).ok_or_else(
            || anyhow!("give the server's Twilio auth token with --token or in TWILIO_AUTH_TOKEN"),
        )?;
    let account: AccountSid = format!("AC{:032x}", 1).parse()?;
    Ok(PhoneOptions {
        webhook: args.url.clone(),
        status_callback: None,
        auth_token: SecretString::from(token),
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
