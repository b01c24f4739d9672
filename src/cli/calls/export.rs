//! `centralita calls export`.

use super::{audit, each, find, with_store};
use crate::{
    base::ids::CallSid,
    channels::voice::record,
    cli::{
        Settings,
        backup::{Draft, folder_of},
        terminal::say,
    },
    config::Config,
    jobs::files,
    ports::store::{
        calls::{CallFilter, CallRecords as _, CallRow},
        notes::Notes as _,
    },
    storage::SqlStore,
};
use anyhow::{Context as _, bail};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Which calls are exported, and where to.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) settings: Settings,
    /// One call: its identifier, such as CA0123…
    #[arg(group = "which")]
    call: Option<CallSid>,
    /// All calls since this day (UTC) or instant, such as 2026-11-20 or 2026-11-20T18:00:00Z.
    #[arg(long, value_name = "DATE", group = "which", value_parser = instant)]
    since: Option<Timestamp>,
    /// A folder, which gets a JSON file for each call beside its recording; or a name that ends in .json, for all without
    /// recordings. Not in the data folder.
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(day) = text.parse::<Date>()
        && !text.contains(['T', 't', ' '])
    {
        return day.to_zoned(TimeZone::UTC).map(|day| day.timestamp()).map_err(|error| error.to_string());
    }
    text.parse().map_err(|_| "write it like 2026-11-20 or 2026-11-20T18:00:00Z".to_owned())
}

pub(super) async fn export(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let mut target = Target::open(&args.to, &config.server.data_dir, args.force)?;
    with_store(config, async |store| {
        let mut count = 0_u64;
        match (&args.call, args.since) {
            (Some(call), _) => {
                target.take(store, &find(store, call).await?).await?;
                count = 1;
            }
            (None, since) => {
                let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
                each(store, CallFilter::default(), async |row| {
                    if row.call.at >= since {
                        target.take(store, &row).await?;
                        count += 1;
                    }
                    // A call may be written down later than it came, never earlier.
                    Ok(written_at(&row).is_none_or(|written| written >= since))
                })
                .await?;
            }
        }
        target.close(&args.to, args.force)?;
        say(format!("exported to {}: {count}", args.to.display()));
        Ok(())
    })
    .await
}

/// Our own identifier of a call begins with the milliseconds at which it was made (UUID version 7).
fn written_at(row: &CallRow) -> Option<Timestamp> {
    let millis = i64::from_str_radix(row.id.get(..12)?, 16).ok()?;
    Timestamp::from_millisecond(millis).ok()
}

async fn record_of(store: &SqlStore, row: &CallRow) -> anyhow::Result<Value> {
    let turns = store.turns(row.call.sid.clone()).await?;
    let notes = store.notes_of(row.call.sid.to_string()).await?;
    let mut record = record::to_json(row, &turns);
    let notes = notes.iter().map(|note| json!({"kind": note.kind, "text": note.text, "at": note.at}));
    if let Value::Object(record) = &mut record {
        record.insert("notes".to_owned(), notes.collect());
        record.insert("direction".to_owned(), json!(row.call.direction));
        record.insert("contact".to_owned(), json!(row.contact));
    }
    Ok(record)
}

/// Where calls go. Only the operator may read it.
enum Target<'a> {
    Folder { to: &'a Path, data: &'a Path, force: bool },
    File { draft: Draft, file: File, calls: u64 },
}

impl<'a> Target<'a> {
    fn open(to: &'a Path, data: &'a Path, force: bool) -> anyhow::Result<Self> {
        if to.extension().is_none_or(|extension| extension != "json") {
            let here = to.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
            apart(here, data)?;
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(to);
            made.with_context(|| format!("cannot make the folder {}", to.display()))?;
            // What was not there yet may have led back by `..`.
            apart(to, data)?;
            return Ok(Self::Folder { to, data, force });
        }
        apart(folder_of(to), data)?;
        if to.exists() && !force {
            bail!("{} is there already: choose another name, or replace it with --force", to.display());
        }
        let draft = Draft::beside(to)?;
        let file = File::options().append(true).open(&draft.path)?;
        Ok(Self::File { draft, file, calls: 0 })
    }

    async fn take(&mut self, store: &SqlStore, row: &CallRow) -> anyhow::Result<()> {
        // Who was given something is known also where the rest fails.
        audit(store, row, "call.export").await?;
        let record = record_of(store, row).await?;
        match self {
            Self::Folder { to, data, force } => {
                let name = to.join(format!("{}.json", row.call.sid));
                let written = serde_json::to_vec_pretty(&record).map_err(io::Error::from);
                written
                    .and_then(|text| private(&name, *force)?.write_all(&text))
                    .map_err(|error| refusal(error, &name))?;
                let files = files::of_call(data, &row.call.sid);
                let files = files.with_context(|| {
                    format!(
                        "the recordings in {} can't be read: set DATA_DIR to where they are",
                        data.display()
                    )
                })?;
                for file in files {
                    let Some(name) = file.file_name().map(|name| to.join(name)) else { continue };
                    let mut sound =
                        File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
                    let copied = private(&name, *force).and_then(|mut copy| io::copy(&mut sound, &mut copy));
                    copied.map_err(|error| refusal(error, &name))?;
                }
            }
            Self::File { file, calls, .. } => {
                write!(file, "{}{record}", if *calls == 0 { "[\n" } else { ",\n" })?;
                *calls += 1;
            }
        }
        Ok(())
    }

    fn close(&mut self, to: &Path, force: bool) -> anyhow::Result<()> {
        if let Self::File { draft, file, calls } = self {
            writeln!(file, "{}]", if *calls == 0 { "[" } else { "\n" })?;
            draft.keep(to, force)?;
        }
        Ok(())
    }
}

/// The data folder is the server's: an export would write over what it is made of, and be swept with it.
fn apart(folder: &Path, data: &Path) -> anyhow::Result<()> {
    let canonical = folder.canonicalize();
    let canonical = canonical.with_context(|| format!("cannot use the folder {}", folder.display()))?;
    // One that is not there holds nothing.
    if data.canonicalize().is_ok_and(|data| canonical.starts_with(data)) {
        bail!("{} is (in) the data folder: export to a place outside of it", folder.display());
    }
    Ok(())
}

/// What is replaced is not written into, since it may be a link to something else.
fn private(path: &Path, replace: bool) -> io::Result<File> {
    if replace && path.symlink_metadata().is_ok() {
        fs::remove_file(path)?;
    }
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

fn refusal(error: io::Error, path: &Path) -> anyhow::Error {
    let path = path.display();
    if error.kind() == ErrorKind::AlreadyExists {
        return anyhow::anyhow!("{path} is there already: choose another folder, or replace it with --force");
    }
    anyhow::Error::new(error).context(format!("cannot write {path}"))
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(instant("2026-11-20").unwrap().to_string(), "2026-11-20T00:00:00Z");
        assert_eq!(instant("2026-11-20T18:00:00-03:00").unwrap().to_string(), "2026-11-20T21:00:00Z");
        for text in ["yesterday", "20/11/2026", "2026-11-20T18:00"] {
            assert!(instant(text).unwrap_err().contains("2026-11-20T18:00:00Z"), "{text}");
        }
    }
}
