//! `centralita keys`: makes, lists and revokes keys to the API, in the database of the configuration.

use super::{
    Settings,
    task::{self, note},
    terminal::{complain, say},
};
use crate::{
    base::secret::ExposeSecret as _,
    boot::Database,
    config::Config,
    ports::store::{
        MAIN_WORKSPACE, SharedStore, StoreError,
        keys::{self, Key, LONGEST_NAME, NewKey, Scope},
    },
};
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use std::{fs, process::ExitCode, time::Duration};

/// What to do with keys.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Makes a key and prints it, this once.
    Create(Create),
    /// Lists the keys, revoked ones too, the newest first.
    List(Where),
    /// Ends a key at once.
    Revoke(Revoke),
}

#[derive(Clone, Debug, clap::Args)]
struct Where {
    #[command(flatten)]
    settings: Settings,
    /// The workspace that the keys open.
    #[arg(long, value_name = "ID", default_value = MAIN_WORKSPACE)]
    workspace: String,
}

#[derive(Clone, Debug, clap::Args)]
struct Create {
    /// What people call it: it stands in lists and in the audit log.
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// What it may do: read, write or admin; each includes those before it.
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    scope: Scope,
    /// For how many days it is good; until it is revoked where nothing is said.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: Option<u32>,
    #[command(flatten)]
    place: Where,
}

#[derive(Clone, Debug, clap::Args)]
struct Revoke {
    /// The identifier of the key, as `keys list` shows it; not the key.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    place: Where,
}

fn name(text: &str) -> Result<String, String> {
    if keys::is_name(text) {
        return Ok(text.to_owned());
    }
    Err(format!("write 1 to {LONGEST_NAME} letters on one line, without blanks around them"))
}

fn scope(text: &str) -> Result<Scope, String> {
    let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
    scope.ok_or_else(|| "read, write and admin are the scopes".to_owned())
}

/// Does it.
pub fn run(args: &Args) -> ExitCode {
    let (What::Create(Create { place, .. }) | What::List(place) | What::Revoke(Revoke { place, .. })) =
        &args.what;
    task::run(&place.settings, async |config| {
        let database = match &args.what {
            What::Create(_) => open(config).await?,
            What::List(_) | What::Revoke(_) => Database::attach(config).await?,
        };
        let store: SharedStore = database.store.clone();
        match &args.what {
            What::Create(create) => make(&store, create).await?,
            What::List(place) => list(&store, place).await?,
            What::Revoke(revoke) => end(&store, revoke).await?,
        }
        database.store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// The database, which is made where there is none yet: the first key may come before the first start.
async fn open(config: &Config) -> anyhow::Result<Database> {
    let folder = &config.server.data_dir;
    fs::create_dir_all(folder).with_context(|| format!("cannot use the folder {}", folder.display()))?;
    Ok(Database::open(config).await?)
}

async fn make(store: &SharedStore, create: &Create) -> anyhow::Result<()> {
    let Create { name, scope, days, place: Where { workspace, .. } } = create;
    let key = keys::draw();
    let new = NewKey {
        workspace: workspace.clone(),
        name: name.clone(),
        hash: keys::hash(key.expose_secret()),
        scopes: vec![*scope],
        life: days.map(|days| Duration::from_hours(24 * u64::from(days))),
    };
    let made = store.make_key(new).await;
    let id = made.with_context(|| format!("no key was made; is there a workspace `{workspace}`?"))?;
    note(store.as_ref(), workspace, "key.make", &id).await?;
    // Alone on standard output, for scripts.
    complain(format_args!(
        "Key {id}, scope {}, of the workspace {workspace}. It is shown this once:",
        scope.as_str()
    ));
    say(key.expose_secret());
    Ok(())
}

async fn list(store: &SharedStore, place: &Where) -> anyhow::Result<()> {
    let keys = store.keys(place.workspace.clone()).await?;
    say(format_args!(
        "{:<32}  {:<16}  {:<10}  {:<10}  {:<18}  NAME",
        "ID", "SCOPES", "MADE", "LAST USED", "ENDS"
    ));
    let day = |at: Option<Timestamp>| {
        at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
    };
    for Key { id, name, scopes, made_at, ends_at, used_at, revoked_at, .. } in keys {
        let scopes: Vec<&str> = scopes.into_iter().map(Scope::as_str).collect();
        let scopes = scopes.join(" ");
        let (made, used) = (day(Some(made_at)), day(used_at));
        let ends = revoked_at.map_or_else(|| day(ends_at), |at| format!("revoked {}", day(Some(at))));
        say(format_args!("{id:<32}  {scopes:<16}  {made:<10}  {used:<10}  {ends:<18}  {name}"));
    }
    Ok(())
}

async fn end(store: &SharedStore, Revoke { id, place }: &Revoke) -> anyhow::Result<()> {
    match store.revoke_key(place.workspace.clone(), id.clone()).await {
        Ok(()) => {}
        Err(StoreError::Unknown) => {
            bail!("no key that is good has the identifier `{id}`; `centralita keys list` shows them");
        }
        Err(error) => return Err(error.into()),
    }
    note(store.as_ref(), &place.workspace, "key.revoke", id).await?;
    say(format_args!("Key {id} opens nothing any more."));
    Ok(())
}
