//! Postgres.

use super::{
    engine::{Conn, Options, Tx, Work},
    failure::{broken, consequence},
};
use crate::ports::store::Stored;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::str::FromStr as _;

/// How often a transaction is tried that another one was in the way of (SQLSTATE 40001, 40P01; reliability E12).
const TRIES: usize = 5;

/// A pool of connections.
pub(super) struct Postgres(PgPool);

impl Postgres {
    /// Connects when it is first needed, so that a database that is away keeps nobody from starting.
    pub(super) fn open(url: &str, options: &Options) -> Stored<Self> {
        let connect = PgConnectOptions::from_str(url).map_err(broken)?;
        // A pooler in transaction mode knows neither prepared statements nor this setting of the session.
        let connect =
            connect.statement_cache_capacity(0).extra_float_digits(None).application_name("centralita");
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
            let collided = tx.collided();
            match done {
                Ok(done) => {
                    tx.commit().await?;
                    return Ok(done);
                }
                Err(error) => {
                    tx.rollback().await?;
                    if !collided || tries == TRIES {
                        return Err(error);
                    }
                }
            }
            tries += 1;
        }
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}
