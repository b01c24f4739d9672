//! Jobs at fixed hours.

use crate::{
    rig::Rig,
    spy::Spy,
    stage::{NEVER, Notes, Work, pace, start_at},
};
use centralita::{
    base::clock::{SystemClock, WallClock},
    jobs::Runner,
    ports::store::{
        Owner,
        jobs::{Jobs as _, Outcome},
    },
};
use jiff::Timestamp;
use std::sync::{Arc, Mutex};

facts!(
    each_instant_has_one_job_however_many_processes_run,
    an_instant_that_everybody_missed_is_made_up_for_once,
    a_pattern_that_is_none_is_told,
);

/// A clock that is moved.
#[derive(Debug)]
struct Moved(Mutex<Timestamp>);

impl Moved {
    fn at(at: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(at.parse().unwrap())))
    }

    fn to(&self, at: &str) {
        *self.0.lock().unwrap() = at.parse().unwrap();
    }
}

impl WallClock for Moved {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn hourly(ran: &Notes<String>) -> Work {
    let ran = ran.clone();
    let work = Work::new(move |claim| {
        ran.add(format!("{} {}", claim.key, claim.payload["at"].as_str().unwrap()));
        async { Outcome::Done }
    });
    Work { kind: "sync", schedule: Some("5 * * * *"), ..work }
}

async fn each_instant_has_one_job_however_many_processes_run(rig: &Rig) {
    let clock = Moved::at("2026-11-21T10:04:59.990Z");
    let (spy, ran) = (Spy::on(&rig.store), Notes::new());
    let runners =
        ["one", "two"].map(|name| start_at(&spy, name, hourly(&ran).job(), pace(), Arc::clone(&clock) as _));
    ran.are(1).await;
    clock.to("2026-11-21T11:04:59.990Z");
    ran.are(2).await;
    clock.to("2026-11-21T12:00:00Z");
    let waits = async {
        while rig.store.job_counts(None).await.unwrap().waiting == 0 {
            tokio::task::yield_now().await;
        }
    };
    waits.await;
    for runner in runners {
        runner.drain(NEVER).await;
    }
    let instants = ["2026-11-21T10:05:00Z", "2026-11-21T11:05:00Z"];
    assert_eq!(ran.all(), instants.map(|at| format!("cron:sync:{at} {at}")));
    assert_eq!(rig.store.job_counts(None).await.unwrap().waiting, 1, "the next one lies there");
}

async fn an_instant_that_everybody_missed_is_made_up_for_once(rig: &Rig) {
    let (spy, ran) = (Spy::on(&rig.store), Notes::new());
    let clock = Moved::at("2026-11-21T10:04:59.500Z");
    let before = start_at(&spy, "before", hourly(&ran).job(), pace(), clock as _);
    while rig.store.job_counts(None).await.unwrap().waiting == 0 {
        tokio::task::yield_now().await;
    }
    drop(before);
    // Three hours later.
    let clock = Moved::at("2026-11-21T13:30:00Z");
    let after = start_at(&spy, "after", hourly(&ran).job(), pace(), clock as _);
    ran.are(1).await;
    after.drain(NEVER).await;
    assert_eq!(ran.all(), ["cron:sync:2026-11-21T10:05:00Z 2026-11-21T10:05:00Z"]);
}

async fn a_pattern_that_is_none_is_told(rig: &Rig) {
    let work = Work { schedule: Some("at noon"), ..hourly(&Notes::new()) };
    let owner = Owner("one".to_owned());
    let error = Runner::start(Arc::clone(&rig.store) as _, owner, Arc::new(SystemClock), work.job(), pace());
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("the schedule `at noon` of the job `sync` is no cron pattern: "), "{error}");
}
