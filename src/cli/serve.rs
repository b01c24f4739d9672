//! `centralita serve`, and `centralita` alone: answers calls until it is told to stop.

use super::{BAD_CONFIGURATION, Settings, terminal::complain};
use crate::{
    boot::{self, StartError},
    config::Config,
    shutdown::{HangUps, Signals},
    telemetry::{logs, metrics},
};
use std::{io, process::ExitCode, time::Duration};

/// How long the end of the process waits for tasks that were cut.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// How to serve.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Serves; returns when the process may end.
pub fn run(args: &Args) -> ExitCode {
    let config = match args.settings.read_all() {
        Ok((config, _)) => config,
        Err(complaints) => {
            complain(complaints);
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    match serve(&config, &args.settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format!("{error:#}"));
            let configuration = error.downcast_ref().is_some_and(StartError::is_configuration);
            if configuration { ExitCode::from(BAD_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn serve(config: &Config, settings: &Settings) -> anyhow::Result<()> {
    let _last_lines = logs::start(&config.log.filter, config.log.format, io::stdout())?;
    let metrics = metrics::install()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        // Before the long part of the start, so that it can be interrupted too.
        let (mut signals, hang_ups) = (Signals::listen()?, HangUps::listen()?);
        let mut running = tokio::select! {
            running = boot::start(config, metrics) => running?,
            () = signals.next() => return Ok(()),
        };
        let settings = settings.clone();
        running.rereads(hang_ups, move || settings.read());
        running.until(signals).await;
        Ok(())
    });
    // A download or a decoding that goes on must not keep the process.
    runtime.shutdown_timeout(LAST_TASKS);
    served
}
