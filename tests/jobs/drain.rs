//! The end of the process.

use crate::{
    rig::{Rig, asks},
    spy::{Seen, Spy},
    stage::{NEVER, Notes, Work, jobs, ms, pace, start},
};
use centralita::{
    jobs::Pace,
    ports::store::jobs::{Jobs as _, Outcome},
};
use std::{future::pending, sync::Arc};
use tokio::sync::Semaphore;

facts!(what_is_not_done_when_time_is_up_is_given_back, a_drain_does_not_wait_for_a_store_that_is_away);

/// Reliability §3.9.
async fn what_is_not_done_when_time_is_up_is_given_back(rig: &Rig) {
    let (spy, began, go_on) = (Spy::on(&rig.store), Notes::new(), Arc::new(Semaphore::new(0)));
    let (noted, gate) = (began.clone(), Arc::clone(&go_on));
    let work = Work::new(move |claim| {
        noted.add(claim.key.clone());
        let gate = Arc::clone(&gate);
        async move {
            if claim.key == "endless" {
                pending::<()>().await;
            }
            gate.acquire().await.unwrap().forget();
            Outcome::Done
        }
    });
    rig.store.enqueue(jobs(["endless", "short"])).await.unwrap();
    let runner = start(&spy, "one", work.job(), Pace { poll: NEVER, ..pace() });
    began.are(2).await;
    // From here on it only waits.
    spy.until(|seen| seen.contains(&Seen::Due)).await;
    runner.stop();
    rig.store.enqueue(jobs(["new"])).await.unwrap();
    runner.waker().wake();
    go_on.add_permits(1);
    spy.finished(1).await;
    runner.drain(ms(1)).await;
    let given_back = Outcome::Later { after: ms(0) };
    assert_eq!(spy.ends(), [("short".to_owned(), Outcome::Done), ("endless".to_owned(), given_back)]);
    let claims = rig.store.claim(asks("two")).await.unwrap();
    let claims: Vec<_> = claims.iter().map(|claim| (&claim.key[..], claim.attempt)).collect();
    assert_eq!(claims, [("endless", 1), ("new", 1)], "due at once, and no attempt was counted");
}

async fn a_drain_does_not_wait_for_a_store_that_is_away(rig: &Rig) {
    let (spy, began) = (Spy::on(&rig.store), Notes::new());
    let noted = began.clone();
    let work = Work::new(move |_| {
        noted.add(());
        pending()
    });
    rig.store.enqueue(jobs(["one"])).await.unwrap();
    let runner = start(&spy, "one", work.job(), pace());
    began.are(1).await;
    spy.is_away(true);
    runner.drain(ms(1)).await;
    assert_eq!(rig.store.job_counts(None).await.unwrap().running, 1);
}
