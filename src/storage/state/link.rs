//! The connection to Redis: made, watched and made again by a task of its own, so that nobody else ever waits for it.
//!
//! Redis is well while it writes what it is asked to write: one that is full, or may only be read, counts as away, and a new
//! connection is made until one of them writes again. A new connection asks for the address anew, and so finds a new master.

use crate::{
    base::{
        backoff::Backoff,
        breaker::{Breaker, BreakerRules},
        clock, connecting,
    },
    ports::state::{Held, StateError},
    telemetry::metrics,
};
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, Pipeline, RedisError,
    aio::MultiplexedConnection, pipe,
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How Redis is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long one answer may take: 50 ms, so that no call waits longer for it (reliability F3).
    pub patience: Duration,
    /// How long a connection may take, encryption and password included. Nobody waits for it.
    pub connecting: Duration,
    /// How often a connection that is not used is tried: what went away is known before it is needed.
    pub probing: Duration,
    /// The first pause after a connection was lost, and the longest: a new master is found within 10 s (reliability F5).
    pub pauses: (Duration, Duration),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_millis(50),
            connecting: connecting::LIMIT,
            probing: Duration::from_secs(1),
            pauses: (Duration::from_millis(250), Duration::from_secs(2)),
        }
    }
}

/// Answers in a row that did not come in time until Redis counts as away: one may be an accident of the network.
const SLOW_ANSWERS: u32 = 3;

/// An outage that begins sooner after the last one that was told is told when it lasts until then.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// The key by which it is tried whether Redis writes.
const PROBE: &str = "centralita:probe";

/// How long that lies there, in milliseconds.
const PROBE_LIFE: u32 = 10_000;

/// Why Redis counts as away.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("no connection within {} ms", .0.as_millis())]
    Unconnected(Duration),
    #[error("it did not answer within {} ms", .0.as_millis())]
    Slow(Duration),
    #[error("{0}")]
    Failed(RedisError),
}

impl Trouble {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unconnected(_) => "connection",
            Self::Slow(_) => "slow",
            Self::Failed(error) if error.is_io_error() => "connection",
            Self::Failed(_) => "refused",
        }
    }
}

/// The connection, and whether there is one.
pub(super) struct Link {
    client: Client,
    options: Options,
    line: Mutex<Line>,
    /// Whether Redis answers, once that is known.
    status: watch::Sender<Option<bool>>,
    lost: Notify,
    closed: CancellationToken,
}

struct Line {
    connection: Option<MultiplexedConnection>,
    /// Counts the connections: news of an old one say nothing about the present one.
    number: u64,
    answers: Breaker,
    outage: Outage,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client knows the password.
        f.debug_struct("Link").field("answers", &self.answers()).finish_non_exhaustive()
    }
}

impl Link {
    pub(super) fn open(url: &str, options: Options) -> Held<Arc<Self>> {
        let client = Client::open(url).map_err(|error| {
            // What `error` says may repeat a part of the address.
            tracing::debug!(kind = ?error.kind(), "the address of Redis cannot be read");
            StateError::Unfit("an address that is not one of a Redis")
        })?;
        let link = Arc::new(Self {
            client,
            options,
            line: Mutex::new(Line {
                connection: None,
                number: 0,
                answers: breaker(),
                outage: Outage::default(),
            }),
            status: watch::Sender::new(None),
            lost: Notify::new(),
            closed: CancellationToken::new(),
        });
        tokio::spawn(Arc::clone(&link).keep());
        Ok(link)
    }

    /// Ends the connection; from now on Redis is away.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    pub(super) fn answers(&self) -> bool {
        *self.status.borrow() == Some(true)
    }

    pub(super) async fn until(&self, met: impl Fn(Option<bool>) -> bool) {
        let mut status = self.status.subscribe();
        // The sender lives as long as `self`.
        drop(status.wait_for(|status| met(*status)).await);
    }

    /// Asks Redis. Dropping the future does not take the question back.
    ///
    /// # Errors
    /// `Unavailable` where it is away, or did not answer in time; `Broken` where it does not understand what we want.
    pub(super) async fn ask<T: FromRedisValue>(&self, asked: &Pipeline) -> Held<T> {
        let Some((number, mut connection)) = self.connection() else {
            return Err(StateError::Unavailable("Redis is away".to_owned()));
        };
        match self.answer(&mut connection, asked).await {
            Ok(answer) => {
                let mut line = self.line();
                if line.number == number {
                    line.answers.succeeded();
                }
                Ok(answer)
            }
            Err(Trouble::Failed(error)) if is_ours(&error) => {
                metrics::redis_failure("misunderstood");
                Err(StateError::Broken(error.into()))
            }
            Err(trouble) => {
                metrics::redis_failure(trouble.kind());
                let told = trouble.to_string();
                self.suffer(number, &trouble);
                Err(StateError::Unavailable(format!("Redis: {told}")))
            }
        }
    }

    async fn answer<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        asked: &Pipeline,
    ) -> Result<T, Trouble> {
        let patience = self.options.patience;
        match timeout(patience, asked.query_async(connection)).await {
            Ok(answer) => answer.map_err(Trouble::Failed),
            Err(_) => Err(Trouble::Slow(patience)),
        }
    }

    /// Something went wrong with the connection of this number.
    fn suffer(&self, number: u64, trouble: &Trouble) {
        let mut line = self.line();
        let now = clock::now();
        if line.number != number || line.connection.is_none() {
            return;
        }
        if matches!(trouble, Trouble::Slow(_)) && !line.answers.failed(now) {
            return;
        }
        // With its last clone the connection is closed, and what waits in it is not sent any more.
        line.connection = None;
        let tell = line.outage.goes_on(now);
        drop(line);
        self.went_away(trouble, tell);
        self.lost.notify_one();
    }

    fn went_away(&self, trouble: &Trouble, tell: bool) {
        metrics::redis_up(false);
        self.status.send_replace(Some(false));
        if tell {
            tracing::warn!(
                code = "REDIS_DOWN",
                reason = %trouble,
                "Redis is away: the database's own table stands in, and limits count apart from those of other nodes"
            );
        }
    }

    /// The task that makes connections, until the link is closed.
    async fn keep(self: Arc<Self>) {
        let keeping = async {
            let (first, longest) = self.options.pauses;
            let mut backoff = Backoff::new(first, longest);
            loop {
                match self.connect().await {
                    Ok(connection) => {
                        self.answers_again(connection);
                        self.watch().await;
                        backoff = Backoff::new(first, longest);
                    }
                    Err(trouble) => {
                        metrics::redis_failure(trouble.kind());
                        let tell = self.line().outage.goes_on(clock::now());
                        self.went_away(&trouble, tell);
                    }
                }
                sleep(backoff.pause(rand::random())).await;
            }
        };
        self.closed.run_until_cancelled(keeping).await;
        self.line().connection = None;
        self.status.send_replace(Some(false));
    }

    /// A connection by which Redis writes.
    async fn connect(&self) -> Result<MultiplexedConnection, Trouble> {
        let connecting = self.options.connecting;
        // The crate's limit does not begin before the address is found, and says of itself nothing but that time is up. Answers
        // have our own limit too, by which a question that was given up is known.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connected = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = match timeout(connecting, connected).await {
            Ok(connected) => connected.map_err(Trouble::Failed)?,
            Err(_) => return Err(Trouble::Unconnected(connecting)),
        };
        self.answer::<()>(&mut connection, &probe()).await?;
        Ok(connection)
    }

    fn answers_again(&self, connection: MultiplexedConnection) {
        let mut line = self.line();
        line.connection = Some(connection);
        line.number += 1;
        line.answers = breaker();
        let told = line.outage.ends(clock::now());
        drop(line);
        metrics::redis_up(true);
        self.status.send_replace(Some(true));
        if let Some(lasted) = told {
            tracing::info!(code = "REDIS_UP", away_s = lasted.as_secs(), "Redis answers again");
        }
    }

    /// Tries the connection now and then, until it is lost.
    async fn watch(&self) {
        loop {
            tokio::select! {
                () = self.lost.notified() => return,
                () = sleep(self.options.probing) => {}
            }
            if let Err(error) = self.ask::<()>(&probe()).await {
                tracing::debug!(%error, "Redis was tried in vain");
            }
        }
    }

    fn connection(&self) -> Option<(u64, MultiplexedConnection)> {
        let line = self.line();
        Some((line.number, line.connection.clone()?))
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn breaker() -> Breaker {
    // The pause does not matter: one that opens is replaced with the connection.
    Breaker::new(BreakerRules { failures: SLOW_ANSWERS, pause: Duration::ZERO })
}

fn probe() -> Pipeline {
    let mut probe = pipe();
    probe.cmd("SET").arg(PROBE).arg("").arg("PX").arg(PROBE_LIFE).ignore();
    probe
}

/// Whether Redis is well, and what we asked of it was wrong: such as a key of ours that somebody else has written to.
fn is_ours(error: &RedisError) -> bool {
    let refused = |code: &str| matches!(code, "ERR" | "WRONGTYPE");
    error.kind() == ErrorKind::UnexpectedReturnType
        || error
            .clone()
            .into_server_errors()
            .is_some_and(|errors| errors.iter().all(|(_, error)| refused(error.code())))
}

/// How long Redis is away, and whether that was told.
#[derive(Clone, Copy, Debug, Default)]
struct Outage {
    since: Option<Instant>,
    told: bool,
    last_told: Option<Instant>,
}

impl Outage {
    /// Redis is away at `now`; whether that is to be told.
    fn goes_on(&mut self, now: Instant) -> bool {
        self.since.get_or_insert(now);
        let often = self.last_told.is_some_and(|told| now.duration_since(told) < TELL_AGAIN);
        if self.told || often {
            return false;
        }
        (self.told, self.last_told) = (true, Some(now));
        true
    }

    /// Redis answers; how long it was away, where that was told.
    fn ends(&mut self, now: Instant) -> Option<Duration> {
        let told = std::mem::take(&mut self.told);
        self.since.take().filter(|_| told).map(|since| now.duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_those_that_follow_at_most_each_ten_seconds() {
        let begin = clock::now();
        let after = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut outage = Outage::default();
        assert_eq!([0, 1, 60].map(|second| outage.goes_on(after(second))), [true, false, false]);
        assert_eq!(outage.ends(after(61)), Some(Duration::from_secs(61)));
        assert_eq!(outage.ends(after(62)), None);

        assert!(outage.goes_on(after(70)));
        assert_eq!(outage.ends(after(71)), Some(Duration::from_secs(1)));
        // One that is short is not told at all, and one that lasts is told late.
        assert!(!outage.goes_on(after(72)));
        assert_eq!(outage.ends(after(73)), None);
        assert_eq!([74, 79, 80, 81].map(|second| outage.goes_on(after(second))), [false, false, true, false]);
        assert_eq!(outage.ends(after(90)), Some(Duration::from_secs(16)));
    }
}
