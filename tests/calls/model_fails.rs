//! The language model refuses, is slow, breaks off or talks nonsense.

use super::{Case, case, house::House};
use centralita::testbed::{
    log::Service,
    openai::{Answer, LlmFault},
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
    let house = House::open().await;
    let mut caller = asked(&house, LlmFault::SlowFirstToken(Duration::from_millis(1_500))).await;
    caller.hears_clips(&["hold"]).await;
    caller.hears_said(&[FIRST_PIECE, "El doctor atiende por la mañana."]).await;
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 1);
    house.fakes.openai.faults().clear();
    house.goes_on(caller).await;
}

async fn never_answers() {
    let house = House::open().await;
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
    let house = House::open().await;
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
    ];
    let named = |fault: &LlmFault| format!("the model does {fault:?}");
    cases.extend(again.map(|fault| case(named(&fault), is_excused(fault, 2))));
    cases.extend(never.map(|fault| case(named(&fault), is_excused(fault, 1))));
    cases.extend(half.map(|fault| case(named(&fault), breaks_off(fault))));
    cases
}
