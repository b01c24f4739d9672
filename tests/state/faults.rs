//! What both together do while Redis is away, slow, empty or full; and what the table forgets.

use super::{
    counted::Counted,
    log::Log,
    rig::{BRIEF, File, GUARD, LONG, both, key, patient, redis, soon, until},
    services::{Proxy, Redis as Server, address_of, moved_to},
};
use centralita::{
    ports::state::{Key, StateStore, Use},
    storage::state::{Embedded, Fallback, RedisOptions},
};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::time::Duration;
use tokio::task::yield_now;

/// One who waits for nobody: what does not answer at once is slow.
fn hasty() -> RedisOptions {
    RedisOptions { patience: Duration::from_millis(1), ..patient() }
}

async fn put(state: &impl StateStore, key: &Key, value: &str) {
    state.put(key.clone(), value.into(), LONG).await.unwrap();
}

async fn get(state: &impl StateStore, key: &Key) -> Option<String> {
    state.get(key.clone()).await.unwrap().map(|value| String::from_utf8(value).unwrap())
}

async fn take(state: &impl StateStore, key: &Key) -> Option<String> {
    state.take(key.clone()).await.unwrap().map(|value| String::from_utf8(value).unwrap())
}

/// What Redis itself has.
async fn copy(server: &Server, key: &Key) -> String {
    server.ask(&["GET", &format!("centralita:{}", key.held().unwrap())]).await.unwrap()
}

/// Everything works, and tells it of Redis.
async fn works(state: &Fallback, redis_answers: bool) {
    assert_eq!(state.is_available().await, redis_answers);
    let (token, mark, rate) = (key(Use::Token, "t"), key(Use::Marker, "m"), key(Use::Rate, "r"));
    put(state, &token, "token").await;
    assert_eq!(get(state, &token).await.as_deref(), Some("token"));
    assert_eq!(take(state, &token).await.as_deref(), Some("token"));
    assert_eq!(take(state, &token).await, None);
    assert!(state.add(mark.clone(), LONG).await.unwrap());
    assert!(!state.add(mark, LONG).await.unwrap());
    for count in [1, 2] {
        assert_eq!(state.count(rate.clone(), LONG).await.unwrap().count, count);
    }
}

#[tokio::test]
async fn redis_that_is_away_at_the_start_is_used_once_it_is_there() {
    let Some(mut server) = Server::own().await else { return };
    server.stop().await;
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    works(&state, false).await;
    server.start().await;
    soon(state.redis().until(true)).await;
    works(&state, true).await;
}

#[tokio::test]
async fn what_was_acknowledged_is_found_whether_redis_goes_or_comes_back_empty() {
    Log::begin();
    let Some(mut server) = Server::own().await else { return };
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    let keys = ["before", "while"].map(|when| key(Use::Summary, when));
    let (token, mark) = (key(Use::Token, "t"), key(Use::Marker, "m"));
    put(&state, &keys[0], "before").await;
    put(&state, &token, "token").await;
    assert!(state.add(mark.clone(), LONG).await.unwrap());
    assert_eq!(copy(&server, &keys[0]).await, "before");

    server.stop().await;
    soon(state.redis().until(false)).await;
    works(&state, false).await;
    put(&state, &keys[1], "while").await;
    assert_eq!(get(&state, &keys[0]).await.as_deref(), Some("before"));

    server.start().await;
    soon(state.redis().until(true)).await;
    works(&state, true).await;
    assert_eq!(copy(&server, &keys[0]).await, "(nil)", "Redis comes back empty");
    assert_eq!(get(&state, &keys[0]).await.as_deref(), Some("before"));
    assert_eq!(get(&state, &keys[1]).await.as_deref(), Some("while"));
    assert!(!state.add(mark, LONG).await.unwrap());
    assert_eq!(take(&state, &token).await.as_deref(), Some("token"));
    assert_eq!(take(&state, &token).await, None);

    let log = Log::text();
    assert_eq!(log.matches("REDIS_DOWN").count(), 1, "{log}");
    assert_eq!(log.matches("REDIS_UP").count(), 1, "{log}");
}

#[tokio::test]
async fn what_happened_while_redis_was_away_wins_over_what_it_remembers() {
    let Some(server) = Server::own().await else { return };
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    let [changed, taken, marked] = [Use::Summary, Use::Token, Use::Marker].map(|purpose| key(purpose, "old"));
    for key in [&changed, &taken, &marked] {
        put(&state, key, "old").await;
    }
    refuse_writes(&server, true).await;
    soon(state.redis().until(false)).await;
    put(&state, &changed, "new").await;
    assert_eq!(take(&state, &taken).await.as_deref(), Some("old"));
    assert_eq!(take(&state, &marked).await.as_deref(), Some("old"));

    refuse_writes(&server, false).await;
    soon(state.redis().until(true)).await;
    for key in [&changed, &taken, &marked] {
        assert_eq!(copy(&server, key).await, "old", "Redis does not know better");
    }
    assert_eq!(get(&state, &changed).await.as_deref(), Some("new"));
    assert_eq!(get(&state, &taken).await, None);
    assert_eq!(take(&state, &taken).await, None);
    assert!(state.add(marked.clone(), LONG).await.unwrap());
    assert_eq!(copy(&server, &marked).await, "");

    // The same holds after a restart of ours.
    drop(state);
    let state = both(&server, &file, patient()).await;
    assert_eq!(get(&state, &changed).await.as_deref(), Some("new"));
    assert_eq!(take(&state, &taken).await, None);
}

#[tokio::test]
async fn a_redis_that_holds_its_answers_back_is_waited_for_by_nobody() {
    let Some(mut server) = Server::own().await else { return };
    let file = File::new();
    let state = both(&server, &file, hasty()).await;
    let key = key(Use::Token, "t");
    put(&state, &key, "token").await;
    server.pause();
    soon(async {
        // Whatever these three find out of Redis, they do not wait for what it will say.
        for _ in 0..3 {
            put(&state, &key, "again").await;
        }
        state.redis().until(false).await;
        works(&state, false).await;
    })
    .await;
    assert_eq!(take(&state, &key).await.as_deref(), Some("again"));
    server.resume();
    let state = both(&server, &file, patient()).await;
    works(&state, true).await;
    assert_eq!(take(&state, &key).await, None);
}

#[tokio::test]
async fn answers_that_come_after_seconds_are_not_waited_for() {
    let Some(server) = Server::own().await else { return };
    let proxy = Proxy::before(address_of(server.url()));
    let file = File::new();
    let url = moved_to(proxy.address(), server.url());
    let state = Fallback::new(
        redis(&url, RedisOptions { patience: GUARD, ..RedisOptions::default() }).await,
        file.table().await,
    );
    works(&state, true).await;
    drop(state);

    proxy.delay(Duration::ZERO, 10 * GUARD);
    let options = RedisOptions { connecting: BRIEF, ..RedisOptions::default() };
    let state = Fallback::new(redis(&url, options).await, file.table().await);
    soon(works(&state, false)).await;
}

#[tokio::test]
async fn a_full_redis_and_one_that_may_only_be_read_count_as_away() {
    let Some(mut server) = Server::own().await else { return };
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    let kept = key(Use::Summary, "kept");
    put(&state, &kept, "before").await;

    server.fill().await;
    let refused = server.ask(&["SET", "x", "y"]).await.unwrap_err();
    assert!(refused.starts_with("OOM"), "{refused}");
    put(&state, &kept, "while it is full").await;
    soon(state.redis().until(false)).await;
    works(&state, false).await;
    server.make_room().await;
    soon(state.redis().until(true)).await;
    works(&state, true).await;

    // A master that has become a replica, as after a failover.
    server.ask(&["REPLICAOF", "127.0.0.1", "1"]).await.unwrap();
    let refused = server.ask(&["SET", "x", "y"]).await.unwrap_err();
    assert!(refused.starts_with("READONLY"), "{refused}");
    soon(state.redis().until(false)).await;
    works(&state, false).await;
    server.ask(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
    soon(state.redis().until(true)).await;
    works(&state, true).await;
    assert_eq!(get(&state, &kept).await.as_deref(), Some("while it is full"));
}

#[tokio::test]
async fn a_redis_that_does_not_write_stays_away_however_often_it_is_connected_to() {
    Log::begin();
    let counted = Counted::begin();
    let Some(mut server) = Server::own().await else { return };
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    server.fill().await;
    soon(state.redis().until(false)).await;
    let refused = "redis_failures_total{kind=\"refused\"}";
    let times = |line: &Option<String>| -> Option<u32> { line.as_ref()?.rsplit(' ').next()?.parse().ok() };
    until(async || (yield_now().await, counted.line(refused)).1, |line| times(line) >= Some(4)).await;
    let log = Log::text();
    assert_eq!((log.matches("REDIS_DOWN").count(), log.matches("REDIS_UP").count()), (1, 0), "{log}");
    assert_eq!(counted.line("redis_up").as_deref(), Some("redis_up 0"));

    server.make_room().await;
    soon(state.redis().until(true)).await;
    assert_eq!(counted.line("redis_up").as_deref(), Some("redis_up 1"));
    assert_eq!(Log::text().matches("REDIS_UP").count(), 1);
}

#[tokio::test]
async fn nodes_with_tables_of_their_own_share_what_redis_has() {
    let Some(server) = Server::own().await else { return };
    let files = [File::new(), File::new()];
    let (one, other) = (both(&server, &files[0], patient()).await, both(&server, &files[1], patient()).await);
    let (summary, token, mark, rate) =
        (key(Use::Summary, "s"), key(Use::Token, "t"), key(Use::Marker, "m"), key(Use::Rate, "r"));
    put(&one, &summary, "summary").await;
    put(&one, &token, "token").await;
    assert_eq!(get(&other, &summary).await.as_deref(), Some("summary"));
    assert!(one.add(mark.clone(), LONG).await.unwrap());
    assert!(!other.add(mark, LONG).await.unwrap());
    assert_eq!(one.count(rate.clone(), LONG).await.unwrap().count, 1);
    assert_eq!(other.count(rate, LONG).await.unwrap().count, 2);

    assert_eq!(take(&other, &token).await.as_deref(), Some("token"));
    // As after a failover to a replica that lags behind.
    server.ask(&["SET", &format!("centralita:{}", token.held().unwrap()), "token"]).await.unwrap();
    assert_eq!(take(&other, &token).await, None);
    assert_eq!(get(&other, &token).await, None);
}

#[tokio::test]
async fn a_key_that_somebody_else_has_spoilt_is_passed_over() {
    let Some(server) = Server::own().await else { return };
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    let (rate, value) = (key(Use::Rate, "r"), key(Use::Summary, "s"));
    let (counted, held) = (rate.counted().unwrap(), value.held().unwrap());
    server.ask(&["RPUSH", &format!("centralita:{counted}"), "x"]).await.unwrap();
    server.ask(&["RPUSH", &format!("centralita:{held}"), "x"]).await.unwrap();
    assert_eq!(state.count(rate, LONG).await.unwrap().count, 1);
    assert_eq!(get(&state, &value).await, None);
    assert!(state.is_available().await, "Redis itself is well");
}

#[tokio::test]
async fn what_is_past_its_end_leaves_the_table() {
    let file = File::new();
    let table = file.table().await;
    let [gone, stays] = ["gone", "stays"].map(|id| key(Use::Summary, id));
    table.put(gone.clone(), b"gone".to_vec(), BRIEF).await.unwrap();
    put(&table, &stays, "stays").await;
    until(async || table.get(gone.clone()).await.unwrap(), Option::is_none).await;
    assert_eq!(rows(&file).await, 2);
    for _ in 0..62 {
        put(&table, &stays, "stays").await;
    }
    assert_eq!(rows(&file).await, 1);
    assert_eq!(get(&table, &stays).await.as_deref(), Some("stays"));
}

#[tokio::test]
async fn who_tries_tokens_at_random_does_not_fill_the_table() {
    let Some(server) = Server::own().await else { return };
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    for id in ["one", "two", "three"] {
        assert_eq!(take(&state, &key(Use::Token, id)).await, None);
    }
    assert_eq!(rows(&file).await, 0);
}

#[tokio::test]
async fn the_table_outlives_a_restart() {
    let file = File::new();
    let (kept, taken) = (key(Use::Summary, "kept"), key(Use::Token, "taken"));
    let table: Embedded = file.table().await;
    put(&table, &kept, "kept").await;
    put(&table, &taken, "taken").await;
    assert_eq!(take(&table, &taken).await.as_deref(), Some("taken"));
    drop(table);
    let table = file.table().await;
    assert_eq!(get(&table, &kept).await.as_deref(), Some("kept"));
    assert_eq!(take(&table, &taken).await, None);
}

/// Lets Redis refuse to write (`NOREPLICAS`), with all that it has.
async fn refuse_writes(server: &Server, refuse: bool) {
    let replicas = if refuse { "1" } else { "0" };
    server.ask(&["CONFIG", "SET", "min-replicas-to-write", replicas]).await.unwrap();
}

async fn rows(file: &File) -> i64 {
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}", file.path().display())).await.unwrap();
    let row = sqlx::query("SELECT count(*) FROM state").fetch_one(&mut connection).await.unwrap();
    row.get(0)
}
