//! What every state store does.

use super::{
    rig::{BRIEF, File, LONG, both, key, patient, postgres, redis, until},
    services::Redis as Server,
};
use centralita::ports::state::{
    Key, Kind, LARGEST_VALUE, LONGEST_ID, LONGEST_LIFE, StateError, StateStore, Use,
};
use futures_util::future::{LocalBoxFuture, join_all};
use std::time::Duration;

type Fact = for<'s> fn(&'s dyn StateStore) -> LocalBoxFuture<'s, ()>;

/// So many at the same time.
const MANY: usize = 20;

const CONTRACT: &[Fact] = &[
    |state| Box::pin(the_last_value_is_kept_and_bytes_stay_bytes(state)),
    |state| Box::pin(a_value_is_taken_once(state)),
    |state| Box::pin(of_many_who_take_a_value_one_gets_it(state)),
    |state| Box::pin(what_was_taken_can_be_kept_again(state)),
    |state| Box::pin(a_mark_is_added_where_nothing_is_kept(state)),
    |state| Box::pin(of_many_who_add_a_mark_one_is_told_so(state)),
    |state| Box::pin(what_is_past_its_life_is_not_there(state)),
    |state| Box::pin(each_is_counted_within_a_window(state)),
    |state| Box::pin(of_many_each_is_counted(state)),
    |state| Box::pin(keys_of_different_uses_do_not_meet(state)),
    |state| Box::pin(what_is_beyond_the_bounds_is_refused(state)),
];

async fn holds(state: &dyn StateStore, kind: Kind) {
    assert_eq!(state.kind(), kind);
    assert!(state.is_available().await);
    for fact in CONTRACT {
        fact(state).await;
    }
}

#[tokio::test]
async fn sqlite_holds_the_contract() {
    let file = File::new();
    holds(&file.table().await, Kind::Embedded).await;
}

#[tokio::test]
async fn postgres_holds_the_contract() {
    let Some((_database, table)) = postgres().await else { return };
    holds(&table, Kind::Embedded).await;
}

#[tokio::test]
async fn redis_holds_the_contract() {
    let Some(server) = Server::any().await else { return };
    holds(&redis(server.url(), patient()).await, Kind::Redis).await;
}

#[tokio::test]
async fn redis_and_sqlite_together_hold_the_contract() {
    let Some(server) = Server::any().await else { return };
    let file = File::new();
    holds(&both(server, &file, patient()).await, Kind::Redis).await;
}

#[tokio::test]
async fn sqlite_alone_in_the_place_of_redis_holds_the_contract() {
    let Some(mut server) = Server::own().await else { return };
    server.stop().await;
    let file = File::new();
    let state = both(&server, &file, patient()).await;
    assert!(!state.is_available().await);
    for fact in CONTRACT {
        fact(&state).await;
    }
}

async fn the_last_value_is_kept_and_bytes_stay_bytes(state: &dyn StateStore) {
    let key = key(Use::Summary, "CA");
    assert_eq!(state.get(key.clone()).await.unwrap(), None);
    for value in [&b"resumen: \xc3\xb1 \0 \xff\r\n"[..], b"", b"0", b"the last"] {
        state.put(key.clone(), value.to_vec(), LONG).await.unwrap();
        assert_eq!(state.get(key.clone()).await.unwrap().as_deref(), Some(value));
    }
}

async fn a_value_is_taken_once(state: &dyn StateStore) {
    let (key, other) = (key(Use::Token, "t"), key(Use::Token, "o"));
    assert_eq!(state.take(key.clone()).await.unwrap(), None);
    state.put(key.clone(), b"call".to_vec(), LONG).await.unwrap();
    state.put(other.clone(), b"another".to_vec(), LONG).await.unwrap();
    assert_eq!(state.take(key.clone()).await.unwrap().as_deref(), Some(&b"call"[..]));
    assert_eq!(state.take(key.clone()).await.unwrap(), None);
    assert_eq!(state.get(key).await.unwrap(), None);
    assert_eq!(state.get(other).await.unwrap().as_deref(), Some(&b"another"[..]));
}

async fn of_many_who_take_a_value_one_gets_it(state: &dyn StateStore) {
    let key = key(Use::Token, "t");
    state.put(key.clone(), b"one".to_vec(), LONG).await.unwrap();
    let taken = join_all((0..MANY).map(|_| state.take(key.clone()))).await;
    assert_eq!(taken.iter().filter(|taken| taken.as_ref().unwrap().is_some()).count(), 1);
}

async fn what_was_taken_can_be_kept_again(state: &dyn StateStore) {
    let key = key(Use::Marker, "m");
    state.put(key.clone(), b"1".to_vec(), LONG).await.unwrap();
    state.take(key.clone()).await.unwrap().unwrap();
    assert!(state.add(key.clone(), LONG).await.unwrap());
    assert_eq!(state.get(key.clone()).await.unwrap().as_deref(), Some(&b""[..]));
    state.take(key.clone()).await.unwrap().unwrap();
    state.put(key.clone(), b"2".to_vec(), LONG).await.unwrap();
    assert_eq!(state.take(key).await.unwrap().as_deref(), Some(&b"2"[..]));
}

async fn a_mark_is_added_where_nothing_is_kept(state: &dyn StateStore) {
    let (mark, value) = (key(Use::Marker, "m"), key(Use::Marker, "v"));
    assert!(state.add(mark.clone(), LONG).await.unwrap());
    assert!(!state.add(mark.clone(), LONG).await.unwrap());
    assert_eq!(state.get(mark).await.unwrap().as_deref(), Some(&b""[..]));
    state.put(value.clone(), b"value".to_vec(), LONG).await.unwrap();
    assert!(!state.add(value.clone(), LONG).await.unwrap());
    assert_eq!(state.get(value).await.unwrap().as_deref(), Some(&b"value"[..]));
}

async fn of_many_who_add_a_mark_one_is_told_so(state: &dyn StateStore) {
    let key = key(Use::Marker, "m");
    let added = join_all((0..MANY).map(|_| state.add(key.clone(), LONG))).await;
    assert_eq!(added.iter().filter(|added| *added.as_ref().unwrap()).count(), 1);
}

async fn what_is_past_its_life_is_not_there(state: &dyn StateStore) {
    let (value, token, mark) = (key(Use::Summary, "v"), key(Use::Token, "t"), key(Use::Marker, "m"));
    state.put(value.clone(), b"v".to_vec(), BRIEF).await.unwrap();
    state.put(token.clone(), b"t".to_vec(), BRIEF).await.unwrap();
    assert!(state.add(mark.clone(), BRIEF).await.unwrap());
    for key in [&value, &token, &mark] {
        until(async || state.get(key.clone()).await.unwrap(), Option::is_none).await;
    }
    assert_eq!(state.take(token).await.unwrap(), None);
    assert!(state.add(mark, LONG).await.unwrap());
    // A new value has a life of its own.
    state.put(value.clone(), b"v".to_vec(), LONG).await.unwrap();
    assert!(state.get(value).await.unwrap().is_some());
}

async fn each_is_counted_within_a_window(state: &dyn StateStore) {
    let (often, once) = (key(Use::Rate, "often"), key(Use::Rate, "once"));
    let mut left = LONG;
    for count in 1..=3 {
        let counted = state.count(often.clone(), LONG).await.unwrap();
        assert_eq!(counted.count, count);
        // The window is that of the first, whatever the others ask for.
        assert!(counted.left <= left && counted.left > Duration::ZERO, "{counted:?} after {left:?}");
        left = counted.left;
    }
    assert!(state.count(often, BRIEF).await.unwrap().left > BRIEF);
    assert_eq!(state.count(once.clone(), BRIEF).await.unwrap().count, 1);
    let counted =
        until(async || state.count(once.clone(), LONG).await.unwrap(), |counted| counted.left > BRIEF);
    assert_eq!(counted.await.count, 1);
}

async fn of_many_each_is_counted(state: &dyn StateStore) {
    let key = key(Use::Rate, "many");
    let counted = join_all((0..MANY).map(|_| state.count(key.clone(), LONG))).await;
    let mut counts: Vec<u64> = counted.into_iter().map(|counted| counted.unwrap().count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=MANY as u64).collect::<Vec<_>>());
}

async fn keys_of_different_uses_do_not_meet(state: &dyn StateStore) {
    let id = format!("{:032x}", rand::random::<u128>());
    let uses = [Use::Summary, Use::Marker, Use::Token, Use::Rate];
    for purpose in uses {
        state.put(Key::new(purpose, &id), purpose.as_str().into(), LONG).await.unwrap();
        assert_eq!(state.count(Key::new(purpose, &id), LONG).await.unwrap().count, 1);
    }
    for purpose in uses {
        let kept = state.get(Key::new(purpose, &id)).await.unwrap();
        assert_eq!(kept.as_deref(), Some(purpose.as_str().as_bytes()));
        assert_eq!(state.count(Key::new(purpose, &id), LONG).await.unwrap().count, 2);
    }
}

async fn what_is_beyond_the_bounds_is_refused(state: &dyn StateStore) {
    let largest = key(Use::Summary, "largest");
    state.put(largest.clone(), vec![7; LARGEST_VALUE], LONGEST_LIFE).await.unwrap();
    assert_eq!(state.get(largest.clone()).await.unwrap().unwrap().len(), LARGEST_VALUE);
    let longest = Key::new(Use::Summary, format!("{:0>LONGEST_ID$}", rand::random::<u128>()));
    assert!(state.add(longest, LONG).await.unwrap());

    let unfit = |done: Result<(), StateError>| assert!(matches!(done, Err(StateError::Unfit(_))), "{done:?}");
    unfit(state.put(largest.clone(), vec![7; LARGEST_VALUE + 1], LONG).await);
    for life in [Duration::ZERO, Duration::from_micros(999), LONGEST_LIFE + Duration::from_millis(1)] {
        unfit(state.put(largest.clone(), Vec::new(), life).await);
        unfit(state.add(largest.clone(), life).await.map(drop));
        unfit(state.count(largest.clone(), life).await.map(drop));
    }
    for id in [String::new(), "x".repeat(LONGEST_ID + 1)] {
        let key = Key::new(Use::Token, id);
        unfit(state.put(key.clone(), Vec::new(), LONG).await);
        unfit(state.get(key.clone()).await.map(drop));
        unfit(state.take(key.clone()).await.map(drop));
        unfit(state.add(key.clone(), LONG).await.map(drop));
        unfit(state.count(key, LONG).await.map(drop));
    }
    assert_eq!(state.get(largest).await.unwrap().unwrap().len(), LARGEST_VALUE);
}
