//! The state store in Redis 6 or later, or what speaks its protocol.

use super::link::{Link, Options};
use crate::ports::state::{Counted, Held, Key, Kind, StateError, StateStore, fits, millis};
use futures_util::future::BoxFuture;
use redis::{AsyncConnectionConfig, ErrorKind, Pipeline, RedisError, pipe};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// What the names of our keys begin with: others may use the same database.
const OURS: &str = "centralita:";

/// The state store in Redis. While that is away every method fails at once with `Unavailable`; within a call nothing waits
/// for it longer than [`Options::patience`].
#[derive(Debug)]
pub struct Redis {
    link: Arc<Link>,
}

impl Redis {
    /// Connects in the background, now and whenever it must, until this is dropped. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`StateError::Broken`] where `url` is not the address of a Redis; it is not told, since it may hold a password.
    pub fn open(url: &str, options: Options) -> Held<Self> {
        Ok(Self { link: Link::open(url, options)? })
    }

    /// Waits until Redis is found to answer, or not to. Cancel-safe.
    pub async fn until(&self, answers: bool) {
        self.link.until(|status| status == Some(answers)).await;
    }

    /// Waits until the first attempt to connect has come to something. Cancel-safe.
    pub async fn until_tried(&self) {
        self.link.until(|status| status.is_some()).await;
    }

    pub(super) fn answers(&self) -> bool {
        self.link.answers()
    }

    /// Takes a value; tells how much of its life was left too.
    pub(super) async fn withdraw(&self, key: &Key) -> Held<Option<(Vec<u8>, Duration)>> {
        let name = held(key)?;
        let (left, value): (i64, Option<Vec<u8>>) =
            self.link.ask(pipe().atomic().pttl(&name).get(&name).del(&name).ignore()).await?;
        Ok(value.map(|value| (value, time_left(left))))
    }

    /// Removes what is kept.
    pub(super) async fn remove(&self, key: &Key) -> Held<()> {
        self.link.ask(pipe().del(held(key)?).ignore()).await
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.link.close();
    }
}

impl StateStore for Redis {
    fn put(&self, key: Key, value: Vec<u8>, life: Duration) -> BoxFuture<'_, Held<()>> {
        Box::pin(async move {
            fits(&value)?;
            self.link.ask(set(&held(&key)?, &value, millis(life)?).ignore()).await
        })
    }

    fn get(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        Box::pin(async move {
            let (value,): (Option<Vec<u8>>,) = self.link.ask(pipe().get(held(&key)?)).await?;
            Ok(value)
        })
    }

    fn take(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        Box::pin(async move { Ok(self.withdraw(&key).await?.map(|(value, _)| value)) })
    }

    fn add(&self, key: Key, life: Duration) -> BoxFuture<'_, Held<bool>> {
        Box::pin(async move {
            let mut set = set(&held(&key)?, b"", millis(life)?);
            let (done,): (Option<String>,) = self.link.ask(set.arg("NX")).await?;
            Ok(done.is_some())
        })
    }

    fn count(&self, key: Key, window: Duration) -> BoxFuture<'_, Held<Counted>> {
        Box::pin(async move {
            let name = format!("{OURS}{}", key.counted()?);
            let mut counting = set(&name, b"0", millis(window)?);
            // The first one begins the window; `INCR` leaves its end alone.
            let counting = counting.arg("NX").ignore().atomic().incr(&name, 1).pttl(&name);
            let (count, left): (u64, i64) = self.link.ask(counting).await?;
            Ok(Counted { count, left: time_left(left) })
        })
    }

    fn kind(&self) -> Kind {
        Kind::Redis
    }

    fn is_available(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { self.answers() })
    }
}

fn held(key: &Key) -> Held<String> {
    Ok(format!("{OURS}{}", key.held()?))
}

fn set(name: &str, value: &[u8], life: i64) -> Pipeline {
    let mut set = pipe();
    set.cmd("SET").arg(name).arg(value).arg("PX").arg(life);
    set
}

/// Of a key that is gone, or has no end, Redis tells a negative number.
fn time_left(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Connects within `connecting`, writes and reads, as an operator's question; what is written is gone after a second.
///
/// # Errors
/// Why it can't; without the address, which may hold a password.
pub async fn try_redis(url: &str, connecting: Duration) -> Result<(), RedisError> {
    const LIFE: u32 = 1_000;
    let config = AsyncConnectionConfig::new().set_connection_timeout(None);
    let client = redis::Client::open(url)?;
    let connected = timeout(connecting, client.get_multiplexed_async_connection_with_config(&config)).await;
    let late = |_| RedisError::from((ErrorKind::Io, "no connection in time"));
    let mut connection = connected.map_err(late)??;
    let name = format!("{OURS}doctor");
    let mut trial = pipe();
    trial.cmd("SET").arg(&name).arg("well").arg("PX").arg(LIFE).ignore().get(&name);
    let (_,): (Option<String>,) = trial.query_async(&mut connection).await?;
    Ok(())
}

/// Whether a text is the address of a Redis, such as `rediss://user:password@host:6379/0`.
///
/// # Errors
/// [`StateError::Unfit`], without the text.
pub fn check_url(url: &str) -> Held<()> {
    let parsed = redis::IntoConnectionInfo::into_connection_info(url);
    parsed.map(drop).map_err(|_| StateError::Unfit("an address that is not one of a Redis"))
}
