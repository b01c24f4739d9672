//! People whom we cut off are to be called back, once.

use crate::rig::{Rig, asks, began, sid};
use centralita::{
    jobs::{
        call_back::CallBack,
        job::{Ended, Job as _},
    },
    ports::store::{
        calls::{CallEnd, CallRecords as _},
        jobs::{Jobs as _, Outcome},
        notes::{CALL_BACK, Notes as _, call_back_job},
        outbox::{DeliveryState, Outbox as _, Settle},
    },
};
use std::{sync::Arc, time::Duration};

facts!(
    a_lost_call_is_called_back_once_however_often_it_is_asked_for,
    a_call_that_came_back_or_has_no_number_is_not_called_back,
);

async fn ends(rig: &Rig, number: u32, outcome: &str) {
    let at = "2026-11-20T10:01:23Z".parse().unwrap();
    let end = CallEnd { outcome: outcome.to_owned(), at, jobs: Vec::new() };
    rig.store.call_ended(sid(number), 1, end).await.unwrap();
}

/// Runs the job of a call, `times` as after crashes.
async fn asked_for(rig: &Rig, number: u32, times: usize) -> Vec<Ended> {
    rig.store.enqueue(vec![call_back_job(&sid(number), Duration::ZERO); times]).await.unwrap();
    let claim = rig.store.claim(asks("one")).await.unwrap().pop().unwrap();
    let store = Arc::clone(&rig.store) as _;
    let job = CallBack { store, agents: Arc::new(|_| None), targets: vec![("crm".to_owned(), Settle::Key)] };
    let mut ended = Vec::new();
    for _ in 0..times {
        ended.push(job.run(claim.clone()).await.unwrap());
    }
    ended
}

async fn a_lost_call_is_called_back_once_however_often_it_is_asked_for(rig: &Rig) {
    rig.store.call_began(began(1, "one", 1)).await.unwrap();
    ends(rig, 1, "lost").await;
    let done = Ended::So(Outcome::Done);
    assert_eq!(asked_for(rig, 1, 3).await, vec![done; 3]);
    let notes = rig.store.notes_of(sid(1).to_string()).await.unwrap();
    assert_eq!((notes.len(), notes[0].kind.as_str()), (1, CALL_BACK));
    assert!(notes[0].text.contains("+34600100200"), "{}", notes[0].text);
    let deliveries = rig.store.deliveries(DeliveryState::Pending, 10).await.unwrap();
    assert_eq!((deliveries.len(), &deliveries[0].payload["type"]), (1, &"call.call_back".into()));
    assert_eq!(deliveries[0].payload["data"]["text"], notes[0].text);
}

async fn a_call_that_came_back_or_has_no_number_is_not_called_back(rig: &Rig) {
    for number in [1, 2] {
        rig.store.call_began(began(number, "one", 1)).await.unwrap();
    }
    let mut withheld = began(3, "one", 1);
    "anonymous".clone_into(&mut withheld.call.from);
    rig.store.call_began(withheld).await.unwrap();
    ends(rig, 2, "caller_left").await;
    ends(rig, 3, "lost").await;
    // It lives, so it may come to any end.
    assert!(matches!(asked_for(rig, 1, 1).await[..], [Ended::So(Outcome::Later { .. })]));
    for number in [2, 3] {
        assert_eq!(asked_for(rig, number, 1).await, [Ended::So(Outcome::Done)]);
    }
    for number in 1..=3 {
        assert_eq!(rig.store.notes_of(sid(number).to_string()).await.unwrap(), []);
    }
}
