//! What the agent says of its own accord is asked of its voice once, and sounds without it from then on.

use super::{
    caller::Caller,
    house::{GREETING, House, Phrases, agent},
    soon,
    sounds::said,
};
use centralita::{
    dialogue::phrases,
    testbed::{
        fakes::Fakes,
        log::Service,
        openai::LlmFault,
        phone::{HangUpStyle, PhoneEvent},
        speech::SpeechFault,
    },
};
use jiff::Timestamp;

const AGAIN: &str = "Disculpe, tuve un inconveniente técnico. ¿Puede repetirlo, por favor?";

/// What the voice was asked so far.
fn asked(house: &House) -> Vec<String> {
    let texts = house.fakes.log().details(Service::ElevenLabs, "speak");
    texts.iter().map(|text| text.trim().to_owned()).collect()
}

/// All phrases are made, and the voice has nothing more to do.
async fn made(house: &House) {
    let all = phrases::all(&agent());
    soon(house.fakes.log().until(|log| log.count(Service::ElevenLabs, "speak") >= all.len() as u64)).await;
    soon(house.fakes.closed()).await;
}

/// Hears the greeting of the hour, and asks for something that the model fails to answer.
async fn hears_phrases(house: &House) -> Caller {
    let (mut caller, agent) = (house.dial(), agent());
    caller.until(|event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
    let began = house.record(&caller.sid).await["started_at"].as_str().unwrap().parse::<Timestamp>().unwrap();
    for piece in phrases::pieces(&agent.opening(began.to_zoned(agent.zone.clone()).hour())) {
        caller.hears(&said(&piece)).await;
    }
    house.fakes.openai.faults().always(LlmFault::Refuse(401));
    house.fakes.deepgram.hears(["¿Hola?"]);
    caller.says(3).await;
    caller.hears(&said(AGAIN)).await;
    house.fakes.openai.faults().clear();
    caller
}

#[tokio::test]
async fn phrases_are_asked_of_the_voice_once_and_sound_when_it_is_dead() {
    let mut house = House::with_phrases(Phrases::Missing, &[], |_| ()).await;
    made(&house).await;
    assert_eq!(asked(&house), phrases::all(&agent()));

    house.fakes.elevenlabs.shut().await;
    let caller = hears_phrases(&house).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    let record = house.record(&sid).await;
    let entries = record["entries"].as_array().unwrap();
    assert!(entries[0]["heard"].as_str().unwrap().ends_with(GREETING), "{record}");
    assert!(entries.iter().any(|entry| entry["what"] == "clip" && entry["text"] == AGAIN), "{record}");

    house.restarts().await;
    let caller = hears_phrases(&house).await;
    caller.hangs_up(HangUpStyle::Stop).await;
    assert_eq!(asked(&house), phrases::all(&agent()));
}

#[tokio::test]
async fn nothing_is_made_while_a_call_is_live() {
    let silent = |fakes: &Fakes| fakes.elevenlabs.faults().always(SpeechFault::Silent);
    let house = House::with_phrases(Phrases::Missing, &[], silent).await;
    soon(house.fakes.log().until(|log| log.count(Service::ElevenLabs, "speak") == 1)).await;
    house.fakes.elevenlabs.faults().clear();
    let mut caller = house.dial();
    caller.forgets_what_the_voice_was_asked();
    caller.hears_the_greeting().await;
    caller.while_waiting(|log| log.open(Service::ElevenLabs) == 1).await;
    house.understands(&mut caller).await;
    assert_eq!(asked(&house)[3..], ["Aquí sigo."]);
    caller.hangs_up(HangUpStyle::Stop).await;

    // The voice was asked for the first phrase before, and for the greeting's two pieces and an answer in the call.
    let all = phrases::all(&agent());
    soon(house.fakes.log().until(|log| log.count(Service::ElevenLabs, "speak") >= 4 + all.len() as u64))
        .await;
    soon(house.fakes.closed()).await;
    let (mut made, mut all) = (asked(&house).split_off(4), all);
    made.sort();
    all.sort();
    assert_eq!(made, all);
}
