//! The telephone network and its quirks.

use super::{Case, caller::Caller, case, house::House, sounds::said, together};
use centralita::testbed::{
    log::Service,
    openai::Answer,
    phone::{Ended, HangUpStyle, Oddity, PhoneEvent, PhoneFaults},
    twilio_rest::RestFault,
};
use serde_json::{Value, json};
use std::time::Duration;

const GOODBYE: &str = "Gracias, hasta luego.";

/// The model says goodbye, and it is heard to its end.
async fn says_goodbye(house: &House, caller: &mut Caller) {
    caller.hears_the_greeting().await;
    house.fakes.deepgram.hears(["Nada más."]);
    house.fakes.openai.answer_to("Nada más.", Answer::text(GOODBYE).and_call("end_call", json!({})));
    caller.says(3).await;
    caller.hears_said(&[GOODBYE]).await;
}

async fn ends_well(house: House, caller: Caller, ended: Ended) {
    let sid = caller.sid.clone();
    let record = caller.waits_for_the_end().await;
    assert_eq!((record.ended, record.network_said), (ended, Vec::<String>::new()));
    assert_eq!(house.record(&sid).await["outcome"], "goodbye");
    super::soon(house.fakes.closed()).await;
}

/// Closing the stream ends the call where REST does not.
async fn without_rest(fault: RestFault, tries: u64) {
    let house = House::open().await;
    house.fakes.twilio.faults().always(fault.clone());
    let mut caller = house.dial();
    says_goodbye(&house, &mut caller).await;
    let log = house.fakes.log().clone();
    ends_well(house, caller, Ended::ByTwiml).await;
    assert_eq!(log.count(Service::Twilio, "update"), tries, "{fault:?}");
}

/// REST ends the call, but we do not learn of it and ask again.
async fn without_an_answer() {
    let house = House::open().await;
    house.fakes.twilio.faults().next([RestFault::LoseAnswer]);
    let mut caller = house.dial();
    says_goodbye(&house, &mut caller).await;
    let log = house.fakes.log().clone();
    ends_well(house, caller, Ended::ByRest).await;
    super::soon(log.until(|log| log.count(Service::Twilio, "update") == 2)).await;
}

async fn without_marks() {
    let house = House::open().await;
    let mut caller = house.dial_with(PhoneFaults { swallow_marks: true, ..PhoneFaults::default() });
    says_goodbye(&house, &mut caller).await;
    ends_well(house, caller, Ended::ByRest).await;
}

async fn with_marks_that_nobody_sent() {
    let house = House::open().await;
    let mut caller = house.dial();
    for name in ["", "x", "0:1:end", "0:2:end", "0:2:99999999", "0:3:end", "7:7:7", "0:1:-5"] {
        let mark = json!({"event": "mark", "sequenceNumber": "4", "mark": {"name": name}}).to_string();
        caller.injects(Oddity::Text(mark.clone())).await;
        caller.injects(Oddity::Text(mark)).await;
    }
    says_goodbye(&house, &mut caller).await;
    ends_well(house, caller, Ended::ByRest).await;
}

async fn with_numbers_for_texts() {
    let house = House::open().await;
    let mut caller = house.dial_with(PhoneFaults { numbers: true, ..PhoneFaults::default() });
    says_goodbye(&house, &mut caller).await;
    ends_well(house, caller, Ended::ByRest).await;
}

/// The goodbye is heard and ends the call, whatever fails at the end.
fn ends() -> Vec<Case> {
    vec![
        case("REST refuses", without_rest(RestFault::Refuse(400), 1)),
        case("REST is out of order", without_rest(RestFault::Refuse(503), 3)),
        case("REST knows no such call", without_rest(RestFault::Refuse(404), 1)),
        case("REST is silent", without_rest(RestFault::Stall, 3)),
        case("REST's answer is lost", without_an_answer()),
        case("no marks", without_marks()),
        case("marks that nobody sent", with_marks_that_nobody_sent()),
        case("numbers for texts", with_numbers_for_texts()),
    ]
}

/// The caller leaves in mid answer.
async fn leaves(style: HangUpStyle) {
    const LONG: &str = "Los médicos atienden de lunes a viernes desde las ocho de la mañana hasta las siete.";
    let house = House::open().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.fakes.deepgram.hears(["¿Cuándo atienden?"]);
    house.fakes.openai.answer_to("¿Cuándo atienden?", Answer::text(LONG));
    caller.says(3).await;
    caller.until(|event| matches!(event, PhoneEvent::AgentSpeaks { .. })).await;
    let sid = caller.sid.clone();
    assert_eq!(caller.hangs_up_on(&said(LONG), style).await.ended, Ended::ByCaller);
    super::soon(house.fakes.closed()).await;
    let record = house.finished(&sid).await;
    assert_eq!(record["outcome"], "caller_left");
    let heard = record["entries"][2]["heard"].as_str().unwrap();
    assert!(LONG.starts_with(heard) && heard.len() < LONG.len(), "{heard}");
    house.takes_another_call().await;
}

/// The network tells first that the call is over, and its socket ends later.
async fn is_over_by_the_network() {
    let house = House::open().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.network_ends(&caller).await;
    let sid = caller.sid.clone();
    let record = caller.waits_for_the_end().await;
    assert_eq!((record.ended, record.network_said.len()), (Ended::ByTwiml, 0));
    assert_eq!(house.record(&sid).await["outcome"], "network");
    house.takes_another_call().await;
}

/// A line that the server must close leaves the caller at the telephone: the call goes on over another one, and the model knows
/// what was said over the first. A call that comes back at once again ends with a word of the network's.
async fn is_cut_off() {
    let house = House::open().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    house.understands(&mut caller).await;
    caller.injects(Oddity::Binary(vec![1, 2, 3].into())).await;
    for text in ["Disculpe, se cortó la comunicación por un momento.", "¿Me decía?"] {
        caller.hears(&said(text)).await;
    }
    house.fakes.deepgram.hears(["Los martes."]);
    house.fakes.openai.answer_to("Los martes.", Answer::text("Muy bien."));
    caller.says(3).await;
    caller.hears_said(&["Muy bien."]).await;
    let asked = house.fakes.log().details(Service::OpenAi, "request").pop().unwrap();
    let asked: Value = serde_json::from_str(&asked).unwrap();
    let users = asked["roles"].as_array().unwrap().iter().filter(|role| **role == "user").count();
    assert_eq!(users, 2, "what was said over the first line is known: {asked}");
    assert!(asked["answered"].as_str().unwrap().starts_with("Disculpe, se cortó"), "{asked}");
    caller.injects(Oddity::Binary(vec![1, 2, 3].into())).await;
    let record = caller.waits_for_the_end().await;
    assert_eq!(record.ended, Ended::ByTwiml);
    assert!(record.network_said[0].starts_with("Lo sentimos, se cortó"), "{:?}", record.network_said);
    house.takes_another_call().await;
}

/// Every end of a line ends the call and frees all that it held.
fn lines_lost() -> Vec<Case> {
    let styles = [HangUpStyle::Stop, HangUpStyle::CloseWithoutStop, HangUpStyle::Reset];
    let mut cases: Vec<Case> =
        styles.map(|style| case(format!("{style:?}"), leaves(style))).into_iter().collect();
    cases.push(case("told by the network", is_over_by_the_network()));
    cases.push(case("cut off", is_cut_off()));
    cases
}

async fn is_let_in_by_nobody(faults: PhoneFaults) {
    let house = House::open().await;
    let record = house.dial_with(faults).waits_for_the_end().await;
    assert_eq!(record.ended, Ended::ByTwiml);
    assert!(record.network_said[0].starts_with("Lo sentimos, se cortó"), "{:?}", record.network_said);
    let log = house.fakes.log();
    let opened = [Service::Deepgram, Service::OpenAi, Service::ElevenLabs, Service::Twilio];
    assert_eq!(opened.map(|service| log.count(service, "opened")), [0; 4]);
    house.takes_another_call().await;
}

/// A socket that is not the announced one touches no provider.
fn strangers() -> Vec<Case> {
    let well = PhoneFaults::default();
    vec![
        case("signed wrongly", is_let_in_by_nobody(PhoneFaults { bad_upgrade_signature: true, ..well })),
        case("no token", is_let_in_by_nobody(PhoneFaults { no_parameters: true, ..well })),
        case("no start", is_let_in_by_nobody(PhoneFaults { no_start: true, ..well })),
    ]
}

/// What goes wrong in the midst of a turn costs nothing.
async fn is_understood_in_spite_of(oddities: Vec<Oddity>) {
    let house = House::open().await;
    let mut caller = house.dial();
    caller.hears_the_greeting().await;
    for oddity in oddities {
        caller.injects(oddity).await;
    }
    house.understands(&mut caller).await;
    caller.call.press('5').await;
    house.goes_on(caller).await;
}

/// A bad line costs no turn.
fn bad_lines() -> Vec<Case> {
    let text = |text: &str| Oddity::Text(text.to_owned());
    vec![
        case(
            "gaps",
            is_understood_in_spite_of(vec![Oddity::Gap(2), Oddity::Duplicate, Oddity::Swap, Oddity::Gap(3)]),
        ),
        case(
            "payloads",
            is_understood_in_spite_of(vec![Oddity::BadBase64, Oddity::EmptyPayload, Oddity::LongFrame(161)]),
        ),
        case("stall", is_understood_in_spite_of(vec![Oddity::Stall(Duration::from_millis(300))])),
        case(
            "nonsense",
            is_understood_in_spite_of(vec![
                text("not JSON"),
                text("{}"),
                text(r#"{"event":"weather","wind":3}"#),
                text(r#"{"event":"media","media":null}"#),
            ]),
        ),
    ]
}

#[tokio::test]
async fn whatever_the_network_does_the_call_goes_on_or_ends_in_order() {
    together([ends(), lines_lost(), strangers(), bad_lines()].into_iter().flatten()).await;
}
