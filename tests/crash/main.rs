//! The server is killed, or told to end: at random under load, where nothing that it promised is lost and nothing happens twice; and
//! while callers talk, who go on, are called back, or come to their ends in peace.
//!
//! `cargo bench --bench crash` does the same a hundred times on each database.

#[path = "../support/crash/mod.rs"]
mod crash;
#[expect(dead_code, unused_imports, reason = "not every server is needed here")]
#[path = "../support/services/mod.rs"]
mod services;

use crash::{Database, Plan, live, nodes, signals, slow_disk, standstill, survives};
use services::{Postgres, Redis};
use std::time::Duration;
use tokio::sync::Mutex;

/// Ten rounds, with a seed that a failed test shows.
fn plan() -> Plan {
    Plan { rounds: 10, callers: 3, late: Duration::from_millis(500), seed: rand::random() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_nothing_is_lost_and_nothing_happens_twice() {
    let plan = plan();
    println!("{plan:?}");
    for figures in survives(plan, async || Database::Sqlite).await {
        println!("{figures}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_nothing_is_lost_and_nothing_happens_twice() {
    let Some(postgres) = Postgres::any().await else { return };
    let plan = plan();
    println!("{plan:?}");
    let place = async || Database::Postgres(services::Database::on(postgres.url()).await);
    for figures in survives(plan, place).await {
        println!("{figures}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_calls_of_a_server_that_was_killed_go_on_where_they_were() {
    let mut waits = live::calls_go_on(Database::Sqlite, 20).await;
    waits.sort_unstable();
    println!("words came so long after the new stream: {waits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_end_with_a_killed_server_are_summed_up_and_called_back() {
    live::calls_that_end_are_called_back(Database::Sqlite, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_lets_every_call_come_to_its_end() {
    signals::calls_end_in_peace().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_says_goodbye() {
    signals::calls_are_told_goodbye().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_on_a_slow_disk_share_its_syncs() {
    println!("{}", slow_disk::webhooks_share_the_disk().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_a_server_ends_in_order() {
    let Some(postgres) = Postgres::own().await else { return };
    let database = Database::Postgres(services::Database::on(postgres.url()).await);
    let postgres = Mutex::new(postgres);
    let stop = async || postgres.lock().await.stop().await;
    let back = async || postgres.lock().await.start().await;
    signals::calls_end_in_peace_without(database, &[], stop, back).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_redis_a_server_ends_in_order() {
    let Some(mut redis) = Redis::own().await else { return };
    let settings = [("REDIS_URL", redis.url().to_owned())];
    let stop = async || redis.stop().await;
    signals::calls_end_in_peace_without(Database::Sqlite, &settings, stop, async || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_goes_on_where_it_was_and_answers_nothing_stale() {
    println!("{}", standstill::goes_on_where_it_was().await);
}

/// A Postgres and a Redis for two servers; the Redis may be stopped.
async fn shared() -> Option<(Database, Redis)> {
    let postgres = Postgres::any().await?;
    let redis = Redis::own().await?;
    Some((Database::Postgres(services::Database::on(postgres.url()).await), redis))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_are_restarted_and_no_call_is_lost() {
    let Some((database, redis)) = shared().await else { return };
    let mut gaps = nodes::restart_one_after_the_other(database, redis.url(), 3).await;
    gaps.sort_unstable();
    println!("callers heard nobody for {gaps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wakes_when_its_call_is_elsewhere_harms_nothing() {
    let Some((database, redis)) = shared().await else { return };
    nodes::wakes_when_its_call_is_elsewhere(database, redis.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_up_crosses_from_server_to_server_with_redis_and_without() {
    let Some((database, mut redis)) = shared().await else { return };
    let url = redis.url().to_owned();
    nodes::a_hang_up_crosses(database, &url, async || redis.stop().await).await;
}
