//! Summaries and other texts about calls.

use crate::rig::{Rig, call, sid};
use centralita::ports::store::{
    StoreError,
    calls::CallRecords as _,
    notes::{NewNote, Notes as _},
    outbox::{DeliveryState, NewDelivery, Outbox as _, Settle},
};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;

facts! {
    the_first_note_of_a_kind_stands,
    of_many_notes_at_once_one_stands,
    notes_come_in_the_order_they_were_written,
    a_note_about_an_unknown_call_is_refused,
}

fn note(kind: &str, text: &str) -> NewNote {
    let delivery = NewDelivery {
        target: "crm".to_owned(),
        settle: Settle::Key,
        // What differs by text would be delivered twice.
        key: format!("{kind} {text}"),
        payload: json!(text),
    };
    NewNote {
        call: sid(1).to_string(),
        kind: kind.to_owned(),
        text: text.to_owned(),
        deliveries: vec![delivery],
    }
}

async fn the_first_note_of_a_kind_stands(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    let first = rig.store.write_note(note("summary", "one")).await.unwrap();
    assert_eq!(
        (first.call.as_str(), first.kind.as_str(), first.text.as_str()),
        (sid(1).as_str(), "summary", "one")
    );
    assert_eq!(rig.store.write_note(note("summary", "two")).await.unwrap(), first);
    let pending = rig.store.deliveries(DeliveryState::Pending, 10).await.unwrap();
    assert_eq!(pending.iter().map(|delivery| delivery.payload.clone()).collect::<Vec<_>>(), [json!("one")]);
}

async fn of_many_notes_at_once_one_stands(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    let notes = join_all((0..12).map(|n| {
        let store = rig.store.clone();
        tokio::spawn(async move { store.write_note(note("summary", &n.to_string())).await.unwrap().text })
    }));
    let texts: BTreeSet<String> = notes.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(texts.len(), 1);
    assert_eq!(rig.store.deliveries(DeliveryState::Pending, 10).await.unwrap().len(), 1);
}

async fn notes_come_in_the_order_they_were_written(rig: &Rig) {
    rig.store.call_arrived(call(1)).await.unwrap();
    let mut written = Vec::new();
    for kind in ["summary", "complaint", "task"] {
        written.push(rig.store.write_note(note(kind, "text")).await.unwrap());
    }
    assert_eq!(rig.store.notes_of(sid(1).to_string()).await.unwrap(), written);
    assert!(rig.store.notes_of(sid(2).to_string()).await.unwrap().is_empty());
}

async fn a_note_about_an_unknown_call_is_refused(rig: &Rig) {
    assert!(matches!(rig.store.write_note(note("summary", "one")).await, Err(StoreError::Unknown)));
    assert!(rig.store.deliveries(DeliveryState::Pending, 10).await.unwrap().is_empty());
}
