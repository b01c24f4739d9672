//! Brings what is to happen outside to its target, once for each key as far as the target lets us.
//!
//! Before the first byte is sent the store knows that it will be. Whatever happens then (a process that dies, an answer that
//! never comes) leaves the delivery *begun*, and it is settled as its [`Settle`] says: sent again with the same key, looked for at
//! the target first, or held for a person (reliability §3.4).

use super::job::{Ended, Job};
use crate::{
    base::backoff,
    ports::{
        store::{
            StoreError, Stored,
            jobs::{Claim, Outcome},
            outbox::{DELIVER, Delivery, DeliveryEnd, DeliveryState, Outbox, Settle},
        },
        target::{DeliveryError, Target, marker},
    },
    telemetry::metrics,
};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::sleep;

/// The waits of deliveries.
#[derive(Clone, Debug)]
pub struct Waits {
    /// After the first failed try, the second and so on; after the one behind the last of them it is given up. As Svix has them:
    /// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h (reliability §3.4), each up to a fifth longer.
    pub schedule: Vec<Duration>,
    /// How long a target may take to show what it got: 30 s. Only then it is asked whether it has a delivery.
    pub settle: Duration,
    /// The first and the longest wait after a target did not say whether it has a delivery.
    pub unclear: [Duration; 2],
    /// How long a delivery waits whose target is not in the configuration: another process may know it.
    pub unknown: Duration,
    /// How long to wait before the store is told again what became of a delivery.
    pub away: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let minutes = [5, 30, 2 * 60, 5 * 60, 10 * 60, 10 * 60].map(Duration::from_mins);
        Self {
            schedule: [Duration::from_secs(5)].into_iter().chain(minutes).collect(),
            settle: Duration::from_secs(30),
            unclear: [Duration::from_mins(2), Duration::from_hours(4)],
            unknown: Duration::from_mins(10),
            away: Duration::from_millis(500),
        }
    }
}

/// The job of the kind [`DELIVER`].
pub struct Deliver {
    outbox: Arc<dyn Outbox>,
    targets: BTreeMap<String, Arc<dyn Target>>,
    waits: Waits,
    /// Targets that want nothing any more, until the process starts again.
    gone: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Deliver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliver").field("targets", &self.targets.keys()).finish_non_exhaustive()
    }
}

/// What is written about a delivery.
enum Next {
    /// What became of it.
    End(DeliveryEnd),
    /// It stays as it is, and only its job goes on.
    Leave(Outcome),
}

impl Job for Deliver {
    fn kind(&self) -> &'static str {
        DELIVER
    }

    fn run(&self, claim: Claim) -> BoxFuture<'_, Stored<Ended>> {
        Box::pin(self.carry_out(claim))
    }
}

impl Deliver {
    /// Delivers to these targets.
    pub fn new(
        outbox: Arc<dyn Outbox>,
        targets: impl IntoIterator<Item = Arc<dyn Target>>,
        waits: Waits,
    ) -> Self {
        let targets = targets.into_iter().map(|target| (target.name().to_owned(), target)).collect();
        Self { outbox, targets, waits, gone: Mutex::default() }
    }

    async fn carry_out(&self, claim: Claim) -> Stored<Ended> {
        let dead = |error: &str| Ok(Ended::So(Outcome::Dead { error: error.to_owned() }));
        let Some(id) = claim.payload.get("delivery").and_then(Value::as_str) else {
            return dead("the job names no delivery");
        };
        let delivery = match self.outbox.delivery(id.to_owned()).await {
            Err(StoreError::Unknown) => return dead("the delivery was erased"),
            found => found?,
        };
        let next = match (self.targets.get(&delivery.target), delivery.state) {
            (_, DeliveryState::Sent | DeliveryState::Held | DeliveryState::Dead) => {
                Next::Leave(Outcome::Done)
            }
            (None, state) => self.without_target(state, &claim, &delivery.target),
            (Some(target), state) if self.is_gone(target.name()) => never(state, GONE.to_owned()),
            (Some(target), DeliveryState::Pending) => self.send(target.as_ref(), &delivery, &claim).await?,
            (Some(target), DeliveryState::Sending) => self.settle(target.as_ref(), &delivery, &claim).await?,
        };
        match next {
            Next::Leave(outcome) => Ok(outcome.into()),
            Next::End(end) => {
                tell(&delivery, &end);
                self.write_down(&delivery.id, &claim, &end).await?;
                Ok(Ended::Already)
            }
        }
    }

    /// While the store is away nobody else knows what became of the delivery: we keep it in mind as long as the job is ours.
    async fn write_down(&self, id: &str, claim: &Claim, end: &DeliveryEnd) -> Stored<()> {
        loop {
            match self.outbox.delivered(id.to_owned(), claim.clone(), end.clone()).await {
                Err(error) if error.is_temporary() => sleep(self.waits.away).await,
                written => return written,
            }
        }
    }

    async fn send(&self, target: &dyn Target, delivery: &Delivery, claim: &Claim) -> Stored<Next> {
        match self.outbox.sending(delivery.id.clone(), claim.clone()).await {
            // A person has decided meanwhile.
            Err(StoreError::Unknown) => return Ok(Next::Leave(Outcome::Done)),
            begun => begun?,
        }
        let tried = delivery.tries + 1;
        Ok(match target.deliver(delivery).await {
            Ok(provider_ref) => Next::End(DeliveryEnd::Sent { provider_ref }),
            Err(DeliveryError::NotSent { why, after }) => Next::End(self.missed(why, tried, after)),
            Err(DeliveryError::Refused { why }) => Next::End(DeliveryEnd::Dead { error: why }),
            Err(DeliveryError::Gone { why }) => {
                self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(target.name().to_owned());
                tracing::error!(code = "TARGET_GONE", target_name = target.name(), "{GONE}");
                Next::End(DeliveryEnd::Dead { error: why })
            }
            Err(DeliveryError::Ambiguous { why }) => match delivery.settle {
                Settle::Key | Settle::AtLeastOnce => Next::End(self.missed(why, tried, None)),
                Settle::Operator => Next::End(DeliveryEnd::Held { error: why }),
                Settle::Reconcile => {
                    tracing::warn!(
                        code = "DELIVERY_UNCLEAR",
                        target_name = target.name(),
                        delivery = delivery.id,
                        why,
                        "the target will be asked for it"
                    );
                    Next::Leave(Outcome::Later { after: self.waits.settle })
                }
            },
        })
    }

    /// A delivery that was begun, and whose end nobody has written.
    async fn settle(&self, target: &dyn Target, delivery: &Delivery, claim: &Claim) -> Stored<Next> {
        match delivery.settle {
            Settle::Key | Settle::AtLeastOnce => return self.send(target, delivery, claim).await,
            Settle::Operator => {
                let error = "it was begun, and its end is not known".to_owned();
                return Ok(Next::End(DeliveryEnd::Held { error }));
            }
            Settle::Reconcile => {}
        }
        let early = self.waits.settle.saturating_sub(delivery.since.unwrap_or(Duration::MAX));
        if !early.is_zero() {
            return Ok(Next::Leave(Outcome::Later { after: early }));
        }
        Ok(match target.find(&marker(&delivery.id)).await {
            Ok(Some(provider_ref)) => Next::End(DeliveryEnd::Sent { provider_ref: Some(provider_ref) }),
            Ok(None) => Next::End(self.missed("the target has not got it".to_owned(), delivery.tries, None)),
            Err(unclear) if claim.is_last => Next::End(DeliveryEnd::Held { error: unclear.to_string() }),
            Err(unclear) => {
                let after = backoff::nth(claim.attempt, self.waits.unclear, rand::random());
                Next::Leave(Outcome::Again { after, error: unclear.to_string() })
            }
        })
    }

    fn without_target(&self, state: DeliveryState, claim: &Claim, name: &str) -> Next {
        let error = format!("the configuration names no target `{name}`");
        if claim.is_last {
            never(state, error)
        } else {
            Next::Leave(Outcome::Again { after: self.waits.unknown, error })
        }
    }

    /// It did not arrive with this try, the `tried`th.
    fn missed(&self, error: String, tried: u32, least: Option<Duration>) -> DeliveryEnd {
        let place = usize::try_from(tried.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.schedule.get(place);
        let after =
            wait.map(|wait| wait.mul_f64(1.0 + rand::random::<f64>() / 5.0).max(least.unwrap_or_default()));
        DeliveryEnd::Missed { error, after }
    }

    fn is_gone(&self, target: &str) -> bool {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).contains(target)
    }
}

const GONE: &str =
    "the target wants no deliveries any more (HTTP 410); it is asked again when the server starts anew";

/// It will not be sent: what was begun may have arrived.
fn never(state: DeliveryState, error: String) -> Next {
    Next::End(match state {
        DeliveryState::Sending => DeliveryEnd::Held { error },
        _ => DeliveryEnd::Dead { error },
    })
}

fn tell(delivery: &Delivery, end: &DeliveryEnd) {
    let (outcome, error) = match end {
        DeliveryEnd::Sent { .. } => ("sent", ""),
        DeliveryEnd::Missed { error, after: Some(_) } => ("missed", &error[..]),
        DeliveryEnd::Missed { error, after: None } | DeliveryEnd::Dead { error } => ("dead", &error[..]),
        DeliveryEnd::Held { error } => ("held", &error[..]),
    };
    metrics::delivery_tried(&delivery.target, outcome);
    match outcome {
        "sent" => tracing::debug!(delivery = delivery.id, target_name = delivery.target, "delivered"),
        "missed" => complain(delivery, error),
        _ => tell_staff(delivery, error, outcome == "held"),
    }
}

fn complain(Delivery { id, target, .. }: &Delivery, error: &str) {
    tracing::warn!(code = "DELIVERY_MISSED", target_name = target, delivery = id, error, "it is tried again");
}

fn tell_staff(Delivery { id, target, .. }: &Delivery, error: &str, held: bool) {
    let (code, what) = if held {
        ("DELIVERY_HELD", "a delivery waits for a person: it may have arrived")
    } else {
        ("DELIVERY_DEAD", "a delivery was given up")
    };
    tracing::error!(code, target_name = target, delivery = id, error, "{what}");
}
