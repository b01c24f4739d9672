//! The state store that the configuration chooses.

use super::StartError;
use crate::{
    base::secret::ExposeSecret as _,
    config::Config,
    ports::state::SharedState,
    storage::state::{Embedded, Fallback, Redis, RedisOptions},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long the start waits to know whether Redis answers; it goes on without.
const FIRST_ANSWER: Duration = Duration::from_secs(1);

/// The database's table, with Redis before it where one is named.
///
/// # Errors
/// Redis' address can't be used.
pub async fn state(config: &Config, table: Embedded) -> Result<SharedState, StartError> {
    let state: SharedState = match &config.state.redis_url {
        None => Arc::new(table),
        Some(url) => Arc::new(Fallback::new(redis(url.expose_secret()).await?, table)),
    };
    let available = state.is_available().await;
    let ttl_h = config.state.ttl.as_secs() / 3_600;
    tracing::info!(code = "STATE_STORE", kind = state.kind().as_str(), available, ttl_h, "state store");
    Ok(state)
}

async fn redis(url: &str) -> Result<Redis, StartError> {
    let redis = Redis::open(url, RedisOptions::default())
        .map_err(|error| StartError::Provider(format!("REDIS_URL: {error}")))?;
    // Nothing depends on it: one that is late is used later.
    timeout(FIRST_ANSWER, redis.until_tried()).await.ok();
    Ok(redis)
}

/// Names in the log what is set and means nothing here.
pub(super) fn tell_without_meaning(config: &Config) {
    for (name, reason) in &config.without_meaning {
        tracing::info!(
            code = "WITHOUT_MEANING",
            name,
            reason,
            "an environment variable that means nothing here is set"
        );
    }
}
