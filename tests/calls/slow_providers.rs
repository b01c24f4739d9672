//! Every provider behind 200 ms of network each way that loses 2 % of all packets: the conversation gets to its end, and what the
//! caller hears is whole and in order (reliability K4). How long nothing may be heard is told in `tests/stories/slow_providers.rs`.

use super::{
    conversation::told,
    house::{House, IMPATIENT, Phrases, quick},
    services::{Losses, Proxy, address_of, moved_to},
    soon,
    sounds::said,
};
use centralita::testbed::{fakes::Fakes, log::Service, openai::Answer, phone::Ended};
use serde_json::{Value, json};
use std::time::Duration;

const WAY: Duration = Duration::from_millis(200);
const LOSSES: Losses =
    Losses { one_in: 50, again_after: (Duration::from_millis(200), Duration::from_secs(1)), seed: 4 };

/// The way to a fake, and what is then its address.
fn slow(url: &str) -> (Proxy, String) {
    let proxy = Proxy::before(address_of(url));
    proxy.delay(WAY, WAY);
    proxy.lose(LOSSES);
    let url = moved_to(proxy.address(), url);
    (proxy, url)
}

/// Nothing that is said here is more than a word: what the recogniser tells early is then all that it will tell, and each question
/// is asked once.
#[tokio::test]
async fn a_conversation_with_tools_gets_to_its_end_however_slow_the_providers_are() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut options = quick();
    // The fake ends a sentence by its clock where no sound comes, which then is only late; the server asks it for the end.
    options.deepgram.final_after = Duration::from_secs(10);
    let fakes = Fakes::start(options).await.unwrap();
    let (ear, hears_at) = slow(&fakes.deepgram.url());
    let (mind, thinks_at) = slow(&fakes.openai.url());
    let (voice, speaks_at) = slow(&fakes.elevenlabs.url());
    let settings = [
        IMPATIENT,
        ("DEEPGRAM_BASE_URL", &hears_at),
        ("OPENAI_BASE_URL", &thinks_at),
        ("ELEVENLABS_BASE_URL", &speaks_at),
    ];
    let house = House::before_fakes(fakes, Phrases::Kept, &settings).await;
    house.fakes.deepgram.hears(["Cardiología.", "Resérvelo.", "Gracias."]);
    let specialty = "cardiología";
    house.fakes.openai.answers([
        Answer::text("Déjeme ver.").and_call("find_slots", json!({"specialty": specialty})),
        Answer::text("Tengo uno."),
    ]);
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    caller.says(4).await;
    for text in ["Déjeme ver.", "Tengo uno."] {
        caller.hears_in_the_end(&said(text)).await;
    }

    let last_asked = house.fakes.log().details(Service::OpenAi, "request").pop().unwrap();
    let found = serde_json::from_str::<Value>(&last_asked).unwrap()["last"].as_str().unwrap().to_owned();
    let start = serde_json::from_str::<Value>(&found).unwrap()["slots"][0]["start"].clone();
    let booking =
        json!({"specialty": specialty, "start": start, "name": "Ana Torres", "document": "28400512"});
    house.fakes.openai.answers([
        Answer::call("book_appointment", booking),
        Answer::text("Reservado."),
        Answer::text("Hasta luego.").and_call("end_call", json!({})),
    ]);
    caller.says(4).await;
    caller.hears_in_the_end(&said("Reservado.")).await;
    caller.says(3).await;
    caller.hears_in_the_end(&said("Hasta luego.")).await;
    let sid = caller.sid.clone();
    assert_eq!(caller.waits_for_the_end().await.ended, Ended::ByRest);

    let record = house.record(&sid).await;
    let told: Vec<String> = told(&record).into_iter().filter(|entry| entry != "clip").collect();
    assert_eq!(
        told[1..],
        [
            "caller: Cardiología.",
            "tool: find_slots",
            "agent: Déjeme ver. Tengo uno.",
            "caller: Resérvelo.",
            "tool: book_appointment",
            "agent: Reservado.",
            "caller: Gracias.",
            "agent: Hasta luego."
        ]
    );
    assert_eq!(record["outcome"], "goodbye");
    assert_eq!(house.fakes.log().count(Service::OpenAi, "request"), 5);
    soon(house.fakes.closed()).await;
    assert!([&ear, &mind, &voice].iter().all(|proxy| proxy.connections() > 0));
    assert!(ear.lost() > 0, "the network lost nothing");
}
