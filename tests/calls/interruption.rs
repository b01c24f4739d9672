//! The caller speaks over the agent.

use super::{caller::Caller, house::House, sounds::said};
use centralita::testbed::{
    log::Service,
    openai::Answer,
    phone::{HangUpStyle, PhoneEvent},
};
use serde_json::Value;

const STORY: &str = "Había una vez un rey muy viejo que vivía solo en un castillo con tres gatos y un perro.";

/// So much of it is heard before anybody says something: 500 ms.
const BEGINNING: usize = 4_000;

/// A caller who hears a long answer. The voice has then given sound once.
async fn telling(house: &House) -> Caller {
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.deepgram.hears(["Cuénteme algo."]);
    house.fakes.openai.answer_to("Cuénteme algo.", Answer::text(STORY));
    caller.says(3).await;
    caller.hears(&said(STORY)[..BEGINNING]).await;
    caller
}

#[tokio::test]
async fn a_sentence_stops_the_voice_and_nothing_of_the_old_answer_follows() {
    let house = House::open().await;
    let mut caller = telling(&house).await;
    house.fakes.deepgram.hears(["Espere, ¿a qué hora abren?"]);
    house.fakes.openai.answer_to("a qué hora abren", Answer::text("A las ocho."));
    caller.begins_to_say(5).await;
    caller.until(|event| *event == PhoneEvent::Clear).await;
    caller.forgets_what_the_voice_was_asked();
    // The next that becomes audible can only be new sound, and the voice has given some by then.
    caller.until(|event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
    assert_eq!(house.fakes.log().count(Service::ElevenLabs, "first-audio"), 2);
    caller.has_heard_a_part_of(&said(STORY)[BEGINNING..], &said("A las ocho."));
    caller.hears_said(&["A las ocho."]).await;
    assert_eq!(caller.clears, 1);

    let sid = caller.sid.clone();
    let record = caller.hangs_up(HangUpStyle::Stop).await;
    assert!(record.measured.interruptions[0].cleared.is_some());
    let entries = house.record(&sid).await["entries"].clone();
    let answer = (entries.as_array().unwrap().iter()).find(|entry| entry["meant"] == STORY).unwrap();
    let heard = answer["heard"].as_str().unwrap();
    assert_eq!(answer["interrupted"], true);
    assert!(!heard.is_empty() && STORY.starts_with(heard) && heard.len() < STORY.len() / 2, "{heard}");
    super::soon(house.fakes.closed()).await;
}

#[tokio::test]
async fn a_backchannel_lets_the_voice_go_on_to_its_end() {
    let house = House::open().await;
    let mut caller = telling(&house).await;
    house.fakes.deepgram.hears(["Ajá."]);
    caller.begins_to_say(1).await;
    caller.until(|event| *event == PhoneEvent::Clear).await;
    caller.hears_resumed(&said(STORY), BEGINNING).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    let entries = house.record(&sid).await["entries"].clone();
    let is = |what: &'static str| move |entry: &&Value| entry["what"] == what;
    assert_eq!(entries.as_array().unwrap().iter().filter(is("resumed")).count(), 1);
    let answer = entries.as_array().unwrap().iter().rfind(is("agent")).unwrap();
    assert_eq!((&answer["heard"], &answer["interrupted"]), (&STORY.into(), &false.into()));
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 1);
}
