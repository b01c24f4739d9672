//! The language model refuses, is slow, breaks off or talks nonsense.

use super::{
    Case, case,
    house::{House, IMPATIENT},
    soon,
    sounds::said,
};
use centralita::{
    dialogue::pieces::LONGEST_ANSWER,
    testbed::{
        log::Service,
        openai::{Answer, LlmFault},
        phone::HangUpStyle,
    },
};
use std::time::Duration;

/// One piece for the voice, and the beginning of another that is never told.
const HALF: &str = "Tenemos lugar este martes. El doctor atiende por la mañana.";
const FIRST_PIECE: &str = "Tenemos lugar este martes.";
/// Tokens until the second sentence has begun.
const TOKENS: usize = 6;

/// A caller who has been greeted and has said something, while the model does this.
async fn asked(house: &House, fault: LlmFault) -> super::caller::Caller {
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.openai.faults().always(fault);
    house.fakes.openai.answers([Answer::text(HALF)]);
    house.fakes.deepgram.hears(["¿Cuándo hay lugar?"]);
    caller.says(3).await;
    caller
}

async fn is_excused(fault: LlmFault, requests: u64) {
    let house = House::open().await;
    let mut caller = asked(&house, fault).await;
    caller.hears_clips(&["again"]).await;
    assert_eq!(house.fakes.log().count(Service::OpenAi, "opened"), requests);
    house.fakes.openai.faults().clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn cannot_be_reached() {
    let house = House::open().await;
    house.fakes.openai.shut().await;
    let mut caller = asked(&house, LlmFault::None).await;
    caller.hears_clips(&["again"]).await;
    house.fakes.openai.reopen().await;
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn is_slow() {
    let house = House::with(&[IMPATIENT]).await;
    let mut caller = asked(&house, LlmFault::SlowFirstToken(Duration::from_millis(1_500))).await;
    caller.hears_clips(&["hold"]).await;
    caller.hears_said(&[FIRST_PIECE, "El doctor atiende por la mañana."]).await;
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 1);
    house.fakes.openai.faults().clear();
    house.goes_on(caller).await;
}

async fn never_answers() {
    let house = House::with(&[IMPATIENT]).await;
    let mut caller = asked(&house, LlmFault::SlowFirstToken(Duration::from_mins(10))).await;
    caller.hears_clips(&["hold", "hold-2", "hold-3", "again"]).await;
    house.fakes.openai.faults().clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn breaks_off(fault: LlmFault) {
    let house = House::open().await;
    let mut caller = asked(&house, fault).await;
    caller.hears_said(&[FIRST_PIECE]).await;
    caller.hears_clips(&["again"]).await;
    house.fakes.openai.faults().clear();
    house.understands(&mut caller).await;
    let record = house.record(&caller.sid).await;
    let heard: Vec<&str> = (record["entries"].as_array().unwrap().iter())
        .filter(|entry| entry["what"] == "agent")
        .map(|entry| entry["heard"].as_str().unwrap())
        .collect();
    assert_eq!(heard[1], FIRST_PIECE);
    house.goes_on(caller).await;
}

async fn stalls() {
    let house = House::with(&[IMPATIENT]).await;
    let mut caller = asked(&house, LlmFault::StallAfter(TOKENS)).await;
    caller.hears_said(&[FIRST_PIECE]).await;
    caller.hears_clips(&["hold", "again"]).await;
    house.fakes.openai.faults().clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

async fn says_nothing() {
    let house = House::open().await;
    let mut caller = asked(&house, LlmFault::Empty).await;
    caller.hears_clips(&["repeat"]).await;
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 2);
    house.fakes.openai.faults().clear();
    house.understands(&mut caller).await;
    house.goes_on(caller).await;
}

/// It is cut where an answer is as long as it may be, and its request ends then; the caller need not hear it out.
async fn never_ends() {
    let house = House::open().await;
    let mut caller = asked(&house, LlmFault::Endless).await;
    caller.while_waiting(|log| log.count(Service::OpenAi, "closed") == 1).await;
    let told = house.fakes.log().details(Service::ElevenLabs, "speak");
    let length: usize = told.iter().map(|piece| piece.trim().chars().count()).sum();
    assert!((500..=LONGEST_ANSWER).contains(&length), "{length} characters: {told:?}");
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 1);
    house.fakes.openai.faults().clear();
    let sound: Vec<u8> = told.iter().flat_map(|piece| said(piece)).collect();
    caller.hears(&sound[..4_000]).await;
    caller.hangs_up_on(&sound[4_000..], HangUpStyle::Stop).await;
    soon(house.fakes.closed()).await;
    house.takes_another_call().await;
}

/// What is written for the eye is left out, and what is left is said in words.
async fn writes_for_the_eye() {
    let house = House::open().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    let text = "<speak>**Claro que sí**, señora 😀.<break time=\"1s\"/>\n\n- [Reserve](https://a.mx/b?c=d) en \
                https://www.clinica.mx/citas?id=7.</speak>";
    house.fakes.openai.answers([Answer::text(text)]);
    house.fakes.deepgram.hears(["¿Cuándo hay lugar?"]);
    caller.says(3).await;
    caller.hears_said(&["Claro que sí,", "señora.", "Reserve en clinica punto eme equis."]).await;
    house.goes_on(caller).await;
}

/// All that a model may do wrong.
pub(crate) fn cases() -> Vec<Case> {
    let again = [
        LlmFault::Refuse(429),
        LlmFault::Refuse(503),
        LlmFault::RetryAfter(Duration::from_secs(30)),
        LlmFault::Garbage,
    ];
    let never = [LlmFault::Refuse(401), LlmFault::Refuse(404), LlmFault::QuotaExceeded];
    let half = [LlmFault::CutAfter(TOKENS), LlmFault::EndAfter(TOKENS), LlmFault::ErrorAfter(TOKENS)];
    let mut cases = vec![
        case("the model cannot be reached", cannot_be_reached()),
        case("the model is slow", is_slow()),
        case("the model never answers", never_answers()),
        case("the model stalls", stalls()),
        case("the model says nothing", says_nothing()),
        case("the model never ends", never_ends()),
        case("the model writes for the eye", writes_for_the_eye()),
    ];
    let named = |fault: &LlmFault| format!("the model does {fault:?}");
    cases.extend(again.map(|fault| case(named(&fault), is_excused(fault, 2))));
    cases.extend(never.map(|fault| case(named(&fault), is_excused(fault, 1))));
    cases.extend(half.map(|fault| case(named(&fault), breaks_off(fault))));
    cases
}
