//! Builds a server from its configuration: the only place that names concrete adapters together.

mod clips;
mod files;
mod former;
mod in_use;
mod jobs;
mod keys;
mod old_book;
mod presence;
mod providers;
mod reload;
mod room;
mod state;
mod store;

use crate::{
    base::clock::{SystemClock, WallClock as _},
    channels::{
        tools::{Means, later_in},
        voice::{
            admission::{Admission, Rules},
            agents::{Agents, AgentsError},
            limits::Limits,
        },
    },
    config::{Complaints, Config},
    integrations::http_tool,
    jobs::{Runner, files as recordings},
    net::tls,
    ports::http_tool::HttpTools,
    providers::twilio::{BadPublicUrl, Keyring, MediaStreams},
    shutdown::{self, Drained, HangUps, Signals, Times},
    storage::{Business, BusinessNow},
    telemetry::metrics::Metrics,
    web::{self, AgentNow, HttpLimits, Parts, Web},
};
use presence::Presence;
use providers::Chosen;
use std::{fmt, fs, io, net::SocketAddr, path::PathBuf, pin::pin, sync::Arc, time::Duration};
use store::Kept;
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

pub use files::files_for;
pub use in_use::InUse;
pub use providers::model;
pub use state::state;
pub use store::{Database, StoreTrouble, place, trouble};

/// How often histograms are summed up.
const KEEP_UP: Duration = Duration::from_secs(5);

/// How often old recordings are looked for.
const SWEEP: Duration = Duration::from_hours(1);

/// How long jobs that run may go on after the first signal (reliability: drain).
const LAST_JOBS: Duration = Duration::from_secs(30);

/// Why the server cannot start; the text says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The agents' files are missing or wrong: a matter of configuration.
    #[error("{0}")]
    Agents(#[from] AgentsError),
    /// The public address cannot be used: a matter of configuration.
    #[error("{0}")]
    PublicUrl(#[from] BadPublicUrl),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}. Stop what uses port {}, or choose another with --port", .address.port())]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The data folder cannot be made.
    #[error("cannot use {path} for recordings and transcripts: {source}. Set DATA_DIR to a folder that may be written", path = .path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database cannot be used.
    #[error("{0}")]
    Store(#[from] StoreTrouble),
    /// A provider cannot be used on this machine.
    #[error("{0}")]
    Provider(String),
    /// A part of the start panicked.
    #[error("the start broke off: {0}")]
    Broken(#[from] JoinError),
}

impl StartError {
    /// Whether the configuration is to be mended, rather than the machine.
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::Agents(_) | Self::PublicUrl(_))
    }
}

/// A server that runs. Dropping it cuts everything.
pub struct Running {
    address: SocketAddr,
    keyring: Keyring,
    web: Arc<Web>,
    kept: Kept,
    presence: Arc<Presence>,
    jobs: Runner,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    times: Times,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Builds and starts a server. Fetches and loads models first where they are needed, for minutes the first time.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: &Config, metrics: Metrics) -> Result<Running, StartError> {
    let address = SocketAddr::new(config.bind(), config.server.port);
    let listener =
        TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })?;
    start_on(listener, config, metrics).await
}

/// The same on a socket that listens already, wherever the configuration says to listen.
///
/// # Errors
/// See [`StartError`].
pub async fn start_on(
    listener: TcpListener,
    config: &Config,
    metrics: Metrics,
) -> Result<Running, StartError> {
    tls::install();
    state::tell_without_meaning(config);
    let (folder, name) = config.agent();
    let agents = Arc::new(Agents::open(folder)?);
    let agent = agents.find(&name)?;
    let data = &config.server.data_dir;
    fs::create_dir_all(data).map_err(|source| StartError::Data { path: data.clone(), source })?;
    let wanted = SocketAddr::new(config.bind(), config.server.port);
    let address = listener.local_addr().map_err(|source| StartError::Listen { address: wanted, source })?;

    let (choices, keyring) = (config.clone(), keys::ring(&config.twilio));
    let keys = keyring.clone();
    let chosen = Arc::new(spawn_blocking(move || Chosen::build(&choices, &keys)).await??);
    let agent_now: AgentNow = {
        let (agents, first) = (Arc::clone(&agents), Arc::clone(&agent));
        Arc::new(move || agents.find(&name).unwrap_or_else(|_| Arc::clone(&first)))
    };
    let business: BusinessNow = {
        let agent_now = Arc::clone(&agent_now);
        Arc::new(move || {
            let agent = agent_now();
            Business { clinic: Arc::clone(&agent.clinic), zone: agent.zone.clone() }
        })
    };
    let kept = store::open(config).await?;
    let calendar = Arc::new(kept.book(business));
    old_book::tell(data);
    let state = state(config, kept.table()).await?;
    let later = later_in(kept.store.clone());
    let sender = http_tool::Sender::new(config.tool_secrets.clone(), config.server.allow_private_upstreams);
    let http: Option<Arc<dyn HttpTools>> = Some(Arc::new(sender));
    let tools = Means { calendar: calendar.clone(), clock: Arc::new(SystemClock), later, http }.tools();
    let turns = chosen.turns(tools.clone(), config, &kept);
    let calls = chosen.calls(Arc::clone(&agents), tools, Arc::clone(&turns), config, &kept);
    let rules = Rules { max_calls: config.voice.max_calls, ..Rules::default() };
    let admission = Arc::new(Admission::new(rules, state.clone()));
    let web = Web::new(Parts {
        carrier: Arc::new(keys::carrier(config, &keyring, address)?),
        codec: Arc::new(MediaStreams),
        admission: Arc::clone(&admission),
        calls,
        turns: Some(turns),
        calendar,
        store: kept.store.clone(),
        ledger: kept.ledger.clone(),
        clock: Arc::new(SystemClock),
        agent: agent_now,
        number: config.twilio.phone_number.clone(),
        api_token: keys::api_token(config),
        files: data.clone(),
        metrics: metrics.clone(),
        metrics_for: config.server.metrics_for,
        features: chosen.features(),
        state: state.clone(),
        state_ttl: config.state.ttl,
        line: Limits::default(),
        http: files::limits(HttpLimits::default(), config.voice.max_calls, files::raise()),
    });
    let jobs = jobs::start(config, &kept, chosen.model(), agents, state)?;
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(web::serve(listener, Arc::clone(&web), stop.clone()));
    tasks.spawn(keep_up(metrics));
    tasks.spawn(room::watch(config, admission).await.run());
    if let Some(age) = config.retention.recordings {
        tasks.spawn(sweep(data.clone(), age));
    }
    tracing::info!(agent = %agent.name, "listening on http://{address}");
    let presence = Arc::new(Presence::begin(kept.store.clone(), kept.owner.clone()));
    let times = Times::within(config.server.drain);
    Ok(Running { address, keyring, web, kept, presence, jobs, stop, tasks, times })
}

impl Running {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on reads the configuration again at each SIGHUP, as `read` does, and takes over Twilio's keys: requests signed by
    /// any of them are let in, and live calls go on. One that has mistakes is refused, and all of them are told in the log.
    pub fn rereads(
        &mut self,
        signals: HangUps,
        read: impl Fn() -> Result<Config, Complaints> + Send + Sync + 'static,
    ) {
        let keyring = self.keyring.clone();
        self.tasks.spawn(async move { match reload::follow(signals, keyring, Arc::new(read)).await {} });
    }

    /// Serves until the first signal, then drains; returns when the process may end.
    pub async fn until(mut self, mut signals: Signals) -> Drained {
        signals.next().await;
        self.web.drain();
        self.presence.end().await;
        self.web.others_serve(self.presence.others().await);
        let limit_s = self.times.limit.as_secs();
        tracing::info!(live = self.web.live(), limit_s, "no new calls; live ones may end in peace");
        let drained = last_words(&self.web, &self.presence, self.jobs, self.times, &mut signals).await;
        tracing::info!(?drained, "the server ends");
        self.stop.cancel();
        // The accept loop ends by itself; what else runs is cut when the set is dropped.
        drop(self.tasks.join_next().await);
        self.kept.close().await;
        drained
    }
}

/// The time for natural ends is over: calls go on at another node, or say goodbye where there is none.
async fn let_go(web: Arc<Web>, presence: Arc<Presence>) {
    let others = presence.others().await;
    web.others_serve(others);
    if others { web.hand_over() } else { web.say_goodbye() }
}

/// Lets calls and jobs come to their ends side by side. Once the calls are over another signal cuts the jobs.
async fn last_words(
    web: &Arc<Web>,
    presence: &Arc<Presence>,
    jobs: Runner,
    times: Times,
    signals: &mut Signals,
) -> Drained {
    let (mut jobs, mut jobs_are_over) = (pin!(jobs.drain(LAST_JOBS.min(times.limit))), false);
    let drained = {
        let again = async || signals.next().await;
        let end = || drop(tokio::spawn(let_go(Arc::clone(web), Arc::clone(presence))));
        let mut calls = pin!(shutdown::drain(|| web.live(), end, times, again));
        loop {
            tokio::select! {
                drained = &mut calls => break drained,
                () = &mut jobs, if !jobs_are_over => jobs_are_over = true,
            }
        }
    };
    if !jobs_are_over {
        tokio::select! {
            () = jobs => {}
            () = signals.next() => {}
        }
    }
    drained
}

/// Each node deletes the files that lie with it.
async fn sweep(folder: PathBuf, age: Duration) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (folder, now) = (folder.clone(), SystemClock.now());
        if let Err(error) = spawn_blocking(move || recordings::sweep(&folder, now, age)).await {
            tracing::error!(code = "RETENTION", %error, "old recordings can't be looked for");
        }
    }
}

async fn keep_up(metrics: Metrics) {
    let mut ticks = interval(KEEP_UP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics.keep_up();
    }
}
