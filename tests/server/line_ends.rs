//! How a line ends: by a stop, by a close, by silence, or because the phone did what it may not.

use super::{
    log::Log,
    phone::{Phone, call_number, media, start, stop},
    rig::{PHONE_HOLDS, Rig, soon},
    stub::{Order, Taken},
};
use bytes::Bytes;
use centralita::{
    base::rate::Rate,
    channels::voice::{
        limits::Limits,
        socket::{LineEnd, LineEvent},
    },
};
use futures_util::StreamExt;
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{
        CloseFrame,
        frame::{
            Frame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};

async fn ended(taken: &mut Taken) -> LineEnd {
    loop {
        if let LineEvent::Ended(end) = taken.event().await {
            return end;
        }
    }
}

// === what may not be ===

async fn violation(send: impl AsyncFnOnce(&mut Phone)) -> (u16, LineEnd) {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    send(&mut phone).await;
    let code = phone.closed_with().await;
    let end = ended(&mut taken).await;
    rig.nobody_was_let_in();
    (code, end)
}

#[tokio::test]
async fn a_second_start_is_closed_with_1008() {
    for call in [super::rig::CALL.to_owned(), "CA1".to_owned()] {
        let (code, end) = violation(async |phone| phone.say(&start(&call, "x")).await).await;
        assert_eq!((code, end.code()), (1008, "SECOND_START"));
    }
}

#[tokio::test]
async fn a_binary_frame_is_closed_with_1003() {
    let (code, end) = violation(async |phone| phone.send(Message::Binary(vec![1, 2].into())).await).await;
    assert_eq!((code, end.code()), (1003, "BINARY_FRAME"));
}

#[tokio::test]
async fn a_message_of_64_kib_passes_and_a_byte_more_is_closed_with_1009() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    let message = |length: usize| {
        let empty = json!({"event": "mark", "mark": {"name": ""}}).to_string().len();
        json!({"event": "mark", "mark": {"name": "x".repeat(length - empty)}})
    };
    phone.say(&message(65_536)).await;
    assert!(matches!(taken.event().await, LineEvent::Mark(_)));
    phone.say(&message(65_537)).await;
    assert_eq!(phone.closed_with().await, 1009);
    assert_eq!(ended(&mut taken).await.code(), "MESSAGE_TOO_LONG");
}

#[tokio::test]
async fn a_message_far_too_long_is_never_read_and_still_told_1009() {
    // So long the server stays after its close, so that the phone can read it.
    let mut rig = Rig::with(|setup| setup.line.closing = Duration::from_secs(1)).await;
    let (phone, mut taken) = rig.on_the_line().await;
    let (mut sink, mut stream) = phone.0.split();
    // The server does not read it to the end, so sending may fail.
    let sending = futures_util::SinkExt::send(&mut sink, Message::text("x".repeat(10_000_000)));
    let told = async { soon(stream.next()).await.unwrap().unwrap() };
    let told = tokio::select! {
        told = told => told,
        () = async { drop(sending.await); std::future::pending::<()>().await } => unreachable!(),
    };
    assert!(matches!(told, Message::Close(Some(close)) if u16::from(close.code) == 1009));
    assert_eq!(ended(&mut taken).await.code(), "MESSAGE_TOO_LONG");
}

#[tokio::test]
async fn more_pings_than_a_heartbeat_needs_are_closed_with_1008() {
    let (code, end) = violation(async |phone| {
        for _ in 0..51 {
            phone.send(Message::Ping(Bytes::new())).await;
        }
    })
    .await;
    assert_eq!((code, end.code()), (1008, "PING_FLOOD"));
}

#[tokio::test]
async fn a_message_in_pieces_is_joined_and_one_in_a_thousand_pieces_is_closed_with_1008() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    let text = json!({"event": "mark", "mark": {"name": "in pieces"}}).to_string();
    let (first, rest) = text.split_at(9);
    phone.send(piece(Data::Text, first, false)).await;
    phone.send(Message::Ping(Bytes::new())).await;
    phone.send(piece(Data::Continue, rest, true)).await;
    assert_eq!(taken.event().await, LineEvent::Mark("in pieces".to_owned()));
    phone.send(piece(Data::Text, "", false)).await;
    for _ in 0..1_000 {
        phone.send(piece(Data::Continue, "", false)).await;
    }
    assert_eq!(phone.closed_with().await, 1008);
    assert_eq!(ended(&mut taken).await.code(), "TOO_MANY_PIECES");
}

fn piece(kind: Data, text: &str, is_last: bool) -> Message {
    Message::Frame(Frame::message(text.to_owned(), OpCode::Data(kind), is_last))
}

#[tokio::test]
async fn more_messages_than_a_call_has_are_closed_with_1008() {
    // The start of the call takes two of them.
    let messages = Rate { most: 12, within: Duration::from_hours(1) };
    let mut rig = Rig::with(|setup| setup.line.messages = messages).await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    for chunk in 1..=10 {
        phone.say(&media(chunk)).await;
    }
    assert_eq!(taken.frames(10).await.len(), 10);
    phone.say(&media(11)).await;
    assert_eq!(phone.closed_with().await, 1008);
    assert_eq!(ended(&mut taken).await.code(), "MESSAGE_FLOOD");
}

#[test]
fn what_piles_up_in_the_longest_stall_is_no_flood() {
    let limits = Limits::default();
    // 50 frames a second, and a mark for each ten of ours; those of the window itself come too.
    let messages = (limits.idle + limits.messages.within).as_millis() * 55 / 1_000;
    assert!(u128::from(limits.messages.most) > messages, "{limits:?}");
}

// === ends ===

#[tokio::test]
async fn a_stop_ends_the_line_after_the_sound_before_it() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    phone.say(&media(1)).await;
    phone.say(&media(3)).await;
    phone.say(&stop()).await;
    phone.say(&stop()).await;
    assert_eq!(taken.frames(3).await, [1, 255, 3]);
    assert_eq!(taken.event().await, LineEvent::Ended(LineEnd::Stopped));
    assert_eq!(phone.closed_with().await, 1000);
}

#[tokio::test]
async fn a_close_with_or_without_a_code_ends_the_line() {
    for frame in [None, Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })] {
        let mut rig = Rig::start().await;
        let (mut phone, mut taken) = rig.on_the_line().await;
        phone.send(Message::Close(frame)).await;
        assert_eq!(ended(&mut taken).await, LineEnd::Closed);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_ends_the_line() {
    let mut rig = Rig::start().await;
    let (phone, mut taken) = rig.on_the_line().await;
    drop(phone);
    let end = ended(&mut taken).await;
    assert_eq!(end.code(), "WS_ABORT");
}

#[tokio::test]
async fn a_phone_that_falls_silent_is_pinged_and_then_given_up_though_it_answers() {
    let mut rig = Rig::with(|setup| {
        setup.line.ping = Duration::from_millis(50);
        setup.line.idle = Duration::from_millis(150);
    })
    .await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    phone.say(&media(1)).await;
    assert_eq!(taken.frames(1).await, [1]);
    // Reading answers the ping.
    let ping = soon(phone.0.next()).await.unwrap().unwrap();
    assert_eq!(ping, Message::Ping(Bytes::new()));
    Log::begin();
    assert_eq!(phone.closed_with().await, 1001);
    assert_eq!(ended(&mut taken).await, LineEnd::Idle);
    assert!(Log::text().contains("code=\"MEDIA_IDLE\""));
    let stated = Limits::default();
    assert_eq!((stated.ping, stated.idle), (Duration::from_secs(5), Duration::from_secs(15)));
}

#[tokio::test]
async fn a_phone_that_does_not_read_ends_the_line_in_its_time_and_little_waits_for_it() {
    let mut rig = Rig::with(|setup| {
        setup.line.send = Duration::from_millis(50);
        setup.line.closing = Duration::from_millis(50);
    })
    .await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    let mut unharmed = rig.call(&call_number(2)).await;
    let mut other = rig.taken().await;
    Log::begin();
    let frame = Bytes::from_static(&[255; 160]);
    let orders = taken.orders.clone();
    let (end, ()) = tokio::join!(ended(&mut taken), async {
        while orders.send(Order::Play(frame.clone())).await.is_ok() {}
    });
    assert_eq!(end, LineEnd::Slow);
    assert!(Log::text().contains("code=\"SLOW_PEER\""));
    unharmed.say(&media(1)).await;
    assert_eq!(other.frames(1).await, [1]);
    // What the system had taken, on both sides, comes all the same.
    let mut held = 0;
    while let Some(Ok(message)) = soon(phone.0.next()).await {
        held += message.len();
    }
    assert!(held <= 256 * 1024 + PHONE_HOLDS as usize, "{held} bytes");
    assert_eq!(Limits::default().send, Duration::from_secs(5));
}

#[tokio::test]
async fn stopping_the_server_leaves_live_lines_alone() {
    let mut rig = Rig::start().await;
    let (mut phone, mut taken) = rig.on_the_line().await;
    rig.shutdown.cancel();
    soon(rig.server.join_next()).await.unwrap().unwrap();
    phone.say(&media(1)).await;
    assert_eq!(taken.frames(1).await, [1]);
}
