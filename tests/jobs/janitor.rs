//! Calls whose process is gone.

use crate::rig::{Rig, asks, began, call, sid};
use centralita::{
    base::clock::SystemClock,
    jobs::{
        janitor::Janitor,
        job::{Ended, Job as _},
    },
    ports::store::{
        calls::{CallEnd, CallEntry, CallRecords as _, CallState},
        jobs::{Jobs as _, NewJob, Outcome},
        notes::summary_job,
    },
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

facts!(
    many_calls_of_a_gone_process_are_closed_once_and_followed_up_once,
    a_call_that_lives_or_was_never_begun_is_not_summed_up,
    a_call_that_ended_while_the_store_was_away_is_not_lost,
);

/// Runs the janitor once.
async fn cleans(rig: &Rig) {
    cleans_while(rig, false).await;
}

async fn cleans_while(rig: &Rig, is_behind: bool) {
    let key = format!("{:016x}", rand::random::<u64>());
    rig.store.enqueue(vec![NewJob::new("janitor", key.clone(), json!({}))]).await.unwrap();
    let claims = rig.store.claim(asks("janitor")).await.unwrap();
    let claim = claims.into_iter().find(|claim| claim.key == key).unwrap();
    let janitor =
        Janitor::new(Arc::clone(&rig.store) as _, Arc::new(SystemClock), Arc::new(move || is_behind));
    assert_eq!(janitor.run(claim).await.unwrap(), Ended::So(Outcome::Done));
}

/// Nobody has said for 90 s that these calls live.
async fn silent(rig: &Rig, which: &str) {
    rig.sql(&format!("UPDATE calls SET heartbeat_at = heartbeat_at - 90001 WHERE {which}")).await;
}

/// How many jobs of each kind there are.
async fn kinds(rig: &Rig) -> BTreeMap<String, i64> {
    let rows = rig.sql("SELECT kind, count(*), count(DISTINCT dedupe_key) FROM jobs GROUP BY kind").await;
    let number = |text: &Option<String>| text.as_ref().unwrap().parse::<i64>().unwrap();
    let rows = rows.into_iter().filter(|row| row[0].as_deref() != Some("janitor"));
    rows.map(|row| {
        assert_eq!(number(&row[1]), number(&row[2]));
        (row[0].clone().unwrap(), number(&row[1]))
    })
    .collect()
}

/// Reliability I8, with fewer calls.
async fn many_calls_of_a_gone_process_are_closed_once_and_followed_up_once(rig: &Rig) {
    let began: Vec<CallEntry> = (0..310).map(|number| CallEntry::Began(began(number, "gone", 1))).collect();
    rig.store.write_calls(began).await.unwrap();
    silent(rig, "1 = 1").await;
    for _ in 0..2 {
        cleans(rig).await;
        assert_eq!(
            rig.number("SELECT count(*) FROM calls WHERE state = 'over' AND outcome = 'lost'").await,
            310
        );
        assert_eq!(
            kinds(rig).await,
            [("call_back", 310), ("summary", 310)].map(|(kind, n)| (kind.to_owned(), n)).into()
        );
    }
    // Of those that wait a minute, lest one of them lives, none is due.
    assert!(rig.store.claim(asks("one")).await.unwrap().is_empty());
}

async fn a_call_that_lives_or_was_never_begun_is_not_summed_up(rig: &Rig) {
    rig.store.call_began(began(1, "lives", 1)).await.unwrap();
    rig.store.call_arrived(call(2)).await.unwrap();
    silent(rig, &format!("sid = '{}'", sid(2))).await;
    cleans(rig).await;
    assert_eq!(rig.store.call(sid(1)).await.unwrap().state, CallState::Live);
    let never = rig.store.call(sid(2)).await.unwrap();
    assert_eq!((never.state, never.outcome.as_deref()), (CallState::Over, Some("never_began")));
    assert!(kinds(rig).await.is_empty());
}

async fn a_call_that_ended_while_the_store_was_away_is_not_lost(rig: &Rig) {
    rig.store.call_began(began(1, "away", 1)).await.unwrap();
    silent(rig, "1 = 1").await;
    cleans_while(rig, true).await;
    assert_eq!(rig.store.call(sid(1)).await.unwrap().state, CallState::Live);
    // Another node's janitor does not know; the one that held the call does.
    cleans(rig).await;
    assert_eq!(rig.store.call(sid(1)).await.unwrap().outcome.as_deref(), Some("lost"));
    let at = "2026-11-20T10:01:23Z".parse().unwrap();
    let end =
        CallEnd { outcome: "caller_left".to_owned(), at, jobs: vec![summary_job(&sid(1), Duration::ZERO)] };
    rig.store.call_ended(sid(1), 1, end).await.unwrap();
    let row = rig.store.call(sid(1)).await.unwrap();
    assert_eq!((row.outcome.as_deref(), row.ended_at), (Some("caller_left"), Some(at)));
}
