//! The caller types on the keypad.

use super::house::House;
use centralita::testbed::{log::Service, openai::Answer, phone::HangUpStyle};
use serde_json::Value;

#[tokio::test]
async fn a_burst_of_a_hundred_keys_is_one_question_of_thirty_two() {
    let house = House::open().await;
    let words = format!("[keypad] {}", "7".repeat(32));
    house.fakes.openai.answer_to(&words, Answer::text("Gracias."));
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    for _ in 0..100 {
        caller.call.press('7').await;
    }
    caller.hears_said(&["Gracias."]).await;
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 1);
    let entries = house.record(&sid).await["entries"].clone();
    let all = |what: &str| -> Vec<Value> {
        entries.as_array().unwrap().iter().filter(|entry| entry["what"] == what).cloned().collect()
    };
    assert_eq!(all("digit").len(), 32);
    assert_eq!(all("caller").iter().map(|entry| &entry["text"]).collect::<Vec<_>>(), [&words]);
    house.replays(&sid);
    super::soon(house.fakes.closed()).await;
}
