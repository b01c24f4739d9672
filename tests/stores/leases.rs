//! Who alone may do something.

use crate::rig::{Rig, asks, began, claimed, job, keys, owner, sid};
use centralita::ports::store::{
    StoreError,
    calls::{CallRecords as _, CallState},
    jobs::{Ask, Jobs as _, NewJob, Outcome},
    leases::Leases as _,
};
use futures_util::future::join_all;
use std::time::Duration;

facts! {
    a_lease_is_one_owners,
    a_lease_that_ended_is_anybodys_under_the_next_epoch,
    a_lease_that_was_given_back_is_anybodys,
    only_its_owner_gives_a_lease_back,
    of_many_at_once_one_gets_the_lease,
    leases_of_other_names_are_other_leases,
    a_lease_may_be_endless,
    who_else_holds_leases_of_a_kind_is_told,
    what_a_process_held_is_free_when_it_is_buried,
    calls_of_a_process_that_is_buried_are_nobodys_or_over,
}

const HOUR: Duration = Duration::from_hours(1);

async fn lease(rig: &Rig, by: &str, life: Duration) -> Option<i64> {
    rig.store.lease("sync".to_owned(), owner(by), life).await.unwrap()
}

async fn a_lease_is_one_owners(rig: &Rig) {
    assert_eq!(lease(rig, "a", HOUR).await, Some(1));
    assert_eq!(lease(rig, "b", HOUR).await, None);
    assert_eq!(lease(rig, "a", HOUR).await, Some(1));
}

async fn who_else_holds_leases_of_a_kind_is_told(rig: &Rig) {
    let others = async |by: &str| rig.store.leases_of_others("node:".to_owned(), owner(by)).await.unwrap();
    for (name, by, life) in
        [("node:a", "a", HOUR), ("node:b", "b", HOUR), ("node:c", "c", Duration::ZERO), ("sync", "d", HOUR)]
    {
        rig.store.lease(name.to_owned(), owner(by), life).await.unwrap();
    }
    assert_eq!((others("a").await, others("c").await), (1, 2));
    rig.store.give_back("node:b".to_owned(), owner("b")).await.unwrap();
    assert_eq!((others("a").await, others("b").await), (0, 1));
    rig.store.bury(owner("a")).await.unwrap();
    assert_eq!(others("b").await, 0);
}

async fn a_lease_that_ended_is_anybodys_under_the_next_epoch(rig: &Rig) {
    assert_eq!(lease(rig, "a", Duration::ZERO).await, Some(1));
    assert_eq!(lease(rig, "a", Duration::ZERO).await, Some(1));
    assert_eq!(lease(rig, "b", Duration::ZERO).await, Some(2));
    assert_eq!(lease(rig, "a", HOUR).await, Some(3));
    assert_eq!(lease(rig, "b", HOUR).await, None);
}

async fn a_lease_that_was_given_back_is_anybodys(rig: &Rig) {
    lease(rig, "a", HOUR).await;
    rig.store.give_back("sync".to_owned(), owner("a")).await.unwrap();
    assert_eq!(lease(rig, "b", HOUR).await, Some(2));
}

async fn only_its_owner_gives_a_lease_back(rig: &Rig) {
    lease(rig, "a", HOUR).await;
    rig.store.give_back("sync".to_owned(), owner("b")).await.unwrap();
    rig.store.give_back("none".to_owned(), owner("b")).await.unwrap();
    assert_eq!(lease(rig, "b", HOUR).await, None);
}

async fn of_many_at_once_one_gets_the_lease(rig: &Rig) {
    for round in 1..=2 {
        let leases = join_all((0..12).map(|n| {
            let store = rig.store.clone();
            tokio::spawn(async move {
                store.lease("sync".to_owned(), owner(&format!("{round}.{n}")), HOUR).await.unwrap()
            })
        }));
        let epochs: Vec<i64> = leases.await.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(epochs, [round]);
        rig.sql("UPDATE leases SET until = 0").await;
    }
}

async fn leases_of_other_names_are_other_leases(rig: &Rig) {
    assert_eq!(lease(rig, "a", HOUR).await, Some(1));
    assert_eq!(rig.store.lease("janitor".to_owned(), owner("b"), HOUR).await.unwrap(), Some(1));
}

async fn a_lease_may_be_endless(rig: &Rig) {
    assert_eq!(lease(rig, "a", Duration::MAX).await, Some(1));
    assert_eq!(lease(rig, "b", HOUR).await, None);
}

async fn what_a_process_held_is_free_when_it_is_buried(rig: &Rig) {
    lease(rig, "a", HOUR).await;
    rig.store.lease("cron".to_owned(), owner("b"), HOUR).await.unwrap();
    let jobs = ["first", "second"].map(|key| NewJob { lane: Some("lane".to_owned()), ..job(key) });
    rig.store.enqueue(jobs.into()).await.unwrap();
    let held = rig.store.claim(Ask { most: 1, ..asks("a") }).await.unwrap().pop().unwrap();
    let theirs = rig.store.claim(Ask { most: 1, ..asks("b") }).await.unwrap().pop().unwrap();
    rig.store.bury(owner("a")).await.unwrap();
    assert_eq!(lease(rig, "c", HOUR).await, Some(2));
    assert_eq!(rig.store.lease("cron".to_owned(), owner("c"), HOUR).await.unwrap(), None);
    // At once, in a lane with two places; and whoever was taken for dead writes nothing more.
    let again = rig.store.claim(Ask { lane: 2, ..asks("c") }).await.unwrap();
    assert_eq!((keys(&again), again[0].attempt), (vec!["first".to_owned()], 2));
    assert!(matches!(rig.store.finish(held, Outcome::Done).await, Err(StoreError::Fenced)));
    rig.store.finish(theirs, Outcome::Done).await.unwrap();
}

async fn calls_of_a_process_that_is_buried_are_nobodys_or_over(rig: &Rig) {
    for number in 1..=3 {
        rig.store.call_began(began(number, if number == 3 { "b" } else { "a" }, 1)).await.unwrap();
    }
    rig.sql("UPDATE calls SET network = 'completed' WHERE from_number <> ''").await;
    rig.sql(&format!("UPDATE calls SET network = NULL WHERE sid = '{}'", sid(1))).await;
    for _ in 0..2 {
        rig.store.bury(owner("a")).await.unwrap();
        let mut found = Vec::new();
        for number in 1..=3 {
            let call = rig.store.call(sid(number)).await.unwrap();
            found.push((call.state, call.outcome, call.owner.map(|owner| owner.0)));
        }
        let lost = Some("lost".to_owned());
        let [a, b] = ["a", "b"].map(|owner| Some(owner.to_owned()));
        let expected =
            [(CallState::Live, None, None), (CallState::Over, lost, a), (CallState::Live, None, b)];
        assert_eq!(found, expected);
    }
    // None of them is due before what the process left on its disk is there.
    assert!(claimed(&rig.store, asks("c")).await.is_empty());
    let jobs: Vec<_> =
        rig.sql("SELECT dedupe_key FROM jobs ORDER BY dedupe_key").await.into_iter().flatten().collect();
    assert_eq!(jobs, ["call_back", "summary"].map(|kind| Some(format!("{kind}:{}", sid(2)))));
    // It is brought to another process.
    assert_eq!(rig.store.resume_call(sid(1), 1).await.unwrap().epoch, 2);
}
