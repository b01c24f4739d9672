//! How jobs are taken, kept and ended.

use crate::{
    log::Log,
    rig::{Rig, options},
    spy::{Seen, Spy},
    stage::{Dropped, NEVER, Notes, Work, jobs, ms, pace, start},
};
use centralita::{
    jobs::{
        Pace,
        job::{Ended, Job},
    },
    ports::store::{
        Stored,
        jobs::{Claim, Jobs as _, NewJob, Outcome},
    },
    storage::SqlStore,
};
use futures_util::future::BoxFuture;
use serde_json::json;
use std::{
    future::pending,
    sync::{Arc, mpsc},
    thread,
};
use tokio::sync::oneshot;

facts!(
    a_job_whose_process_died_is_done_by_another_when_its_lease_ends,
    a_job_that_panics_is_given_up_in_the_end_and_the_others_go_on,
    a_frozen_process_is_fenced_when_it_wakes,
    a_job_is_stopped_whose_lease_cannot_be_prolonged,
    a_lease_is_prolonged_as_long_as_the_work_takes,
    while_the_store_is_away_nothing_is_lost,
    a_job_that_takes_too_long_is_stopped_and_tried_again,
    a_job_that_nobody_knows_is_given_up_in_the_end,
    what_is_enqueued_here_runs_at_once,
    a_job_that_the_store_failed_does_not_count_its_attempt,
);

/// Reliability G1.
async fn a_job_whose_process_died_is_done_by_another_when_its_lease_ends(rig: &Rig) {
    let (spy, began) = (Spy::on(&rig.store), Notes::new());
    let stuck = {
        let began = began.clone();
        Work::new(move |claim| {
            began.add(claim.attempt);
            pending()
        })
    };
    let first = start(&spy, "first", stuck.job(), Pace { places: 1, lease: ms(50), ..pace() });
    rig.store.enqueue(jobs(["one"])).await.unwrap();
    began.are(1).await;
    drop(first);
    let done = began.clone();
    let works = Work::new(move |claim| {
        done.add(claim.attempt);
        async { Outcome::Done }
    });
    let second = start(&spy, "second", works.job(), pace());
    spy.finished(1).await;
    second.drain(NEVER).await;
    assert_eq!(began.all(), [1, 2]);
    assert_eq!(spy.ends(), [("one".to_owned(), Outcome::Done)]);
}

/// Reliability G2.
async fn a_job_that_panics_is_given_up_in_the_end_and_the_others_go_on(rig: &Rig) {
    let (spy, ran) = (Spy::on(&rig.store), Notes::new());
    let noted = ran.clone();
    let work = Work::new(move |claim| {
        noted.add((claim.key.clone(), claim.attempt));
        async move {
            assert!(claim.key != "poison", "what a crafted payload does");
            Outcome::Done
        }
    });
    rig.store.enqueue(jobs(["poison", "a", "b", "c", "d"])).await.unwrap();
    let runner = start(&spy, "one", work.job(), pace());
    spy.finished(9).await;
    runner.drain(NEVER).await;
    let of = |key: &str| {
        ran.all().into_iter().filter(|(of, _)| of == key).map(|(_, attempt)| attempt).collect::<Vec<_>>()
    };
    assert_eq!(of("poison"), [1, 2, 3, 4, 5]);
    assert!(["a", "b", "c", "d"].into_iter().all(|key| of(key) == [1]));
    let dead = rig.store.dead_jobs(10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (&dead[0].key[..], &dead[0].error[..]),
        ("poison", "it panicked: what a crafted payload does")
    );
}

/// Reliability G11: a process that is stopped (SIGSTOP) does nothing at all, as one whose only thread stands still.
async fn a_frozen_process_is_fenced_when_it_wakes(rig: &Rig) {
    rig.store.enqueue(jobs(["one"])).await.unwrap();
    let place = rig.place();
    let (began, frozen) = oneshot::channel();
    let (thaw, thawed) = mpsc::channel();
    let stale = thread::spawn(move || {
        Log::begin();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // Connections of its own: they end with its thread.
            let store = Arc::new(SqlStore::open(place, options()).await.unwrap());
            let spy = Spy::on(&store);
            let once = std::sync::Mutex::new(Some((began, thawed)));
            let work = Work::new(move |_| {
                let (began, thawed) = once.lock().unwrap().take().unwrap();
                async move {
                    began.send(()).unwrap();
                    thawed.recv().unwrap();
                    Outcome::Done
                }
            });
            let runner = start(&spy, "stale", work.job(), Pace { places: 1, lease: ms(50), ..pace() });
            spy.until(|seen| seen.iter().any(Seen::is_end)).await;
            runner.drain(NEVER).await;
            store.close().await;
            (spy.seen().into_iter().find(Seen::is_end).unwrap(), Log::text())
        })
    });
    frozen.await.unwrap();
    let spy = Spy::on(&rig.store);
    let fresh = start(&spy, "fresh", Work::new(|_| async { Outcome::Done }).job(), pace());
    spy.finished(1).await;
    thaw.send(()).unwrap();
    let (last, log) = tokio::task::spawn_blocking(|| stale.join().unwrap()).await.unwrap();
    fresh.drain(NEVER).await;
    assert_eq!(last, Seen::Finished { key: "one".to_owned(), outcome: Outcome::Done, ours: false });
    assert!(log.contains("FENCED"), "{log}");
    assert_eq!(rig.store.job_counts(None).await.unwrap().done, 1);
}

async fn a_job_is_stopped_whose_lease_cannot_be_prolonged(rig: &Rig) {
    let (spy, told) = (Spy::on(&rig.store), Notes::new());
    let notes = told.clone();
    let work = Work::new(move |_| {
        let (notes, dropped) = (notes.clone(), Dropped(notes.clone(), "stopped"));
        async move {
            let _dropped = dropped;
            notes.add("began");
            pending().await
        }
    });
    // Where the machine is slow, some leases end before the work begins.
    let many = jobs(["one"]).into_iter().map(|job| NewJob { attempts: 1_000_000, ..job });
    rig.store.enqueue(many.collect()).await.unwrap();
    let runner = start(
        &spy,
        "one",
        work.job(),
        Pace { places: 1, lease: ms(60), renew: ms(1), stop: ms(40), ..pace() },
    );
    told.are(1).await;
    spy.is_away(true);
    assert_eq!(told.are(2).await, ["began", "stopped"]);
    spy.is_away(false);
    drop(runner);
    assert_eq!(spy.ends(), [], "who is late says nothing");
}

async fn a_lease_is_prolonged_as_long_as_the_work_takes(rig: &Rig) {
    let (spy, began) = (Spy::on(&rig.store), Notes::new());
    let (noted, renewed) = (began.clone(), Arc::clone(&spy));
    let work = Work::new(move |_| {
        noted.add(());
        let spy = Arc::clone(&renewed);
        // The store is away for a moment, which is survived, and longer than the lease was at first.
        async move {
            spy.refused(3).await;
            spy.is_away(false);
            let idle = |seen: &[Seen]| seen.iter().filter(|seen| **seen == Seen::Idle).count();
            let before = idle(&spy.seen());
            spy.until(|seen| idle(seen) > before).await;
            Outcome::Done
        }
    });
    rig.store.enqueue(jobs(["one"])).await.unwrap();
    let runner = start(&spy, "one", work.job(), Pace { renew: ms(1), ..pace() });
    began.are(1).await;
    spy.is_away(true);
    spy.finished(1).await;
    runner.drain(NEVER).await;
    assert_eq!(began.all().len(), 1);
}

async fn while_the_store_is_away_nothing_is_lost(rig: &Rig) {
    let (spy, ran) = (Spy::on(&rig.store), Notes::new());
    let (noted, away) = (ran.clone(), Arc::clone(&spy));
    let work = Work::new(move |claim| {
        noted.add(claim.key);
        away.is_away(true);
        async { Outcome::Done }
    });
    rig.store.enqueue(jobs(["one", "two"])).await.unwrap();
    let runner = start(&spy, "one", work.job(), Pace { places: 1, ..pace() });
    for round in 1..=2 {
        ran.are(round).await;
        let tried = spy.seen().iter().filter(|seen| **seen == Seen::Away).count();
        spy.refused(tried + 3).await;
        assert_eq!(ran.all().len(), round, "nothing else is begun");
        spy.is_away(false);
        spy.finished(round).await;
    }
    runner.drain(NEVER).await;
    assert_eq!(ran.all(), ["one", "two"]);
    assert_eq!(rig.store.job_counts(None).await.unwrap().done, 2);
}

async fn a_job_that_takes_too_long_is_stopped_and_tried_again(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    let work =
        Work::new(|claim| async move { if claim.attempt == 1 { pending().await } else { Outcome::Done } });
    rig.store.enqueue(jobs(["one"])).await.unwrap();
    let runner = start(&spy, "one", Work { limit: ms(20), ..work }.job(), pace());
    spy.finished(2).await;
    runner.drain(NEVER).await;
    let [(_, first), (_, second)] = &spy.ends()[..] else { panic!("two attempts") };
    assert!(matches!(first, Outcome::Again { error, .. } if error == "not done within 20ms"), "{first:?}");
    assert_eq!(*second, Outcome::Done);
}

async fn a_job_that_nobody_knows_is_given_up_in_the_end(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    rig.store.enqueue(vec![NewJob::new("strange", "one", json!({}))]).await.unwrap();
    let runner = start(&spy, "one", Vec::new(), pace());
    spy.finished(5).await;
    runner.drain(NEVER).await;
    let dead = rig.store.dead_jobs(10).await.unwrap();
    assert_eq!(dead[0].error, "no program here runs jobs of the kind `strange`");
}

async fn what_is_enqueued_here_runs_at_once(rig: &Rig) {
    let spy = Spy::on(&rig.store);
    let runner =
        start(&spy, "one", Work::new(|_| async { Outcome::Done }).job(), Pace { poll: NEVER, ..pace() });
    spy.until(|seen| seen.contains(&Seen::Idle)).await;
    rig.store.enqueue(jobs(["one"])).await.unwrap();
    runner.waker().wake();
    spy.finished(1).await;
    // Also what is not due yet needs no second word.
    let mut later = jobs(["two"]);
    later[0].after = ms(30);
    rig.store.enqueue(later).await.unwrap();
    runner.waker().wake();
    spy.finished(2).await;
    runner.drain(NEVER).await;
}

async fn a_job_that_the_store_failed_does_not_count_its_attempt(rig: &Rig) {
    struct Asks(Arc<Spy>, Notes<u32>);
    impl Job for Asks {
        fn kind(&self) -> &'static str {
            "work"
        }
        fn run(&self, claim: Claim) -> BoxFuture<'_, Stored<Ended>> {
            Box::pin(async move {
                self.1.add(claim.attempt);
                let away = self.1.all().len() < 8;
                self.0.is_away(away);
                let asked = self.0.renew(claim, NEVER).await;
                self.0.is_away(false);
                asked.map(|()| Outcome::Done.into())
            })
        }
    }
    let (spy, ran) = (Spy::on(&rig.store), Notes::new());
    rig.store.enqueue(jobs(["one"])).await.unwrap();
    let runner = start(&spy, "one", vec![Arc::new(Asks(Arc::clone(&spy), ran.clone()))], pace());
    spy.done(1).await;
    runner.drain(NEVER).await;
    assert_eq!(ran.all(), [1; 8]);
}
