//! State stores to test, and how long a test waits.

use super::services::{Database, Postgres, Redis as Server};
use centralita::{
    ports::state::{Key, Use},
    storage::{
        Options, Place, SqlStore,
        state::{Embedded, Fallback, Redis, RedisOptions},
    },
};
use std::{fs, path::PathBuf, time::Duration};
use tokio::time::timeout;

/// How long any event may take before the test fails.
pub(crate) const GUARD: Duration = Duration::from_mins(1);

/// A life that no test outlives.
pub(crate) const LONG: Duration = Duration::from_hours(1);

/// A life whose end a test waits for.
pub(crate) const BRIEF: Duration = Duration::from_millis(20);

/// Waits for an event.
pub(crate) async fn soon<F: Future>(event: F) -> F::Output {
    timeout(GUARD, event).await.expect("the event should have come long ago")
}

/// Asks again and again until the answer is as it should be.
pub(crate) async fn until<T>(mut ask: impl AsyncFnMut() -> T, met: impl Fn(&T) -> bool) -> T {
    soon(async {
        loop {
            let answer = ask().await;
            if met(&answer) {
                return answer;
            }
        }
    })
    .await
}

/// A database file that is gone after the test.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("centralita-state-{:016x}", rand::random::<u64>()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("centralita.db")
    }

    /// Its table.
    pub(crate) async fn table(&self) -> Embedded {
        table(Place::File(self.path())).await
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A database's table, which is never impatient.
async fn table(place: Place) -> Embedded {
    let options = Options { patience: GUARD, connecting: GUARD, ..Options::default() };
    SqlStore::open(place, options).await.unwrap().state()
}

/// A fresh database of Postgres, where there is one.
pub(crate) async fn postgres() -> Option<(Database, Embedded)> {
    let database = Database::on(Postgres::any().await?.url()).await;
    let table = table(Place::Server(database.url().to_owned())).await;
    Some((database, table))
}

/// Waits for a machine that is busy, as a caller would not.
pub(crate) fn patient() -> RedisOptions {
    RedisOptions { patience: GUARD, connecting: GUARD, ..RedisOptions::default() }
}

/// Redis, once it is known whether it answers.
pub(crate) async fn redis(url: &str, options: RedisOptions) -> Redis {
    let redis = Redis::open(url, options).unwrap();
    soon(redis.until_tried()).await;
    redis
}

/// Redis and a fresh table.
pub(crate) async fn both(server: &Server, file: &File, options: RedisOptions) -> Fallback {
    Fallback::new(redis(server.url(), options).await, file.table().await)
}

/// A key that no other test uses: the server may be everybody's.
pub(crate) fn key(purpose: Use, id: &str) -> Key {
    Key::new(purpose, format!("{id}-{:032x}", rand::random::<u128>()))
}
