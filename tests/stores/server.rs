//! Postgres: sessions that end, transactions in each other's way.

use crate::rig::{Rig, asks, claimed, job, options, owner};
use centralita::{
    ports::store::{StoreError, jobs::Jobs as _, leases::Leases as _},
    storage::{Options, Place, SqlStore},
};
use futures_util::future::join_all;
use std::time::Duration;

/// A fact of both ways to a server.
macro_rules! facts_of_servers {
    ($($fact:ident),* $(,)?) => {
        facts!(@on postgres $($fact)*);
        facts!(@on pooled $($fact)*);
    };
}

facts_of_servers! {
    sessions_that_were_ended_are_opened_again_and_nothing_doubles,
    a_collision_is_tried_again_and_happens_once,
    a_collision_at_the_end_is_tried_again_too,
    collisions_without_end_are_told_as_away,
    an_error_leaves_the_connection_clean,
}

async fn sessions_that_were_ended_are_opened_again_and_nothing_doubles(rig: &Rig) {
    rig.store.lease("sync".to_owned(), owner("a"), Duration::from_hours(1)).await.unwrap();
    let mut new = 0;
    for round in 0..3 {
        // Several sessions are open and idle.
        let writes = (0..8).map(|n| rig.store.enqueue(vec![job(&format!("{round}.{n}"))]));
        new += join_all(writes).await.into_iter().map(Result::unwrap).sum::<u64>();
        rig.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
        // What was asked again after it was told as away is not there twice.
        let key = format!("{round}.after");
        let mut done = rig.store.enqueue(vec![job(&key)]).await;
        while matches!(done, Err(StoreError::Unavailable { .. })) {
            done = rig.store.enqueue(vec![job(&key)]).await;
        }
        done.unwrap();
    }
    assert_eq!(new, 24);
    assert_eq!(rig.number("SELECT count(*) FROM jobs").await, 27);
    let epoch = rig.store.lease("sync".to_owned(), owner("a"), Duration::from_hours(1)).await.unwrap();
    assert_eq!(epoch, Some(1), "a lease keeps its epoch");
}

/// The first `times` inserts of jobs fail with this code: at once, or when they are committed.
async fn trip(rig: &Rig, code: &str, times: u32, when: &str) {
    let trigger = format!(
        "CREATE SEQUENCE trips; \
         CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF nextval('trips') <= {times} THEN RAISE EXCEPTION 'tripped' USING ERRCODE = '{code}'; END IF; \
           RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER trip AFTER INSERT ON jobs {when} FOR EACH ROW EXECUTE FUNCTION trip()"
    );
    rig.sql(&trigger).await;
}

async fn a_collision_is_tried_again_and_happens_once(rig: &mut Rig) {
    rig.spoils_the_schema();
    for (code, key) in [("40001", "a"), ("40P01", "b")] {
        trip(rig, code, 4, "").await;
        assert_eq!(rig.store.enqueue(vec![job(key)]).await.unwrap(), 1, "{code}");
        assert_eq!(rig.number("SELECT last_value FROM trips").await, 5);
        rig.sql("DROP TRIGGER trip ON jobs; DROP FUNCTION trip; DROP SEQUENCE trips").await;
    }
    assert_eq!(claimed(&rig.store, asks("a")).await, ["a", "b"]);
}

async fn a_collision_at_the_end_is_tried_again_too(rig: &mut Rig) {
    rig.spoils_the_schema();
    trip(rig, "40001", 4, "DEFERRABLE INITIALLY DEFERRED").await;
    assert_eq!(rig.store.enqueue(vec![job("a")]).await.unwrap(), 1);
    assert_eq!(claimed(&rig.store, asks("a")).await, ["a"]);
}

async fn collisions_without_end_are_told_as_away(rig: &mut Rig) {
    rig.spoils_the_schema();
    trip(rig, "40001", 1_000, "").await;
    let done = rig.store.enqueue(vec![job("a")]).await;
    assert!(matches!(done, Err(StoreError::Unavailable { full: false, .. })), "{done:?}");
    assert_eq!(rig.number("SELECT last_value FROM trips").await, 5);
    assert_eq!(rig.number("SELECT count(*) FROM jobs").await, 0);
}

async fn an_error_leaves_the_connection_clean(rig: &Rig) {
    let store = rig.with(Options { connections: 1, ..options() }).await;
    let mut lost = job("a");
    "nowhere".clone_into(&mut lost.workspace);
    for _ in 0..3 {
        let refused = store.enqueue(vec![job("b"), lost.clone()]).await;
        assert!(matches!(refused, Err(StoreError::Broken(_))), "{refused:?}");
        assert_eq!(store.job_counts(None).await.unwrap().waiting, 0);
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_told_as_away() {
    // A port that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::Server(format!("postgres://postgres@127.0.0.1:{port}/centralita"));
    let opened = SqlStore::open(place, options()).await.map(drop);
    let Err(StoreError::Unavailable { why, full: false }) = opened else { panic!("{opened:?}") };
    assert!(why.contains("refused"), "{why}");
}
