//! The caller is passed on to a person, and the model may be somebody else's.

use super::{
    caller::Caller,
    house::{CONNECTED, House},
};
use centralita::testbed::{
    openai::Answer,
    phone::{Ended, HangUpStyle, PhoneEvent, PhoneFaults},
};
use serde_json::{Value, json};

/// What the record tells of a kind, in order.
fn all(record: &Value, what: &str, key: &str) -> Vec<String> {
    let entries = record["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == what);
    entries.map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
}

async fn is_passed_on(house: &House, caller: &mut Caller) {
    house.fakes.openai.answers([
        Answer::text("Le paso con recepción.").and_call("transfer_call", json!({"to": "recepción"}))
    ]);
    caller.hears_the_greeting().await;
    caller.says(3).await;
    caller.hears_said(&["Le paso con recepción."]).await;
    let dials = caller.until(|event| matches!(event, PhoneEvent::Dials(_))).await;
    assert_eq!(dials, PhoneEvent::Dials("+525555500101".to_owned()));
}

#[tokio::test]
async fn a_caller_is_passed_on_once_they_have_heard_so_and_who_answers_is_told_from_whom() {
    let house = House::with(&[CONNECTED]).await;
    let mut caller = house.dial();
    is_passed_on(&house, &mut caller).await;
    let told = caller.until(|event| matches!(event, PhoneEvent::Whisper(_))).await;
    assert_eq!(told, PhoneEvent::Whisper("Le paso una llamada de Clínica Santa Lucía.".to_owned()));
    let sid = caller.sid.clone();
    assert_eq!(caller.waits_for_the_end().await.ended, Ended::ByTwiml);
    let record = house.finished(&sid).await;
    assert_eq!(record["outcome"], "transfer");
    super::soon(house.fakes.closed()).await;
}

#[tokio::test]
async fn where_nobody_answers_the_agent_takes_the_call_back() {
    let house = House::with(&[CONNECTED]).await;
    let mut caller = house.dial_with(PhoneFaults { nobody_answers: true, ..PhoneFaults::default() });
    is_passed_on(&house, &mut caller).await;
    caller.until(|event| matches!(event, PhoneEvent::StreamStarted)).await;
    house.fakes.openai.answers([
        Answer::call("take_message", json!({"text": "Que me llame la doctora.", "name": "Ana"})),
        Answer::text("Queda anotado."),
    ]);
    let back = ["Disculpe, no me contestan.", "¿Quiere que tome un mensaje, o le ayudo con otra cosa?"];
    caller.hears_said(&back).await;
    caller.says(3).await;
    caller.hears_said(&["Queda anotado."]).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    let record = house.finished(&sid).await;
    let words = all(&record, "agent", "heard").join(" ");
    assert!(words.contains("no me contestan"), "{words}");
    assert_eq!(all(&record, "tool", "name"), ["transfer_call", "take_message"]);
    super::soon(house.fakes.closed()).await;
}

/// Reliability SEC67, SEC68, SEC75: whatever the model was talked into, it passes nobody on and books nothing, and the
/// call goes on.
#[tokio::test]
async fn a_model_that_obeys_the_attacker_does_no_harm() {
    let house = House::with(&[CONNECTED]).await;
    let mut caller = house.dial();
    let number = |to: &str| Answer::call("transfer_call", json!({ "to": to }));
    let booking = json!({
        "specialty": "cardiología", "start": "2030-01-07T10:00", "name": "Eva Mala", "document": "66666666",
    });
    house.fakes.openai.answers([
        Answer::call("transfer_call", json!({ "to": "recepción", "number": "+19005550199" })),
        number("+19005550199"),
        number("recepción,,900"),
        number("sip:evil@example.com"),
        number("*72"),
        Answer::call("call_back", json!({ "reason": "x", "number": "+19005550199" })),
        Answer::call("book_appointment", booking),
        Answer::text("¿En qué más le ayudo?"),
    ]);
    caller.hears_the_greeting().await;
    caller.says(3).await;
    caller.hears_said(&["¿En qué más le ayudo?"]).await;
    house.fakes.openai.answers([Answer::text("Claro que sí.")]);
    caller.says(3).await;
    caller.hears_said(&["Claro que sí."]).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    let record = house.finished(&sid).await;
    assert_eq!(record["outcome"], "caller_left");
    let refused: Vec<Value> = all(&record, "tool", "reply")
        .iter()
        .map(|reply| serde_json::from_str::<Value>(reply).unwrap()["error"].clone())
        .collect();
    assert_eq!(
        refused,
        [
            "bad_arguments",
            "unknown_place",
            "unknown_place",
            "unknown_place",
            "unknown_place",
            "bad_arguments",
            "not_confirmed",
        ]
    );
    assert_eq!(house.api("/api/appointments").await["appointments"], json!([]));
    super::soon(house.fakes.closed()).await;
}
