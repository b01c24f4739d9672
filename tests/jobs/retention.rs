//! What is forgotten by itself.

use crate::rig::{Rig, asks, began, call, job, sid};
use centralita::{
    jobs::{
        job::{Ended, Job as _},
        retention::{Ages, Retention},
    },
    ports::store::{
        calls::{CallEnd, CallRecords as _, TurnRow},
        inbox::{Event, Inbox as _},
        jobs::{Jobs as _, NewJob, Outcome},
    },
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

facts!(
    each_kind_is_kept_as_long_as_the_operator_says,
    what_is_kept_for_ever_is_kept,
    much_is_forgotten_at_once
);

const DAY: Duration = Duration::from_hours(24);

async fn call_that_is_over(rig: &Rig, number: u32) {
    rig.store.call_began(began(number, "a", 1)).await.unwrap();
    let turn = TurnRow { epoch: 1, seq: 1, kind: "caller".to_owned(), at_ms: 1, body: "{}".to_owned() };
    rig.store.add_turns(sid(number), vec![turn]).await.unwrap();
    let event = Event {
        source: "twilio_voice".to_owned(),
        key: sid(number).to_string(),
        payload: b"From=".to_vec(),
        response: None,
        change: None,
        jobs: Vec::new(),
    };
    rig.store.accept(event).await.unwrap();
    let end = CallEnd { outcome: "goodbye".to_owned(), at: call(number).at, jobs: Vec::new() };
    rig.store.call_ended(sid(number), 1, end).await.unwrap();
}

/// Everything happened so many days earlier.
async fn goes_back(rig: &Rig, days: u32) {
    let ms = i64::from(days) * 86_400_000;
    rig.sql(&format!(
        "UPDATE calls SET ended_at = ended_at - {ms}; UPDATE inbox SET received_at = received_at - {ms}; \
         UPDATE jobs SET done_at = done_at - {ms}"
    ))
    .await;
}

/// Calls are over now by the database's clock.
async fn now(rig: &Rig) {
    let now = if rig.is_sqlite() {
        "unixepoch() * 1000"
    } else {
        "CAST(extract(epoch FROM now()) * 1000 AS BIGINT)"
    };
    rig.sql(&format!("UPDATE calls SET ended_at = {now} - 5000")).await;
}

async fn run(rig: &Rig, ages: Ages) {
    let retention = Retention { store: Arc::clone(&rig.store) as _, ages };
    rig.store
        .enqueue(vec![NewJob::new("retention", format!("{:x}", rand::random::<u64>()), json!({}))])
        .await
        .unwrap();
    let claim = rig.store.claim(asks("a")).await.unwrap().remove(0);
    assert_eq!(retention.run(claim.clone()).await.unwrap(), Ended::So(Outcome::Done));
    rig.store.finish(claim, Outcome::Done).await.unwrap();
}

/// Calls with files, turns, bodies that are kept, jobs that are done.
async fn kept(rig: &Rig) -> [i64; 4] {
    [
        rig.number("SELECT count(*) FROM calls WHERE recording IS NOT NULL").await,
        rig.number("SELECT count(*) FROM turns").await,
        rig.number("SELECT count(*) FROM inbox WHERE payload IS NOT NULL").await,
        rig.number("SELECT count(*) FROM jobs WHERE state = 'done'").await,
    ]
}

async fn each_kind_is_kept_as_long_as_the_operator_says(rig: &Rig) {
    let ages = Ages { recordings: Some(30 * DAY), transcripts: Some(90 * DAY), payloads: Some(7 * DAY) };
    call_that_is_over(rig, 1).await;
    now(rig).await;
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let claim = rig.store.claim(asks("a")).await.unwrap().remove(0);
    rig.store.finish(claim, Outcome::Done).await.unwrap();
    run(rig, ages).await;
    assert_eq!(kept(rig).await, [1, 1, 1, 2]);
    goes_back(rig, 7).await;
    run(rig, ages).await;
    assert_eq!(kept(rig).await, [1, 1, 0, 1], "a week later");
    goes_back(rig, 23).await;
    run(rig, ages).await;
    assert_eq!(kept(rig).await, [0, 1, 0, 1], "a month later");
    goes_back(rig, 60).await;
    run(rig, ages).await;
    assert_eq!(kept(rig).await, [0, 0, 0, 1], "a quarter later");
    assert_eq!(rig.number("SELECT count(*) FROM calls").await, 1);
}

async fn what_is_kept_for_ever_is_kept(rig: &Rig) {
    call_that_is_over(rig, 1).await;
    now(rig).await;
    goes_back(rig, 36_500).await;
    run(rig, Ages::default()).await;
    assert_eq!(kept(rig).await, [1, 1, 1, 1]);
}

async fn much_is_forgotten_at_once(rig: &Rig) {
    for number in 0..450 {
        call_that_is_over(rig, number).await;
    }
    now(rig).await;
    goes_back(rig, 100).await;
    let ages = Ages { recordings: Some(DAY), transcripts: Some(DAY), payloads: Some(DAY) };
    run(rig, ages).await;
    assert_eq!(kept(rig).await, [0, 0, 0, 1]);
    assert_eq!(rig.number("SELECT count(*) FROM calls").await, 450);
}
