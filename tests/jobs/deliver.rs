//! What happens to deliveries at targets that fail.

use crate::{
    rig::{Rig, call, sid},
    spy::Spy,
    stage::{NEVER, ms, pace, start},
};
use centralita::{
    base::{clock::SystemClock, secret::SecretString},
    integrations::webhook::{Options, Webhook},
    jobs::{
        Pace, Runner,
        deliver::{Deliver, Waits},
    },
    ports::{
        store::{
            calls::CallRecords as _,
            notes::{NewNote, Notes as _},
            outbox::{Delivery, DeliveryState, NewDelivery, Outbox as _, Settle},
        },
        target::Target,
    },
    testbed::{
        log::{Log, Service},
        sink::{Sink, SinkFault, SinkOptions},
    },
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

facts!(
    a_delivery_arrives_signed_and_under_its_own_key,
    a_wrong_signature_is_told_and_tried_again,
    a_target_that_is_down_gets_it_once_when_it_is_back,
    a_redirect_is_not_followed,
    a_target_that_fails_gets_eight_tries,
    a_target_that_is_gone_is_asked_no_more,
    a_message_that_the_target_will_never_take_is_given_up_at_once,
    a_key_makes_one_note_of_several_tries,
    a_target_that_is_asked_first_gets_it_once,
    a_person_decides_what_may_have_arrived,
    at_least_once_may_be_twice,
    a_target_that_does_not_say_whether_it_has_it_leaves_it_to_a_person,
    a_slow_target_holds_nobody_else_up,
    a_target_that_is_not_configured_is_waited_for_and_then_given_up,
    what_became_of_it_is_kept_in_mind_while_the_store_is_away,
);

/// Its example in the specification.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A sink, and how it is delivered to.
pub(crate) struct Stage<'a> {
    pub(crate) rig: &'a Rig,
    pub(crate) spy: Arc<Spy>,
    pub(crate) log: Log,
    pub(crate) sink: Sink,
    pub(crate) options: Options,
}

pub(crate) fn waits() -> Waits {
    Waits { schedule: vec![ms(1); 7], settle: ms(20), unclear: [ms(1), ms(4)], unknown: ms(1), away: ms(1) }
}

fn key(number: u32) -> String {
    format!("note:{}:summary", sid(number))
}

impl<'a> Stage<'a> {
    pub(crate) async fn new(rig: &'a Rig, settle: Settle) -> Self {
        Self::with(rig, settle, SinkOptions { secret: Some(SECRET.to_owned()), ..SinkOptions::default() })
            .await
    }

    pub(crate) async fn with(rig: &'a Rig, settle: Settle, sink: SinkOptions) -> Self {
        let log = Log::new(None).unwrap();
        let sink = Sink::start(sink, log.clone()).await.unwrap();
        let mut options = Options::new("crm", sink.url().parse().unwrap());
        options.find_url = Some(sink.url().parse().unwrap());
        options.secret = Some(SecretString::from(SECRET));
        options.settle = settle;
        options.patience = NEVER;
        Self { rig, spy: Spy::on(&rig.store), log, sink, options }
    }

    pub(crate) fn target(&self) -> Arc<dyn Target> {
        Arc::new(Webhook::new(self.options.clone(), Arc::new(SystemClock)).unwrap())
    }

    pub(crate) fn job(&self, waits: Waits) -> Deliver {
        Deliver::new(Arc::clone(&self.spy) as _, [self.target()], waits)
    }

    pub(crate) fn start(&self) -> Runner {
        self.start_with(pace(), waits())
    }

    pub(crate) fn start_with(&self, pace: Pace, waits: Waits) -> Runner {
        start(&self.spy, "one", vec![Arc::new(self.job(waits))], pace)
    }

    /// A note about the call with this number is to be delivered.
    pub(crate) async fn note(&self, number: u32) -> String {
        self.note_for(number, &[(&self.options.name, self.options.settle)]).await;
        let key = key(number);
        // Somebody may be at it already; who looks at the states in their order misses nothing that goes through them.
        for state in [
            DeliveryState::Pending,
            DeliveryState::Sending,
            DeliveryState::Sent,
            DeliveryState::Held,
            DeliveryState::Dead,
        ] {
            let known = self.rig.store.deliveries(state, 100).await.unwrap();
            if let Some(delivery) = known.into_iter().find(|delivery| delivery.key == key) {
                return delivery.id;
            }
        }
        panic!("there is no delivery {key}")
    }

    async fn note_for(&self, number: u32, targets: &[(&str, Settle)]) {
        self.rig.store.call_arrived(call(number)).await.unwrap();
        let delivery = |(target, settle): &(&str, Settle)| NewDelivery {
            target: (*target).to_owned(),
            settle: *settle,
            key: key(number),
            payload: json!({ "type": "call.summary", "data": { "call": sid(number) } }),
        };
        let note = NewNote {
            call: sid(number).to_string(),
            kind: "summary".to_owned(),
            text: "What was said.".to_owned(),
            deliveries: targets.iter().map(delivery).collect(),
        };
        self.rig.store.write_note(note).await.unwrap();
    }

    /// Waits until it is in this state.
    pub(crate) async fn becomes(&self, id: &str, state: DeliveryState) -> Delivery {
        let find = async || self.rig.store.delivery(id.to_owned()).await.unwrap();
        self.until(async || find().await.state == state).await;
        find().await
    }

    /// Waits until something is true; it is asked again after each thing that a runner does.
    pub(crate) async fn until(&self, met: impl AsyncFn() -> bool) {
        loop {
            let seen = self.spy.seen().len();
            if met().await {
                return;
            }
            self.spy.until(|all| all.len() > seen).await;
        }
    }

    /// Waits until the sink has read what was sent to it before: it reads its connections in their order.
    pub(crate) async fn sink_has_seen_all(&self) {
        for round in 0..3 {
            let unknown = self.target().find(&format!("ref:none-{round}")).await;
            assert_eq!(unknown, Ok(None));
        }
        self.log.until(|log| log.open(Service::Sink) == 0).await;
    }

    fn count(&self, what: &'static str) -> u64 {
        self.log.count(Service::Sink, what)
    }
}

async fn a_delivery_arrives_signed_and_under_its_own_key(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Key).await;
    let id = stage.note(1).await;
    let runner = stage.start();
    let delivery = stage.becomes(&id, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    assert_eq!((delivery.provider_ref.as_deref(), delivery.tries, delivery.error), (Some("1"), 1, None));
    let [note] = &stage.sink.notes()[..] else { panic!("one note") };
    assert_eq!((&note.key, note.marker.clone()), (&id, format!("ref:{id}")));
    assert_eq!(note.body["type"], "call.summary");
    assert_eq!(note.body["data"]["call"], json!(sid(1)));
}

async fn a_wrong_signature_is_told_and_tried_again(rig: &Rig) {
    let mut stage = Stage::new(rig, Settle::Operator).await;
    stage.options.secret = None;
    let id = stage.note(1).await;
    let runner = stage.start();
    let delivery = stage.becomes(&id, DeliveryState::Dead).await;
    runner.drain(NEVER).await;
    assert_eq!((delivery.tries, delivery.error.as_deref()), (8, Some("HTTP 401")));
    assert!(stage.sink.notes().is_empty());
}

/// No byte was sent, so even [`Settle::Operator`] tries again by itself.
async fn a_target_that_is_down_gets_it_once_when_it_is_back(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Operator).await;
    stage.sink.shut().await;
    let id = stage.note(1).await;
    let runner = stage.start();
    stage.spy.delivered(2).await;
    stage.sink.reopen().await;
    stage.becomes(&id, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    assert_eq!(stage.sink.notes().len(), 1);
}

/// Reliability H11.
async fn a_redirect_is_not_followed(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Operator).await;
    stage.sink.faults().next([SinkFault::Refuse(301), SinkFault::Refuse(308)]);
    let id = stage.note(1).await;
    let runner = stage.start();
    let delivery = stage.becomes(&id, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    assert_eq!((delivery.tries, stage.sink.notes().len()), (3, 1));
}

/// Reliability H11: Svix' schedule has eight tries.
async fn a_target_that_fails_gets_eight_tries(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Key).await;
    stage.sink.faults().always(SinkFault::Refuse(500));
    let id = stage.note(1).await;
    let runner =
        stage.start_with(pace(), Waits { schedule: vec![ms(1); Waits::default().schedule.len()], ..waits() });
    let delivery = stage.becomes(&id, DeliveryState::Dead).await;
    assert_eq!(
        (delivery.tries, stage.count("answered"), delivery.error.as_deref()),
        (8, 8, Some("HTTP 500"))
    );
    // A person sends it again when the target is well.
    stage.sink.faults().clear();
    rig.store.decide(id.clone(), true).await.unwrap();
    runner.waker().wake();
    stage.becomes(&id, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    assert_eq!(stage.sink.notes().len(), 1);
}

/// Reliability H11.
async fn a_target_that_is_gone_is_asked_no_more(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Key).await;
    stage.sink.faults().always(SinkFault::Refuse(410));
    let first = stage.note(1).await;
    let runner = stage.start();
    stage.becomes(&first, DeliveryState::Dead).await;
    let second = stage.note(2).await;
    runner.waker().wake();
    let delivery = stage.becomes(&second, DeliveryState::Dead).await;
    runner.drain(NEVER).await;
    assert_eq!((stage.count("answered"), delivery.tries), (1, 0));
}

async fn a_message_that_the_target_will_never_take_is_given_up_at_once(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Key).await;
    stage.sink.faults().next([SinkFault::Refuse(422)]);
    let id = stage.note(1).await;
    let runner = stage.start();
    let delivery = stage.becomes(&id, DeliveryState::Dead).await;
    runner.drain(NEVER).await;
    assert_eq!((delivery.tries, delivery.error.as_deref()), (1, Some("HTTP 422")));
}

async fn a_key_makes_one_note_of_several_tries(rig: &Rig) {
    let sink = SinkOptions { honours_keys: true, ..SinkOptions::default() };
    let stage = Stage::with(rig, Settle::Key, sink).await;
    stage.sink.faults().next([
        SinkFault::KeepAndRefuse(500),
        SinkFault::KeepAndCut,
        SinkFault::KeepAndRefuse(409),
    ]);
    let id = stage.note(1).await;
    let runner = stage.start();
    let delivery = stage.becomes(&id, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    assert_eq!((delivery.tries, stage.sink.notes().len(), stage.count("repeat")), (4, 1, 3));
}

/// Three tries that fail, of which one arrives all the same: it is found.
async fn a_target_that_is_asked_first_gets_it_once(rig: &Rig) {
    let mut stage = Stage::new(rig, Settle::Reconcile).await;
    stage.options.patience = ms(300);
    stage.sink.faults().next([
        SinkFault::Cut,
        SinkFault::Refuse(503),
        SinkFault::Stall,
        SinkFault::KeepAndStall,
    ]);
    let id = stage.note(1).await;
    let runner = stage.start();
    let delivery = stage.becomes(&id, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    assert_eq!((delivery.tries, delivery.provider_ref.as_deref()), (4, Some("1")));
    assert_eq!((stage.sink.notes().len(), stage.count("not_found"), stage.count("found")), (1, 3, 1));
}

async fn a_person_decides_what_may_have_arrived(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Operator).await;
    stage.sink.faults().next([SinkFault::KeepAndCut, SinkFault::Cut]);
    let (arrived, lost) = (stage.note(1).await, stage.note(2).await);
    let runner = stage.start_with(Pace { places: 1, ..pace() }, waits());
    stage.becomes(&arrived, DeliveryState::Held).await;
    stage.becomes(&lost, DeliveryState::Held).await;
    assert_eq!(stage.sink.notes().len(), 1);
    rig.store.decide(arrived.clone(), false).await.unwrap();
    rig.store.decide(lost.clone(), true).await.unwrap();
    runner.waker().wake();
    stage.becomes(&lost, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    let markers: Vec<_> = stage.sink.notes().into_iter().map(|note| note.marker).collect();
    assert_eq!(markers, [format!("ref:{arrived}"), format!("ref:{lost}")]);
}

async fn at_least_once_may_be_twice(rig: &Rig) {
    let stage = Stage::new(rig, Settle::AtLeastOnce).await;
    stage.sink.faults().next([SinkFault::KeepAndCut]);
    let id = stage.note(1).await;
    let runner = stage.start();
    stage.becomes(&id, DeliveryState::Sent).await;
    runner.drain(NEVER).await;
    assert_eq!(stage.sink.notes().len(), 2);
}

async fn a_target_that_does_not_say_whether_it_has_it_leaves_it_to_a_person(rig: &Rig) {
    let mut stage = Stage::new(rig, Settle::Reconcile).await;
    let other = Sink::start(SinkOptions::default(), stage.log.clone()).await.unwrap();
    stage.options.find_url = Some(other.url().parse().unwrap());
    other.shut().await;
    stage.sink.faults().next([SinkFault::KeepAndCut]);
    let id = stage.note(1).await;
    let runner = stage.start();
    stage.becomes(&id, DeliveryState::Held).await;
    runner.drain(NEVER).await;
    assert_eq!((stage.sink.notes().len(), stage.count("kept")), (1, 1));
}

/// Reliability H12.
async fn a_slow_target_holds_nobody_else_up(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Key).await;
    let slow = Sink::start(SinkOptions::default(), stage.log.clone()).await.unwrap();
    slow.faults().always(SinkFault::KeepAndStall);
    let mut options = Options::new("slow", slow.url().parse().unwrap());
    options.patience = NEVER;
    let slow_target: Arc<dyn Target> = Arc::new(Webhook::new(options, Arc::new(SystemClock)).unwrap());
    for number in 1..=20 {
        stage.note_for(number, &[("slow", Settle::Key), ("crm", Settle::Key)]).await;
    }
    let deliver = Deliver::new(Arc::clone(&stage.spy) as _, [stage.target(), slow_target], waits());
    let runner = start(&stage.spy, "one", vec![Arc::new(deliver)], pace());
    stage.spy.delivered(20).await;
    assert_eq!((stage.sink.notes().len(), slow.notes().len()), (20, 2), "two of its own places, and no more");
    runner.drain(Duration::ZERO).await;
}

async fn a_target_that_is_not_configured_is_waited_for_and_then_given_up(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Key).await;
    stage.note_for(1, &[("other", Settle::Key)]).await;
    let id = rig.store.deliveries(DeliveryState::Pending, 1).await.unwrap()[0].id.clone();
    let runner = stage.start();
    let delivery = stage.becomes(&id, DeliveryState::Dead).await;
    runner.drain(NEVER).await;
    assert_eq!(delivery.error.as_deref(), Some("the configuration names no target `other`"));
    assert_eq!(stage.spy.ends().len(), 4, "four attempts before");
}

async fn what_became_of_it_is_kept_in_mind_while_the_store_is_away(rig: &Rig) {
    let stage = Stage::new(rig, Settle::Operator).await;
    stage.sink.faults().always(SinkFault::KeepAndStall);
    let id = stage.note(1).await;
    let runner = stage.start_with(Pace { places: 1, ..pace() }, waits());
    stage.log.until(|log| log.count(Service::Sink, "kept") == 1).await;
    stage.spy.is_away(true);
    // The answer is lost with the connection, and the end is known here alone.
    stage.sink.shut().await;
    stage.spy.refused(3).await;
    stage.spy.is_away(false);
    stage.becomes(&id, DeliveryState::Held).await;
    runner.drain(NEVER).await;
}
