//! Who alone may do something.

use crate::rig::{Rig, owner};
use centralita::ports::store::leases::Leases as _;
use futures_util::future::join_all;
use std::time::Duration;

facts! {
    a_lease_is_one_owners,
    a_lease_that_ended_is_anybodys_under_the_next_epoch,
    a_lease_that_was_given_back_is_anybodys,
    only_its_owner_gives_a_lease_back,
    of_many_at_once_one_gets_the_lease,
    leases_of_other_names_are_other_leases,
    a_lease_may_be_endless,
}

const HOUR: Duration = Duration::from_hours(1);

async fn lease(rig: &Rig, by: &str, life: Duration) -> Option<i64> {
    rig.store.lease("sync".to_owned(), owner(by), life).await.unwrap()
}

async fn a_lease_is_one_owners(rig: &Rig) {
    assert_eq!(lease(rig, "a", HOUR).await, Some(1));
    assert_eq!(lease(rig, "b", HOUR).await, None);
    assert_eq!(lease(rig, "a", HOUR).await, Some(1));
}

async fn a_lease_that_ended_is_anybodys_under_the_next_epoch(rig: &Rig) {
    assert_eq!(lease(rig, "a", Duration::ZERO).await, Some(1));
    assert_eq!(lease(rig, "a", Duration::ZERO).await, Some(1));
    assert_eq!(lease(rig, "b", Duration::ZERO).await, Some(2));
    assert_eq!(lease(rig, "a", HOUR).await, Some(3));
    assert_eq!(lease(rig, "b", HOUR).await, None);
}

async fn a_lease_that_was_given_back_is_anybodys(rig: &Rig) {
    lease(rig, "a", HOUR).await;
    rig.store.give_back("sync".to_owned(), owner("a")).await.unwrap();
    assert_eq!(lease(rig, "b", HOUR).await, Some(2));
}

async fn only_its_owner_gives_a_lease_back(rig: &Rig) {
    lease(rig, "a", HOUR).await;
    rig.store.give_back("sync".to_owned(), owner("b")).await.unwrap();
    rig.store.give_back("none".to_owned(), owner("b")).await.unwrap();
    assert_eq!(lease(rig, "b", HOUR).await, None);
}

async fn of_many_at_once_one_gets_the_lease(rig: &Rig) {
    for round in 1..=2 {
        let leases = join_all((0..12).map(|n| {
            let store = rig.store.clone();
            tokio::spawn(async move {
                store.lease("sync".to_owned(), owner(&format!("{round}.{n}")), HOUR).await.unwrap()
            })
        }));
        let epochs: Vec<i64> = leases.await.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(epochs, [round]);
        rig.sql("UPDATE leases SET until = 0").await;
    }
}

async fn leases_of_other_names_are_other_leases(rig: &Rig) {
    assert_eq!(lease(rig, "a", HOUR).await, Some(1));
    assert_eq!(rig.store.lease("janitor".to_owned(), owner("b"), HOUR).await.unwrap(), Some(1));
}

async fn a_lease_may_be_endless(rig: &Rig) {
    assert_eq!(lease(rig, "a", Duration::MAX).await, Some(1));
    assert_eq!(lease(rig, "b", HOUR).await, None);
}
