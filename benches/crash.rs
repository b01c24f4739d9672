//! The server is killed a hundred times on each database, under load: nothing that it promised is lost, and nothing happens twice.
//!
//! `cargo bench --bench crash -- ROUNDS SEED` takes another number of rounds, and the moments of an earlier run; with `sqlite` or
//! `postgres` only that database is tried, with `restarts` only the restart of two servers with 40 calls.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench may panic and speaks to a person"
)]

#[expect(dead_code, reason = "signals are tried by the tests")]
#[path = "../tests/support/crash/mod.rs"]
mod crash;
#[expect(dead_code, unused_imports, reason = "not every server is needed here")]
#[path = "../tests/support/services/mod.rs"]
mod services;

use crash::{Database, Plan, live, nodes, slow_disk, survives};
use services::{Postgres, Redis};
use std::{env, time::Duration};

/// How soon a caller who comes back hears words (reliability I3).
const WORDS: Duration = Duration::from_millis(1_500);

/// For how long at most a caller hears nobody when their call is handed over, but for one of twenty (reliability I7).
const GAP: Duration = Duration::from_secs(2);

/// Two servers with twenty calls each are restarted one after the other.
async fn restarts() {
    let Some((postgres, redis)) = Postgres::any().await.zip(Redis::own().await) else { return };
    let database = Database::Postgres(services::Database::on(postgres.url()).await);
    let mut gaps = nodes::restart_one_after_the_other(database, redis.url(), 20).await;
    gaps.sort_unstable();
    let [half, most] = [50, 95].map(|percent| gaps[gaps.len() * percent / 100]);
    println!(
        "40 calls were handed over {} times: their callers heard nobody for {half:?} (p50), {most:?} (p95)",
        gaps.len()
    );
    assert!(most <= GAP, "callers waited too long");
}

fn main() {
    let numbers: Vec<u64> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let rounds = numbers.first().map_or(100, |rounds| u32::try_from(*rounds).unwrap());
    let seed = numbers.get(1).copied().unwrap_or_else(rand::random);
    let plan = Plan { rounds, callers: 3, late: Duration::from_secs(1), seed };
    println!("{plan:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let only = |name: &str| env::args().any(|argument| argument == name);
    runtime.block_on(async {
        if only("restarts") {
            return restarts().await;
        }
        if !only("postgres") {
            on_sqlite(plan).await;
        }
        if !only("sqlite") {
            on_postgres(plan).await;
        }
    });
}

async fn on_sqlite(plan: Plan) {
    let mut waits = live::calls_go_on(Database::Sqlite, 20).await;
    waits.sort_unstable();
    println!(
        "20 calls of a server that was away for 2 s heard words {:?} to {:?} after the new stream",
        waits[0], waits[19]
    );
    assert!(waits[19] <= WORDS, "the last caller waited too long");
    println!("{}", slow_disk::webhooks_share_the_disk().await);
    println!("SQLite");
    for figures in survives(plan, async || Database::Sqlite).await {
        println!("  {figures}");
    }
}

async fn on_postgres(plan: Plan) {
    let Some(postgres) = Postgres::any().await else { return };
    restarts().await;
    println!("Postgres");
    let place = async || Database::Postgres(services::Database::on(postgres.url()).await);
    for figures in survives(plan, place).await {
        println!("  {figures}");
    }
}
