//! Who may open a media socket, and what happens to those who may not.

use super::{
    http::get,
    log::Log,
    phone::{call_number, connected, dtmf, mark, media, sign, start, stop},
    rig::{ACCOUNT, CALL, PUBLIC, Rig},
};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};
use tokio_tungstenite::tungstenite::Message;

fn signature(path: &str) -> String {
    sign(&format!("wss://{PUBLIC}{path}"), &[])
}

#[tokio::test]
async fn an_upgrade_without_the_right_signature_gets_403() {
    let rig = Rig::start().await;
    assert_eq!(rig.open("/media", &[]).await.err(), Some(403));
    for wrong in ["", "AAAA", &signature("/other"), &sign(&format!("https://{PUBLIC}/media"), &[])] {
        assert_eq!(rig.open("/media", &[("x-twilio-signature", wrong)]).await.err(), Some(403), "{wrong}");
    }
}

#[tokio::test]
async fn a_browser_gets_403_even_with_a_signature() {
    let rig = Rig::start().await;
    let headers =
        [("x-twilio-signature", signature("/media")), ("origin", "https://evil.example".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(rig.open("/media", &headers).await.err(), Some(403));
}

#[tokio::test]
async fn a_plain_request_for_the_socket_is_told_to_upgrade() {
    let rig = Rig::start().await;
    assert_eq!(get(&rig, "/media", &[]).await.status, 403);
    let answer = get(&rig, "/media", &[("x-twilio-signature", &signature("/media"))]).await;
    assert_eq!((answer.status, answer.error().as_str()), (426, "not_an_upgrade"));
}

#[tokio::test]
async fn a_full_house_gets_503_before_the_upgrade() {
    let rig = Rig::with(|setup| setup.rules.max_calls = 2).await;
    let signature = signature("/media");
    let headers = [("x-twilio-signature", signature.as_str())];
    rig.calls.live.store(1, Ordering::Relaxed);
    let handshaking = rig.open("/media", &headers).await.unwrap();
    assert_eq!(rig.open("/media", &headers).await.err(), Some(503));
    drop(handshaking);
    rig.calls.live.store(2, Ordering::Relaxed);
    assert_eq!(rig.open("/media", &headers).await.err(), Some(503));
}

#[tokio::test]
async fn a_token_in_the_address_is_ignored() {
    let mut rig = Rig::start().await;
    let token = rig.announce(CALL).await;
    let signature = signature("/media");
    let path = format!("/media?token={token}");
    let mut phone = rig.open(&path, &[("x-twilio-signature", &signature)]).await.unwrap();
    phone.say(&connected()).await;
    let mut start = start(CALL, &token);
    start["start"]["customParameters"] = json!({});
    phone.say(&start).await;
    assert_eq!(phone.closed_with().await, 1008);
    rig.nobody_was_let_in();
}

#[tokio::test]
async fn the_right_token_makes_a_call_with_what_the_webhook_knew() {
    let mut rig = Rig::start().await;
    let (_phone, taken) = rig.on_the_line().await;
    assert_eq!(taken.start.call.as_str(), CALL);
    assert_eq!(taken.start.account.as_str(), ACCOUNT);
    assert_eq!((taken.start.from.as_str(), taken.start.to.as_str()), ("+34600111222", "+34910123456"));
    assert_eq!(taken.start.agent, "clinica");
    assert!(!format!("{:?}", taken.start).contains("600111222"));
}

#[tokio::test]
async fn a_start_without_connected_before_it_is_accepted() {
    let mut rig = Rig::start().await;
    let token = rig.announce(CALL).await;
    let mut phone = rig.socket().await;
    phone.say(&start(CALL, &token)).await;
    rig.taken().await;
}

#[tokio::test]
async fn no_start_in_time_is_closed_with_1008() {
    let mut rig = Rig::with(|setup| setup.line.start = Duration::from_millis(50)).await;
    let mut silent = rig.socket().await;
    assert_eq!(silent.closed_with().await, 1008);
    let mut connected_only = rig.socket().await;
    connected_only.say(&connected()).await;
    Log::begin();
    assert_eq!(connected_only.closed_with().await, 1008);
    assert!(Log::text().contains("code=\"NO_START\""));
    rig.nobody_was_let_in();
}

#[tokio::test]
async fn anything_of_a_call_before_its_start_is_closed_with_1008() {
    let mut rig = Rig::start().await;
    for message in [media(1), mark("x"), dtmf("1")] {
        let mut phone = rig.socket().await;
        phone.say(&connected()).await;
        Log::begin();
        phone.say(&message).await;
        assert_eq!(phone.closed_with().await, 1008, "{message}");
        assert!(Log::text().contains("code=\"NO_START\""));
    }
    let mut phone = rig.socket().await;
    phone.say(&stop()).await;
    assert_eq!(phone.closed_with().await, 1000);
    rig.nobody_was_let_in();
}

#[tokio::test]
async fn a_start_that_is_not_the_announced_one_is_closed_with_1008() {
    let mut rig = Rig::start().await;
    let token = rig.announce(CALL).await;
    let other = rig.announce(&call_number(2)).await;
    let changed = |pointer: &str, value: Value| {
        let mut start = start(CALL, &token);
        *start.pointer_mut(pointer).unwrap() = value;
        start
    };
    let mut flipped = token.clone();
    flipped.replace_range(..1, if token.starts_with('A') { "B" } else { "A" });
    for refused in [
        changed("/start/customParameters/token", json!(other)),
        changed("/start/customParameters/token", json!(flipped)),
        changed("/start/customParameters/token", json!(&token[1..])),
        changed("/start/customParameters/token", json!("")),
        changed("/start/customParameters", Value::Null),
        changed("/start/callSid", json!(call_number(2))),
        changed("/start/callSid", json!(call_number(3))),
        changed("/start/callSid", json!("CA1")),
        changed("/start/accountSid", json!("ACffffffffffffffffffffffffffffffff")),
        changed("/start/mediaFormat/encoding", json!("audio/x-l16")),
        changed("/start/mediaFormat/sampleRate", json!(16000)),
        changed("/start/mediaFormat/channels", json!("2")),
    ] {
        let mut phone = rig.socket().await;
        phone.say(&connected()).await;
        phone.say(&refused).await;
        assert_eq!(phone.closed_with().await, 1008, "{refused}");
    }
    rig.nobody_was_let_in();
    // None of it used the token up.
    let mut phone = rig.socket().await;
    phone.say(&start(CALL, &token)).await;
    rig.taken().await;
}

#[tokio::test]
async fn an_expired_token_is_closed_with_1008() {
    let mut rig = Rig::with(|setup| setup.rules.token_life = Duration::ZERO).await;
    let token = rig.announce(CALL).await;
    let mut phone = rig.socket().await;
    phone.say(&start(CALL, &token)).await;
    assert_eq!(phone.closed_with().await, 1008);
    rig.nobody_was_let_in();
}

#[tokio::test]
async fn a_second_socket_with_the_same_token_is_closed_and_the_first_is_unharmed() {
    let mut rig = Rig::start().await;
    let token = rig.announce(CALL).await;
    let mut first = rig.socket().await;
    first.say(&start(CALL, &token)).await;
    let mut call = rig.taken().await;
    let mut second = rig.socket().await;
    Log::begin();
    second.say(&start(CALL, &token)).await;
    assert_eq!(second.closed_with().await, 1008);
    assert!(Log::text().contains("code=\"TOKEN_USED\""));
    rig.nobody_was_let_in();
    first.say(&media(1)).await;
    assert_eq!(call.frames(1).await, [1]);
}

#[tokio::test]
async fn refused_sockets_give_their_place_back() {
    // One more than is needed: the client sees the end of a socket just before the server has counted it.
    let mut rig = Rig::with(|setup| setup.rules.max_calls = 2).await;
    let token = rig.announce(CALL).await;
    for _ in 0..5 {
        let mut phone = rig.socket().await;
        phone.send(Message::Binary(vec![0].into())).await;
        assert_eq!(phone.closed_with().await, 1003);
        assert_eq!(phone.closed_with().await, 1006);
    }
    let mut phone = rig.socket().await;
    phone.say(&start(CALL, &token)).await;
    rig.taken().await;
}

#[tokio::test]
async fn oddities_before_the_start_do_not_disturb_it() {
    let mut rig = Rig::start().await;
    let token = rig.announce(CALL).await;
    let mut phone = rig.socket().await;
    for odd in ["not json", "{}", "null", r#"{"event":"weather"}"#, r#"{"event":"start","start":null}"#] {
        phone.send(Message::text(odd)).await;
    }
    phone.say(&connected()).await;
    phone.say(&start(CALL, &token)).await;
    rig.taken().await;
}
