//! `centralita calls`: what is known of calls, for operators. Whoever looks at calls leaves a line in the audit log.

mod export;
mod list;
mod show;

use super::task::{self, note};
use crate::{
    base::ids::CallSid,
    boot::Database,
    config::Config,
    ports::store::{
        MAIN_WORKSPACE, StoreError,
        calls::{CallFilter, CallRecords as _, CallRow},
        people::People as _,
    },
    storage::SqlStore,
};
use anyhow::bail;
use std::process::ExitCode;

/// Calls that are read at a time: a long look must not keep the database from emptying its log (reliability E6).
const PAGE: u32 = 100;

/// What is wanted.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    wish: Wish,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Wish {
    /// Lists calls, the newest first.
    List(list::Args),
    /// Shows one call: what was said, how long answers took, its summary and its files.
    Show(show::Args),
    /// Copies calls with their recordings into a folder, or without them into a JSON file.
    Export(export::Args),
}

/// Does what is wanted.
pub fn run(args: &Args) -> ExitCode {
    match &args.wish {
        Wish::List(args) => task::run(&args.settings, async |config| list::list(config, args).await),
        Wish::Show(args) => task::run(&args.settings, async |config| show::show(config, &args.call).await),
        Wish::Export(args) => task::run(&args.settings, async |config| export::export(config, args).await),
    }
}

/// Works with the database beside the server.
async fn with_store(
    config: &Config,
    work: impl AsyncFnOnce(&SqlStore) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let database = Database::attach(config).await?;
    let done = work(&database.store).await;
    database.store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// Calls, the newest first, until `wanted` says that it is enough.
async fn each(
    store: &SqlStore,
    filter: CallFilter,
    mut wanted: impl AsyncFnMut(CallRow) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut before = None;
    loop {
        let page = CallFilter { before: before.take(), most: PAGE, ..filter.clone() };
        let calls = store.calls(page).await?;
        let Some(last) = calls.last().map(|call| call.id.clone()) else { return Ok(()) };
        for call in calls {
            if !wanted(call).await? {
                return Ok(());
            }
        }
        before = Some(last);
    }
}

/// The person's identifier, by it or by the number.
async fn contact(store: &SqlStore, named: &str) -> anyhow::Result<String> {
    let workspace = MAIN_WORKSPACE.to_owned();
    let found = if named.starts_with('+') {
        store.known(workspace, named.to_owned()).await
    } else {
        store.contact(workspace, named.to_owned()).await
    };
    match found {
        Ok(contact) => Ok(contact.id),
        Err(StoreError::Unknown) => bail!("nobody is known by this number or identifier"),
        Err(error) => Err(error.into()),
    }
}

/// The call, where there is one.
async fn find(store: &SqlStore, call: &CallSid) -> anyhow::Result<CallRow> {
    match store.call(call.clone()).await {
        Ok(row) => Ok(row),
        Err(StoreError::Unknown) => {
            bail!("there is no call {call}; `centralita calls list` shows those there are")
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes down that the operator did this with a call.
async fn audit(store: &SqlStore, row: &CallRow, what: &str) -> anyhow::Result<()> {
    note(store, &row.call.workspace, what, row.call.sid.as_str()).await
}
