//! The recogniser refuses, is silent, dies or talks nonsense.

use super::{Case, case, house::House};
use centralita::testbed::{
    deepgram::ListenFault,
    log::Service,
    openai::Answer,
    phone::{Ended, HangUpStyle},
};
use std::fmt::Debug;

async fn refuses_for_good(status: u16) {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().always(ListenFault::Refuse(status));
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.hears_clips(&["trouble", "goodbye"]).await;
    let sid = caller.sid.clone();
    assert_eq!(caller.waits_for_the_end().await.ended, Ended::ByRest);
    assert_eq!(house.record(&sid).await["outcome"], "trouble");
    assert_eq!(
        house.fakes.log().count(Service::Deepgram, "refused"),
        2,
        "a refused key is no reason to hammer"
    );
    house.fakes.deepgram.listen_faults().clear();
    house.takes_another_call().await;
}

async fn refuses_twice(status: u16) {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().next([ListenFault::Refuse(status), ListenFault::Refuse(status)]);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn is_away_for_a_while() {
    let house = House::open().await;
    house.fakes.deepgram.shut().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.hears_clips(&["deaf"]).await;
    house.fakes.deepgram.reopen().await;
    caller.while_waiting(|log| log.count(Service::Deepgram, "accepted") == 1).await;
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn dies_between_turns() {
    let house = House::open().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.deepgram.close_sockets(1011, "NET-0001");
    caller.while_waiting(|log| log.count(Service::Deepgram, "accepted") == 2).await;
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

/// A fault of the first socket that costs nothing: what was said is said again to the second one.
async fn loses_no_word(fault: ListenFault) {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().next([fault]);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.understands(&mut caller).await;
    assert_eq!(house.fakes.log().count(Service::Deepgram, "accepted"), 2);
    house.goes_on(caller).await;
}

async fn is_silent() {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().always(ListenFault::Silent);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.says(3).await;
    caller.hears_clips(&["repeat"]).await;
    house.fakes.deepgram.listen_faults().clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn stops_reading() {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().next([ListenFault::StopReading]);
    house.fakes.deepgram.hears(["¿Hola?"]);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.says(3).await;
    caller.hears_clips(&["repeat"]).await;
    // The second socket is told what the first one did not hear; it is too late to be answered.
    caller.while_waiting(|log| log.details(Service::Deepgram, "final") == ["¿Hola?"]).await;
    house.understands(&mut caller).await;
    // The first socket stays as it is for ever: that is the fake's part.
    caller.hangs_up(HangUpStyle::Stop).await;
    house.takes_another_call().await;
}

async fn talks_nonsense() {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().always(ListenFault::UnknownEvents);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn writes_a_megabyte() {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().always(ListenFault::HugeText);
    house.fakes.openai.answers([Answer::text("Entiendo.")]);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.says(3).await;
    caller.hears_said(&["Entiendo."]).await;
    let entries = house.record(&caller.sid).await["entries"].clone();
    let text = entries[1]["text"].as_str().unwrap();
    assert!((1..=4_096).contains(&text.len()), "{} bytes", text.len());
    assert!(!text.contains(char::is_control));
    house.fakes.deepgram.listen_faults().clear();
    house.goes_on(caller).await;
}

/// No final comes, or only long after the answer has begun, and then twice: what was said is one turn and has one answer.
async fn is_answered_once(fault: ListenFault) {
    let house = House::open().await;
    house.fakes.deepgram.listen_faults().always(fault.clone());
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.deepgram.hears(["¿Hay lugar el martes?"]);
    house.fakes.openai.answer_to("¿Hay lugar el martes?", Answer::text("Sí, claro."));
    caller.says(3).await;
    caller.hears_said(&["Sí, claro."]).await;
    if fault == ListenFault::LateTwice {
        caller.while_waiting(|log| log.count(Service::Deepgram, "late-final") == 2).await;
    }
    house.fakes.deepgram.listen_faults().clear();
    house.understands(&mut caller).await;
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 2);
    let record = house.record(&caller.sid).await;
    let said = record["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "caller");
    let said: Vec<_> = said.map(|entry| &entry["text"]).collect();
    assert_eq!(said, ["¿Hay lugar el martes?", "¿Sigue ahí?"]);
    house.goes_on(caller).await;
}

/// All that a recogniser may do wrong.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("the recogniser is away for a while", is_away_for_a_while()),
        case("the recogniser is silent", is_silent()),
        case("the recogniser stops reading", stops_reading()),
        case("the recogniser dies between turns", dies_between_turns()),
        case("the recogniser talks nonsense", talks_nonsense()),
        case("the recogniser writes a megabyte", writes_a_megabyte()),
    ];
    let in_mid_utterance = [ListenFault::CloseMidUtterance, ListenFault::CutMidUtterance];
    let named = |what: &dyn Debug| format!("the recogniser does {what:?}");
    let finals = [ListenFault::PartialsOnly, ListenFault::LateTwice];
    cases.extend(finals.map(|fault| case(named(&fault), is_answered_once(fault))));
    cases.extend(in_mid_utterance.map(|fault| case(named(&fault), loses_no_word(fault))));
    cases.extend([401, 402, 403].map(|status| case(named(&status), refuses_for_good(status))));
    cases.extend([429, 503].map(|status| case(named(&status), refuses_twice(status))));
    cases
}
