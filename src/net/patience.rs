//! Waiting for others no longer than one should, and not blaming them for a time in which this process stood still.

use crate::base::clock;
use std::{
    pin::pin,
    time::{Duration, Instant},
};
use tokio::time::{sleep_until, timeout};

/// What came while this process stood still may take so long to get here through the tasks before.
const GRACE: Duration = Duration::from_secs(1);

/// It did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it did not come in time")]
pub struct Late;

/// Waits for `work` until `deadline`; a second longer where the deadline [was missed](clock::was_missed). Dropping it drops the work.
///
/// # Errors
/// [`Late`].
pub async fn within<T>(deadline: Instant, work: impl Future<Output = T>) -> Result<T, Late> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return Ok(done),
        () = sleep_until(deadline.into()) => {}
    }
    if !clock::was_missed(deadline, clock::now()) {
        return Err(Late);
    }
    timeout(GRACE, work).await.map_err(|_| Late)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use tokio::task::yield_now;

    #[tokio::test]
    async fn what_waits_behind_a_missed_deadline_is_in_time() {
        let long_ago = clock::now().checked_sub(Duration::from_secs(30)).unwrap();
        // Another task has to bring it here first.
        let brought = async {
            for _ in 0..10 {
                yield_now().await;
            }
        };
        assert_eq!(within(long_ago, brought).await, Ok(()));
        assert_eq!(within(long_ago, pending::<()>()).await, Err(Late));
        assert_eq!(within(clock::now(), pending::<()>()).await, Err(Late));
        assert_eq!(within(clock::now(), ready(7)).await, Ok(7));
    }
}
