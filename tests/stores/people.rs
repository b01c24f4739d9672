//! The people who call and write.

use crate::rig::Rig;
use centralita::ports::store::{
    StoreError,
    people::{Contact, ContactChange, People as _},
};
use futures_util::future::join_all;
use std::collections::BTreeSet;

facts! {
    a_number_is_one_person,
    of_many_at_once_who_meet_a_number_one_makes_it_known,
    a_change_keeps_what_it_does_not_name,
    an_empty_text_takes_away_what_was_there,
    a_change_of_an_old_version_is_a_conflict,
    of_many_changes_of_a_version_at_once_one_is_made,
    changes_of_any_version_are_all_made,
    an_unknown_contact_is_told,
    who_is_known_is_found_by_number_and_nobody_is_made,
    contacts_come_newest_first_and_page_by_page,
}

const ANA: &str = "+34600100200";

fn main() -> String {
    "main".to_owned()
}

fn named(name: &str) -> ContactChange {
    ContactChange { name: Some(name.to_owned()), ..ContactChange::default() }
}

async fn ana(rig: &Rig) -> Contact {
    rig.store.meet(main(), ANA.to_owned()).await.unwrap()
}

async fn a_number_is_one_person(rig: &Rig) {
    let first = ana(rig).await;
    assert_eq!(
        (first.phone.as_str(), first.workspace.as_str(), first.version, first.name.as_ref()),
        (ANA, "main", 1, None)
    );
    assert_eq!(ana(rig).await, first);
    assert_eq!(rig.store.contact(main(), first.id.clone()).await.unwrap(), first);
    rig.sql("INSERT INTO workspaces (id, name, created_at) VALUES ('other', 'other', 0)").await;
    let elsewhere = rig.store.meet("other".to_owned(), ANA.to_owned()).await.unwrap();
    assert_ne!(elsewhere.id, first.id);
}

async fn who_is_known_is_found_by_number_and_nobody_is_made(rig: &Rig) {
    assert!(matches!(rig.store.known(main(), ANA.to_owned()).await, Err(StoreError::Unknown)));
    let first = ana(rig).await;
    assert_eq!(rig.store.known(main(), ANA.to_owned()).await.unwrap(), first);
    assert!(matches!(rig.store.known("other".to_owned(), ANA.to_owned()).await, Err(StoreError::Unknown)));
    assert_eq!(rig.number("SELECT count(*) FROM contacts").await, 1);
}

async fn of_many_at_once_who_meet_a_number_one_makes_it_known(rig: &Rig) {
    let met = join_all((0..12).map(|_| {
        let store = rig.store.clone();
        tokio::spawn(async move { store.meet(main(), ANA.to_owned()).await.unwrap().id })
    }));
    let ids: BTreeSet<String> = met.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(ids.len(), 1);
}

async fn a_change_keeps_what_it_does_not_name(rig: &Rig) {
    let first = ana(rig).await;
    let change =
        ContactChange { document: Some("12345678Z".to_owned()), language: Some("es".to_owned()), name: None };
    rig.store.change_contact(main(), first.id.clone(), Some(1), change).await.unwrap();
    let changed = rig.store.change_contact(main(), first.id.clone(), Some(2), named("Ana")).await.unwrap();
    let expected = Contact {
        name: Some("Ana".to_owned()),
        document: Some("12345678Z".to_owned()),
        language: Some("es".to_owned()),
        version: 3,
        ..first
    };
    assert_eq!(changed, expected);
    assert_eq!(ana(rig).await, expected);
}

async fn an_empty_text_takes_away_what_was_there(rig: &Rig) {
    let first = ana(rig).await;
    let change = ContactChange { document: Some("12345678Z".to_owned()), ..named("Ana") };
    rig.store.change_contact(main(), first.id.clone(), None, change).await.unwrap();
    let changed = rig.store.change_contact(main(), first.id, None, named("")).await.unwrap();
    assert_eq!((changed.name, changed.document.as_deref()), (None, Some("12345678Z")));
}

async fn a_change_of_an_old_version_is_a_conflict(rig: &Rig) {
    let first = ana(rig).await;
    let changed = rig.store.change_contact(main(), first.id.clone(), Some(1), named("Ana")).await.unwrap();
    let late = rig.store.change_contact(main(), first.id.clone(), Some(1), named("Eva")).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(ana(rig).await, changed);
}

async fn changes(rig: &Rig, version: Option<i64>) -> Vec<Result<i64, StoreError>> {
    let id = ana(rig).await.id;
    let changes = join_all((0..12).map(|n| {
        let (store, id) = (rig.store.clone(), id.clone());
        tokio::spawn(async move {
            Ok(store.change_contact(main(), id, version, named(&n.to_string())).await?.version)
        })
    }));
    changes.await.into_iter().map(Result::unwrap).collect()
}

async fn of_many_changes_of_a_version_at_once_one_is_made(rig: &Rig) {
    let changes = changes(rig, Some(1)).await;
    assert_eq!(changes.iter().filter(|change| matches!(change, Ok(2))).count(), 1);
    assert_eq!(changes.iter().filter(|change| matches!(change, Err(StoreError::Conflict(_)))).count(), 11);
    assert_eq!(ana(rig).await.version, 2);
}

async fn changes_of_any_version_are_all_made(rig: &Rig) {
    let versions: Result<BTreeSet<i64>, StoreError> = changes(rig, None).await.into_iter().collect();
    assert_eq!(versions.unwrap(), (2..=13).collect());
}

async fn an_unknown_contact_is_told(rig: &Rig) {
    let ana = ana(rig).await;
    for (workspace, id) in [("main", "none"), ("other", ana.id.as_str())] {
        let (workspace, id) = (workspace.to_owned(), id.to_owned());
        assert!(matches!(rig.store.contact(workspace.clone(), id.clone()).await, Err(StoreError::Unknown)));
        let changed = rig.store.change_contact(workspace, id, None, named("Eva")).await;
        assert!(matches!(changed, Err(StoreError::Unknown)));
    }
}

async fn contacts_come_newest_first_and_page_by_page(rig: &Rig) {
    for n in 0..5 {
        rig.store.meet(main(), format!("+3460010020{n}")).await.unwrap();
    }
    let page = async |before: Option<&Contact>, most| {
        rig.store.contacts(main(), before.map(|contact| contact.id.clone()), most).await.unwrap()
    };
    let phones = |contacts: &[Contact]| -> Vec<u32> {
        contacts.iter().map(|contact| contact.phone[11..].parse().unwrap()).collect()
    };
    let first = page(None, 2).await;
    assert_eq!(phones(&first), [4, 3]);
    assert_eq!(phones(&page(first.last(), 9).await), [2, 1, 0]);
    assert!(rig.store.contacts("other".to_owned(), None, 9).await.unwrap().is_empty());
}
