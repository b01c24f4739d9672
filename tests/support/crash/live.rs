//! A server that is killed while callers talk, and is back soon.

use super::{Database, GUARD, Plan, network, world::World};
use centralita::{
    base::clock,
    testbed::{
        log::Service,
        openai::Answer,
        phone::{Call, CallRecord, Ended, HangUpStyle, PhoneEvent, PhoneFaults},
        voice,
    },
};
use futures_util::future::join_all;
use serde_json::Value;
use std::time::Duration;
use tokio::{
    sync::Barrier,
    time::{sleep, timeout},
};

/// How long the server is away.
const AWAY: Duration = Duration::from_secs(2);

/// What is said before and after.
const SAID: [&str; 3] = ["Llamo por lo primero", "Llamo por lo segundo", "Llamo por lo tercero"];

/// What callers hear first when they are back.
const APOLOGY: &str = "Disculpe, se cortó la comunicación";

/// Calls at one server that is killed: each goes on at the next one, which knows what was said. Returns how long each caller waited
/// for words once there was a media socket.
pub(crate) async fn calls_go_on(database: Database, calls: usize) -> Vec<Duration> {
    let world = World::open(database, "key", quiet()).await;
    world.fakes.openai.answers_only(Answer::text("Muy bien."));
    says_next(&world, 0, calls);
    let mut server = world.start();
    server.listens().await;
    let (talked, back) = (Barrier::new(calls + 1), Barrier::new(calls + 1));
    let callers = (0..calls).map(async |number| {
        let mut call = network::dial(&world, &world.next_call(), number, PhoneFaults::default());
        hears_something(&mut call).await;
        says_something(&mut call, number).await;
        talked.wait().await;
        until(&mut call, |event| *event == PhoneEvent::StreamEnded).await;
        until(&mut call, |event| *event == PhoneEvent::StreamStarted).await;
        let connected = clock::now();
        let heard = until(&mut call, |event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
        let PhoneEvent::AgentSpeaks { at } = heard else { panic!("{heard:?}") };
        until(&mut call, |event| *event == PhoneEvent::AgentSilent).await;
        back.wait().await;
        says_something(&mut call, number).await;
        call.hang_up(HangUpStyle::Stop).await;
        assert_eq!(ends(call).await.ended, Ended::ByCaller);
        at.saturating_duration_since(connected)
    });
    let outage = async {
        talked.wait().await;
        server.kill().await;
        sleep(AWAY).await;
        let mut next = world.start();
        next.listens().await;
        says_next(&world, 1, calls);
        back.wait().await;
        next
    };
    let (waits, server) = tokio::join!(join_all(callers), outage);
    assert_eq!(
        questions(&world, 1),
        vec![(2, true); calls],
        "the model knows what was said before, and what was missed"
    );
    world.no_call_is_open().await;
    let records = world.rows("SELECT epoch, state, outcome FROM calls").await;
    assert_eq!(records, vec![["2", "over", "caller_left"]; calls]);
    drop(server);
    world.is_over();
    waits
}

/// Calls that end with their line when the server is killed: each has its record and its summary, and is to be called back.
pub(crate) async fn calls_that_end_are_called_back(database: Database, calls: usize) {
    let world = World::open(database, "key", quiet()).await;
    let mut server = world.start();
    server.listens().await;
    let talked = Barrier::new(calls + 1);
    let callers = (0..calls).map(async |number| {
        let faults = PhoneFaults { no_next_verb: true, ..PhoneFaults::default() };
        let mut call = network::dial(&world, &world.next_call(), number, faults);
        hears_something(&mut call).await;
        talked.wait().await;
        let record = ends(call).await;
        assert_eq!((record.ended, record.status_answer), (Ended::ByTwiml, Some(204)));
    });
    let outage = async {
        talked.wait().await;
        server.kill().await;
        sleep(AWAY).await;
        let mut next = world.start();
        next.listens().await;
        next
    };
    let (_, server) = tokio::join!(join_all(callers), outage);
    world.all_is_done().await;
    let records = world.rows("SELECT state, outcome FROM calls").await;
    assert_eq!(records, vec![["over", "lost"]; calls]);
    let sids = world.promised().dialled.clone();
    let mut expected: Vec<(String, String)> = (sids.iter())
        .flat_map(|sid| ["call.call_back", "call.summary"].map(|kind| (sid.clone(), kind.to_owned())))
        .collect();
    expected.sort_unstable();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let notes = world.sink.notes().into_iter();
    let mut told: Vec<(String, String)> =
        notes.map(|note| (text(&note.body["data"]["call"]), text(&note.body["type"]))).collect();
    told.sort_unstable();
    assert_eq!(told, expected);
    drop(server);
    world.is_over();
}

pub(super) fn quiet() -> Plan {
    Plan { rounds: 0, callers: 0, late: Duration::ZERO, seed: 0 }
}

/// What the recogniser understands next, something else of each caller.
pub(super) fn says_next(world: &World, part: usize, calls: usize) {
    world.fakes.deepgram.hears((0..calls).map(|number| format!("{} {number}.", SAID[part])));
}

/// Of each question in which that part was said last: how many texts of the caller the model got, and whether it knows of the apology.
pub(super) fn questions(world: &World, part: usize) -> Vec<(usize, bool)> {
    let asked = world.fakes.log().details(Service::OpenAi, "request").into_iter();
    let asked = asked.map(|seen| serde_json::from_str::<Value>(&seen).unwrap());
    let asked = asked.filter(|seen| seen["last"].as_str().unwrap().starts_with(SAID[part]));
    asked
        .map(|seen| {
            let users = seen["roles"].as_array().unwrap().iter().filter(|role| **role == "user").count();
            (users, seen["answered"].as_str().unwrap().starts_with(APOLOGY))
        })
        .collect()
}

pub(super) async fn until(call: &mut Call, wanted: impl Fn(&PhoneEvent) -> bool) -> PhoneEvent {
    let event =
        timeout(GUARD, call.until(wanted)).await.unwrap_or_else(|_| panic!("nothing happens in the call"));
    event.unwrap_or_else(|| panic!("the call is over"))
}

pub(super) async fn hears_something(call: &mut Call) {
    until(call, |event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
    until(call, |event| *event == PhoneEvent::AgentSilent).await;
}

pub(super) async fn says_something(call: &mut Call, number: usize) {
    call.say(voice::caller(number as u64, 3)).await;
    hears_something(call).await;
}

pub(super) async fn ends(call: Call) -> CallRecord {
    timeout(GUARD, call.end()).await.unwrap_or_else(|_| panic!("a call does not end"))
}
