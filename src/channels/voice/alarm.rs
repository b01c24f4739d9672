//! A deadline that mostly moves away before it comes: moving it costs nothing.

use crate::base::clock;
use std::{pin::Pin, time::Instant};
use tokio::time::{Sleep, sleep_until};

/// Rings at or before the deadline that was set last: whoever is woken looks at the time.
#[derive(Debug)]
pub(super) struct Alarm(Pin<Box<Sleep>>);

impl Default for Alarm {
    /// An alarm that rings at once. Must be called within a tokio runtime.
    fn default() -> Self {
        Self(Box::pin(sleep_until(tokio::time::Instant::from_std(clock::now()))))
    }
}

impl Alarm {
    /// Sets it; where it would ring before `deadline` anyway it is left so, for a harmless early ring.
    pub(super) fn set(&mut self, deadline: Instant) {
        let deadline = tokio::time::Instant::from_std(deadline);
        if self.0.is_elapsed() || deadline < self.0.deadline() {
            self.0.as_mut().reset(deadline);
        }
    }

    /// Waits until it rings; at once where it rang since it was set. Cancel-safe.
    pub(super) async fn rings(&mut self) {
        self.0.as_mut().await;
    }
}
