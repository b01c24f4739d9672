//! Answers that begin before the turn is over, as those of agents do that are not told otherwise. Models and voices
//! are asked in vain then, so how often they are asked is nobody's business here.

use super::{
    Case,
    caller::Caller,
    case,
    house::{EARLY, House},
    interruptions::interrupts,
    soon,
    sounds::said,
    together,
};
use centralita::testbed::{
    openai::{Answer, LlmFault},
    phone::HangUpStyle,
    speech::SpeechFault,
};
use std::time::Duration;

const ANSWER: &str = "Tenemos lugar este martes. El doctor atiende por la mañana.";
const FIRST_PIECE: &str = "Tenemos lugar este martes.";
/// Tokens until the second sentence has begun.
const TOKENS: usize = 6;

/// A caller who has been greeted.
async fn greeted(house: &House) -> Caller {
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller
}

async fn asks(house: &House, caller: &mut Caller) {
    house.fakes.openai.answers_only(Answer::text(ANSWER));
    house.fakes.deepgram.hears(["¿Cuándo hay lugar?"]);
    caller.says(3).await;
}

/// One turn in which all is well, and then the end.
async fn goes_on(house: &House, mut caller: Caller) {
    house.fakes.deepgram.hears(["¿Sigue ahí?"]);
    house.fakes.openai.answer_to("¿Sigue ahí?", Answer::text("Aquí sigo."));
    caller.says(3).await;
    caller.hears(&said("Aquí sigo.")).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    assert_eq!(house.record(&sid).await["outcome"], "caller_left");
    house.replays(&sid);
    soon(house.fakes.closed()).await;
}

async fn all_is_well() {
    let house = House::with(&[EARLY]).await;
    let mut caller = greeted(&house).await;
    asks(&house, &mut caller).await;
    caller.hears(&said(FIRST_PIECE)).await;
    caller.hears(&said("El doctor atiende por la mañana.")).await;
    goes_on(&house, caller).await;
}

async fn the_model_refuses(fault: LlmFault) {
    let house = House::with(&[EARLY]).await;
    let mut caller = greeted(&house).await;
    house.fakes.openai.faults().always(fault);
    asks(&house, &mut caller).await;
    caller.hears_clips(&["again"]).await;
    house.fakes.openai.faults().clear();
    goes_on(&house, caller).await;
}

async fn the_model_breaks_off(fault: LlmFault) {
    let house = House::with(&[EARLY]).await;
    let mut caller = greeted(&house).await;
    house.fakes.openai.faults().always(fault);
    asks(&house, &mut caller).await;
    caller.hears(&said(FIRST_PIECE)).await;
    caller.hears_clips(&["again"]).await;
    house.fakes.openai.faults().clear();
    goes_on(&house, caller).await;
}

/// Its quota ends with the first sound, which the draft had: nothing of it is heard.
async fn the_voice_closes() {
    let house = House::with(&[EARLY]).await;
    let mut caller = greeted(&house).await;
    house.fakes.elevenlabs.faults().always(SpeechFault::CloseAfter(Duration::from_millis(300)));
    asks(&house, &mut caller).await;
    caller.hears_clips(&["again"]).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    house.finished(&sid).await;
    house.replays(&sid);
    soon(house.fakes.closed()).await;
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("all is well", all_is_well()),
        case("the voice closes", the_voice_closes()),
        case("the model cuts its stream", the_model_breaks_off(LlmFault::CutAfter(TOKENS))),
        case("the model ends its stream early", the_model_breaks_off(LlmFault::EndAfter(TOKENS))),
    ];
    let refusals = [LlmFault::Refuse(401), LlmFault::Refuse(503), LlmFault::Garbage];
    let named = |fault: &LlmFault| format!("the model does {fault:?}");
    cases.extend(refusals.map(|fault| case(named(&fault), the_model_refuses(fault))));
    cases
}

#[tokio::test]
async fn an_answer_that_began_early_fails_like_any_other() {
    together(cases()).await;
}

#[tokio::test]
async fn thirty_interruptions_leave_nothing_of_an_answer_that_began_early() {
    let house = House::with(&[EARLY]).await;
    let (_, call) = interrupts(&house).await;
    // One may come late on a busy machine, all do not.
    let record = house.record(&call).await;
    assert!(record["turns"].as_array().unwrap().iter().any(|turn| turn["drafted"] == true), "{record}");
    soon(house.fakes.closed()).await;
}
