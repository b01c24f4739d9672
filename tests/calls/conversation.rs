//! A whole conversation from the greeting to the goodbye, and what remains of it.

use super::house::House;
use centralita::testbed::{
    log::Service,
    openai::Answer,
    phone::{Ended, HangUpStyle},
};
use serde_json::{Value, json};

/// The entries of a record as "who: what".
pub(super) fn told(record: &Value) -> Vec<String> {
    let entries = record["entries"].as_array().unwrap().iter();
    let word = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    entries
        .map(|entry| match entry["what"].as_str().unwrap() {
            "caller" => format!("caller: {}", word(entry, "text")),
            "agent" => format!("agent: {}", word(entry, "heard")),
            "tool" => format!("tool: {}", word(entry, "name")),
            other => other.to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn a_call_is_greeted_understood_answered_and_ended_by_the_goodbye() {
    let house = House::open().await;
    house.fakes.deepgram.hears(["¿Atienden los sábados?", "Nada más, gracias."]);
    house.fakes.openai.answer_to("sábados", Answer::text("Sí, claro."));
    house.fakes.openai.answer_to("nada más", Answer::text("Hasta luego.").and_call("end_call", json!({})));
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.says(4).await;
    caller.hears_said(&["Sí, claro."]).await;
    caller.says(3).await;
    caller.hears_said(&["Hasta luego."]).await;
    let sid = caller.sid.clone();
    let ended = caller.waits_for_the_end().await;
    assert_eq!((ended.ended, ended.status_answer), (Ended::ByRest, Some(204)));
    assert_eq!(ended.measured.responses.len(), 2);

    let record = house.record(&sid).await;
    let told = told(&record);
    assert!(told[0].starts_with("agent: Buen") && told[0].ends_with("Aquí la prueba."), "{told:?}");
    assert_eq!(
        told[1..],
        [
            "caller: ¿Atienden los sábados?",
            "agent: Sí, claro.",
            "caller: Nada más, gracias.",
            "agent: Hasta luego."
        ]
    );
    assert_eq!(record["outcome"], "goodbye");
    assert_eq!(record["network"]["state"], "completed");
    assert_eq!(record["turns"].as_array().unwrap().len(), 2);
    let log = house.fakes.log();
    assert_eq!(log.count(Service::Twilio, "update"), 1);
    let asked: Vec<Value> = (log.details(Service::OpenAi, "request").iter())
        .map(|request| serde_json::from_str::<Value>(request).unwrap()["roles"].clone())
        .collect();
    assert_eq!(
        asked,
        [json!(["system", "assistant", "user"]), json!(["system", "assistant", "user", "assistant", "user"])]
    );
    super::soon(house.fakes.closed()).await;
}

#[tokio::test]
async fn a_time_is_found_and_booked_by_tools_and_stands_in_the_book() {
    let house = House::open().await;
    let specialty = "cardiología";
    house.fakes.deepgram.hears(["Quiero un turno.", "Sí, por favor."]);
    house.fakes.openai.answers([
        Answer::text("Déjeme ver.").and_call("find_slots", json!({"specialty": specialty})),
        Answer::text("Tengo uno. ¿Lo reservo para Ana Torres, documento 28400512?"),
    ]);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.says(3).await;
    caller
        .hears_said(&[
            "Déjeme ver.",
            "Tengo uno.",
            "¿Lo reservo para Ana Torres, documento dos ocho, cuatro cero cero, cinco uno dos?",
        ])
        .await;

    let last_asked = house.fakes.log().details(Service::OpenAi, "request").pop().unwrap();
    let found = serde_json::from_str::<Value>(&last_asked).unwrap()["last"].as_str().unwrap().to_owned();
    let start = serde_json::from_str::<Value>(&found).unwrap()["slots"][0]["start"].clone();
    let booking =
        json!({"specialty": specialty, "start": start, "name": "Ana Torres", "document": "28400512"});
    house.fakes.openai.answers([Answer::call("book_appointment", booking), Answer::text("Reservado.")]);
    caller.says(3).await;
    caller.hears_said(&["Reservado."]).await;

    let book = house.api("/api/appointments").await["appointments"].clone();
    let appointment = &book.as_array().unwrap()[..];
    assert_eq!(appointment.len(), 1);
    assert_eq!(
        (&appointment[0]["specialty"], &appointment[0]["name"]),
        (&json!(specialty), &json!("Ana Torres"))
    );
    assert!(appointment[0]["start"].as_str().unwrap().starts_with(start.as_str().unwrap()));
    assert_eq!(appointment[0]["call"], caller.sid);
    let sid = caller.sid.clone();
    caller.hangs_up(HangUpStyle::Stop).await;
    let told = told(&house.record(&sid).await);
    assert_eq!(
        told[1..],
        [
            "caller: Quiero un turno.",
            "tool: find_slots",
            "agent: Déjeme ver. Tengo uno. ¿Lo reservo para Ana Torres, documento 28400512?",
            "caller: Sí, por favor.",
            "tool: book_appointment",
            "agent: Reservado."
        ]
    );
}
