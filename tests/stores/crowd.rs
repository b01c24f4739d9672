//! Many workers on many jobs.

use crate::rig::{Rig, asks, job};
use centralita::{
    ports::store::jobs::{Ask, JobCounts, Jobs as _, NewJob, Outcome},
    storage::SqlStore,
};
use futures_util::future::join_all;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::Barrier;

facts! {
    four_thousand_jobs_run_once_each_and_no_worker_starves,
}

const JOBS: usize = 4_000;
const WORKERS: usize = 10;

/// Takes jobs until none is left; returns what it took.
async fn work(store: Arc<SqlStore>, name: String, all_here: Arc<Barrier>) -> Vec<String> {
    let mut done = Vec::new();
    all_here.wait().await;
    loop {
        let claims = store.claim(Ask { most: 25, ..asks(&name) }).await.unwrap();
        if claims.is_empty() {
            return done;
        }
        for claim in claims {
            assert_eq!(claim.attempt, 1);
            done.push(claim.key.clone());
            store.finish(claim, Outcome::Done).await.unwrap();
        }
    }
}

async fn four_thousand_jobs_run_once_each_and_no_worker_starves(rig: &Rig) {
    let jobs: Vec<NewJob> = (0..JOBS).map(|n| job(&n.to_string())).collect();
    assert_eq!(rig.store.enqueue(jobs).await.unwrap(), JOBS as u64);
    let other = Arc::new(rig.another().await.unwrap());
    let all_here = Arc::new(Barrier::new(2 * WORKERS));
    let workers = (0..2 * WORKERS).map(|n| {
        let store = if n % 2 == 0 { Arc::clone(&rig.store) } else { Arc::clone(&other) };
        tokio::spawn(work(store, format!("worker {n}"), Arc::clone(&all_here)))
    });
    let done: Vec<Vec<String>> = join_all(workers).await.into_iter().map(Result::unwrap).collect();
    assert!(done.iter().all(|done| !done.is_empty()), "{:?}", done.iter().map(Vec::len).collect::<Vec<_>>());
    assert_eq!(done.iter().map(Vec::len).sum::<usize>(), JOBS);
    assert_eq!(done.into_iter().flatten().collect::<BTreeSet<_>>().len(), JOBS);
    let counts = JobCounts { done: JOBS as u64, ..JobCounts::default() };
    assert_eq!(rig.store.job_counts(None).await.unwrap(), counts);
    other.close().await;
}
