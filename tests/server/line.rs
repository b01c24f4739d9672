//! A call's line: what the call hears of a phone that follows the protocol, and of one that does not.

use super::{
    counted::Counted,
    log::Log,
    phone::{connected, dtmf, mark, media, sound, stop},
    rig::{Rig, STREAM},
    stub::Order,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use centralita::channels::voice::socket::{LineEnd, LineEvent};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// Plays a recorded session's messages of the phone from its media on, and returns what the call saw.
async fn replay(name: &str) -> (Vec<LineEvent>, usize) {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    let text =
        std::fs::read_to_string(format!("{}/tests/protocols/twilio/{name}", env!("CARGO_MANIFEST_DIR")));
    let text = text.unwrap();
    let mut sent = 0;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let event = line["msg"]["event"].as_str().unwrap();
        if line["dir"] == "in" && !matches!(event, "connected" | "start") {
            phone.say(&line["msg"]).await;
            sent += 1;
        }
    }
    phone.say(&stop()).await;
    let mut events = Vec::new();
    loop {
        let event = taken.event().await;
        if matches!(event, LineEvent::Ended(_)) {
            assert_eq!(event, LineEvent::Ended(LineEnd::Stopped));
            return (events, sent);
        }
        events.push(event);
    }
}

// === what comes ===

#[tokio::test]
async fn the_recorded_sessions_reach_the_call() {
    let (events, _) = replay("media_stream_session.jsonl").await;
    assert_eq!(events.iter().filter(|event| matches!(event, LineEvent::Audio(_))).count(), 8);
    assert_eq!(events[8..], [LineEvent::Mark("t1:s1:3200".to_owned()), LineEvent::Dtmf('5')]);
    let (events, sent) = replay("media_stream_barge_in.jsonl").await;
    assert_eq!((events.len(), sent), (4, 4));
    assert_eq!(events[0], LineEvent::Mark("t1:1".to_owned()));
    let (events, _) = replay("media_stream_both_tracks.jsonl").await;
    assert_eq!(
        events,
        vec![LineEvent::Audio(Bytes::from(vec![255; 160])); 2],
        "our own sound is not the caller's"
    );
}

#[tokio::test]
async fn our_own_sound_sent_back_is_never_heard() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    for (chunk, track) in
        [(1, "inbound"), (100, "outbound"), (2, "inbound"), (101, "outbound_track"), (3, "inbound")]
    {
        let mut message = media(chunk);
        message["media"]["track"] = json!(track);
        phone.say(&message).await;
    }
    phone.say(&mark("end")).await;
    assert_eq!(taken.frames(3).await, [1, 2, 3]);
    assert_eq!(taken.event().await, LineEvent::Mark("end".to_owned()));
}

#[tokio::test]
async fn sound_of_any_size_becomes_frames_of_twenty_milliseconds() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    let whole: Vec<u8> = (0..8_000_u32).map(|i| u8::try_from(i % 249).unwrap()).collect();
    let at = json!(null);
    let mut sent = 0;
    for (chunk, length) in [0, 1, 159, 160, 320, 7, 73, 400, 4_000, 2_880].into_iter().enumerate() {
        let mut message = sound(u8::try_from(chunk + 1).unwrap(), &whole[sent..sent + length]);
        message["media"]["timestamp"] = at.clone();
        phone.say(&message).await;
        sent += length;
    }
    let mut heard = Vec::new();
    for _ in 0..sent / 160 {
        let LineEvent::Audio(frame) = taken.event().await else { panic!("not sound") };
        assert_eq!(frame.len(), 160);
        heard.extend_from_slice(&frame);
    }
    assert_eq!((sent, &heard[..]), (8_000, &whole[..]));
}

#[tokio::test]
async fn lost_doubled_and_swapped_pieces_become_a_steady_stream() {
    let counted = Counted::begin();
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    for chunk in (1..=9).chain([11, 10]).chain(15..=20).chain([20]).chain(21..=22) {
        phone.say(&media(chunk)).await;
    }
    let expected: Vec<u8> = (1..=11).chain([255; 3]).chain(15..=22).collect();
    assert_eq!(taken.frames(expected.len()).await, expected);
    assert_eq!(counted.line("media_gap_total").as_deref(), Some("media_gap_total 3"));
}

#[tokio::test]
async fn pieces_after_a_loss_do_not_wait_for_more_than_their_time() {
    let mut rig = Rig::with(|setup| setup.line.reorder = Duration::from_millis(20)).await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    phone.say(&media(1)).await;
    phone.say(&media(3)).await;
    assert_eq!(taken.frames(3).await, [1, 255, 3]);
}

#[tokio::test]
async fn numbers_as_text_nulls_and_unknown_fields_are_taken_as_they_are_meant() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    let mut first = media(1);
    first["media"]["chunk"] = json!(1);
    first["media"]["timestamp"] = json!(0.0);
    first["sequenceNumber"] = Value::Null;
    first["extra"] = json!({"of": ["any", "kind"]});
    phone.say(&first).await;
    let mut second = media(2);
    second["media"]["chunk"] = Value::Null;
    second["media"]["timestamp"] = Value::Null;
    second["media"]["track"] = Value::Null;
    second.as_object_mut().unwrap().remove("streamSid");
    phone.say(&second).await;
    assert_eq!(taken.frames(2).await, [1, 2]);
}

#[tokio::test]
async fn a_burst_after_a_stall_arrives_whole() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    for chunk in 1..=250 {
        phone.say(&media(chunk)).await;
    }
    let expected: Vec<u8> = (1..=250).collect();
    assert_eq!(taken.frames(250).await, expected);
}

#[tokio::test]
async fn of_a_hundred_keys_in_a_second_thirty_two_are_kept() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    for _ in 0..100 {
        phone.say(&dtmf("7")).await;
    }
    phone.say(&mark("end")).await;
    for _ in 0..32 {
        assert_eq!(taken.event().await, LineEvent::Dtmf('7'));
    }
    assert_eq!(taken.event().await, LineEvent::Mark("end".to_owned()));
}

#[tokio::test]
async fn marks_of_any_name_any_number_of_times_reach_the_call() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    for name in ["never sent", "", "g1:2", "g1:1", "g1:1"] {
        phone.say(&mark(name)).await;
        assert_eq!(taken.event().await, LineEvent::Mark(name.to_owned()));
    }
}

// === oddities ===

#[tokio::test]
async fn every_kind_of_broken_message_is_logged_once_and_the_call_goes_on() {
    Log::begin();
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    let mut bad_audio = media(1);
    bad_audio["media"]["payload"] = json!("!!! not base64 !!!");
    let mut no_key = dtmf("1");
    no_key["dtmf"]["digit"] = json!("12");
    for _ in 0..3 {
        let nested = "[".repeat(60_000);
        for odd in ["", "not json", "[", &nested, "5", r#"{"event":"media","media":7}"#] {
            phone.send(Message::text(odd)).await;
        }
        for odd in [
            &bad_audio,
            &no_key,
            &json!({"event": "media"}),
            &json!({"event": "weather", "is": "fine"}),
            &connected(),
        ] {
            phone.say(odd).await;
        }
    }
    phone.say(&media(1)).await;
    assert_eq!(taken.frames(1).await, [1]);
    let log = Log::text();
    for code in ["BAD_MESSAGE", "BAD_AUDIO", "NO_CONTENT", "UNKNOWN_EVENT"] {
        assert_eq!(log.matches(&format!("code=\"{code}\"")).count(), 1, "{code} in\n{log}");
    }
    assert!(log.contains("+346***1222") && !log.contains("600111222"), "numbers are masked:\n{log}");
}

// === what goes out ===

#[tokio::test]
async fn all_that_is_sent_names_the_stream_and_has_no_field_too_many() {
    let mut rig = Rig::start().await;
    let (mut phone, taken) = rig.on_the_line().await;
    taken.order(Order::Play(Bytes::from_static(&[0xFF, 0x00, 0x7F]))).await;
    taken.order(Order::Mark("t7:g2:9600".to_owned())).await;
    taken.order(Order::Clear).await;
    let payload = STANDARD.encode([0xFF, 0x00, 0x7F]);
    assert_eq!(
        phone.hears().await,
        json!({"event": "media", "streamSid": STREAM, "media": {"payload": payload}})
    );
    assert_eq!(
        phone.hears().await,
        json!({"event": "mark", "streamSid": STREAM, "mark": {"name": "t7:g2:9600"}})
    );
    assert_eq!(phone.hears().await, json!({"event": "clear", "streamSid": STREAM}));
}

#[tokio::test]
async fn our_close_reaches_a_phone_that_is_still_talking() {
    let mut rig = Rig::start().await;
    let (mut phone, taken) = rig.on_the_line().await;
    for chunk in 1..=100 {
        phone.say(&media(chunk)).await;
    }
    taken.order(Order::Close(1000)).await;
    for chunk in 101..=200 {
        phone.say(&media(chunk)).await;
    }
    assert_eq!(phone.closed_with().await, 1000);
}
