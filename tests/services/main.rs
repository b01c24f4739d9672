//! The servers that tests lean on: each one starts, answers, fails as it is told to, and dies.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod ends;
mod network;
#[path = "../support/services/mod.rs"]
mod services;

use services::{Database, PgBouncer, Postgres, Redis, address_of, sql};
use std::{io::Read as _, net::TcpStream, time::Duration};

/// The one guard of all tests here: far beyond what any of them takes.
const GUARD: Duration = Duration::from_mins(1);

/// The first value of the first row.
async fn value(url: &str, statement: &str) -> String {
    let rows = sql(url, statement).await.unwrap();
    rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten().expect("a value")
}

fn refused(url: &str) -> bool {
    TcpStream::connect(address_of(url))
        .is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
}

#[tokio::test]
async fn all_tests_of_a_process_share_a_postgres() {
    let Some(postgres) = Postgres::any().await else { return };
    assert_eq!(value(postgres.url(), "SELECT 6 * 7").await, "42");
    assert_eq!(Postgres::any().await.unwrap().url(), postgres.url());
}

#[tokio::test]
async fn a_statement_that_fails_is_answered_with_its_code() {
    let Some(postgres) = Postgres::any().await else { return };
    let refusal = sql(postgres.url(), "SELECT 1/0").await.unwrap_err();
    assert_eq!(refusal, "ERROR 22012: division by zero");
    let nulls = sql(postgres.url(), "VALUES (NULL, 'a'), ('', 'b')").await.unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(nulls, [[None, text("a")], [text(""), text("b")]]);
}

#[tokio::test]
async fn a_database_goes_with_its_guard_and_no_other() {
    let Some(postgres) = Postgres::any().await else { return };
    let (one, other) = (Database::on(postgres.url()).await, Database::on(postgres.url()).await);
    assert_ne!(one.name(), other.name());
    let count =
        format!("SELECT count(*) FROM pg_database WHERE datname IN ('{}', '{}')", one.name(), other.name());
    assert_eq!(value(one.url(), "SELECT current_database()").await, one.name());
    assert_eq!(value(postgres.url(), &count).await, "2");
    drop(one);
    assert_eq!(value(postgres.url(), &count).await, "1");
}

#[tokio::test]
async fn a_postgres_of_ones_own_keeps_what_was_committed_over_a_stop_and_a_crash() {
    let Some(mut postgres) = Postgres::own_with(&[("work_mem", "1234kB")]).await else { return };
    let url = postgres.url().to_owned();
    assert_eq!(value(&url, "SHOW work_mem").await, "1234kB");
    assert_eq!(
        (value(&url, "SHOW fsync").await, value(&url, "SHOW listen_addresses").await),
        ("off".into(), "127.0.0.1".into())
    );
    sql(&url, "CREATE TABLE kept (number int); INSERT INTO kept VALUES (7)").await.unwrap();

    postgres.stop().await;
    assert!(refused(&url));
    postgres.start().await;
    assert_eq!(postgres.url(), url);
    assert_eq!(value(&url, "SELECT number FROM kept").await, "7");
    assert!(!postgres.log().contains("automatic recovery"), "{}", postgres.log());

    sql(&url, "UPDATE kept SET number = 8").await.unwrap();
    postgres.crash().await;
    assert!(refused(&url));
    postgres.start().await;
    assert!(postgres.log().contains("automatic recovery"), "{}", postgres.log());
    assert_eq!(value(&url, "SELECT number FROM kept").await, "8");
}

#[tokio::test]
async fn all_tests_of_a_process_share_a_redis() {
    let Some(redis) = Redis::any().await else { return };
    assert_eq!(redis.ask(&["ECHO", "hola"]).await.as_deref(), Ok("hola"));
    assert_eq!(Redis::any().await.unwrap().url(), redis.url());
}

#[tokio::test]
async fn a_redis_of_ones_own_starts_again_empty_on_its_port() {
    let Some(mut redis) = Redis::own().await else { return };
    let url = redis.url().to_owned();
    assert_eq!(redis.ask(&["SET", "a", "1"]).await.as_deref(), Ok("OK"));
    assert_eq!(redis.ask(&["MGET", "a", "b"]).await.as_deref(), Ok("1\n(nil)"));
    redis.stop().await;
    assert!(refused(&url));
    redis.start().await;
    assert_eq!((redis.url(), redis.ask(&["DBSIZE"]).await.as_deref()), (&*url, Ok("0")));
}

#[tokio::test]
async fn a_redis_that_is_full_takes_nothing_more_and_is_still_read() {
    let Some(mut redis) = Redis::own().await else { return };
    redis.ask(&["SET", "a", "1"]).await.unwrap();
    redis.fill().await;
    let refusal = redis.ask(&["SET", "b", "2"]).await.unwrap_err();
    assert!(refusal.starts_with("OOM "), "{refusal}");
    assert_eq!(redis.ask(&["GET", "a"]).await.as_deref(), Ok("1"));
    redis.make_room().await;
    assert_eq!(redis.ask(&["SET", "b", "2"]).await.as_deref(), Ok("OK"));
}

#[tokio::test]
async fn a_redis_that_is_held_up_answers_when_it_goes_on_and_can_be_stopped_without() {
    let Some(mut redis) = Redis::own().await else { return };
    redis.pause();
    let mut socket = TcpStream::connect(address_of(redis.url())).unwrap();
    std::io::Write::write_all(&mut socket, b"PING\r\n").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut pong = [0; 7];
    let silence = socket.read(&mut pong).unwrap_err();
    assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
    redis.resume();
    socket.set_read_timeout(Some(GUARD)).unwrap();
    socket.read_exact(&mut pong).unwrap();
    assert_eq!(&pong, b"+PONG\r\n");
    redis.pause();
    redis.stop().await;
    assert!(refused(redis.url()));
}

#[tokio::test]
async fn a_pool_lends_one_connection_to_many_for_a_transaction_each() {
    let Some(postgres) = Postgres::any().await else { return };
    let database = Database::on(postgres.url()).await;
    let Some(pool) = PgBouncer::before(database.url(), 1).await else { return };
    let backend = value(pool.url(), "SELECT pg_backend_pid()").await;
    assert_eq!(value(pool.url(), "SELECT pg_backend_pid()").await, backend);
    assert_ne!(value(database.url(), "SELECT pg_backend_pid()").await, backend);
    assert_eq!(value(pool.url(), "SELECT current_database()").await, database.name());
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", database.name());
    // The pool is still connected.
    drop(database);
    assert_eq!(value(postgres.url(), &count).await, "0");
    assert!(pool.log().contains("process up"), "{}", pool.log());
}

#[tokio::test]
async fn a_pool_works_by_transaction_and_keeps_no_statements() {
    let Some(postgres) = Postgres::any().await else { return };
    let Some(pool) = PgBouncer::before(postgres.url(), PgBouncer::POOL).await else { return };
    let settings = sql(&pool.console(), "SHOW CONFIG").await.unwrap();
    let setting = |name: &str| settings.iter().find(|row| row[0].as_deref() == Some(name))?[1].clone();
    assert_eq!(setting("pool_mode").as_deref(), Some("transaction"));
    assert_eq!(setting("default_pool_size").as_deref(), Some("2"));
    assert_eq!(setting("max_prepared_statements").unwrap_or_else(|| "0".to_owned()), "0");
}
