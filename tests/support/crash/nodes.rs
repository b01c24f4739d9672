//! Two servers on one database, behind one address: a front door sends who comes to the one that takes calls.

use super::{
    Database,
    live::{ends, hears_something, questions, quiet, says_next, says_something, until},
    network,
    server::Server,
    world::World,
};
use crate::services::{Proxy, address::Port};
use centralita::{
    base::clock,
    testbed::{
        log::Service,
        openai::Answer,
        phone::{Call, Ended, HangUpStyle, PhoneEvent, PhoneFaults},
    },
};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::sync::Barrier;

const API_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// What is short enough that calls are handed over at once, and long enough for all of them (the last 20 s of a drain).
const DRAIN_S: &str = "20";

/// Two servers, and the door before the first.
struct Nodes {
    world: World,
    ports: [Port; 2],
}

impl Nodes {
    async fn open(database: Database, redis: &str) -> (Self, [Server; 2]) {
        let ports = [Port::reserve(), Port::reserve()];
        let mut world = World::open(database, "key", quiet()).await;
        world.door = Some(Proxy::before(ports[0].address()));
        let settings =
            [("REDIS_URL", redis), ("DRAIN_S", DRAIN_S), ("API_TOKEN", API_TOKEN), ("MAX_CALLS", "100")];
        world.settings = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
        world.fakes.openai.answers_only(Answer::text("Muy bien."));
        let nodes = Self { world, ports };
        let servers = [nodes.start(0).await, nodes.start(1).await];
        (nodes, servers)
    }

    async fn start(&self, number: usize) -> Server {
        let mut server = self.world.start_node(["a", "b"][number], &self.ports[number]);
        server.listens().await;
        server
    }

    fn door(&self) -> &Proxy {
        self.world.door.as_ref().unwrap()
    }

    /// Who comes from now on comes to this one.
    fn turn_to(&self, number: usize) {
        self.door().turn_to(self.ports[number].address());
    }

    /// Calls at the server that the door leads to, whose callers have said something.
    async fn talking(&self, numbers: std::ops::Range<usize>) -> Vec<(usize, Call)> {
        says_next(&self.world, 0, numbers.len());
        let calls = numbers.map(async |number| {
            let mut call =
                network::dial(&self.world, &self.world.next_call(), number, PhoneFaults::default());
            hears_something(&mut call).await;
            says_something(&mut call, number).await;
            (number, call)
        });
        join_all(calls).await
    }
}

/// Waits until a call has another stream and words on it. Returns how long its caller heard nobody.
async fn moves(call: &mut Call) -> Duration {
    until(call, |event| *event == PhoneEvent::StreamEnded).await;
    let left = clock::now();
    until(call, |event| *event == PhoneEvent::StreamStarted).await;
    let heard = until(call, |event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
    let PhoneEvent::AgentSpeaks { at } = heard else { panic!("{heard:?}") };
    until(call, |event| *event == PhoneEvent::AgentSilent).await;
    at.saturating_duration_since(left)
}

async fn hangs_up(call: Call) {
    call.hang_up(HangUpStyle::Stop).await;
    assert_eq!(ends(call).await.ended, Ended::ByCaller);
}

/// Both servers are restarted, one after the other, while `calls` live on each (reliability I7): every call goes on with what was
/// said, and comes to one end and one summary. Returns how long callers heard nobody, each time.
pub(crate) async fn restart_one_after_the_other(
    database: Database,
    redis: &str,
    calls: usize,
) -> Vec<Duration> {
    let (nodes, [a, b]) = Nodes::open(database, redis).await;
    let world = &nodes.world;
    let first = nodes.talking(0..calls).await;
    nodes.turn_to(1);
    let second = nodes.talking(calls..2 * calls).await;

    says_next(world, 1, calls);
    let (talked, over) = (Barrier::new(calls + 1), Barrier::new(2 * calls + 1));
    let moved_twice = first.into_iter().map(async |(number, mut call)| {
        let once = moves(&mut call).await;
        says_something(&mut call, number).await;
        talked.wait().await;
        let again = moves(&mut call).await;
        says_something(&mut call, number).await;
        over.wait().await;
        hangs_up(call).await;
        vec![once, again]
    });
    let moved_once = second.into_iter().map(async |(number, mut call)| {
        let once = moves(&mut call).await;
        says_something(&mut call, number).await;
        over.wait().await;
        hangs_up(call).await;
        vec![once]
    });
    let restarts = async {
        a.signal("TERM").await;
        assert_eq!(a.exits().await, Some(0));
        let a = nodes.start(0).await;
        talked.wait().await;
        says_next(world, 2, 2 * calls);
        nodes.turn_to(0);
        b.signal("TERM").await;
        assert_eq!(b.exits().await, Some(0));
        let b = nodes.start(1).await;
        over.wait().await;
        [a, b]
    };
    let (twice, once, servers) = tokio::join!(join_all(moved_twice), join_all(moved_once), restarts);

    assert_eq!(questions(world, 1), vec![(2, true); calls], "the model knows what was said before");
    let mut asked = questions(world, 2);
    asked.sort_unstable();
    assert_eq!(asked, [vec![(2, true); calls], vec![(3, true); calls]].concat());
    world.all_is_done().await;
    let records = world.rows("SELECT epoch, state, outcome FROM calls ORDER BY sid").await;
    let ended = |epoch: &str| vec![[epoch.to_owned(), "over".to_owned(), "caller_left".to_owned()]; calls];
    assert_eq!(records, [ended("3"), ended("2")].concat());
    let mut summed_up: Vec<String> = world
        .sink
        .notes()
        .iter()
        .map(|note| note.body["data"]["call"].as_str().unwrap().to_owned())
        .collect();
    summed_up.sort_unstable();
    assert_eq!(summed_up, world.promised().dialled);
    assert_eq!(world.fakes.log().count(Service::Twilio, "update"), 0, "no call was ended for its caller");
    drop(servers);
    world.is_over();
    twice.into_iter().chain(once).flatten().collect()
}

/// A server stands still until its call has gone on at another one (reliability J6): when it wakes it harms nothing.
pub(crate) async fn wakes_when_its_call_is_elsewhere(database: Database, redis: &str) {
    let (nodes, [a, b]) = Nodes::open(database, redis).await;
    let world = &nodes.world;
    let mut calls = nodes.talking(0..1).await;
    let (number, mut call) = calls.remove(0);
    a.signal("STOP").await;
    nodes.turn_to(1);
    nodes.door().cut();
    moves(&mut call).await;
    a.signal("CONT").await;
    // It has seen the end of its line, and has written what it had to.
    a.signal("TERM").await;
    assert_eq!(a.exits().await, Some(0));
    says_next(world, 1, 1);
    says_something(&mut call, number).await;
    assert_eq!(questions(world, 1), [(2, true)]);
    assert_eq!(world.rows("SELECT epoch, state, outcome FROM calls").await, [["2", "live", ""]]);
    hangs_up(call).await;
    world.all_is_done().await;
    assert_eq!(world.rows("SELECT epoch, state, outcome FROM calls").await, [["2", "over", "caller_left"]]);
    assert_eq!(world.sink.notes().len(), 1);
    assert_eq!(world.fakes.log().count(Service::Twilio, "update"), 0);
    drop(b);
    world.is_over();
}

/// A call of one server is ended at the other one, with what they share in memory and, when `stop` has taken it away, without.
pub(crate) async fn a_hang_up_crosses(database: Database, redis: &str, stop: impl AsyncFnOnce()) {
    let (nodes, servers) = Nodes::open(database, redis).await;
    let world = &nodes.world;
    let mut calls = nodes.talking(0..2).await;
    let ask = async |sid: &str| {
        let url = format!("http://{}/api/calls/{sid}/hangup", nodes.ports[1].address());
        let asked = world.client.post(url).bearer_auth(API_TOKEN).send().await.unwrap();
        assert_eq!(asked.status(), 202);
    };
    let dialled = world.promised().dialled.clone();
    let (_, first) = calls.remove(0);
    ask(&dialled[0]).await;
    assert_eq!(ends(first).await.ended, Ended::ByRest);
    stop().await;
    let (_, second) = calls.remove(0);
    ask(&dialled[1]).await;
    assert_eq!(ends(second).await.ended, Ended::ByRest);
    world.no_call_is_open().await;
    assert_eq!(world.rows("SELECT state, outcome FROM calls").await, [["over", "asked"]; 2]);
    drop(servers);
    world.is_over();
}
