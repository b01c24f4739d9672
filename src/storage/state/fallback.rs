//! Redis and the database's table as one state store: the table decides, Redis is what nodes share beyond it (decision 0009).

use super::{
    embedded::{Added, Embedded, Known},
    redis::Redis,
};
use crate::ports::state::{Counted, Held, Key, Kind, StateError, StateStore};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// Both. What was acknowledged is in the table; Redis has a copy, and is asked where the table knows nothing.
#[derive(Debug)]
pub struct Fallback {
    redis: Redis,
    table: Embedded,
}

impl Fallback {
    /// Puts them together.
    pub const fn new(redis: Redis, table: Embedded) -> Self {
        Self { redis, table }
    }

    /// The Redis of the two.
    pub const fn redis(&self) -> &Redis {
        &self.redis
    }
}

impl StateStore for Fallback {
    fn put(&self, key: Key, value: Vec<u8>, life: Duration) -> BoxFuture<'_, Held<()>> {
        Box::pin(async move {
            self.table.put(key.clone(), value.clone(), life).await?;
            without_redis("put", self.redis.put(key, value, life).await);
            Ok(())
        })
    }

    fn get(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        Box::pin(async move {
            match self.table.known(&key).await? {
                Known::Nothing => Ok(without_redis("get", self.redis.get(key).await).flatten()),
                known => Ok(known.value()),
            }
        })
    }

    fn take(&self, key: Key) -> BoxFuture<'_, Held<Option<Vec<u8>>>> {
        Box::pin(async move {
            match self.table.withdraw(&key).await? {
                Known::Value(value) => {
                    without_redis("remove", self.redis.remove(&key).await);
                    Ok(Some(value))
                }
                Known::Taken => Ok(None),
                Known::Nothing => {
                    let there = without_redis("take", self.redis.withdraw(&key).await).flatten();
                    let Some((value, left)) = there else { return Ok(None) };
                    // A Redis that lost its memory of this must not give it once more.
                    Ok(self.table.bury(&key, left).await?.then_some(value))
                }
            }
        })
    }

    fn add(&self, key: Key, life: Duration) -> BoxFuture<'_, Held<bool>> {
        Box::pin(async move {
            match self.table.mark(&key, life).await? {
                Added::No => Ok(false),
                // Another node that has a table of its own may have added it.
                Added::Yes => Ok(without_redis("add", self.redis.add(key, life).await).unwrap_or(true)),
                Added::Again => {
                    without_redis("add", self.redis.put(key, Vec::new(), life).await);
                    Ok(true)
                }
            }
        })
    }

    fn count(&self, key: Key, window: Duration) -> BoxFuture<'_, Held<Counted>> {
        Box::pin(async move {
            match without_redis("count", self.redis.count(key.clone(), window).await) {
                Some(counted) => Ok(counted),
                None => self.table.count(key, window).await,
            }
        })
    }

    fn kind(&self) -> Kind {
        Kind::Redis
    }

    fn is_available(&self) -> BoxFuture<'_, bool> {
        self.redis.is_available()
    }
}

/// What Redis answered; nothing where it is away, which its link tells, or did not understand, which is told here.
fn without_redis<T>(verb: &'static str, answer: Held<T>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(StateError::Unavailable(_)) => None,
        Err(error) => {
            tracing::warn!(code = "REDIS_ODD", verb, %error, "Redis was passed over");
            None
        }
    }
}
