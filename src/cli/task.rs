//! What operators' commands have in common: a configuration, a runtime, an exit code.

use super::{BAD_CONFIGURATION, Settings, terminal::complain};
use crate::{
    config::Config,
    ports::store::keys::{Deed, Keys},
};
use std::process::ExitCode;

/// Who is written into the audit log.
pub(super) const OPERATOR: &str = "operator";

/// Reads the configuration and does the work; an error is told, and ends with 1.
pub(super) fn run(
    settings: &Settings,
    work: impl AsyncFnOnce(&Config) -> anyhow::Result<ExitCode>,
) -> ExitCode {
    let config = match settings.read() {
        Ok(config) => config,
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
    runtime.block_on(work(&config)).unwrap_or_else(|error| {
        complain(format!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// Writes into the audit log what the operator did; `object` is never a person's number.
pub(super) async fn note(store: &dyn Keys, workspace: &str, what: &str, object: &str) -> anyhow::Result<()> {
    let deed = Deed {
        workspace: workspace.to_owned(),
        who: OPERATOR.to_owned(),
        what: what.to_owned(),
        object: object.to_owned(),
    };
    Ok(store.audit(deed).await?)
}
