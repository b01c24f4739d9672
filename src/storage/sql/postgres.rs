//! Postgres.

use super::{
    engine::{Conn, Options, Tx, Work},
    failure::{broken, consequence, is_collision, unavailable},
};
use crate::ports::store::Stored;
use sqlx::{
    ConnectOptions as _, Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::str::FromStr as _;
use tokio::time::timeout;

/// How often a transaction is tried that another one was in the way of (SQLSTATE 40001, 40P01; reliability E12).
const TRIES: usize = 5;

/// A pool of connections.
pub(super) struct Postgres(PgPool);

impl Postgres {
    /// Connects once, which tells at once and in plain words why it can't be done: the pool only tells that time went by.
    pub(super) async fn open(url: &str, options: &Options) -> Stored<Self> {
        let connect = PgConnectOptions::from_str(url).map_err(broken)?;
        // A pooler in transaction mode knows neither prepared statements nor this setting of the session.
        let connect =
            connect.statement_cache_capacity(0).extra_float_digits(None).application_name("centralita");
        let connected = timeout(options.connecting, connect.connect()).await;
        let late = |_| unavailable(format!("no connection within {} ms", options.connecting.as_millis()));
        let connected = connected.map_err(late)?;
        connected.map_err(consequence)?.close().await.map_err(consequence)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.patience)
            .connect_lazy_with(connect);
        Ok(Self(pool))
    }

    pub(super) async fn begin(&self) -> Stored<Tx> {
        Ok(Tx::on(Conn::Postgres(self.0.begin().await.map_err(consequence)?)))
    }

    /// Does the work in a transaction, and again where another one was in its way.
    pub(super) async fn write<A, T>(&self, args: &A, work: Work<A, T>) -> Stored<T> {
        let mut tries = 1;
        loop {
            let mut tx = self.begin().await?;
            let done = work(&mut tx, args).await;
            let mut collided = tx.collided();
            let error = match done {
                Ok(done) => match tx.commit().await {
                    Ok(()) => return Ok(done),
                    Err(error) => {
                        collided = is_collision(&error);
                        consequence(error)
                    }
                },
                Err(error) => {
                    tx.rollback().await?;
                    error
                }
            };
            if !collided || tries == TRIES {
                return Err(error);
            }
            tries += 1;
        }
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}
