//! A provider fails in the call and the next one takes over: the caller hears every word once, and no clip.

use super::{
    Case,
    caller::Caller,
    case,
    house::{House, quick},
    soon,
};
use centralita::testbed::{
    fakes::Fakes,
    log::Service,
    openai::{Answer, LlmFault},
};

const SENTENCES: [&str; 2] = ["Tenemos lugar este martes.", "El doctor atiende por la mañana."];
const WHOLE: &str = "Tenemos lugar este martes. El doctor atiende por la mañana.";
/// Tokens until the second sentence has begun with "El doctor".
const TOKENS: usize = 6;
const REST: &str = "doctor atiende por la mañana.";

/// How often the record tells of trouble of that kind, and what the caller heard of the last answer.
async fn told(house: &House, caller: &Caller, kind: &str) -> (usize, String) {
    let record = house.record(&caller.sid).await;
    let entries = record["entries"].as_array().unwrap();
    let troubles = entries.iter().filter(|entry| entry["what"] == "trouble");
    let of_kind = troubles.inspect(|trouble| assert_eq!(trouble["kind"], kind)).count();
    let heard = entries.iter().rev().find(|entry| entry["what"] == "agent").unwrap();
    (of_kind, heard["heard"].as_str().unwrap().to_owned())
}

/// The first model does this, the second one says that.
async fn model(fault: LlmFault, says: &'static str) {
    let second = Fakes::start(quick()).await.unwrap();
    let (base, key) = (second.openai.url(), "another-key");
    let house = House::with(&[
        ("LLM_PROVIDER", "openai,openai_fallback"),
        ("OPENAI_FALLBACK_BASE_URL", &base),
        ("OPENAI_FALLBACK_API_KEY", key),
    ])
    .await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.openai.faults().always(fault);
    house.fakes.openai.answers([Answer::text(WHOLE)]);
    second.openai.answers([Answer::text(says)]);
    house.fakes.deepgram.hears(["¿Cuándo hay lugar?"]);
    caller.says(3).await;
    caller.hears_said(&SENTENCES).await;
    let opened = |fakes: &Fakes| fakes.log().count(Service::OpenAi, "opened");
    assert_eq!((opened(&house.fakes), opened(&second)), (1, 1));
    house.fakes.openai.faults().clear();
    house.understands(&mut caller).await;
    let (troubles, _) = told(&house, &caller, "llm").await;
    assert_eq!(troubles, 1);
    let record = house.record(&caller.sid).await;
    assert!(record["entries"].as_array().unwrap().iter().any(|entry| entry["heard"] == WHOLE), "{record}");
    house.goes_on(caller).await;
    soon(second.closed()).await;
}

/// Who may fail, and how.
pub(crate) fn cases() -> Vec<Case> {
    let named = |fault: &LlmFault, says: &str| format!("the model does {fault:?}, another one says {says}");
    let before = [LlmFault::Refuse(401), LlmFault::Refuse(429), LlmFault::Refuse(503)];
    let amid = [LlmFault::CutAfter(TOKENS), LlmFault::EndAfter(TOKENS), LlmFault::ErrorAfter(TOKENS)];
    let mut cases = Vec::new();
    cases.extend(before.map(|fault| case(named(&fault, WHOLE), model(fault, WHOLE))));
    cases.extend(amid.map(|fault| case(named(&fault, REST), model(fault, REST))));
    cases.push(case("the model begins anew", model(LlmFault::CutAfter(TOKENS), WHOLE)));
    cases
}
