//! Callers that give up: nothing of theirs stays open.

use crate::rig::{Rig, asks, began, claimed, job, options, sid};
use centralita::{
    ports::store::{calls::CallRecords as _, inbox::Inbox as _, jobs::Jobs as _},
    storage::Options,
};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, poll_fn},
};
use std::task::Poll;

facts! {
    what_is_dropped_at_any_moment_leaves_no_transaction_open,
    what_is_dropped_happened_whole_or_not_at_all,
}

/// Lets it go on for so many steps, then drops it; whether it came to its end.
async fn dropped_after<T>(steps: u32, mut work: BoxFuture<'_, T>) -> bool {
    let mut left = steps;
    poll_fn(|context| {
        if work.poll_unpin(context).is_ready() {
            return Poll::Ready(true);
        }
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        Poll::Pending
    })
    .await
}

async fn what_is_dropped_at_any_moment_leaves_no_transaction_open(rig: &Rig) {
    // Whoever comes next gets the very connection that was dropped.
    let store = rig.with(Options { connections: 1, ..options() }).await;
    store.call_began(began(1, "a", 1)).await.unwrap();
    for steps in 0..12 {
        let read = dropped_after(steps, store.call(sid(1))).await;
        assert_eq!(store.call(sid(1)).await.unwrap().epoch, 1, "a read dropped after {steps} steps ({read})");
        let written = dropped_after(steps, store.enqueue(vec![job(&steps.to_string())])).await;
        let next = format!("after {steps}");
        assert_eq!(
            store.enqueue(vec![job(&next)]).await.unwrap(),
            1,
            "a write dropped after {steps} steps ({written})"
        );
        let counted = dropped_after(steps, store.events("vapi".to_owned())).await;
        assert_eq!(
            store.events("vapi".to_owned()).await.unwrap(),
            0,
            "a count dropped after {steps} steps ({counted})"
        );
    }
    assert!(rig.nothing_is_open().await);
    store.close().await;
}

async fn what_is_dropped_happened_whole_or_not_at_all(rig: &Rig) {
    let store = rig.with(Options { connections: 1, ..options() }).await;
    for steps in 0..12 {
        let pair = vec![job(&format!("{steps} a")), job(&format!("{steps} b"))];
        let done = dropped_after(steps, store.enqueue(pair)).await;
        let keys = claimed(&store, asks("a")).await;
        assert!(keys.len() == 2 || keys.is_empty() && !done, "{steps} steps: {keys:?}");
    }
    store.close().await;
}
