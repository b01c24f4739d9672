//! Something outside that is told what happened: a CRM, a customer's own server.
//!
//! It is told once for each delivery, as far as it lets us: see [`Settle`].

use super::store::outbox::{Delivery, Settle};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// Why something was not delivered, by what is known of it at the other side.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DeliveryError {
    /// It surely did not arrive: no byte was sent, or the target said no for now. Another try may succeed.
    #[error("{why}")]
    NotSent {
        /// For the log and for people; holds no secret.
        why: String,
        /// The target wants no other try before.
        after: Option<Duration>,
    },
    /// It may have arrived: the answer is missing, or says nothing about it.
    #[error("{why}")]
    Ambiguous {
        /// For the log and for people; holds no secret.
        why: String,
    },
    /// It did not arrive and never will: the target will not take this delivery; others it may.
    #[error("{why}")]
    Refused {
        /// For the log and for people; holds no secret.
        why: String,
    },
    /// The target wants no delivery any more (HTTP 410).
    #[error("{why}")]
    Gone {
        /// For the log and for people; holds no secret.
        why: String,
    },
}

/// Nobody can tell now whether the target has something.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Unclear(
    /// For the log and for people; holds no secret.
    pub String,
);

/// A target of deliveries.
pub trait Target: Send + Sync + 'static {
    /// Its name in the configuration, which its deliveries carry.
    fn name(&self) -> &str;

    /// How a delivery is settled whose end is not known; new deliveries carry it.
    fn settle(&self) -> Settle;

    /// Delivers, once: no hidden retry. Returns what the target calls it, where it says so. Ends within a time limit of its own
    /// (15 s by default, reliability §3.4). Dropping the future leaves open whether it arrived.
    ///
    /// # Errors
    /// See [`DeliveryError`].
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Option<String>, DeliveryError>>;

    /// What the target calls the thing with this [`marker`], where it has one. Asked only where [`Target::settle`] was
    /// [`Settle::Reconcile`] when the delivery was written.
    ///
    /// # Errors
    /// [`Unclear`] where the target does not say clearly that it has it, or that it has not.
    fn find<'a>(&'a self, marker: &'a str) -> BoxFuture<'a, Result<Option<String>, Unclear>>;
}

/// What a target keeps of a delivery, so that it can be found again.
pub fn marker(delivery: &str) -> String {
    format!("ref:{delivery}")
}
