//! The desk: how a call ends, for the network, for the disk and for a server that stops.

use super::{
    counted::Counted,
    http::{api, post_signed},
    phone::{Phone, arrival, connected, mark, media, start, stop},
    rig::{CALL, GUARD, Rig, soon},
    staff::{Office, Seen},
};
use centralita::{
    audio::opus::{self, Channels, Form},
    channels::voice::{desk::Desk, limits::Limits, staff::Staff},
    ports::stt::{SpeechToText, SttEvent, SttSession, SttSpec},
    shutdown::{Drained, Times, drain},
};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::{fs, future::pending, sync::Arc, time::Duration};
use tokio_tungstenite::tungstenite::Message;

/// Hears the agent out and sends its marks back until the socket is gone; the code that the server closed with.
pub(super) async fn listen(phone: &mut Phone) -> u16 {
    let mut code = 1006;
    while let Some(Ok(message)) = soon(phone.0.next()).await {
        match message {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["event"] == "mark" {
                    phone.say(&mark(message["mark"]["name"].as_str().unwrap())).await;
                }
            }
            Message::Close(Some(close)) => code = close.code.into(),
            _ => {}
        }
    }
    code
}

async fn open(limits: impl FnOnce(&mut Limits), staff: impl FnOnce(&mut Staff)) -> (Rig<Desk>, Office) {
    let (office, mut all) = Office::open().await;
    staff(&mut all);
    let desk = Arc::new(Desk::new(all));
    (Rig::keeping(office.kept.clone(), desk, |setup| limits(&mut setup.line)).await, office)
}

async fn ask_to_end(rig: &Rig<Desk>, phone: &mut Phone) {
    // From the first sound on the call has its place at the desk.
    phone.hears().await;
    assert_eq!(api(rig, &format!("POST /api/calls/{CALL}/hangup")).await.status, 202);
}

/// The record of the call; of one that is over, as the disk has it.
async fn record(rig: &Rig<Desk>) -> Value {
    api(rig, &format!("GET /api/calls/{CALL}")).await.json()
}

/// Both sides of a recording, which is whole.
fn sound(file: &[u8]) -> Vec<i16> {
    let form = Form { rate: 8_000, channels: Channels::Stereo };
    let sound = opus::decode(file, form, opus::Limits { bytes: file.len(), length: GUARD }).unwrap();
    assert!(!sound.damaged);
    sound.samples
}

/// The recogniser was let go and the network was told, in any order.
async fn both_ends(office: &mut Office) {
    let seen = [office.sees().await, office.sees().await];
    assert!(seen.contains(&Seen::HearingClosed) && seen.contains(&Seen::HungUp(CALL.to_owned())), "{seen:?}");
}

/// Waits until no call is left, as a server does that stops.
pub(super) async fn all_gone(rig: &Rig<Desk>) {
    let times = Times { limit: GUARD, goodbye: Duration::ZERO, hurry: Duration::ZERO };
    assert_eq!(drain(|| rig.web.live(), || (), times, pending::<()>).await, Drained::Naturally);
}

#[tokio::test]
async fn a_call_that_we_end_is_ended_at_the_network_and_recorded() {
    let (rig, mut office) = open(|_| (), |_| ()).await;
    let mut phone = rig.call(CALL).await;
    ask_to_end(&rig, &mut phone).await;
    assert_eq!(listen(&mut phone).await, 1000);
    both_ends(&mut office).await;
    let record = record(&rig).await;
    assert_eq!(record["outcome"], "asked");
    assert_eq!(record["entries"][0]["what"], "agent");
    let recording = office.folder.join(format!("{CALL}.opus"));
    assert_eq!(record["files"]["recording"], recording.to_str().unwrap());
    assert_eq!(record["recording"], format!("/api/calls/{CALL}/recording"));
    assert!(sound(&fs::read(recording).unwrap()).is_empty());
}

#[tokio::test]
async fn the_recording_is_as_long_as_the_call() {
    let (rig, office) = open(|_| (), |_| ()).await;
    let mut phone = rig.call(CALL).await;
    for chunk in 1..=120 {
        phone.say(&media(chunk)).await;
    }
    phone.say(&stop()).await;
    assert_eq!(listen(&mut phone).await, 1000);
    all_gone(&rig).await;
    let recording = fs::read(office.folder.join(format!("{CALL}.opus"))).unwrap();
    assert_eq!(sound(&recording).len(), 120 * 160 * 2);
}

#[tokio::test]
async fn a_line_whose_way_is_dead_is_ended_at_the_network_once() {
    let (rig, mut office) = open(|limits| limits.idle = Duration::from_millis(50), |_| ()).await;
    let mut phone = rig.call(CALL).await;
    assert_eq!(listen(&mut phone).await, 1001);
    both_ends(&mut office).await;
    assert_eq!(record(&rig).await["outcome"], "caller_left");
    office.sees_no_more();
}

#[tokio::test]
async fn a_caller_who_left_is_not_ended_at_the_network() {
    let (rig, mut office) = open(|_| (), |_| ()).await;
    let mut phone = rig.call(CALL).await;
    phone.say(&stop()).await;
    assert_eq!(listen(&mut phone).await, 1000);
    all_gone(&rig).await;
    assert_eq!(office.sees().await, Seen::HearingClosed);
    office.sees_no_more();
}

#[tokio::test]
async fn a_disk_that_stalls_delays_no_end_and_gets_the_record_later() {
    let (rig, mut office) = open(|_| (), |staff| staff.saving = Duration::from_millis(50)).await;
    let recording = office.stall(&format!("{CALL}.opus"));
    let mut phone = rig.call(CALL).await;
    ask_to_end(&rig, &mut phone).await;
    assert_eq!(listen(&mut phone).await, 1000);
    both_ends(&mut office).await;
    assert_eq!(record(&rig).await["outcome"], "asked");
    all_gone(&rig).await;
    // The disk answers.
    let read = |file| tokio::task::spawn_blocking(|| fs::read(file).unwrap());
    assert!(sound(&read(recording).await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_server_that_stops_waits_for_the_network_to_end_the_last_call() {
    let (rig, mut office) = open(|_| (), |_| ()).await;
    office.network.forget_permits(usize::MAX);
    let mut phone = rig.call(CALL).await;
    phone.hears().await;
    let times = Times { limit: GUARD, goodbye: GUARD, hurry: GUARD };
    let stopping = drain(|| rig.web.live(), || rig.web.say_goodbye(), times, pending::<()>);
    let network = async {
        both_ends(&mut office).await;
        assert_eq!(rig.web.live(), 1, "the network has not answered yet");
        office.network.add_permits(1);
    };
    let (drained, code, ()) = tokio::join!(stopping, listen(&mut phone), network);
    assert_eq!((drained, code), (Drained::Politely, 1000));
}

#[tokio::test]
async fn a_server_that_stops_waits_for_callers_on_their_way_and_then_refuses_them() {
    let (rig, _office) = open(|_| (), |_| ()).await;
    let token = rig.announce(CALL).await;
    assert_eq!(rig.web.live(), 1);
    let mut phone = rig.socket().await;
    rig.web.say_goodbye();
    phone.say(&start(CALL, &token)).await;
    assert_eq!(listen(&mut phone).await, 1008);
    all_gone(&rig).await;
}

pub(super) fn token(twiml: &str) -> Option<&str> {
    twiml.split("name=\"token\" value=\"").nth(1)?.split('"').next()
}

/// The media socket that the answer asks for.
pub(super) async fn begins(rig: &Rig<Desk>, twiml: &str) -> Phone {
    let mut phone = rig.socket().await;
    phone.say(&connected()).await;
    phone.say(&start(CALL, token(twiml).unwrap_or_else(|| panic!("no socket in {twiml}")))).await;
    phone
}

#[tokio::test]
async fn a_second_stream_of_a_call_takes_its_place_and_keeps_it() {
    let (rig, mut office) = open(|_| (), |_| ()).await;
    let mut first = rig.call(CALL).await;
    first.hears().await;
    let twiml = post_signed(&rig, "/webhook/voice/resume", &arrival(CALL)).await.body;
    let mut second = begins(&rig, &twiml).await;
    assert_eq!(listen(&mut first).await, 1000);
    ask_to_end(&rig, &mut second).await;
    assert_eq!(listen(&mut second).await, 1000);
    all_gone(&rig).await;
    let seen = [office.sees().await, office.sees().await, office.sees().await];
    let hung_up = |seen: &&Seen| **seen == Seen::HungUp(CALL.to_owned());
    assert_eq!(seen.iter().filter(hung_up).count(), 1);
    office.sees_no_more();
}

/// A recogniser that gives up at once, whether or not it says so.
struct Gone {
    politely: bool,
}

impl SpeechToText for Gone {
    fn name(&self) -> &'static str {
        "gone"
    }

    fn open(&self, _: SttSpec) -> SttSession {
        let (commands, _) = SttSession::queue();
        let lost = SttEvent::Lost { fatal: true, reason: "HTTP 401".to_owned() };
        SttSession { commands, events: stream::iter(self.politely.then_some(lost)).boxed() }
    }
}

#[tokio::test]
async fn a_call_that_nobody_hears_is_counted_once_as_a_trouble_of_the_call() {
    for politely in [false, true] {
        let counted = Counted::begin();
        let (rig, _office) = open(|_| (), |staff| staff.hearing = Arc::new(Gone { politely })).await;
        let mut phone = rig.call(CALL).await;
        listen(&mut phone).await;
        let line = counted.line("call_troubles_total");
        assert_eq!(line.as_deref(), Some(r#"call_troubles_total{part="stt",kind="refused"} 1"#));
        // The vendors' own failures are counted where they are known by name.
        assert_eq!(counted.line("provider_errors_total"), None);
    }
}
