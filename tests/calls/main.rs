//! Whole calls: the server as it is composed in production, the paid services as fakes on real sockets, and a simulated
//! phone that knows only the webhook.
//!
//! A test waits for what the caller hears, under one generous guard, and asserts content, order and counts. The voice
//! of the fakes is the same at each run, so what is heard is compared byte by byte, silence aside.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod agents;
mod caller;
mod conversation;
mod early;
mod hearing_fails;
mod house;
mod interruption;
mod interruptions;
mod keypad;
#[path = "../support/log.rs"]
mod log;
mod model_fails;
mod network;
mod phrases;
mod replaced;
mod replay;
mod room;
#[path = "../support/services/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the network is all that is needed here")]
mod services;
mod slow_providers;
mod sounds;
mod stalled;
mod transfer;
mod voice_fails;

use futures_util::{FutureExt as _, StreamExt as _, future::LocalBoxFuture, stream};
use std::{fmt::Display, panic::AssertUnwindSafe, time::Duration};

/// One for all: how long any event may take before the test fails.
const GUARD: Duration = Duration::from_mins(1);

/// Waits for an event.
async fn soon<F: Future>(event: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(GUARD, event).await else {
        panic!("the event should have come long ago")
    };
    output
}

#[tokio::test]
async fn a_provider_that_fails_is_covered_and_the_call_goes_on_or_ends_politely() {
    together([hearing_fails::cases(), model_fails::cases(), voice_fails::cases()].into_iter().flatten())
        .await;
}

#[tokio::test]
async fn a_provider_that_fails_is_replaced_and_the_caller_hears_every_word_once() {
    together(replaced::cases()).await;
}

#[tokio::test]
async fn a_recogniser_that_fails_is_replaced_and_every_word_is_understood_once() {
    together(replaced::hearing_cases()).await;
}

/// A case of a table: what it is called, and its call.
type Case = (String, LocalBoxFuture<'static, ()>);

fn case(name: impl Display, call: impl Future<Output = ()> + 'static) -> Case {
    (name.to_string(), call.boxed_local())
}

/// Calls side by side: as many as one thread of a loaded machine, which all of a test shares, serves in real time.
const AT_ONCE: usize = 8;

/// Runs cases side by side, since a call is mostly waiting, and names those that failed.
async fn together(cases: impl IntoIterator<Item = Case>) {
    let tried = cases.into_iter().map(|(name, call)| async move {
        let failed = AssertUnwindSafe(call).catch_unwind().await.is_err();
        failed.then_some(name)
    });
    let failed: Vec<String> =
        stream::iter(tried).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    assert!(failed.is_empty(), "failed: {failed:?}");
}
