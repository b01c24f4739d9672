//! What one process asks another one to do with a call.

use crate::rig::{Rig, began, call, owner, sid};
use centralita::ports::store::{
    StoreError,
    calls::{CallEnd, CallRecords as _},
};
use futures_util::future::join_all;

facts! {
    a_command_goes_to_the_owner_once,
    commands_come_in_the_order_they_were_given,
    a_command_follows_the_call_to_its_next_owner,
    only_a_live_call_takes_commands,
    a_command_that_nobody_took_in_time_is_dropped,
    of_many_at_once_one_gets_the_command,
}

async fn commands(rig: &Rig, name: &str) -> Vec<(u32, String)> {
    let commands = rig.store.commands(owner(name)).await.unwrap();
    commands
        .into_iter()
        .map(|(sid, command)| (u32::from_str_radix(&sid.as_str()[26..], 16).unwrap(), command))
        .collect()
}

fn hang_up(number: u32) -> Vec<(u32, String)> {
    vec![(number, "hang_up".to_owned())]
}

async fn a_command_goes_to_the_owner_once(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.call_began(began(2, "b", 1)).await.unwrap();
    rig.store.command(sid(1), "hang_up".to_owned()).await.unwrap();
    assert!(commands(rig, "b").await.is_empty());
    assert_eq!(commands(rig, "a").await, hang_up(1));
    assert!(commands(rig, "a").await.is_empty());
}

async fn commands_come_in_the_order_they_were_given(rig: &Rig) {
    for number in 1..=3 {
        rig.store.call_began(began(number, "a", 1)).await.unwrap();
    }
    let mut given = Vec::new();
    for n in 0..30 {
        // Falling numbers, so that no index has them in this order.
        given.push((3 - n % 3, format!("{}", 99 - n)));
        rig.store.command(sid(3 - n % 3), format!("{}", 99 - n)).await.unwrap();
    }
    assert_eq!(commands(rig, "a").await, given);
}

async fn a_command_follows_the_call_to_its_next_owner(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.resume_call(sid(1), 1).await.unwrap();
    rig.store.command(sid(1), "hang_up".to_owned()).await.unwrap();
    assert!(commands(rig, "a").await.is_empty());
    rig.store.call_began(began(1, "b", 2)).await.unwrap();
    assert_eq!(commands(rig, "b").await, hang_up(1));
}

async fn only_a_live_call_takes_commands(rig: &Rig) {
    let refused =
        async || matches!(rig.store.command(sid(1), "hang_up".to_owned()).await, Err(StoreError::Unknown));
    assert!(refused().await);
    rig.store.call_arrived(call(1)).await.unwrap();
    assert!(refused().await);
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    let end = CallEnd { outcome: "goodbye".to_owned(), at: call(1).at, jobs: Vec::new() };
    rig.store.call_ended(sid(1), 1, end).await.unwrap();
    assert!(refused().await);
}

async fn a_command_that_nobody_took_in_time_is_dropped(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    for _ in 0..2 {
        rig.store.command(sid(1), "hang_up".to_owned()).await.unwrap();
    }
    rig.sql("UPDATE call_commands SET created_at = created_at - 31000 WHERE id = (SELECT min(id) FROM call_commands)").await;
    assert_eq!(commands(rig, "a").await, hang_up(1));
    assert!(commands(rig, "a").await.is_empty());
}

async fn of_many_at_once_one_gets_the_command(rig: &Rig) {
    rig.store.call_began(began(1, "a", 1)).await.unwrap();
    rig.store.command(sid(1), "hang_up".to_owned()).await.unwrap();
    let given = join_all((0..8).map(|_| {
        let store = rig.store.clone();
        tokio::spawn(async move { store.commands(owner("a")).await.unwrap().len() })
    }));
    assert_eq!(given.await.into_iter().map(Result::unwrap).sum::<usize>(), 1);
}
