//! `centralita calls show`.

use super::{audit, find, list, with_store};
use crate::{
    base::{
        ids::{CallSid, TurnId},
        secret::Masked,
    },
    channels::voice::record::TIMES,
    cli::{Settings, terminal::say},
    config::Config,
    dialogue::{record::Entry, stats::TurnReport},
    jobs::files,
    ports::store::{
        calls::{CallRecords as _, CallRow, TurnRow},
        notes::Notes as _,
    },
};
use std::{collections::BTreeMap, process::ExitCode};

/// Which call is shown.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) settings: Settings,
    /// Its identifier, such as CA0123…
    pub(super) call: CallSid,
}

pub(super) async fn show(config: &Config, call: &CallSid) -> anyhow::Result<ExitCode> {
    with_store(config, async |store| {
        let row = find(store, call).await?;
        audit(store, &row, "call.read").await?;
        head(&row);
        transcript(&store.turns(call.clone()).await?);
        for note in store.notes_of(call.to_string()).await? {
            say(format!(
                "\n{} ({})\n{}",
                note.kind,
                note.at.strftime("%Y-%m-%d %H:%M:%S"),
                readable(&note.text)
            ));
        }
        let folder = &config.server.data_dir;
        match files::of_call(folder, call) {
            Ok(files) => files.iter().for_each(|file| say(format!("\nfile {}", file.display()))),
            // With Postgres the recordings may lie at another node.
            Err(error) => {
                say(format!("\nits files are not known: {} can't be read: {error}", folder.display()));
            }
        }
        Ok(())
    })
    .await
}

fn head(row: &CallRow) {
    let started = row.began_at.unwrap_or(row.call.at).strftime("%Y-%m-%d %H:%M:%S UTC");
    let lasted = list::seconds(row).map_or_else(String::new, |seconds| format!(", {seconds} s"));
    say(format!("{}  {started}{lasted}  {}", row.call.sid, list::outcome(row)));
    say(format!("from {} to the agent {}", Masked(&row.call.from), row.call.agent));
}

fn transcript(rows: &[TurnRow]) {
    let reports = reports(rows);
    let (mut epoch, mut told) = (1, false);
    for row in rows.iter().filter(|row| row.kind != TIMES) {
        let Ok(entry) = serde_json::from_str::<Entry>(&row.body) else { continue };
        if !told {
            say("");
        }
        if row.epoch != epoch && told {
            say("         -- the line broke, and the call came back --");
        }
        (epoch, told) = (row.epoch, true);
        let at = entry.at_ms();
        say(format!("{:>3}:{:04.1}  {}", at / 60_000, (at % 60_000) as f64 / 1_000.0, line(&entry)));
        if let Entry::Agent { turn, .. } = entry
            && let Some(report) = reports.get(&(epoch, turn))
        {
            let figures = figures(report);
            if !figures.is_empty() {
                say(format!("         ({figures})"));
            }
        }
    }
}

fn reports(rows: &[TurnRow]) -> BTreeMap<(i64, TurnId), TurnReport> {
    let times = rows.iter().filter(|row| row.kind == TIMES);
    let reports = times.filter_map(|row| {
        let report: TurnReport = serde_json::from_str(&row.body).ok()?;
        Some(((row.epoch, report.turn), report))
    });
    reports.collect()
}

fn figures(report: &TurnReport) -> String {
    let steps = [
        ("heard the last word after", report.text_ms),
        ("turn over", report.endpoint_ms),
        ("model", report.first_token_ms),
        ("voice", report.first_sound_ms),
        ("answered", report.response_ms),
    ];
    let told = steps.into_iter().filter_map(|(step, ms)| Some(format!("{step} {} ms", ms?)));
    told.collect::<Vec<_>>().join(", ")
}

fn line(entry: &Entry) -> String {
    match entry {
        Entry::Caller { text, .. } => format!("Caller  {}", readable(text)),
        Entry::Amended { text, .. } => format!("Caller  {} (understood later)", readable(text)),
        Entry::Agent { heard, meant, interrupted, .. } if *interrupted => {
            let unheard = meant.strip_prefix(heard.as_str()).unwrap_or(meant);
            format!("Agent   {} [interrupted; not heard:{}]", readable(heard), readable(unheard))
        }
        Entry::Agent { heard, .. } => format!("Agent   {}", readable(heard)),
        Entry::Clip { text, .. } => format!("Agent   {} (a standard phrase)", readable(text)),
        Entry::Tool { name, arguments, reply, .. } => {
            format!("        {name} {} -> {}", readable(arguments), readable(reply))
        }
        Entry::Digit { digit, .. } => format!("Caller  presses {digit}"),
        Entry::Paused { .. } => "        the agent falls silent: the caller makes a sound".to_owned(),
        Entry::Resumed { .. } => "        the agent goes on: it was no interruption".to_owned(),
        Entry::Recovered { floor, .. } => {
            format!("        recovered from a fault; {} had the floor", readable(floor))
        }
        Entry::Trouble { kind, .. } => format!("        {} failed", readable(kind)),
    }
}

/// What others said is shown, not obeyed: a terminal takes some characters as orders.
fn readable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}
