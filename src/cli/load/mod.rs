//! `centralita load N`: N scripted callers against a running server, and what they measured.

mod table;

use super::{
    settings::environment,
    terminal::{complain, say},
};
use crate::{
    base::{ids::AccountSid, secret::SecretString},
    testbed::load::{self, HangUps, LoadOptions, LoadReport},
};
use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

/// The account of calls when the environment names none.
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// How calls end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum HangUp {
    /// All at the end.
    End,
    /// Each after a random time and in a random way; another call takes its place.
    Random,
}

/// What load to make.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Calls at the same time.
    #[arg(value_name = "N", value_parser = clap::value_parser!(u16).range(1..=5_000), required_unless_present = "table")]
    calls: Option<u16>,
    /// Measure the table of the README instead, each row against a server and fakes that are started for it.
    #[arg(long, conflicts_with_all = ["calls", "url", "pid", "ramp", "hang_up", "json"])]
    table: bool,
    /// The server's voice webhook.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/webhook/voice")]
    url: String,
    /// The server's process, for its CPU and memory; found by its port if left out.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// How long to measure, once all calls are up.
    #[arg(long, value_name = "S", default_value_t = 40)]
    seconds: u64,
    /// Over how many seconds the calls begin; 25 calls a second if left out.
    #[arg(long, value_name = "S")]
    ramp: Option<f64>,
    /// The share of the agent's turns that are interrupted.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    barge_in_share: f64,
    /// How calls end.
    #[arg(long, value_enum, default_value_t = HangUp::End)]
    hang_up: HangUp,
    /// Draws voices, moments and lengths.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the figures as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the voice detector of the table's servers lies.
    #[arg(long, value_name = "FOLDER", requires = "table")]
    model_dir: Option<PathBuf>,
}

/// Makes the load; fails when a call did.
pub fn run(args: &Args) -> ExitCode {
    match if args.table { table::measure(args) } else { load(args) } {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

fn load(args: &Args) -> anyhow::Result<bool> {
    let environment = environment();
    let auth_token = environment.get("TWILIO_AUTH_TOKEN").context(
        "set TWILIO_AUTH_TOKEN to the token that the server was started with: calls are signed with it",
    )?;
    let account = environment.get("TWILIO_ACCOUNT_SID").map_or(ACCOUNT, String::as_str);
    let target = Target { webhook: args.url.clone(), auth_token: auth_token.clone(), pid: args.pid };
    let options = options(args, args.calls.unwrap_or(1), target, account)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(watched(options))?;
    say(&report);
    if let Some(file) = &args.json {
        fs::write(file, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(report.is_well())
}

/// The server under load.
struct Target {
    webhook: String,
    auth_token: String,
    pid: Option<u32>,
}

fn options(args: &Args, calls: u16, target: Target, account: &str) -> anyhow::Result<LoadOptions> {
    ensure!((0.0..=1.0).contains(&args.barge_in_share), "--barge-in-share lies between 0 and 1");
    let ramp = args.ramp.unwrap_or_else(|| f64::from(calls) / 25.0);
    Ok(LoadOptions {
        calls: calls.into(),
        webhook: target.webhook,
        auth_token: SecretString::from(target.auth_token),
        account: account.parse::<AccountSid>().context("TWILIO_ACCOUNT_SID")?,
        pid: target.pid,
        window: Duration::from_secs(args.seconds),
        ramp: Duration::try_from_secs_f64(ramp).context("--ramp")?,
        barge_in_share: args.barge_in_share,
        hang_ups: if args.hang_up == HangUp::Random { HangUps::Random } else { HangUps::AtTheEnd },
        seed: args.seed,
    })
}

/// Makes the load and shows how far it is.
async fn watched(options: LoadOptions) -> anyhow::Result<LoadReport> {
    let bar = ProgressBar::new(options.window.as_secs());
    bar.set_style(ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} s")?);
    bar.set_message(format!("{} calls", options.calls));
    let report = load::run(options, |over, _| bar.set_position(over)).await;
    bar.finish_and_clear();
    Ok(report?)
}
