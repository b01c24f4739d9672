//! `centralita doctor`: does everything that the server needs answer, and how to mend what does not.
//!
//! Only asks: whatever is sent to a service reads, costs nothing and leaves nothing behind. What `--webhook` sends is kept by the
//! server, as any webhook is. No key is ever printed.

mod finding;
mod kept;
mod machine;
mod public;
mod vendors;

use super::{BAD_CONFIGURATION, Settings, terminal::complain};
use crate::net::tls;
use finding::{Finding, Verdict};
use futures_util::future::join_all;
use std::{process::ExitCode, time::Duration};

/// How long anybody may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// What is tried.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// Send the running server a signed request by its public address, as Twilio does, about a call that nobody knows. It is kept
    /// as any webhook is, and changes no call.
    #[arg(long)]
    webhook: bool,
}

/// Tries everything; ends with 1 where something must be mended.
pub fn run(args: &Args) -> ExitCode {
    let (config, agent) = match args.settings.read_all() {
        Ok(read) => read,
        Err(complaints) => {
            complain(complaints);
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    tls::install();
    Finding::ok("agent", format!("{} ({}) answers", agent.name, agent.tag)).tell();
    let worst = runtime.block_on(async {
        let mut trials = vendors::trials(&config);
        trials.push(Box::pin(public::reached(&config)));
        if args.webhook {
            trials.push(Box::pin(public::signed(&config)));
        }
        trials.push(Box::pin(kept::database(&config)));
        if let Some(url) = &config.state.redis_url {
            trials.push(Box::pin(kept::redis(url)));
        }
        let mut findings = join_all(trials).await;
        findings.extend([machine::disk(&config), machine::files(&config), machine::models(&config)]);
        findings.iter().for_each(Finding::tell);
        findings.iter().map(|finding| finding.verdict).max()
    });
    if worst == Some(Verdict::Fail) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
