//! A process that dies at any moment of a delivery (reliability G3).
//!
//! The job is dropped at each of its awaits, one after the other; then another process goes on.

use crate::{
    deliver::{Stage, waits},
    rig::{Rig, asks, on_each},
    stage::{NEVER, ms, pace},
};
use centralita::{
    jobs::{Pace, job::Job as _},
    ports::store::{
        jobs::{Ask, Jobs as _},
        outbox::{DeliveryState, Outbox as _, Settle},
    },
    testbed::{
        log::Service,
        sink::{SinkFault, SinkOptions},
    },
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// On one thread, so that what was sent is read before what is sent next: the sink has then seen what it will ever see.
macro_rules! moments {
    ($($fact:ident),* $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $fact() {
                super::on_each(async || super::Rig::sqlite().await, async |rig: &mut super::Rig| super::$fact(rig).await).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $fact() {
                super::on_each(async || super::Rig::postgres().await, async |rig: &mut super::Rig| super::$fact(rig).await).await;
            }
        )*}
    };
}

moments!(
    with_a_key_it_arrives_once,
    where_the_target_is_asked_it_arrives_once,
    with_a_person_it_arrives_at_most_once_and_is_never_lost,
    a_process_that_dies_before_the_answer_leaves_it_ambiguous,
);

/// Polls a future so often, and then no more.
struct Steps<F> {
    work: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Steps<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        let done = self.work.as_mut().poll(cx);
        if self.left == 0 && done.is_pending() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(ready!(done)))
    }
}

/// Drops a future at its `steps`th await; whether it came to its end before.
pub(crate) async fn dies_after<F: Future>(steps: usize, work: F) -> bool {
    Steps { work: Box::pin(work), left: steps }.await.is_some()
}

/// Kills a delivery at each of its awaits and lets another process go on. Returns how they ended, with how often each arrived.
async fn at_each_moment(stage: &Stage<'_>) -> Vec<(DeliveryState, usize)> {
    let mut ends = Vec::new();
    for steps in 1.. {
        let id = stage.note(steps).await;
        let claim = stage.rig.store.claim(Ask { lease: ms(1), ..asks("dies") }).await.unwrap().pop().unwrap();
        let survived = dies_after(steps as usize, stage.job(waits()).run(claim)).await;
        stage.sink_has_seen_all().await;
        if !survived {
            let runner = stage.start_with(pace(), waits());
            let known = [DeliveryState::Sent, DeliveryState::Held];
            stage
                .until(async || known.contains(&stage.rig.store.delivery(id.clone()).await.unwrap().state))
                .await;
            runner.drain(NEVER).await;
        }
        let reached = stage.rig.store.delivery(id.clone()).await.unwrap().state;
        let arrived = stage.sink.notes().iter().filter(|note| note.marker == format!("ref:{id}")).count();
        ends.push((reached, arrived));
        if survived {
            break;
        }
    }
    assert!(ends.len() > 1, "it waits for the target at least");
    ends
}

async fn with_a_key_it_arrives_once(rig: &Rig) {
    let sink = SinkOptions { honours_keys: true, ..SinkOptions::default() };
    let stage = Stage::with(rig, Settle::Key, sink).await;
    let ends = at_each_moment(&stage).await;
    assert!(ends.iter().all(|end| *end == (DeliveryState::Sent, 1)), "{ends:?}");
}

async fn where_the_target_is_asked_it_arrives_once(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Reconcile).await;
    let ends = at_each_moment(&stage).await;
    assert!(ends.iter().all(|end| *end == (DeliveryState::Sent, 1)), "{ends:?}");
}

async fn with_a_person_it_arrives_at_most_once_and_is_never_lost(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Operator).await;
    let ends = at_each_moment(&stage).await;
    let fine = [(DeliveryState::Sent, 1), (DeliveryState::Held, 0), (DeliveryState::Held, 1)];
    assert!(ends.iter().all(|end| fine.contains(end)), "{ends:?}");
}

/// The sink does not answer, and has kept it or not; the process dies.
async fn a_process_that_dies_before_the_answer_leaves_it_ambiguous(rig: &Rig) {
    let ends = [
        (Settle::Key, SinkFault::KeepAndStall, DeliveryState::Sent, 1, ["repeat", "kept"]),
        (Settle::Reconcile, SinkFault::KeepAndStall, DeliveryState::Sent, 1, ["found", "kept"]),
        (Settle::Reconcile, SinkFault::Stall, DeliveryState::Sent, 1, ["not_found", "kept"]),
        (Settle::Operator, SinkFault::KeepAndStall, DeliveryState::Held, 1, ["kept", "opened"]),
        (Settle::Operator, SinkFault::Stall, DeliveryState::Held, 0, ["opened", "opened"]),
    ];
    for (number, (settle, fault, state, arrived, happened)) in (1..).zip(ends) {
        let sink = SinkOptions { honours_keys: settle == Settle::Key, ..SinkOptions::default() };
        let mut stage = Stage::with(rig, settle, sink).await;
        stage.options.name = format!("crm-{number}");
        stage.sink.faults().next([fault.clone()]);
        let id = stage.note(number).await;
        let first = stage.start_with(Pace { places: 1, lease: ms(50), ..pace() }, waits());
        let reached = if fault == SinkFault::Stall { "stalls" } else { "kept" };
        stage.log.until(|log| log.count(Service::Sink, reached) == 1).await;
        drop(first);
        let second = stage.start();
        stage.becomes(&id, state).await;
        second.drain(NEVER).await;
        assert_eq!(stage.sink.notes().len(), arrived, "{settle:?} {fault:?}");
        for what in happened {
            assert!(stage.log.count(Service::Sink, what) > 0, "{settle:?} {fault:?}: {what}");
        }
    }
}
