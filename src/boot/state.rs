//! The state store that the configuration chooses.

use super::StartError;
use crate::{
    base::secret::ExposeSecret as _,
    config::Config,
    ports::state::{SharedState, StateStore as _},
    storage::state::{Embedded, Fallback, Redis, RedisOptions},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long the start waits to know whether Redis answers; it goes on without.
const FIRST_ANSWER: Duration = Duration::from_secs(1);

/// The database's table, with Redis before it where one is named.
pub(super) async fn state(config: &Config, table: Embedded) -> Result<SharedState, StartError> {
    for (name, reason) in &config.without_meaning {
        tracing::info!(code = "WITHOUT_MEANING", "{name} is set and means nothing here: {reason}");
    }
    let state: SharedState = match &config.state.redis_url {
        None => Arc::new(table),
        Some(url) => {
            let redis = Redis::open(url.expose_secret(), RedisOptions::default());
            let redis = redis.map_err(|error| StartError::Provider(format!("REDIS_URL: {error}")))?;
            if timeout(FIRST_ANSWER, redis.until_tried()).await.is_err() {
                tracing::debug!("Redis has not answered yet");
            }
            Arc::new(Fallback::new(redis, table))
        }
    };
    let (kind, ttl_h) = (state.kind().as_str(), config.state.ttl.as_secs() / 3_600);
    let available = state.is_available().await;
    tracing::info!(code = "STATE_STORE", kind, available, ttl_h, "state store");
    Ok(state)
}
