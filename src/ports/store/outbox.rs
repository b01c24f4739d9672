//! What is to happen outside, once for each key.
//!
//! A delivery is written down before it is made, and marked as begun before the first byte is sent. A delivery that was begun
//! and whose end nobody knows is *ambiguous*: it is repeated only by a way that cannot double the effect (reliability §3.4).
//! Where its job is given up, one that was begun is held and any other is dead; where its job is revived, it goes on.

use super::{Stored, jobs::Claim};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How an ambiguous delivery is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settle {
    /// The target drops what comes again with the same key: it is sent again.
    Key,
    /// The target can be asked whether it has it: it is sent again only if not.
    Reconcile,
    /// A person decides.
    Operator,
    /// It is sent again, and may arrive twice.
    AtLeastOnce,
}

impl Settle {
    /// As it is written in the database and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Reconcile => "reconcile",
            Self::Operator => "operator",
            Self::AtLeastOnce => "at_least_once",
        }
    }
}

/// A delivery to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Where it goes: a name in the configuration.
    pub target: String,
    /// What is done where its end is not known.
    pub settle: Settle,
    /// There is at most one delivery of a key to a target, for as long as it is kept: a week after it arrived.
    pub key: String,
    /// What is delivered.
    pub payload: Value,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not begun, or surely not arrived.
    Pending,
    /// Begun; its end is not known.
    Sending,
    /// Arrived.
    Sent,
    /// Waits for a person: it may have arrived.
    Held,
    /// Given up: it did not arrive.
    Dead,
}

/// A delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Identifies it, also towards the target.
    pub id: String,
    /// Where it goes.
    pub target: String,
    /// What is done where its end is not known.
    pub settle: Settle,
    /// Its key.
    pub key: String,
    /// What is delivered.
    pub payload: Value,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was begun.
    pub tries: u32,
    /// How long ago it was begun last, by the database's clock.
    pub since: Option<Duration>,
    /// What the target calls it.
    pub provider_ref: Option<String>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// The deliveries. Each is carried out by a job of the kind [`DELIVER`], whose claim fences it.
pub trait Outbox: Send + Sync {
    /// One delivery.
    ///
    /// # Errors
    /// `Unknown` where there is none.
    fn delivery(&self, id: String) -> BoxFuture<'_, Stored<Delivery>>;

    /// Notes that the first byte is about to be sent.
    ///
    /// # Errors
    /// `Fenced` where the claim is no longer ours: nothing may be sent then.
    fn sending(&self, id: String, claim: Claim) -> BoxFuture<'_, Stored<()>>;

    /// Notes what became of it, and ends the job where that is final.
    ///
    /// # Errors
    /// `Fenced` where the claim is no longer ours: nothing is written then.
    fn delivered(&self, id: String, claim: Claim, end: DeliveryEnd) -> BoxFuture<'_, Stored<()>>;

    /// The newest deliveries in a state.
    fn deliveries(&self, state: DeliveryState, most: u32) -> BoxFuture<'_, Stored<Vec<Delivery>>>;

    /// A person's decision on a held or dead delivery: send it again, or take it as arrived.
    ///
    /// # Errors
    /// `Unknown` where no such delivery waits for a person.
    fn decide(&self, id: String, again: bool) -> BoxFuture<'_, Stored<()>>;
}

/// The kind of the jobs that deliver; the payload is `{"delivery": ID}`.
pub const DELIVER: &str = "deliver";

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// It arrived.
    Sent {
        /// What the target calls it.
        provider_ref: Option<String>,
    },
    /// It surely did not arrive, or may arrive again.
    Missed {
        /// Why.
        error: String,
        /// How long until the next try; it is given up where there is none.
        after: Option<Duration>,
    },
    /// It may have arrived; a person decides.
    Held {
        /// Why.
        error: String,
    },
    /// It surely did not arrive, and never will.
    Dead {
        /// Why.
        error: String,
    },
}
