//! The schema: made once, and never older than the program.

use crate::rig::{Rig, job, options};
use centralita::{
    ports::store::{StoreError, jobs::Jobs as _},
    storage::{SCHEMA, SqlStore, schema},
};
use futures_util::future::join_all;

facts! {
    whoever_opens_a_database_again_finds_everything,
    a_newer_schema_is_refused_with_both_numbers,
    of_many_that_open_at_once_one_makes_the_schema,
    whoever_attaches_to_another_schema_is_told_and_changes_nothing,
    a_probe_reads_writes_and_leaves_nothing,
}

async fn whoever_opens_a_database_again_finds_everything(rig: &Rig) {
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    rig.store.close().await;
    let again = rig.another().await.unwrap();
    assert_eq!(again.job_counts(None).await.unwrap().waiting, 1);
    assert_eq!(rig.number("SELECT count(*) FROM schema").await, SCHEMA);
    again.close().await;
}

async fn a_newer_schema_is_refused_with_both_numbers(rig: &mut Rig) {
    rig.spoils_the_schema();
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    rig.store.close().await;
    rig.sql("INSERT INTO schema (version, name, applied_at) VALUES (4242, 'future', 0)").await;
    let before = rig.dump().await;
    let Err(StoreError::Conflict(why)) = rig.another().await.map(drop) else { panic!("it was opened") };
    assert!(why.contains("4242") && why.contains(&SCHEMA.to_string()), "{why}");
    assert_eq!(rig.dump().await, before);
}

async fn whoever_attaches_to_another_schema_is_told_and_changes_nothing(rig: &mut Rig) {
    rig.spoils_the_schema();
    rig.store.enqueue(vec![job("a")]).await.unwrap();
    let attached = SqlStore::attach(rig.place(), options()).await.unwrap();
    assert_eq!(attached.job_counts(None).await.unwrap().waiting, 1);
    attached.close().await;
    assert_eq!(schema(&rig.place(), &options()).await.unwrap(), SCHEMA);
    for (change, found, told) in [
        ("DELETE FROM schema WHERE version > 1", 1, "run `centralita migrate`"),
        (
            "INSERT INTO schema (version, name, applied_at) VALUES (4242, 'future', 0)",
            4242,
            "newer than this build",
        ),
        ("DROP TABLE schema", 0, "run `centralita migrate`"),
    ] {
        rig.sql(change).await;
        assert_eq!(schema(&rig.place(), &options()).await.unwrap(), found);
        let before = rig.dump().await;
        let refused = SqlStore::attach(rig.place(), options()).await.map(drop);
        let Err(StoreError::Conflict(why)) = refused else { panic!("{change}: {refused:?}") };
        assert!(why.contains(told) && why.contains(&format!("schema {found} ")), "{why}");
        assert_eq!(rig.dump().await, before);
    }
}

async fn a_probe_reads_writes_and_leaves_nothing(rig: &Rig) {
    let before = rig.dump().await;
    let first = rig.store.probe().await.unwrap();
    assert!(rig.store.probe().await.unwrap() >= first);
    assert_eq!(rig.dump().await, before);
}

async fn of_many_that_open_at_once_one_makes_the_schema(rig: &mut Rig) {
    rig.spoils_the_schema();
    rig.store.close().await;
    let place = rig.emptied().await;
    let stores = join_all((0..8).map(|_| tokio::spawn(SqlStore::open(place.clone(), options()))));
    let stores: Vec<SqlStore> = stores.await.into_iter().map(|store| store.unwrap().unwrap()).collect();
    assert_eq!(rig.number("SELECT count(*) FROM schema").await, SCHEMA);
    for (n, store) in stores.iter().enumerate() {
        assert_eq!(
            store.enqueue(vec![job("a"), job(&n.to_string())]).await.unwrap(),
            if n == 0 { 2 } else { 1 }
        );
    }
    assert_eq!(stores[0].job_counts(None).await.unwrap().waiting, 9);
    for store in stores {
        store.close().await;
    }
}
