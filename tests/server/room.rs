//! New calls are refused for want of room, and the ones that live go on.

use super::{
    http::{get, post_signed},
    phone::{arrival, call_number, media},
    rig::{Rig, soon},
    stub::Order,
};
use bytes::Bytes;
use centralita::channels::voice::room::{Bounds, Memory, Scarce, Watch};
use std::sync::Arc;

const BOUNDS: Bounds = Bounds { memory_percent: Some(85), late: None };

/// Less than the process holds at rest.
const LITTLE: Memory = Memory::Own(1 << 20);
/// More than any process holds.
const PLENTY: Memory = Memory::Own(1 << 50);

async fn reads(rig: &Rig, memory: Memory) {
    Watch::begin(Arc::clone(&rig.admission), BOUNDS, memory).await;
}

async fn answer(rig: &Rig, number: u32) -> String {
    post_signed(rig, "/webhook/voice", &arrival(&call_number(number))).await.body
}

async fn admission(rig: &Rig) -> String {
    get(rig, "/health", &[]).await.json()["admission"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn without_memory_new_callers_hear_that_we_are_busy_and_the_call_that_lives_goes_on() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    reads(&rig, LITTLE).await;
    assert_eq!(admission(&rig).await, "memory");
    let refused = answer(&rig, 1).await;
    assert!(refused.contains("<Response><Reject reason=\"busy\"/></Response>"), "{refused}");

    phone.say(&media(1)).await;
    assert_eq!(taken.frames(1).await, [1]);
    taken.order(Order::Play(Bytes::from_static(&[0xff; 160]))).await;
    assert_eq!(phone.hears().await["event"], "media");

    reads(&rig, PLENTY).await;
    assert_eq!(admission(&rig).await, "open");
    assert!(answer(&rig, 1).await.contains("<Stream"));
}

#[tokio::test]
async fn an_idle_server_takes_the_first_caller_whatever_it_lacks() {
    let rig = Rig::start().await;
    reads(&rig, LITTLE).await;
    let first = answer(&rig, 1).await;
    assert!(first.contains("<Stream"), "{first}");
    assert!(answer(&rig, 2).await.contains("<Reject"));
    assert_eq!(answer(&rig, 1).await, first, "whoever was let in is not refused when it asks again");
}

#[tokio::test]
async fn the_watch_reads_again_and_again() {
    let rig = Rig::start().await;
    let watch = Watch::begin(Arc::clone(&rig.admission), BOUNDS, LITTLE).await;
    // Only another reading can say so again.
    rig.admission.lacks(None);
    let running = tokio::spawn(watch.run());
    soon(async {
        while rig.admission.lacking() != Some(Scarce::Memory) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    running.abort();
}
