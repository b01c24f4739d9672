//! Where things are kept: the database, and Redis.

use super::{LIMIT, finding::Finding};
use crate::{
    base::{
        clock::{SystemClock, WallClock as _},
        connecting,
        secret::{ExposeSecret as _, SecretString},
    },
    boot::{self, Database, StoreTrouble},
    config::Config,
    storage::{self, Options, Place, SCHEMA, state},
};
use std::time::Duration;
use tokio::time::timeout;

const DATABASE: &str = "database";
const REDIS: &str = "redis";

/// Clocks that differ by more than this confuse whoever compares logs; leases go by the database's alone.
const SKEW: Duration = Duration::from_secs(2);

pub(super) async fn database(config: &Config) -> Finding {
    match timeout(LIMIT, tried(config)).await {
        Ok(Ok(found) | Err(found)) => found,
        Err(_) => Finding::fail(
            DATABASE,
            format!("no answer within {} s", LIMIT.as_secs()),
            "see whether it is overloaded, locked by another program, or damaged (`centralita backup` checks every page)",
        ),
    }
}

async fn tried(config: &Config) -> Result<Finding, Finding> {
    let place = boot::place(config);
    let name = match &place {
        Place::File(file) => file.display().to_string(),
        Place::Server(_) => "Postgres".to_owned(),
    };
    let broken = |trouble: &StoreTrouble| {
        let (what, remedy) = match trouble {
            StoreTrouble::Corrupt(..) => {
                ("it is damaged", "`centralita restore FILE`, with the newest backup")
            }
            StoreTrouble::Away(..) => ("it does not answer", "check DATABASE_URL, and that the server runs"),
            StoreTrouble::Schema(_) => ("its schema is another one", "run `centralita migrate`"),
            _ => ("it can't be used", "let this user write it and its folder"),
        };
        Finding::fail(DATABASE, format!("{what} ({trouble})"), remedy)
    };
    let options = Options { patience: LIMIT, ..Options::default() };
    let version = storage::schema(&place, &options).await;
    let version = version.map_err(|error| broken(&boot::trouble(&place, &error)))?;
    if version == 0 {
        return Ok(Finding::ok(DATABASE, format!("{name} has no tables yet; the first start makes them")));
    }
    if version < SCHEMA {
        let remedy = "run `centralita migrate`, or start the server";
        return Ok(Finding::warn(DATABASE, format!("{name} has schema {version} of {SCHEMA}"), remedy));
    }
    if version > SCHEMA {
        let remedy = "use the newer program, or restore a backup";
        return Err(Finding::fail(
            DATABASE,
            format!("{name} has schema {version}, newer than this build ({SCHEMA})"),
            remedy,
        ));
    }
    let database = Database::attach(config).await.map_err(|trouble| broken(&trouble))?;
    let clock = database.store.probe().await;
    let ours = SystemClock.now();
    database.store.close().await;
    let clock = clock.map_err(|error| broken(&boot::trouble(&place, &error)))?;
    let skew = clock.duration_since(ours).unsigned_abs();
    if skew > SKEW {
        let remedy = "keep both machines' clocks right, by NTP";
        return Ok(Finding::warn(
            DATABASE,
            format!("{name}: its clock differs by {} s", skew.as_secs()),
            remedy,
        ));
    }
    Ok(Finding::ok(DATABASE, format!("{name}, schema {version}, reads and writes")))
}

pub(super) async fn redis(url: &SecretString) -> Finding {
    let fail = |why: &str| {
        let remedy =
            "check REDIS_URL, and that it runs and may be written; until then the database stands in";
        Finding::fail(REDIS, format!("it can't be used ({why})"), remedy)
    };
    match timeout(LIMIT, state::try_redis(url.expose_secret(), connecting::LIMIT)).await {
        Ok(Ok(())) => Finding::ok(REDIS, "reads and writes"),
        Ok(Err(error)) => fail(&error.to_string()),
        Err(_) => fail(&format!("no answer within {} s", LIMIT.as_secs())),
    }
}
