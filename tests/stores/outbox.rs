//! What is to happen outside.

use crate::rig::{Rig, asks, began, job, sid};
use centralita::ports::store::{
    StoreError,
    calls::CallRecords as _,
    jobs::{Ask, Claim, Jobs as _, Outcome},
    notes::{NewNote, Notes as _, SUMMARY},
    outbox::{DELIVER, Delivery, DeliveryEnd, DeliveryState, NewDelivery, Outbox as _, Settle},
};
use serde_json::json;
use std::time::Duration;

facts! {
    a_note_brings_its_deliveries_with_jobs_that_carry_them_out,
    there_is_one_delivery_of_a_key_to_a_target,
    a_delivery_is_marked_before_it_is_sent,
    a_delivery_that_arrived_is_done,
    a_delivery_that_missed_waits_as_long_as_it_is_told_to_and_is_given_up_in_the_end,
    a_delivery_of_which_nobody_knows_waits_for_a_person,
    a_delivery_that_never_arrives_is_given_up,
    a_sender_that_was_replaced_may_neither_begin_nor_end,
    a_sender_that_dies_leaves_it_begun,
    a_delivery_that_kills_each_sender_waits_for_a_person,
    a_delivery_whose_job_is_given_up_before_it_began_is_dead,
    a_person_sends_it_again_or_takes_it_as_arrived,
    a_person_decides_only_what_waits_for_one,
    a_delivery_goes_again_when_its_job_is_revived,
    an_unknown_delivery_is_told,
}

fn delivery(target: &str, key: &str) -> NewDelivery {
    NewDelivery {
        target: target.to_owned(),
        settle: Settle::Reconcile,
        key: key.to_owned(),
        payload: json!({"text": "Ana wants an appointment"}),
    }
}

async fn write(rig: &Rig, deliveries: Vec<NewDelivery>) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    let note =
        NewNote { call: sid(1).to_string(), kind: SUMMARY.to_owned(), text: "Ana".to_owned(), deliveries };
    rig.store.write_note(note).await.unwrap();
}

/// Its job, claimed for so long.
async fn claim(rig: &Rig, lease: Duration) -> Claim {
    let mut claims = rig.store.claim(Ask { lease, ..asks("a") }).await.unwrap();
    assert_eq!(claims.len(), 1);
    claims.remove(0)
}

const HOUR: Duration = Duration::from_hours(1);

/// One delivery and its claim.
async fn one(rig: &Rig) -> (String, Claim) {
    write(rig, vec![delivery("crm", "note:1")]).await;
    let claim = claim(rig, HOUR).await;
    (claim.payload["delivery"].as_str().unwrap().to_owned(), claim)
}

async fn read(rig: &Rig, id: &str) -> Delivery {
    rig.store.delivery(id.to_owned()).await.unwrap()
}

async fn state(rig: &Rig, id: &str) -> (DeliveryState, u32) {
    let delivery = read(rig, id).await;
    (delivery.state, delivery.tries)
}

fn missed(after: Option<Duration>) -> DeliveryEnd {
    DeliveryEnd::Missed { error: "503".to_owned(), after }
}

async fn a_note_brings_its_deliveries_with_jobs_that_carry_them_out(rig: &Rig) {
    write(rig, vec![delivery("crm", "note:1"), delivery("hook", "note:1")]).await;
    let claims = rig.store.claim(asks("a")).await.unwrap();
    for (claim, target) in claims.iter().zip(["crm", "hook"]) {
        assert_eq!((claim.kind.as_str(), claim.workspace.as_str()), (DELIVER, "main"));
        let delivery = read(rig, claim.payload["delivery"].as_str().unwrap()).await;
        assert_eq!(
            (delivery.target.as_str(), delivery.settle, delivery.key.as_str()),
            (target, Settle::Reconcile, "note:1")
        );
        assert_eq!((delivery.state, delivery.tries), (DeliveryState::Pending, 0));
        assert_eq!(delivery.payload, json!({"text": "Ana wants an appointment"}));
    }
    assert_eq!(claims.len(), 2);
    // Each target has a lane of its own: a slow one holds up no other.
    let lanes = rig.sql("SELECT lane FROM jobs ORDER BY id").await;
    assert_eq!(lanes, [[Some("target:crm".to_owned())], [Some("target:hook".to_owned())]]);
}

async fn there_is_one_delivery_of_a_key_to_a_target(rig: &Rig) {
    write(rig, vec![delivery("crm", "note:1"), delivery("crm", "note:1"), delivery("crm", "note:2")]).await;
    assert_eq!(rig.store.deliveries(DeliveryState::Pending, 10).await.unwrap().len(), 2);
    assert_eq!(rig.store.job_counts(Some(DELIVER.to_owned())).await.unwrap().waiting, 2);
}

async fn a_delivery_is_marked_before_it_is_sent(rig: &Rig) {
    let (id, claim) = one(rig).await;
    assert_eq!(read(rig, &id).await.since, None);
    rig.store.sending(id.clone(), claim.clone()).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Sending, 1));
    assert!(read(rig, &id).await.since.unwrap() < HOUR, "by the database's clock");
    // Settled by a look at the target, it is begun again.
    rig.store.sending(id.clone(), claim).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Sending, 2));
}

async fn a_delivery_that_arrived_is_done(rig: &Rig) {
    let (id, claim) = one(rig).await;
    rig.store.sending(id.clone(), claim.clone()).await.unwrap();
    let sent = || DeliveryEnd::Sent { provider_ref: Some("crm-7".to_owned()) };
    rig.store.delivered(id.clone(), claim.clone(), sent()).await.unwrap();
    let delivery = read(rig, &id).await;
    assert_eq!(
        (delivery.state, delivery.provider_ref.as_deref(), delivery.error),
        (DeliveryState::Sent, Some("crm-7"), None)
    );
    assert_eq!(rig.store.job_counts(None).await.unwrap().done, 1);
    assert!(matches!(rig.store.delivered(id.clone(), claim.clone(), sent()).await, Err(StoreError::Fenced)));
    assert!(matches!(rig.store.sending(id, claim).await, Err(StoreError::Fenced)));
}

async fn a_delivery_that_missed_waits_as_long_as_it_is_told_to_and_is_given_up_in_the_end(rig: &Rig) {
    let (id, mut now) = one(rig).await;
    for tries in 1..=7 {
        rig.store.sending(id.clone(), now.clone()).await.unwrap();
        rig.store.delivered(id.clone(), now, missed(Some(HOUR))).await.unwrap();
        assert_eq!(state(rig, &id).await, (DeliveryState::Pending, tries));
        let wait = rig.store.next_due().await.unwrap().unwrap();
        assert!(wait > HOUR / 2 && wait <= HOUR, "try {tries}: {wait:?}");
        rig.sql("UPDATE jobs SET run_at = run_at - 86400000").await;
        now = claim(rig, HOUR).await;
        assert!(!now.is_last, "whoever delivers counts, and not the claims");
    }
    rig.store.sending(id.clone(), now.clone()).await.unwrap();
    rig.store.delivered(id.clone(), now, missed(None)).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Dead, 8));
    assert_eq!(rig.store.dead_jobs(9).await.unwrap()[0].error, "503");
}

async fn a_delivery_of_which_nobody_knows_waits_for_a_person(rig: &Rig) {
    let (id, claim) = one(rig).await;
    rig.store.sending(id.clone(), claim.clone()).await.unwrap();
    rig.store.delivered(id.clone(), claim, DeliveryEnd::Held { error: "cut off".to_owned() }).await.unwrap();
    let held = rig.store.deliveries(DeliveryState::Held, 10).await.unwrap();
    assert_eq!((held[0].id.as_str(), held[0].error.as_deref()), (id.as_str(), Some("cut off")));
    assert!(rig.store.next_due().await.unwrap().is_none());
}

async fn a_delivery_that_never_arrives_is_given_up(rig: &Rig) {
    let (id, claim) = one(rig).await;
    rig.store.delivered(id.clone(), claim, DeliveryEnd::Dead { error: "410".to_owned() }).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Dead, 0));
    assert_eq!(rig.store.dead_jobs(9).await.unwrap()[0].error, "410");
}

async fn a_sender_that_was_replaced_may_neither_begin_nor_end(rig: &Rig) {
    write(rig, vec![delivery("crm", "note:1")]).await;
    let frozen = claim(rig, Duration::ZERO).await;
    let id = frozen.payload["delivery"].as_str().unwrap().to_owned();
    let now = claim(rig, HOUR).await;
    assert!(matches!(rig.store.sending(id.clone(), frozen.clone()).await, Err(StoreError::Fenced)));
    assert_eq!(state(rig, &id).await, (DeliveryState::Pending, 0));
    rig.store.sending(id.clone(), now.clone()).await.unwrap();
    for end in [
        missed(Some(HOUR)),
        DeliveryEnd::Sent { provider_ref: Some("x".to_owned()) },
        DeliveryEnd::Held { error: "x".to_owned() },
    ] {
        assert!(matches!(
            rig.store.delivered(id.clone(), frozen.clone(), end).await,
            Err(StoreError::Fenced)
        ));
    }
    let delivery = read(rig, &id).await;
    assert_eq!((delivery.state, delivery.provider_ref, delivery.error), (DeliveryState::Sending, None, None));
    rig.store.delivered(id.clone(), now, DeliveryEnd::Sent { provider_ref: None }).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Sent, 1));
}

async fn a_sender_that_dies_leaves_it_begun(rig: &Rig) {
    write(rig, vec![delivery("crm", "note:1")]).await;
    let died = claim(rig, Duration::ZERO).await;
    let id = died.payload["delivery"].as_str().unwrap().to_owned();
    rig.store.sending(id.clone(), died).await.unwrap();
    let next = claim(rig, HOUR).await;
    // The next one sees that it is ambiguous.
    assert_eq!(state(rig, &id).await, (DeliveryState::Sending, 1));
    rig.store.delivered(id.clone(), next, DeliveryEnd::Sent { provider_ref: None }).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Sent, 1));
}

async fn a_delivery_that_kills_each_sender_waits_for_a_person(rig: &Rig) {
    write(rig, vec![delivery("crm", "note:1")]).await;
    for _ in 0..5 {
        let claim = claim(rig, Duration::ZERO).await;
        let id = claim.payload["delivery"].as_str().unwrap().to_owned();
        rig.store.sending(id, claim).await.unwrap();
    }
    assert!(rig.store.claim(asks("a")).await.unwrap().is_empty());
    let held = rig.store.deliveries(DeliveryState::Held, 10).await.unwrap();
    assert_eq!(
        held.iter().map(|held| (held.tries, held.error.as_deref())).collect::<Vec<_>>(),
        [(5, Some("no attempt came to an end"))]
    );
}

async fn a_delivery_whose_job_is_given_up_before_it_began_is_dead(rig: &Rig) {
    let (id, claim) = one(rig).await;
    rig.store.finish(claim, Outcome::Dead { error: "no such target".to_owned() }).await.unwrap();
    let delivery = read(rig, &id).await;
    assert_eq!((delivery.state, delivery.error.as_deref()), (DeliveryState::Dead, Some("no such target")));
}

async fn a_person_sends_it_again_or_takes_it_as_arrived(rig: &Rig) {
    let (id, claim_1) = one(rig).await;
    rig.store.sending(id.clone(), claim_1.clone()).await.unwrap();
    rig.store
        .delivered(id.clone(), claim_1.clone(), DeliveryEnd::Held { error: "?".to_owned() })
        .await
        .unwrap();
    rig.store.decide(id.clone(), true).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Pending, 1));
    let again = claim(rig, HOUR).await;
    assert_eq!((again.attempt, again.payload["delivery"].as_str()), (1, Some(id.as_str())));
    assert!(matches!(rig.store.sending(id.clone(), claim_1).await, Err(StoreError::Fenced)));
    rig.store.delivered(id.clone(), again, DeliveryEnd::Dead { error: "410".to_owned() }).await.unwrap();
    rig.store.decide(id.clone(), false).await.unwrap();
    assert_eq!(state(rig, &id).await.0, DeliveryState::Sent);
    assert!(rig.store.claim(asks("a")).await.unwrap().is_empty());
}

async fn a_person_decides_only_what_waits_for_one(rig: &Rig) {
    let (id, claim) = one(rig).await;
    for again in [true, false] {
        assert!(matches!(rig.store.decide(id.clone(), again).await, Err(StoreError::Unknown)));
        assert!(matches!(rig.store.decide("none".to_owned(), again).await, Err(StoreError::Unknown)));
    }
    rig.store.delivered(id.clone(), claim, DeliveryEnd::Sent { provider_ref: None }).await.unwrap();
    assert!(matches!(rig.store.decide(id, true).await, Err(StoreError::Unknown)));
}

async fn a_delivery_goes_again_when_its_job_is_revived(rig: &Rig) {
    let (id, now) = one(rig).await;
    rig.store.delivered(id.clone(), now, DeliveryEnd::Dead { error: "410".to_owned() }).await.unwrap();
    rig.store.revive(rig.store.dead_jobs(1).await.unwrap()[0].id).await.unwrap();
    let again = claim(rig, HOUR).await;
    rig.store.sending(id.clone(), again).await.unwrap();
    assert_eq!(state(rig, &id).await, (DeliveryState::Sending, 1));
}

async fn an_unknown_delivery_is_told(rig: &Rig) {
    assert!(matches!(rig.store.delivery("none".to_owned()).await, Err(StoreError::Unknown)));
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let claim = claim(rig, HOUR).await;
    assert!(matches!(rig.store.sending("none".to_owned(), claim.clone()).await, Err(StoreError::Unknown)));
    let sent = DeliveryEnd::Sent { provider_ref: None };
    assert!(matches!(rig.store.delivered("none".to_owned(), claim, sent).await, Err(StoreError::Unknown)));
    assert_eq!(rig.store.job_counts(None).await.unwrap().running, 1);
}
