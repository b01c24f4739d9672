//! What the routes share.

use super::{client::Tally, limits::HttpLimits};
use crate::{
    base::{
        clock::{self, WallClock},
        secret::SecretString,
    },
    channels::{
        ledger::Ledger,
        turns::Turns,
        voice::{
            admission::Admission,
            calls::{CallSummary, Calls},
            limits::Limits,
            status::StatusBook,
        },
    },
    dialogue::agent::Agent,
    ports::{
        calendar::Calendar, carrier::Carrier, media::MediaCodec, state::SharedState, store::SharedStore,
    },
    telemetry::metrics::Metrics,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Who may read `/metrics`. Whoever shows a key to the API may, except from [`MetricsFor::Nobody`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MetricsFor {
    /// Programs on this machine that ask for it directly; not what a proxy or a tunnel passes on.
    #[default]
    ThisMachine,
    /// Everybody who reaches the port: for closed networks.
    Everybody,
    /// Nobody: the route does not exist.
    Nobody,
}

/// Tells who answers the telephone at this moment.
pub type AgentNow = Arc<dyn Fn() -> Arc<Agent> + Send + Sync>;

/// What a server is made of.
pub struct Parts {
    /// Checks and answers webhooks.
    pub carrier: Arc<dyn Carrier>,
    /// Reads and writes media sockets.
    pub codec: Arc<dyn MediaCodec>,
    /// Lets calls in.
    pub admission: Arc<Admission>,
    /// Takes and shows calls.
    pub calls: Arc<dyn Calls>,
    /// Holds calls by turns; where absent there are none.
    pub turns: Option<Arc<Turns>>,
    /// The appointment book.
    pub calendar: Arc<dyn Calendar>,
    /// Where everything is kept.
    pub store: SharedStore,
    /// Where it is written.
    pub ledger: Ledger,
    /// Calendar time.
    pub clock: Arc<dyn WallClock>,
    /// Who answers.
    pub agent: AgentNow,
    /// The number that is called; any where absent.
    pub number: Option<String>,
    /// Opens the API besides the keys; does not where it is empty.
    pub api_token: SecretString,
    /// Where recordings and logs of calls lie: no other file is ever sent or deleted.
    pub files: PathBuf,
    /// What was counted.
    pub metrics: Metrics,
    /// Who may read it.
    pub metrics_for: MetricsFor,
    /// What `/health` tells of the set-up, such as `stt` → `deepgram`.
    pub features: BTreeMap<String, String>,
    /// What is kept for a while.
    pub state: SharedState,
    /// How long the summary of a call is kept there.
    pub state_ttl: Duration,
    /// The limits of a media socket.
    pub line: Limits,
    /// The limits of a connection.
    pub http: HttpLimits,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("features", &self.features).finish_non_exhaustive()
    }
}

/// A server's state, shared by all requests.
pub struct Web {
    pub(super) parts: Parts,
    pub(super) statuses: StatusBook,
    pub(super) unsigned: Tally,
    pub(super) wrong_tokens: Tally,
    /// By the keys' identifiers.
    pub(super) keys: Tally<String>,
    draining: AtomicBool,
    others: AtomicBool,
    handshakes: AtomicUsize,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("draining", &self.is_draining()).finish_non_exhaustive()
    }
}

impl Web {
    /// Ready to serve.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            unsigned: Tally::new(parts.http.unsigned),
            wrong_tokens: Tally::new(parts.http.wrong_tokens),
            keys: Tally::new(parts.http.api),
            statuses: StatusBook::default(),
            parts,
            draining: AtomicBool::new(false),
            others: AtomicBool::new(false),
            handshakes: AtomicUsize::new(0),
        })
    }

    /// From now on new callers hear that they should call again, and `/readyz` says 503; live calls go on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// How many calls live or are on their way: let in, but without a line yet.
    pub fn live(&self) -> usize {
        let coming = self.parts.admission.coming(clock::now());
        coming + self.handshakes.load(Ordering::Relaxed) + self.parts.calls.count()
    }

    /// Asks every live call to say goodbye; those on their way get no line any more.
    pub fn say_goodbye(&self) {
        self.parts.admission.close();
        for CallSummary { call, .. } in self.parts.calls.list() {
            if self.parts.calls.hang_up(&call).is_err() {
                tracing::debug!(call.sid = %call, "the call was over already");
            }
        }
    }

    /// From now on, or no longer, other nodes take calls: who calls while this one drains is sent to them.
    pub fn others_serve(&self, others: bool) {
        self.others.store(others, Ordering::Relaxed);
    }

    /// Whether a call that asks now should rather ask another node.
    pub(super) fn sends_elsewhere(&self) -> bool {
        self.is_draining() && self.others.load(Ordering::Relaxed)
    }

    /// Lets go of every live call, so that the network brings it to another node; those on their way get no line here any more.
    pub fn hand_over(&self) {
        self.parts.admission.close();
        for CallSummary { call, .. } in self.parts.calls.list() {
            if self.parts.calls.hand_over(&call).is_err() {
                tracing::debug!(call.sid = %call, "the call was over already");
            }
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// A place for one more media socket until its handshake is done; none when all calls are taken.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let shaking = self.handshakes.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(self));
        (self.parts.calls.count() + shaking < self.parts.admission.max_calls()).then_some(place)
    }
}

/// Counts a media socket whose handshake is not done; dropping gives the place back.
#[derive(Debug)]
pub(super) struct Place(Arc<Web>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.handshakes.fetch_sub(1, Ordering::Relaxed);
    }
}
