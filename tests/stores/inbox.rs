//! What came from outside.

use crate::rig::{Rig, claimed, job};
use centralita::ports::store::{
    inbox::{Accepted, Event, Inbox as _},
    jobs::Jobs as _,
};
use futures_util::future::join_all;
use std::sync::Arc;

facts! {
    a_repeat_gets_the_stored_answer,
    a_repeat_makes_no_jobs,
    an_event_comes_with_its_jobs_or_not_at_all,
    the_same_key_from_another_source_is_another_event,
    of_fifty_at_once_one_is_new,
}

fn event(source: &str, key: &str) -> Event {
    Event {
        source: source.to_owned(),
        key: key.to_owned(),
        payload: b"body \xff\x00".to_vec(),
        response: Some(b"<Response/>".to_vec()),
        change: None,
        jobs: vec![job(&format!("{source} {key}"))],
    }
}

fn repeat(response: Option<&[u8]>) -> Accepted {
    Accepted::Repeat { response: response.map(<[u8]>::to_vec) }
}

async fn a_repeat_gets_the_stored_answer(rig: &Rig) {
    let first = event("twilio_voice", "CA1");
    assert_eq!(rig.store.accept(first.clone()).await.unwrap(), Accepted::New);
    let other = Event { response: Some(b"another".to_vec()), ..first };
    assert_eq!(rig.store.accept(other).await.unwrap(), repeat(Some(b"<Response/>")));
    let mute = Event { response: None, ..event("twilio_status", "CA1:1:ringing") };
    assert_eq!(rig.store.accept(mute.clone()).await.unwrap(), Accepted::New);
    assert_eq!(rig.store.accept(mute).await.unwrap(), repeat(None));
}

async fn a_repeat_makes_no_jobs(rig: &Rig) {
    rig.store.accept(event("vapi", "1")).await.unwrap();
    let again = Event { jobs: vec![job("of the repeat")], ..event("vapi", "1") };
    rig.store.accept(again).await.unwrap();
    assert_eq!(claimed(&rig.store, crate::rig::asks("a")).await, ["vapi 1"]);
}

async fn an_event_comes_with_its_jobs_or_not_at_all(rig: &Rig) {
    let mut lost = job("in a workspace that nobody has");
    "nowhere".clone_into(&mut lost.workspace);
    let event = Event { jobs: vec![job("first"), lost], ..event("vapi", "1") };
    rig.store.accept(event).await.unwrap_err();
    assert_eq!(rig.store.events("vapi".to_owned()).await.unwrap(), 0);
    assert_eq!(rig.store.job_counts(None).await.unwrap().waiting, 0);
}

async fn the_same_key_from_another_source_is_another_event(rig: &Rig) {
    assert_eq!(rig.store.accept(event("vapi", "1")).await.unwrap(), Accepted::New);
    assert_eq!(rig.store.accept(event("elevenlabs", "1")).await.unwrap(), Accepted::New);
    assert_eq!(rig.store.events("vapi".to_owned()).await.unwrap(), 1);
    assert_eq!(rig.store.events("calendly".to_owned()).await.unwrap(), 0);
}

async fn of_fifty_at_once_one_is_new(rig: &Rig) {
    let accept = |_| {
        let store = Arc::clone(&rig.store);
        tokio::spawn(async move { store.accept(event("calendly", "one")).await.unwrap() })
    };
    let accepted: Vec<Accepted> =
        join_all((0..50).map(accept)).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(accepted.iter().filter(|accepted| **accepted == Accepted::New).count(), 1);
    assert_eq!(accepted.iter().filter(|accepted| **accepted == repeat(Some(b"<Response/>"))).count(), 49);
    assert_eq!(rig.store.events("calendly".to_owned()).await.unwrap(), 1);
    assert_eq!(rig.store.job_counts(None).await.unwrap().waiting, 1);
}
