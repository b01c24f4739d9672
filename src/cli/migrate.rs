//! `centralita migrate`: the database's schema, as it is and as it should be.

use super::{Settings, task, terminal::say};
use crate::{
    boot::{self, Database},
    config::Config,
    storage::{self, Options, Place, SCHEMA, STEPS},
};
use std::{fs, process::ExitCode};

/// How to migrate.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// Say what would be done, and do nothing.
    #[arg(long, visible_alias = "status")]
    dry_run: bool,
}

/// Migrates, or says what would be done.
pub fn run(args: &Args) -> ExitCode {
    task::run(&args.settings, async |config| migrate(config, args.dry_run).await)
}

async fn migrate(config: &Config, dry_run: bool) -> anyhow::Result<ExitCode> {
    let place = boot::place(config);
    let looked = storage::schema(&place, &Options::default()).await;
    let version = looked.map_err(|error| boot::trouble(&place, &error))?;
    let name = match &place {
        Place::File(file) => format!("the database {}", file.display()),
        Place::Server(_) => "the database of DATABASE_URL".to_owned(),
    };
    if version == SCHEMA {
        say(format!("{name} is up to date: schema {version}"));
        return Ok(ExitCode::SUCCESS);
    }
    if dry_run {
        for (step, what, _) in STEPS.iter().filter(|(step, ..)| *step > version) {
            say(format!("would bring {name} to schema {step} ({what})"));
        }
        if version > SCHEMA {
            say(format!("{name} has schema {version}, which is newer than this build ({SCHEMA})"));
        }
        return Ok(if version > SCHEMA { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    if let Place::File(file) = &place
        && let Some(folder) = file.parent()
    {
        fs::create_dir_all(folder)?;
    }
    Database::open(config).await?.store.close().await;
    say(format!("{name} is brought from schema {version} to {SCHEMA}"));
    Ok(ExitCode::SUCCESS)
}
