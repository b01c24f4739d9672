//! Jobs beside each other: in order, in lanes.

use crate::rig::{Rig, asks, claimed, job, keys};
use centralita::ports::store::jobs::{Ask, Claim, Jobs as _, NewJob, Outcome};
use futures_util::future::join_all;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

facts! {
    jobs_of_an_order_run_one_after_another,
    an_order_holds_up_no_other,
    a_job_that_is_tried_again_keeps_its_place_in_the_order,
    a_job_that_was_given_up_lets_the_next_one_run,
    a_job_that_kills_each_worker_lets_the_next_one_run,
    a_job_that_was_revived_waits_for_the_one_that_runs,
    a_lane_has_so_many_places,
    a_full_lane_holds_up_no_other,
    a_lease_that_ended_frees_its_place_in_the_lane,
    workers_at_once_never_overfill_a_lane,
    workers_at_once_all_get_something,
    workers_at_once_never_run_two_of_an_order,
}

fn ordered(key: &str, order: &str) -> NewJob {
    NewJob { order: Some(order.to_owned()), ..job(key) }
}

fn laned(key: &str, lane: &str) -> NewJob {
    NewJob { lane: Some(lane.to_owned()), ..job(key) }
}

fn dead() -> Outcome {
    Outcome::Dead { error: "no".to_owned() }
}

async fn take(rig: &Rig, by: &str) -> Vec<Claim> {
    rig.store.claim(asks(by)).await.unwrap()
}

async fn jobs_of_an_order_run_one_after_another(rig: &Rig) {
    rig.store.enqueue(["1", "2", "3"].map(|key| ordered(key, "ana")).to_vec()).await.unwrap();
    for expected in ["1", "2", "3"] {
        let claims = take(rig, "a").await;
        assert_eq!(keys(&claims), [expected]);
        assert!(take(rig, "b").await.is_empty());
        rig.store.finish(claims[0].clone(), Outcome::Done).await.unwrap();
    }
}

async fn an_order_holds_up_no_other(rig: &Rig) {
    let jobs = vec![ordered("ana 1", "ana"), ordered("ana 2", "ana"), ordered("leo 1", "leo"), job("free")];
    rig.store.enqueue(jobs).await.unwrap();
    assert_eq!(keys(&take(rig, "a").await), ["ana 1", "leo 1", "free"]);
}

async fn a_job_that_is_tried_again_keeps_its_place_in_the_order(rig: &Rig) {
    rig.store.enqueue(vec![ordered("1", "ana"), ordered("2", "ana")]).await.unwrap();
    let again = |after| Outcome::Again { after, error: "away".to_owned() };
    rig.store.finish(take(rig, "a").await.remove(0), again(Duration::ZERO)).await.unwrap();
    let claims = take(rig, "a").await;
    assert_eq!(keys(&claims), ["1"]);
    rig.store.finish(claims[0].clone(), again(Duration::from_hours(1))).await.unwrap();
    assert!(take(rig, "a").await.is_empty());
}

async fn a_job_that_was_given_up_lets_the_next_one_run(rig: &Rig) {
    rig.store.enqueue(vec![ordered("1", "ana"), ordered("2", "ana")]).await.unwrap();
    rig.store.finish(take(rig, "a").await.remove(0), dead()).await.unwrap();
    assert_eq!(keys(&take(rig, "a").await), ["2"]);
}

async fn a_job_that_kills_each_worker_lets_the_next_one_run(rig: &Rig) {
    rig.store.enqueue(vec![ordered("1", "ana"), ordered("2", "ana")]).await.unwrap();
    let ask = || Ask { lease: Duration::ZERO, ..asks("a") };
    for _ in 0..5 {
        assert_eq!(claimed(&rig.store, ask()).await, ["1"]);
    }
    assert_eq!(claimed(&rig.store, ask()).await, ["2"]);
}

async fn a_job_that_was_revived_waits_for_the_one_that_runs(rig: &Rig) {
    rig.store.enqueue(vec![ordered("1", "ana"), ordered("2", "ana")]).await.unwrap();
    rig.store.finish(take(rig, "a").await.remove(0), dead()).await.unwrap();
    let second = take(rig, "a").await.remove(0);
    rig.store.revive(rig.store.dead_jobs(1).await.unwrap()[0].id).await.unwrap();
    assert!(take(rig, "b").await.is_empty());
    rig.store.finish(second, Outcome::Done).await.unwrap();
    assert_eq!(keys(&take(rig, "b").await), ["1"]);
}

async fn a_lane_has_so_many_places(rig: &Rig) {
    rig.store.enqueue((1..=5).map(|n| laned(&n.to_string(), "crm")).collect()).await.unwrap();
    let ask = || Ask { lane: 2, ..asks("a") };
    let claims = rig.store.claim(ask()).await.unwrap();
    assert_eq!(keys(&claims), ["1", "2"]);
    assert!(claimed(&rig.store, ask()).await.is_empty());
    rig.store.finish(claims[1].clone(), Outcome::Done).await.unwrap();
    assert_eq!(claimed(&rig.store, ask()).await, ["3"]);
}

async fn a_full_lane_holds_up_no_other(rig: &Rig) {
    let mut jobs: Vec<NewJob> = (0..2_000).map(|n| laned(&format!("slow {n}"), "slow")).collect();
    jobs.extend([laned("quick", "quick"), job("free")]);
    rig.store.enqueue(jobs).await.unwrap();
    let ask = || Ask { lane: 2, most: 4, ..asks("a") };
    let mut taken = claimed(&rig.store, ask()).await;
    taken.extend(claimed(&rig.store, ask()).await);
    assert_eq!(taken, ["slow 0", "slow 1", "quick", "free"]);
}

async fn a_lease_that_ended_frees_its_place_in_the_lane(rig: &Rig) {
    rig.store.enqueue(vec![laned("1", "crm"), laned("2", "crm")]).await.unwrap();
    let ask = || Ask { lane: 1, lease: Duration::ZERO, ..asks("a") };
    assert_eq!(claimed(&rig.store, ask()).await, ["1"]);
    assert_eq!(claimed(&rig.store, ask()).await.len(), 1);
}

/// What so many workers get who ask at the same time.
async fn at_once(rig: &Rig, workers: usize, ask: &Ask) -> Vec<Vec<Claim>> {
    let claims = (0..workers).map(|_| {
        let (store, ask) = (rig.store.clone(), ask.clone());
        tokio::spawn(async move { store.claim(ask).await.unwrap() })
    });
    join_all(claims).await.into_iter().map(Result::unwrap).collect()
}

async fn workers_at_once_never_overfill_a_lane(rig: &Rig) {
    for round in 0..10 {
        rig.store.enqueue((0..20).map(|n| laned(&format!("{round}.{n}"), "crm")).collect()).await.unwrap();
        let claims = at_once(rig, 8, &Ask { lane: 3, ..asks("a") }).await;
        let claims: Vec<Claim> = claims.into_iter().flatten().collect();
        assert_eq!(claims.len(), 3, "{:?}", keys(&claims));
        join_all(claims.into_iter().map(|claim| rig.store.finish(claim, Outcome::Done))).await;
    }
}

async fn workers_at_once_all_get_something(rig: &Rig) {
    rig.store.enqueue((0..8).map(|n| job(&n.to_string())).collect()).await.unwrap();
    let claims = at_once(rig, 8, &Ask { most: 1, ..asks("a") }).await;
    let mut keys: Vec<String> = claims.iter().flat_map(|claims| keys(claims)).collect();
    keys.sort();
    assert_eq!(keys, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

async fn workers_at_once_never_run_two_of_an_order(rig: &Rig) {
    let runs = Arc::new(AtomicBool::new(false));
    let workers = (0..8).map(|worker| {
        let (store, runs) = (rig.store.clone(), Arc::clone(&runs));
        tokio::spawn(async move {
            for n in 0..10 {
                store.enqueue(vec![ordered(&format!("{worker}.{n}"), "ana")]).await.unwrap();
                for claim in store.claim(asks("a")).await.unwrap() {
                    assert!(!runs.swap(true, SeqCst), "{} runs beside another one", claim.key);
                    assert_eq!(claim.attempt, 1);
                    runs.store(false, SeqCst);
                    store.finish(claim, Outcome::Done).await.unwrap();
                }
            }
        })
    });
    for worker in join_all(workers).await {
        worker.unwrap();
    }
}
