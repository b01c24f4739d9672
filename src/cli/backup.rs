//! `centralita backup FILE`: the whole database as it is at one moment, while the server goes on.

use super::{
    Settings, task,
    terminal::{complain, say},
};
use crate::{
    boot::{self, StoreTrouble},
    storage::{
        Place,
        file::{Read, index_of, log_of},
    },
};
use anyhow::{Context as _, bail};
use reqwest::Url;
use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirEntry, File},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What is backed up, and where to.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// The backup that is made; not the database, which the settings name.
    file: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
}

/// Copies the database.
pub fn run(args: &Args) -> ExitCode {
    task::run(&args.settings, async |config| match boot::place(config) {
        Place::File(database) => {
            save(&database, &args.file, args.force).await?;
            let folder = config.server.data_dir.display();
            say(format!("recordings and logs of calls are files of their own in {folder}"));
            Ok(ExitCode::SUCCESS)
        }
        Place::Server(url) => {
            let file = args.file.display();
            let command = format!("pg_dump --format=custom --file={file} {}", quoted(&url, None));
            complain(format!(
                "a Postgres database is backed up by its own program:\n  {command}\n{PASSWORD}"
            ));
            Ok(ExitCode::FAILURE)
        }
    })
}

/// How Postgres' programs get the password, which is not printed.
pub(super) const PASSWORD: &str = "It asks for the password, or takes it from PGPASSWORD or ~/.pgpass.";

/// The address without its password, for a shell; of another database on that server where one is named.
pub(super) fn quoted(url: &str, database: Option<&str>) -> String {
    let Ok(mut url) = Url::parse(url) else { return "\"$DATABASE_URL\"".to_owned() };
    let host = url.host_str().unwrap_or("localhost").to_owned();
    if url.set_password(None).is_err() {
        return format!("--host={host}");
    }
    // Of the parameters one may be the password; the others are this program's own, but for the encryption.
    let encrypted =
        url.query_pairs().find(|(name, _)| name == "sslmode").map(|(_, value)| value.into_owned());
    url.set_query(None);
    if let Some(name) = database {
        url.set_path(name);
    }
    if let Some(mode) = encrypted {
        url.query_pairs_mut().append_pair("sslmode", &mode);
    }
    format!("'{}'", url.as_str().replace('\'', "%27"))
}

async fn save(database: &Path, file: &Path, force: bool) -> anyhow::Result<()> {
    if !database.exists() {
        return Err(StoreTrouble::Missing(database.display().to_string()).into());
    }
    let taken = place_of(file).with_context(|| format!("cannot write {}", file.display()))?;
    let own = |part: &Path| Ok::<bool, io::Error>(place_of(part)? == taken);
    // Some file systems call the same file by two names, but each calls what lies beside it by the same one.
    let real = database.canonicalize().with_context(|| format!("cannot read {}", database.display()))?;
    if own(&real)? || own(&log_of(&real))? || own(&index_of(&real))? {
        bail!(
            "{} is the database itself, or a part of it: FILE is the backup that is made, so give it another name",
            file.display()
        );
    }
    if file.exists() && !force {
        bail!("{} is there already: choose another name, or replace it with --force", file.display());
    }
    let draft = Draft::beside(file)?;
    let copied = Read::Live.copy(database, &draft.path).await;
    copied.map_err(|error| boot::trouble(&Place::File(database.to_owned()), &error))?;
    let schema =
        Read::Still.examine(&draft.path).await.context("the copy is not sound, so it is not kept")?;
    let bytes = draft.keep(file, force)?;
    say(format!(
        "{} holds {}: schema {schema}, {} KiB, checked",
        file.display(),
        database.display(),
        bytes.div_ceil(1024)
    ));
    Ok(())
}

/// Where a file lies or would lie: its folder, however it is called, and its name in it.
fn place_of(file: &Path) -> io::Result<(u64, u64, OsString)> {
    let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = fs::metadata(folder_of(&real))?;
    Ok((folder.dev(), folder.ino(), real.file_name().unwrap_or_default().to_owned()))
}

/// A file that only its owner may read, which gets its name when it is whole; gone where it gets none.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) path: PathBuf,
    /// Its lock tells that somebody writes to it.
    _held: File,
}

impl Draft {
    /// An empty one, in the folder of the file that it will be.
    pub(super) fn beside(file: &Path) -> anyhow::Result<Self> {
        sweep(file);
        let path = with_suffix(file, &format!("{:08x}.part", rand::random::<u32>()));
        let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let held = made.with_context(|| format!("cannot write {}", path.display()))?;
        // Where there are no locks, nothing is swept either.
        drop(held.try_lock());
        Ok(Self { path, _held: held })
    }

    /// Gives it its name, when it is on the disk; returns its size.
    pub(super) fn keep(&self, file: &Path, replace: bool) -> anyhow::Result<u64> {
        let keep = || {
            let draft = File::open(&self.path)?;
            draft.sync_all()?;
            if replace {
                fs::rename(&self.path, file)?;
            } else {
                name_anew(&self.path, file)?;
            }
            File::open(folder_of(file))?.sync_all()?;
            Ok::<u64, io::Error>(draft.metadata()?.len())
        };
        keep().with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It has got its name where there is nothing to remove.
        drop(fs::remove_file(&self.path));
    }
}

/// Deletes the drafts of this file that a killed process has left: they hold what may have been erased since.
fn sweep(file: &Path) {
    let Some(name) = file.file_name().and_then(OsStr::to_str) else { return };
    let is_draft = |entry: &DirEntry| {
        let draft = entry.file_name();
        let middle = draft.to_str().and_then(|draft| draft.strip_prefix(name)?.strip_prefix('.'));
        let number = middle.and_then(|rest| rest.strip_suffix(".part")).unwrap_or_default();
        number.len() == 8 && number.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    let drafts = fs::read_dir(folder_of(file)).into_iter().flatten().flatten().filter(is_draft);
    for path in drafts.map(|entry| entry.path()) {
        // One that is just being made is empty until it is locked.
        let is_left =
            |draft: File| draft.try_lock().is_ok() && draft.metadata().is_ok_and(|data| data.len() > 0);
        if File::open(&path).is_ok_and(is_left) {
            // What can't be deleted is tried again the next time.
            drop(fs::remove_file(&path));
        }
    }
}

/// Gives a file a name that nothing has, also where somebody takes it in the same moment.
pub(super) fn name_anew(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        // Not every file system has links.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
            if to.try_exists()? { Err(ErrorKind::AlreadyExists.into()) } else { fs::rename(from, to) }
        }
        linked => linked,
    }
}

/// `file`, a point and the suffix.
pub(super) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Where it lies.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_stands_in_what_is_to_be_typed() {
        let told = |url: &str| quoted(url, None);
        assert_eq!(
            told("postgres://me:secret@db.example.com:5433/calls"),
            "'postgres://me@db.example.com:5433/calls'"
        );
        assert_eq!(
            told("postgres://me@h/calls?password=secret&sslmode=require&statement-cache-capacity=0"),
            "'postgres://me@h/calls?sslmode=require'"
        );
        assert_eq!(told("postgres:secret"), "--host=localhost");
    }
}
