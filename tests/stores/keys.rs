//! Keys to the API, and who did what.

use crate::rig::Rig;
use centralita::ports::store::{
    StoreError,
    keys::{Deed, Keys as _, NewKey, Scope},
};
use std::time::Duration;

facts! {
    a_key_opens_what_it_was_made_for,
    a_key_that_nobody_made_opens_nothing,
    a_key_past_its_end_opens_nothing,
    a_revoked_key_opens_nothing_and_stays_listed,
    only_a_key_of_the_workspace_is_revoked_and_only_once,
    the_same_key_is_not_made_twice,
    the_use_of_a_key_is_noted,
    deeds_are_kept_newest_first,
}

fn main() -> String {
    "main".to_owned()
}

fn key(hash: u8) -> NewKey {
    NewKey {
        workspace: main(),
        name: format!("key {hash}"),
        hash: [hash; 32],
        scopes: vec![Scope::Admin, Scope::Read],
        life: None,
    }
}

async fn a_key_opens_what_it_was_made_for(rig: &Rig) {
    let id = rig.store.make_key(NewKey { life: Some(Duration::from_hours(1)), ..key(1) }).await.unwrap();
    let found = rig.store.key([1; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.workspace.as_str(), found.name.as_str()), (id, "main", "key 1"));
    assert_eq!((found.scopes, found.revoked_at), (vec![Scope::Read, Scope::Admin], None));
    assert_eq!(found.ends_at.unwrap().as_millisecond() - found.made_at.as_millisecond(), 3_600_000);
    let endless = NewKey { scopes: Vec::new(), life: Some(Duration::MAX), ..key(2) };
    rig.store.make_key(endless).await.unwrap();
    assert!(rig.store.key([2; 32]).await.unwrap().unwrap().scopes.is_empty());
}

async fn a_key_that_nobody_made_opens_nothing(rig: &Rig) {
    assert_eq!(rig.store.key([1; 32]).await.unwrap(), None);
}

async fn a_key_past_its_end_opens_nothing(rig: &Rig) {
    rig.store.make_key(NewKey { life: Some(Duration::ZERO), ..key(1) }).await.unwrap();
    assert_eq!(rig.store.key([1; 32]).await.unwrap(), None);
    assert_eq!(rig.store.keys(main()).await.unwrap().len(), 1);
}

async fn a_revoked_key_opens_nothing_and_stays_listed(rig: &Rig) {
    let first = rig.store.make_key(key(1)).await.unwrap();
    let second = rig.store.make_key(key(2)).await.unwrap();
    rig.store.revoke_key(main(), first.clone()).await.unwrap();
    assert_eq!(rig.store.key([1; 32]).await.unwrap(), None);
    assert!(rig.store.key([2; 32]).await.unwrap().is_some());
    let keys = rig.store.keys(main()).await.unwrap();
    let listed: Vec<_> = keys.iter().map(|key| (key.id.as_str(), key.revoked_at.is_some())).collect();
    assert_eq!(listed, [(second.as_str(), false), (first.as_str(), true)]);
}

async fn only_a_key_of_the_workspace_is_revoked_and_only_once(rig: &Rig) {
    let id = rig.store.make_key(key(1)).await.unwrap();
    for (workspace, id) in [("other", id.as_str()), ("main", "none")] {
        let revoked = rig.store.revoke_key(workspace.to_owned(), id.to_owned()).await;
        assert!(matches!(revoked, Err(StoreError::Unknown)));
    }
    rig.store.revoke_key(main(), id.clone()).await.unwrap();
    assert!(matches!(rig.store.revoke_key(main(), id).await, Err(StoreError::Unknown)));
    assert!(rig.store.keys("other".to_owned()).await.unwrap().is_empty());
}

async fn the_same_key_is_not_made_twice(rig: &Rig) {
    rig.store.make_key(key(1)).await.unwrap();
    assert!(matches!(rig.store.make_key(key(1)).await, Err(StoreError::Conflict(_))));
    rig.store.make_key(key(2)).await.unwrap();
}

async fn the_use_of_a_key_is_noted(rig: &Rig) {
    rig.store.make_key(key(1)).await.unwrap();
    assert_eq!(rig.store.keys(main()).await.unwrap()[0].used_at, None);
    rig.store.key([1; 32]).await.unwrap();
    let used = rig.store.keys(main()).await.unwrap()[0].used_at;
    assert!(used.is_some());
    rig.store.key([1; 32]).await.unwrap();
    assert_eq!(rig.store.keys(main()).await.unwrap()[0].used_at, used, "once a minute is enough");
    rig.sql("UPDATE api_keys SET used_at = 1").await;
    rig.store.key([1; 32]).await.unwrap();
    assert!(rig.store.keys(main()).await.unwrap()[0].used_at >= used);
}

async fn deeds_are_kept_newest_first(rig: &Rig) {
    let deed = |who: &str, what: &str, object: &str| Deed {
        workspace: main(),
        who: who.to_owned(),
        what: what.to_owned(),
        object: object.to_owned(),
    };
    let deeds = [
        deed("operator", "call.read", "CA1"),
        deed("key 1", "call.export", "CA1"),
        deed("key 1", "call.read", "CA2"),
    ];
    for deed in &deeds {
        rig.store.audit(deed.clone()).await.unwrap();
    }
    let told = async |most| {
        let told = rig.store.deeds("CA1".to_owned(), most).await.unwrap();
        told.into_iter().map(|(_, deed)| deed).collect::<Vec<_>>()
    };
    assert_eq!(told(10).await, [deeds[1].clone(), deeds[0].clone()]);
    assert_eq!(told(1).await, [deeds[1].clone()]);
}
