//! `centralita restore FILE`: a backup in the place of the database, which is kept beside it.

use super::{
    Settings,
    backup::{Draft, PASSWORD, folder_of, name_anew, quoted, with_suffix},
    task,
    terminal::{complain, say},
};
use crate::{
    base::clock::{SystemClock, WallClock as _},
    boot::{self, InUse},
    ports::store::StoreError,
    storage::{
        Place, SCHEMA,
        file::{self, Read},
    },
};
use anyhow::{Context as _, bail};
use reqwest::Url;
use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What is restored.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// The backup.
    file: PathBuf,
}

/// Restores the database.
pub fn run(args: &Args) -> ExitCode {
    task::run(&args.settings, async |config| match boot::place(config) {
        Place::File(database) => {
            restore(&args.file, &database).await?;
            Ok(ExitCode::SUCCESS)
        }
        Place::Server(url) => {
            complain(by_postgres(&args.file, &url));
            Ok(ExitCode::FAILURE)
        }
    })
}

/// What a backup can't know.
const BACK: &str = "keys that were revoked and people who were erased since the backup was made are back: revoke and erase them again";

/// What to type for Postgres. The backup goes into a new database: in one that is not empty, whatever the backup does not name
/// would stay, such as the tables of a newer schema, on which no server starts.
fn by_postgres(file: &Path, url: &str) -> String {
    let former = Url::parse(url).ok().map(|url| url.path().trim_matches('/').to_owned());
    // What is written otherwise in an address than for a program is not repeated.
    let is_plain = |name: &String| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let former = former.filter(is_plain).unwrap_or_else(|| "centralita".to_owned());
    let new = format!("{former}_{}", SystemClock.now().strftime("%Y%m%d_%H%M%S"));
    format!(
        "a Postgres database is restored by its own programs, into a new one; stop the servers, and type\n  \
         createdb --template=template0 --maintenance-db={} {new}\n  \
         pg_restore --single-transaction --exit-on-error --no-owner --dbname={} {}\n\
         {PASSWORD}\nThe first wants a user who may make databases. Then let DATABASE_URL name {new}, and start a server; \
         when all is well, delete the former database.\n{BACK}",
        quoted(url, Some("postgres")),
        quoted(url, Some(&new)),
        file.display()
    )
}

async fn restore(backup: &Path, database: &Path) -> anyhow::Result<()> {
    let version = usable(backup).await?;
    let (name, folder) = (database.display(), folder_of(database));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let used = || {
        anyhow::anyhow!(
            "the database {name} is in use: stop the server and whatever else reads it, and try again"
        )
    };
    let alone = InUse::alone(folder).with_context(|| format!("cannot lock {}", folder.display()))?;
    let _alone = alone.ok_or_else(used)?;
    // Whoever knows nothing of our lock, such as a tool of SQLite's, may have the file open all the same.
    if database.exists() {
        let in_use = file::is_in_use(database).await;
        let untold =
            || format!("cannot tell whether {name} is in use: if nobody uses it, move it away and try again");
        if in_use.with_context(untold)? {
            return Err(used());
        }
    }
    let draft = Draft::beside(database)?;
    Read::Still
        .copy(backup, &draft.path)
        .await
        .with_context(|| format!("cannot copy {}", backup.display()))?;
    Read::Still
        .examine(&draft.path)
        .await
        .context("the copy is not sound, so everything is left as it was")?;
    let owner = fs::metadata(if database.exists() { database } else { folder })?;
    if owner.uid() != fs::metadata(&draft.path)?.uid() {
        chown(&draft.path, Some(owner.uid()), Some(owner.gid()))
            .context("the copy can't be given to the database's owner")?;
    }
    let former = set_aside(database)?;
    draft.keep(database, true)?;
    say(format!("{name} is restored from {}: schema {version}", backup.display()));
    if version < SCHEMA {
        say(format!("the next start of the server, or `centralita migrate`, brings it to schema {SCHEMA}"));
    }
    say(BACK);
    if let Some(former) = former {
        say("no erasure reaches what was there before: delete it when all is well");
        let kept = if former.exists() { former } else { file::log_of(&former) };
        say(format!("the former database is kept as {}", kept.display()));
    }
    Ok(())
}

/// The backup's schema, where it is sound and this program understands it.
async fn usable(backup: &Path) -> anyhow::Result<i64> {
    let name = backup.display();
    if !backup.is_file() {
        bail!("there is no file {name}");
    }
    match Read::Still.examine(backup).await {
        Ok(0) => bail!("{name} is no database of this program"),
        Ok(version) if version > SCHEMA => {
            bail!(
                "{name} has schema {version}, which is newer than this build ({SCHEMA}): use the newer program"
            )
        }
        Ok(version) => Ok(version),
        Err(StoreError::Broken(why)) => bail!("{name} is damaged ({why}): restore another backup"),
        Err(error) => Err(error).with_context(|| format!("cannot read {name}")),
    }
}

/// Gives the database a second name with the date, under which it stays whole: what its log holds belongs to it. A log
/// without a database goes too, since SQLite would take it for the restored one's. `None` where nothing is there.
fn set_aside(database: &Path) -> anyhow::Result<Option<PathBuf>> {
    let former = with_suffix(database, &SystemClock.now().strftime("%Y%m%dT%H%M%S%3fZ").to_string());
    let aside = || {
        let mut is_kept = false;
        for part_of in [file::log_of, file::index_of] {
            match fs::rename(part_of(database), part_of(&former)) {
                Ok(()) => is_kept = true,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if database.exists() {
            name_anew(database, &former)?;
            is_kept = true;
        }
        Ok(is_kept)
    };
    let moved: io::Result<bool> = aside();
    let is_kept =
        moved.with_context(|| format!("the former database can't be kept as {}", former.display()))?;
    Ok(is_kept.then_some(former))
}
