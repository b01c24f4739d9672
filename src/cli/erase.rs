//! `centralita erase NUMBER`: what is left of a person is totals.

use super::{
    Settings,
    task::{self, OPERATOR},
    terminal::{complain, say},
};
use crate::{
    boot::{self, Database},
    config::{Config, is_e164},
    dialogue::clinic::Clinic,
    jobs::erasure::{self, Erasure, Where},
    ports::store::people::Erased,
    storage::{Business, SqlStore},
};
use anyhow::bail;
use jiff::tz::TimeZone;
use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

/// Who is erased.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// The number, with + and the country code, such as +5491155550100.
    number: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Erases a person.
pub fn run(args: &Args) -> ExitCode {
    if !is_e164(&args.number) {
        complain(
            "not an international number: write it with + and the country code, digits only, such as +5491155550100",
        );
        return ExitCode::FAILURE;
    }
    task::run(&args.settings, async |config| {
        let database = Database::attach(config).await?;
        if !args.yes && !is_meant(&args.number)? {
            bail!("nothing is erased");
        }
        let erased = erase(config, &database.store, &args.number).await;
        database.store.close().await;
        erased
    })
}

fn is_meant(number: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    write!(out, "Erase whatever was said and written by and about {number}? It can't be undone. [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

async fn erase(config: &Config, store: &SqlStore, number: &str) -> anyhow::Result<ExitCode> {
    let state = boot::state(config, store.state()).await?;
    // Who only forgets asks for no free times, so that no clinic's data is needed.
    let calendar =
        store.book(Arc::new(|| Business { clinic: Arc::<Clinic>::default(), zone: TimeZone::UTC }));
    let all = Where { store, state: &*state, calendar: &calendar, files: &config.server.data_dir };
    let done = erasure::erase(all, OPERATOR.to_owned(), number.to_owned()).await?;
    tell(&done);
    for what in &done.outside.by_hand {
        complain(what);
    }
    if !done.scrubbed {
        complain(
            "the database's log is read all the time, and may still hold what was erased: repeat the command later",
        );
    }
    let whole = done.scrubbed && done.outside.by_hand.is_empty();
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(Erasure { id, erased, outside, .. }: &Erasure) {
    let Erased { contacts, calls, notes, messages, appointments, .. } = erased;
    say(format!(
        "erased: {contacts} contacts, what was said in {calls} calls, {notes} notes, {messages} messages, \
         {} appointments, {} files",
        appointments + outside.appointments,
        outside.files
    ));
    say(format!("the audit log knows it as {id}, without the number"));
}
