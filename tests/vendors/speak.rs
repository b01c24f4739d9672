//! Deepgram's voice.

use crate::rig::{Server, hear, http, tts_spec, within};
use centralita::{
    base::ids::TurnId,
    ports::tts::{SpeechCommand, SpeechEvent, TextToSpeech as _, TtsSession},
    providers::deepgram::{Options, Speak},
    testbed::{
        fakes::{FakeOptions, Fakes},
        log::Service,
        speech::SpeechFault,
    },
};
use futures_util::StreamExt as _;
use std::time::Duration;

fn options(url: &str) -> Options {
    let mut options = Options::new(url.parse().unwrap(), "dg-key".to_owned().into());
    options.speak.first_byte = Duration::from_secs(20);
    options.speak.stall = Duration::from_millis(300);
    options.speak.pause = Duration::from_millis(1);
    options
}

fn open(options: Options) -> TtsSession {
    Speak::new(options).unwrap().open(tts_spec())
}

async fn say(session: &TtsSession, turn: u32, texts: &[&str]) {
    let turn = TurnId(turn);
    for (piece, text) in (0..).zip(texts) {
        let text = (*text).to_owned();
        session.commands.send(SpeechCommand::Say { turn, piece, text }).await.unwrap();
    }
    session.commands.send(SpeechCommand::Finish { turn }).await.unwrap();
}

async fn fakes(fault: SpeechFault) -> Fakes {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.deepgram.speak_faults().next([fault]);
    fakes
}

#[tokio::test]
async fn pieces_sound_in_order_and_each_is_told_complete() {
    let fakes = fakes(SpeechFault::None).await;
    let mut session = open(options(&fakes.deepgram.url()));
    say(&session, 1, &["Claro que sí.", "¿Qué día?", "Dígame."]).await;
    let mut story = Vec::new();
    loop {
        match within(session.events.next()).await.unwrap() {
            SpeechEvent::Audio { piece, audio, .. } => {
                assert!(audio.len() <= 2_000);
                if story.last() != Some(&format!("sound {piece}")) {
                    story.push(format!("sound {piece}"));
                }
            }
            SpeechEvent::PieceDone { piece, .. } => story.push(format!("end {piece}")),
            SpeechEvent::Done { turn } => break assert_eq!(turn, TurnId(1)),
            SpeechEvent::Switched { .. } => panic!("there is only one voice"),
            SpeechEvent::Failed { reason, .. } => panic!("{reason}"),
        }
    }
    assert_eq!(story, ["sound 0", "end 0", "sound 1", "end 1", "sound 2", "end 2"]);
    assert_eq!(fakes.log().count(Service::Deepgram, "speak"), 3);
}

#[tokio::test]
async fn the_request_wants_raw_mu_law() {
    let server = Server::start().await;
    let mut session = open(options(&server.url()));
    say(&session, 1, &["Hola."]).await;
    let request = server.answer(&http(200, "audio/mulaw", "\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}")).await;
    let line =
        "POST /v1/speak?model=aura-2-celeste-es&encoding=mulaw&container=none&sample_rate=8000 HTTP/1.1";
    assert!(request.starts_with(line), "{request}");
    assert!(
        request.contains("authorization: Token dg-key") && request.ends_with(r#"{"text":"Hola."}"#),
        "{request}"
    );
    assert_eq!(hear(&mut session, TurnId(1)).await.audio, [0x7F; 5]);
}

#[tokio::test]
async fn a_passing_refusal_is_tried_once_more() {
    for status in [429, 500, 503] {
        let fakes = fakes(SpeechFault::Refuse(status)).await;
        let mut session = open(options(&fakes.deepgram.url()));
        say(&session, 1, &["Hola."]).await;
        let heard = hear(&mut session, TurnId(1)).await;
        assert!(heard.failed.is_none() && !heard.audio.is_empty(), "{status}: {heard:?}");
    }
}

#[tokio::test]
async fn a_failed_turn_fails_once_and_the_next_one_is_spoken() {
    let faults = [
        (SpeechFault::Refuse(401), "HTTP 401"),
        (SpeechFault::StallAfter(Duration::from_millis(300)), "stalled"),
        (SpeechFault::CloseAfter(Duration::from_millis(300)), ""),
        (SpeechFault::WrongFormat, "WAV"),
        (SpeechFault::ZeroBytes, "no sound"),
    ];
    for (fault, told) in faults {
        let fakes = fakes(fault.clone()).await;
        let mut session = open(options(&fakes.deepgram.url()));
        say(&session, 1, &["Le busco una cita para el martes.", "¿Le parece bien?"]).await;
        let heard = hear(&mut session, TurnId(1)).await;
        let reason = heard.failed.unwrap_or_else(|| panic!("{fault:?} did not fail"));
        assert!(reason.contains(told) && !reason.contains("dg-key"), "{fault:?}: {reason}");
        if matches!(fault, SpeechFault::WrongFormat) {
            assert!(heard.audio.is_empty(), "a burst of noise");
        }
        say(&session, 2, &["Perdón, sigo aquí."]).await;
        assert!(hear(&mut session, TurnId(2)).await.failed.is_none(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_silent_voice_fails_within_its_patience() {
    let fakes = fakes(SpeechFault::Silent).await;
    let mut options = options(&fakes.deepgram.url());
    options.speak.first_byte = Duration::from_millis(50);
    let mut session = open(options);
    say(&session, 1, &["Hola."]).await;
    assert!(hear(&mut session, TurnId(1)).await.failed.unwrap().contains("no sound within 50ms"));
}

#[tokio::test]
async fn a_minute_of_sound_waits_for_the_call_and_a_cancelled_turn_is_dropped_at_once() {
    let fakes = fakes(SpeechFault::Burst).await;
    let mut session = open(options(&fakes.deepgram.url()));
    say(&session, 1, &["Hola."]).await;
    assert!(matches!(within(session.events.next()).await, Some(SpeechEvent::Audio { .. })));
    session.commands.send(SpeechCommand::Cancel { turn: TurnId(1) }).await.unwrap();
    say(&session, 2, &["Dígame."]).await;
    let mut late = 0;
    let turn = loop {
        match within(session.events.next()).await.unwrap() {
            SpeechEvent::Audio { turn: TurnId(1), audio, .. } => late += audio.len(),
            SpeechEvent::Audio { turn, .. } => break turn,
            _ => {}
        }
    };
    // What the call's own inbox held: 1 s.
    assert!(turn == TurnId(2) && late <= 8_000, "{late}");
}

#[tokio::test]
async fn odd_chunks_are_one_stream_and_a_dropped_session_leaves_no_request() {
    let fakes = fakes(SpeechFault::OddChunks).await;
    let mut session = open(options(&fakes.deepgram.url()));
    say(&session, 1, &["Claro que sí."]).await;
    let heard = hear(&mut session, TurnId(1)).await;
    assert_eq!(heard.failed, None);
    assert!(!heard.audio.is_empty());
    fakes.deepgram.speak_faults().next([SpeechFault::Silent]);
    say(&session, 2, &["Hola."]).await;
    within(fakes.log().until(|log| log.count(Service::Deepgram, "speak") == 2)).await;
    drop(session);
    within(fakes.closed()).await;
}
