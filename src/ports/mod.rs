//! What we need from outside, as traits; no vendor is named here.
//!
//! Ports used during a call are *sessions*: opening returns a sink and a stream at once, dropping them closes.
//! Connecting, retrying and time-outs are the adapter's; what happened arrives as events of the stream.

pub mod calendar;
pub mod carrier;
pub mod http_tool;
pub mod llm;
pub mod media;
pub mod phone;
pub mod state;
pub mod store;
pub mod stt;
pub mod target;
pub mod tool;
pub mod tts;
pub mod turn_end;
pub mod voice_activity;

use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use std::{future::pending, time::Instant};
use tokio::{sync::mpsc, time::sleep_until};

/// What a session's task tells, as the stream that the call holds. `kept` is dropped with it: a guard that ends the task,
/// or nothing where the task ends by itself.
pub fn events<T: Send + 'static>(
    told: mpsc::Receiver<T>,
    kept: impl Send + 'static,
) -> BoxStream<'static, T> {
    stream::unfold((told, kept), async |(mut told, kept)| Some((told.recv().await?, (told, kept)))).boxed()
}

/// What the stream gives next; waits for ever where there is none. Cancel-safe.
pub async fn next_of<T>(stream: Option<&mut BoxStream<'_, T>>) -> Option<T> {
    match stream {
        Some(stream) => stream.next().await,
        None => pending().await,
    }
}

/// Waits for the instant; for ever where there is none. Cancel-safe.
pub async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant.into()).await,
        None => pending().await,
    }
}
