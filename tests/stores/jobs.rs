//! Jobs one at a time.

use crate::rig::{Rig, asks, claimed, job, keys, owner};
use centralita::ports::store::{
    StoreError,
    jobs::{Ask, Claim, JobCounts, Jobs as _, NewJob, Outcome},
};
use serde_json::json;
use std::time::Duration;

facts! {
    there_is_one_job_of_a_key_for_ever,
    a_claim_tells_all_about_the_job,
    a_claimed_job_is_nobody_elses,
    a_job_waits_until_it_is_due,
    the_longest_due_goes_first,
    an_attempt_counts_when_it_is_claimed,
    the_last_attempt_is_told,
    a_job_that_fails_each_time_is_given_up,
    a_job_that_kills_each_worker_is_given_up,
    a_job_that_cannot_be_done_is_given_up_at_once,
    an_attempt_that_came_too_early_does_not_count,
    whoever_lost_a_claim_can_neither_end_nor_prolong_it,
    a_lease_that_ended_is_still_ours_while_nobody_took_the_job,
    a_prolonged_lease_keeps_the_job,
    a_lease_may_be_endless,
    a_dead_job_gets_all_its_attempts_again,
    only_a_dead_job_is_revived,
    the_next_due_job_is_told,
    a_job_that_must_wait_its_turn_is_not_due,
    texts_may_hold_any_character,
}

const HOUR: Duration = Duration::from_hours(1);

fn again() -> Outcome {
    Outcome::Again { after: Duration::ZERO, error: "away".to_owned() }
}

/// A lease that has ended when it begins.
fn briefly(by: &str) -> Ask {
    Ask { lease: Duration::ZERO, ..asks(by) }
}

async fn one(rig: &Rig, ask: Ask) -> Claim {
    let mut claims = rig.store.claim(ask).await.unwrap();
    assert_eq!(claims.len(), 1, "{:?}", keys(&claims));
    claims.remove(0)
}

async fn there_is_one_job_of_a_key_for_ever(rig: &Rig) {
    assert_eq!(rig.store.enqueue(vec![job("a"), job("b"), job("a")]).await.unwrap(), 2);
    assert_eq!(rig.store.enqueue(vec![job("a"), job("c")]).await.unwrap(), 1);
    for claim in rig.store.claim(asks("x")).await.unwrap() {
        rig.store.finish(claim, Outcome::Done).await.unwrap();
    }
    assert_eq!(rig.store.enqueue(vec![job("a")]).await.unwrap(), 0);
    assert!(claimed(&rig.store, asks("x")).await.is_empty());
    let counts = JobCounts { done: 3, ..JobCounts::default() };
    assert_eq!(rig.store.job_counts(None).await.unwrap(), counts);
    assert_eq!(rig.store.job_counts(Some("work".to_owned())).await.unwrap(), counts);
    assert_eq!(rig.store.job_counts(Some("play".to_owned())).await.unwrap(), JobCounts::default());
}

async fn a_claim_tells_all_about_the_job(rig: &Rig) {
    let job =
        NewJob { attempts: 3, ..NewJob::new("summary", "summary:1", json!({"call": "1", "n": [1, "é"]})) };
    rig.store.enqueue(vec![job]).await.unwrap();
    let claim = one(rig, asks("a")).await;
    assert_eq!(
        (claim.workspace.as_str(), claim.kind.as_str(), claim.key.as_str()),
        ("main", "summary", "summary:1")
    );
    assert_eq!(claim.payload, json!({"call": "1", "n": [1, "é"]}));
    assert_eq!((claim.attempt, claim.is_last), (1, false));
}

async fn a_claimed_job_is_nobody_elses(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let claim = one(rig, asks("a")).await;
    assert!(claimed(&rig.store, asks("a")).await.is_empty());
    assert!(claimed(&rig.store, asks("b")).await.is_empty());
    rig.store.finish(claim.clone(), Outcome::Done).await.unwrap();
    assert!(claimed(&rig.store, asks("b")).await.is_empty());
    assert!(matches!(rig.store.finish(claim, Outcome::Done).await, Err(StoreError::Fenced)));
}

async fn a_job_waits_until_it_is_due(rig: &Rig) {
    rig.store.enqueue(vec![NewJob { after: HOUR, ..job("later") }, job("now")]).await.unwrap();
    assert_eq!(claimed(&rig.store, asks("a")).await, ["now"]);
    rig.sql("UPDATE jobs SET run_at = run_at - 3600000 WHERE dedupe_key = 'later'").await;
    let later = one(rig, asks("a")).await;
    let wait = Outcome::Again { after: HOUR, error: "away".to_owned() };
    rig.store.finish(later, wait).await.unwrap();
    assert!(claimed(&rig.store, asks("a")).await.is_empty());
}

async fn the_longest_due_goes_first(rig: &Rig) {
    rig.store.enqueue(vec![job("second"), job("third"), job("first")]).await.unwrap();
    rig.sql("UPDATE jobs SET run_at = CASE dedupe_key WHEN 'first' THEN 1 WHEN 'second' THEN 2 ELSE 3 END")
        .await;
    for expected in ["first", "second", "third"] {
        assert_eq!(claimed(&rig.store, Ask { most: 1, ..asks("a") }).await, [expected]);
    }
}

async fn an_attempt_counts_when_it_is_claimed(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let first = one(rig, briefly("a")).await;
    let second = one(rig, briefly("b")).await;
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert!(second.epoch > first.epoch);
}

async fn the_last_attempt_is_told(rig: &Rig) {
    rig.store.enqueue(vec![NewJob { attempts: 2, ..job("a") }]).await.unwrap();
    assert!(!one(rig, briefly("a")).await.is_last);
    assert!(one(rig, briefly("a")).await.is_last);
}

async fn a_job_that_fails_each_time_is_given_up(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    for attempt in 1..=5 {
        let claim = one(rig, asks("a")).await;
        assert_eq!((claim.attempt, claim.is_last), (attempt, attempt == 5));
        rig.store.finish(claim, again()).await.unwrap();
    }
    assert!(claimed(&rig.store, asks("a")).await.is_empty());
    let dead = rig.store.dead_jobs(10).await.unwrap();
    assert_eq!((dead[0].key.as_str(), dead[0].kind.as_str(), dead[0].error.as_str()), ("a", "work", "away"));
    assert_eq!(rig.store.job_counts(None).await.unwrap(), JobCounts { dead: 1, ..JobCounts::default() });
}

async fn a_job_that_kills_each_worker_is_given_up(rig: &Rig) {
    rig.store.enqueue(vec![job("poison"), NewJob { after: HOUR, ..job("later") }]).await.unwrap();
    for _ in 0..5 {
        assert_eq!(claimed(&rig.store, briefly("a")).await, ["poison"]);
    }
    rig.sql("UPDATE jobs SET run_at = run_at - 3600000 WHERE dedupe_key = 'later'").await;
    assert_eq!(claimed(&rig.store, briefly("a")).await, ["later"]);
    let dead = rig.store.dead_jobs(10).await.unwrap();
    assert_eq!(
        (dead.len(), dead[0].key.as_str(), dead[0].error.as_str()),
        (1, "poison", "no attempt came to an end")
    );
}

async fn a_job_that_cannot_be_done_is_given_up_at_once(rig: &Rig) {
    rig.store.enqueue(vec![job("a"), job("b")]).await.unwrap();
    for claim in rig.store.claim(asks("a")).await.unwrap() {
        rig.store.finish(claim, Outcome::Dead { error: "no such target".to_owned() }).await.unwrap();
    }
    let dead = rig.store.dead_jobs(1).await.unwrap();
    assert_eq!((dead.len(), dead[0].key.as_str(), dead[0].error.as_str()), (1, "b", "no such target"));
    assert_eq!(rig.store.dead_jobs(10).await.unwrap().len(), 2);
}

async fn an_attempt_that_came_too_early_does_not_count(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    for _ in 0..9 {
        let claim = one(rig, asks("a")).await;
        assert_eq!(claim.attempt, 1);
        rig.store.finish(claim, Outcome::Later { after: Duration::ZERO }).await.unwrap();
    }
}

async fn whoever_lost_a_claim_can_neither_end_nor_prolong_it(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let frozen = one(rig, briefly("a")).await;
    let taken = one(rig, asks("b")).await;
    for outcome in [Outcome::Done, again(), Outcome::Dead { error: String::new() }] {
        assert!(matches!(rig.store.finish(frozen.clone(), outcome).await, Err(StoreError::Fenced)));
    }
    assert!(matches!(rig.store.renew(frozen, HOUR).await, Err(StoreError::Fenced)));
    rig.store.finish(taken, Outcome::Done).await.unwrap();
    assert_eq!(rig.store.job_counts(None).await.unwrap(), JobCounts { done: 1, ..JobCounts::default() });
}

async fn a_lease_that_ended_is_still_ours_while_nobody_took_the_job(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let claim = one(rig, briefly("a")).await;
    rig.store.finish(claim, Outcome::Done).await.unwrap();
    assert!(claimed(&rig.store, asks("b")).await.is_empty());
}

async fn a_prolonged_lease_keeps_the_job(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let claim = one(rig, briefly("a")).await;
    rig.store.renew(claim.clone(), HOUR).await.unwrap();
    assert!(claimed(&rig.store, asks("b")).await.is_empty());
    rig.store.renew(claim, Duration::ZERO).await.unwrap();
    assert_eq!(claimed(&rig.store, asks("b")).await, ["a"]);
}

async fn a_lease_may_be_endless(rig: &Rig) {
    rig.store.enqueue(vec![job("a"), NewJob { after: Duration::MAX, ..job("never") }]).await.unwrap();
    let claim = one(rig, Ask { lease: Duration::MAX, ..asks("a") }).await;
    assert!(claimed(&rig.store, asks("b")).await.is_empty());
    assert!(rig.store.next_due().await.unwrap().unwrap() > HOUR);
    rig.store.finish(claim, Outcome::Done).await.unwrap();
}

async fn a_dead_job_gets_all_its_attempts_again(rig: &Rig) {
    rig.store.enqueue(vec![NewJob { attempts: 2, ..job("a") }]).await.unwrap();
    let killed = one(rig, asks("a")).await;
    rig.store.finish(killed.clone(), Outcome::Dead { error: "no".to_owned() }).await.unwrap();
    rig.store.revive(rig.store.dead_jobs(1).await.unwrap()[0].id).await.unwrap();
    assert!(rig.store.dead_jobs(1).await.unwrap().is_empty());
    let first = one(rig, asks("a")).await;
    assert_eq!((first.attempt, first.is_last), (1, false));
    assert!(matches!(rig.store.finish(killed, Outcome::Done).await, Err(StoreError::Fenced)));
    rig.store.finish(first, again()).await.unwrap();
    assert!(one(rig, asks("a")).await.is_last);
}

async fn only_a_dead_job_is_revived(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let id = rig.number("SELECT id FROM jobs").await;
    assert!(matches!(rig.store.revive(id).await, Err(StoreError::Unknown)));
    assert!(matches!(rig.store.revive(id + 1).await, Err(StoreError::Unknown)));
    let claim = one(rig, asks("a")).await;
    assert!(matches!(rig.store.revive(id).await, Err(StoreError::Unknown)));
    rig.store.finish(claim, Outcome::Done).await.unwrap();
    assert!(matches!(rig.store.revive(id).await, Err(StoreError::Unknown)));
}

async fn the_next_due_job_is_told(rig: &Rig) {
    assert_eq!(rig.store.next_due().await.unwrap(), None);
    rig.store.enqueue(vec![NewJob { after: HOUR, ..job("a") }]).await.unwrap();
    let wait = rig.store.next_due().await.unwrap().unwrap();
    assert!(wait <= HOUR && wait > HOUR / 2, "{wait:?}");
    rig.store.enqueue(vec![job("b")]).await.unwrap();
    assert_eq!(rig.store.next_due().await.unwrap(), Some(Duration::ZERO));
    // A lease that ends is a job that is due.
    let ask = Ask { owner: owner("a"), most: 1, lane: 1, lease: HOUR / 4 };
    assert_eq!(claimed(&rig.store, ask).await, ["b"]);
    let wait = rig.store.next_due().await.unwrap().unwrap();
    assert!(wait <= HOUR / 4 && wait > HOUR / 8, "{wait:?}");
}

async fn a_job_that_must_wait_its_turn_is_not_due(rig: &Rig) {
    let order = Some("one after another".to_owned());
    let first = NewJob { after: HOUR, order: order.clone(), ..job("first") };
    rig.store.enqueue(vec![first, NewJob { order, ..job("second") }]).await.unwrap();
    assert!(claimed(&rig.store, asks("a")).await.is_empty());
    let wait = rig.store.next_due().await.unwrap().unwrap();
    assert!(wait > HOUR / 2, "a worker that trusts {wait:?} asks again and again");
}

async fn texts_may_hold_any_character(rig: &Rig) {
    let text = "a\0b 'ñ' \u{1F4DE} \\ $1 {now}";
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let claim = one(rig, asks("a")).await;
    rig.store.finish(claim, Outcome::Dead { error: text.to_owned() }).await.unwrap();
    assert_eq!(rig.store.dead_jobs(1).await.unwrap()[0].error, text.replace('\0', "\u{FFFD}"));
    // What is JSON keeps even this.
    rig.store.enqueue(vec![NewJob::new("work", "b", json!({"text": text}))]).await.unwrap();
    assert_eq!(one(rig, asks("a")).await.payload, json!({"text": text}));
}
