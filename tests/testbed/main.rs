//! The testbed itself: fakes against raw clients, the simulated phone against a small server.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod fakes;
mod phone;

use std::time::Duration;

/// The one guard of all tests here: far beyond what any of them takes.
const GUARD: Duration = Duration::from_secs(30);

/// Waits under the guard.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(GUARD, future).await.expect("it should have happened long ago")
}
