//! Many jobs at once.

use crate::{
    rig::Rig,
    spy::Spy,
    stage::{NEVER, Notes, Work, jobs, pace, start},
};
use centralita::{
    jobs::Pace,
    ports::store::jobs::{Jobs as _, Outcome},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Barrier;

facts!(two_processes_of_ten_places_do_4000_jobs_once_each, no_more_jobs_run_than_there_are_places);

/// Reliability G4.
async fn two_processes_of_ten_places_do_4000_jobs_once_each(rig: &Rig) {
    const JOBS: usize = 4_000;
    let ran = Notes::new();
    let names = ["one", "two"];
    rig.store.enqueue(jobs(0..JOBS)).await.unwrap();
    let runners = names.map(|name| {
        let (spy, ran) = (Spy::on(&rig.store), ran.clone());
        let work = Work::new(move |claim| {
            ran.add((claim.key, name));
            async { Outcome::Done }
        });
        start(&spy, name, work.job(), Pace { places: 10, ..pace() })
    });
    ran.are(JOBS).await;
    for runner in runners {
        runner.drain(NEVER).await;
    }
    let (mut by_key, mut by_name) = (BTreeMap::new(), BTreeMap::new());
    for (key, name) in ran.all() {
        *by_key.entry(key).or_insert(0) += 1;
        *by_name.entry(name).or_insert(0) += 1;
    }
    assert_eq!(by_key.len(), JOBS);
    assert!(by_key.values().all(|times| *times == 1), "each once");
    assert_eq!(by_name.keys().copied().collect::<Vec<_>>(), names, "nobody starves: {by_name:?}");
    let counts = rig.store.job_counts(None).await.unwrap();
    assert_eq!((counts.done, counts.waiting, counts.running, counts.dead), (4_000, 0, 0, 0));
}

/// Reliability G5.
async fn no_more_jobs_run_than_there_are_places(rig: &Rig) {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (spy, seen, four) = (Spy::on(&rig.store), Arc::clone(&most), Arc::new(Barrier::new(4)));
    let work = Work::new(move |_| {
        let (running, most, four) = (Arc::clone(&running), Arc::clone(&seen), Arc::clone(&four));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Nobody goes on before there are four, so that as many run as ever can.
            four.wait().await;
            running.fetch_sub(1, Ordering::SeqCst);
            Outcome::Done
        }
    });
    rig.store.enqueue(jobs(0..10_000)).await.unwrap();
    let runner = start(&spy, "one", work.job(), pace());
    spy.finished(400).await;
    runner.drain(Duration::ZERO).await;
    assert_eq!(most.load(Ordering::SeqCst), 4);
}
