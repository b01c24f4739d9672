//! `centralita calls list`.

use super::{contact, each, note, with_store};
use crate::{
    base::secret::Masked,
    cli::{Settings, terminal::say},
    config::Config,
    ports::store::{
        MAIN_WORKSPACE,
        calls::{CallFilter, CallRow, CallState},
    },
};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Which calls are listed, and how.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) settings: Settings,
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only those of this person: a number such as +5491155550100, or the identifier of a contact.
    #[arg(long, value_name = "WHO")]
    contact: Option<String>,
    /// As JSON, one call on a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    with_store(config, async |store| {
        let contact = match &args.contact {
            Some(named) => Some(contact(store, named).await?),
            None => None,
        };
        note(store, MAIN_WORKSPACE, "calls.list", contact.as_deref().unwrap_or_default()).await?;
        let mut left = args.limit;
        if !args.json {
            say(line(["started (UTC)", "call", "from", "agent", "outcome", "seconds"]));
        }
        each(store, CallFilter { contact, ..CallFilter::default() }, async |row| {
            say(if args.json { to_json(&row).to_string() } else { to_line(&row) });
            left -= 1;
            Ok(left > 0)
        })
        .await
    })
    .await
}

fn line([started, call, from, agent, outcome, seconds]: [&str; 6]) -> String {
    format!("{started:<19}  {call:<34}  {from:<11}  {agent:<12}  {outcome:<14}  {seconds:>7}")
}

fn to_line(row: &CallRow) -> String {
    let started = row.began_at.unwrap_or(row.call.at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let seconds = seconds(row).map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
    let from = Masked(&row.call.from).to_string();
    line([&started, row.call.sid.as_str(), &from, &row.call.agent, outcome(row), &seconds])
}

fn to_json(row: &CallRow) -> Value {
    let [recording, replay] = &row.files;
    json!({
        "call": row.call.sid,
        "id": row.id,
        "started_at": row.began_at.unwrap_or(row.call.at),
        "ended_at": row.ended_at,
        "from": Masked(&row.call.from).to_string(),
        "contact": row.contact,
        "direction": row.call.direction,
        "agent": row.call.agent,
        "outcome": outcome(row),
        "seconds": seconds(row),
        "recording": recording,
        "replay": replay,
    })
}

/// How it ended, or how far it is.
pub(super) fn outcome(row: &CallRow) -> &str {
    row.outcome.as_deref().unwrap_or(match row.state {
        CallState::Arrived => "arrived",
        CallState::Live => "live",
        CallState::Over => "over",
    })
}

/// How long it lasted, from its first media socket to its end.
pub(super) fn seconds(row: &CallRow) -> Option<i64> {
    Some(row.ended_at?.duration_since(row.began_at?).as_secs())
}
