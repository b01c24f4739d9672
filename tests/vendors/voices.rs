//! ElevenLabs' voices.

use crate::{
    log::Log,
    rig::{Heard, Peer, Server, hear, http, lines, tts_spec, within},
};
use centralita::{
    base::ids::TurnId,
    ports::tts::{SpeechCommand, SpeechEvent, TextToSpeech as _, TtsSession},
    providers::elevenlabs::{ElevenLabs, Options},
    testbed::{
        fakes::{FakeOptions, Fakes},
        log::Service,
        speech::SpeechFault,
    },
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;

fn options(url: &str) -> Options {
    let mut options =
        Options::new(url.parse().unwrap(), "el-key".to_owned().into(), "VOICEFAKE123".to_owned());
    options.pause = Duration::from_millis(1);
    options.settled = Duration::ZERO;
    options.first_audio = Duration::from_secs(20);
    options.stall = Duration::from_millis(500);
    options
}

fn open(options: Options) -> TtsSession {
    ElevenLabs::new(options).open(tts_spec())
}

async fn ask(session: &TtsSession, command: SpeechCommand) {
    session.commands.send(command).await.unwrap();
}

async fn say(session: &TtsSession, turn: u32, texts: &[&str]) {
    let turn = TurnId(turn);
    for (piece, text) in (0..).zip(texts) {
        ask(session, SpeechCommand::Say { turn, piece, text: (*text).to_owned() }).await;
    }
}

async fn speak(session: &mut TtsSession, turn: u32, texts: &[&str]) -> Heard {
    say(session, turn, texts).await;
    ask(session, SpeechCommand::Finish { turn: TurnId(turn) }).await;
    hear(session, TurnId(turn)).await
}

async fn fakes(fault: SpeechFault) -> Fakes {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.elevenlabs.faults().next([fault]);
    fakes
}

/// What the recording says that we send next, without what is left to our settings.
async fn expect(peer: &mut Peer, recorded: &Value) {
    let mut expected = recorded.clone();
    expected.as_object_mut().unwrap().remove("voice_settings");
    assert_eq!(peer.json().await, expected);
}

#[tokio::test]
async fn a_recorded_session_is_held_word_by_word() {
    let recorded = lines("elevenlabs/tts_multi_context.jsonl");
    let (out, back): (Vec<_>, Vec<_>) = recorded[1..].iter().partition(|line| line["dir"] == "out");
    let server = Server::start().await;
    let mut session = open(options(&server.url()));
    let mut peer = server.upgrade().await;

    say(&session, 1, &["Claro, le busco hueco."]).await;
    for line in &out[..3] {
        expect(&mut peer, &line["msg"]).await;
    }
    peer.say(&back[0]["msg"].to_string()).await;
    let Some(SpeechEvent::Audio { turn: TurnId(1), piece: 0, audio, text }) =
        within(session.events.next()).await
    else {
        panic!("no sound")
    };
    assert!(audio.starts_with(&[0xFF, 0xB9, 0xAB]));
    assert_eq!(text.as_deref(), Some("Cl"));

    ask(&session, SpeechCommand::Cancel { turn: TurnId(1) }).await;
    expect(&mut peer, &out[3]["msg"]).await;
    say(&session, 2, &["¿Me decía?"]).await;
    for line in &out[4..6] {
        expect(&mut peer, &line["msg"]).await;
    }
    assert_eq!(peer.json().await, json!({"context_id": "turn-2", "flush": true}));
    // The late sound and the end of the first turn are not told.
    for line in &back[1..4] {
        peer.say(&line["msg"].to_string()).await;
    }
    ask(&session, SpeechCommand::Finish { turn: TurnId(2) }).await;
    expect(&mut peer, &out[7]["msg"]).await;
    peer.say(&back[4]["msg"].to_string()).await;
    let heard = hear(&mut session, TurnId(2)).await;
    assert!(heard.failed.is_none() && !heard.audio.is_empty());

    drop(session);
    expect(&mut peer, &out[8]["msg"]).await;
    peer.close(1000, "").await;
}

#[tokio::test]
async fn the_request_names_voice_model_format_and_language() {
    let server = Server::start().await;
    let mut session = open(options(&server.url()));
    let refusal =
        http(401, "application/json", &crate::rig::fixture("elevenlabs/error_401_invalid_api_key.json"));
    let request = server.answer(&refusal).await;
    let line = "GET /v1/text-to-speech/VOICEFAKE123/multi-stream-input?model_id=eleven_flash_v2_5\
                &output_format=ulaw_8000&auto_mode=true&language_code=es HTTP/1.1";
    assert!(request.starts_with(line) && request.contains("xi-api-key: el-key"), "{request}");
    // A refused key is not tried again in this call.
    for turn in [1, 2] {
        let heard = speak(&mut session, turn, &["Hola."]).await;
        assert_eq!(heard.failed.as_deref(), Some("HTTP 401 invalid_api_key"));
    }
}

#[tokio::test]
async fn the_words_come_with_their_sound_and_name_their_piece() {
    let fakes = fakes(SpeechFault::None).await;
    let mut session = open(options(&fakes.elevenlabs.url()));
    let heard = speak(&mut session, 1, &["Claro que sí.", "¿Para qué día?"]).await;
    assert_eq!(heard.failed, None);
    assert_eq!(heard.words.trim(), "Claro que sí. ¿Para qué día?");
    assert_eq!(heard.pieces, [0, 1]);
    assert_eq!(fakes.log().count(Service::ElevenLabs, "opened"), 1);
    drop(session);
    within(fakes.closed()).await;
}

#[tokio::test]
async fn a_failed_turn_fails_once_and_the_next_one_is_spoken() {
    let half = Duration::from_millis(300);
    let faults = [
        (SpeechFault::StallAfter(half), "gives no sound"),
        (SpeechFault::CloseAfter(half), "quota_exceeded"),
        (SpeechFault::WrongFormat, "WAV"),
        (SpeechFault::ZeroBytes, ""),
    ];
    for (fault, told) in faults {
        let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
        fakes.elevenlabs.faults().always(fault.clone());
        let mut options = options(&fakes.elevenlabs.url());
        options.first_audio = Duration::from_secs(2);
        Log::begin();
        let mut session = open(options);
        let heard = speak(&mut session, 1, &["Le busco una cita para el martes.", "¿Le parece bien?"]).await;
        let reason = heard.failed.unwrap_or_else(|| panic!("{fault:?} did not fail"));
        assert!(reason.contains(told) && !reason.contains("el-key"), "{fault:?}: {reason}");
        let is_no_sound = matches!(fault, SpeechFault::WrongFormat);
        if is_no_sound {
            assert!(heard.audio.is_empty(), "a burst of noise");
        }
        assert_eq!(Log::text().contains("code=\"TTS_FORMAT\""), is_no_sound, "{fault:?}");
        fakes.elevenlabs.faults().clear();
        let heard = speak(&mut session, 2, &["Perdón, sigo aquí."]).await;
        // A spent quota is not asked about again in this call.
        let spent = matches!(fault, SpeechFault::CloseAfter(_));
        assert_eq!(heard.failed.is_some(), spent, "{fault:?}: {heard:?}");
    }
}

#[tokio::test]
async fn a_voice_out_of_reach_fails_at_its_second_try_and_is_named_in_the_log() {
    let server = Server::start().await;
    let url = server.url();
    drop(server);
    Log::begin();
    let heard = speak(&mut open(options(&url)), 1, &["Hola."]).await;
    assert!(heard.failed.is_some() && heard.audio.is_empty(), "{heard:?}");
    assert!(Log::text().contains("provider=\"elevenlabs\" code=\"TTS_CONNECT\""));
    let stated = Options::new("http://127.0.0.1".parse().unwrap(), "el-key".to_owned().into(), String::new());
    assert!(stated.pause <= Duration::from_millis(500));
}

#[tokio::test]
async fn a_turn_that_nobody_heard_begins_anew_on_a_new_socket() {
    let fakes = fakes(SpeechFault::MaxContexts).await;
    let mut session = open(options(&fakes.elevenlabs.url()));
    let heard = speak(&mut session, 1, &["Claro que sí.", "Dígame."]).await;
    assert_eq!((heard.failed, heard.words.trim()), (None, "Claro que sí. Dígame."));
    assert_eq!(fakes.log().count(Service::ElevenLabs, "opened"), 2);
}

#[tokio::test]
async fn a_silent_voice_fails_within_its_patience() {
    let fakes = fakes(SpeechFault::Silent).await;
    let mut options = options(&fakes.elevenlabs.url());
    options.first_audio = Duration::from_millis(50);
    let mut session = open(options);
    say(&session, 1, &["Hola."]).await;
    assert_eq!(hear(&mut session, TurnId(1)).await.failed.as_deref(), Some("the voice gives no sound"));
}

#[tokio::test]
async fn many_interruptions_never_open_too_many_contexts() {
    let mut wanted = FakeOptions::default();
    wanted.elevenlabs.pace.first_byte = Duration::from_secs(20);
    let fakes = Fakes::start(wanted).await.unwrap();
    let mut session = open(options(&fakes.elevenlabs.url()));
    for turn in 1..=10 {
        say(&session, turn, &["Le explico con mucho gusto."]).await;
        ask(&session, SpeechCommand::Cancel { turn: TurnId(turn) }).await;
    }
    ask(&session, SpeechCommand::Finish { turn: TurnId(11) }).await;
    assert_eq!(hear(&mut session, TurnId(11)).await.failed, None);
    let closes = fakes.log().details(Service::ElevenLabs, "close");
    assert!(closes.iter().all(|close| !close.contains("max_active")), "{closes:?}");
    drop(session);
    within(fakes.closed()).await;
}

#[tokio::test]
async fn an_idle_socket_is_kept_alive_and_one_that_breaks_is_opened_before_it_is_needed() {
    let fakes = fakes(SpeechFault::None).await;
    let mut options = options(&fakes.elevenlabs.url());
    options.keep_alive = Duration::from_millis(20);
    let mut session = open(options);
    let log = fakes.log();
    within(log.until(|log| log.count(Service::ElevenLabs, "keep-alive") >= 2)).await;
    fakes.elevenlabs.close_sockets(1008, "Have not received a new text input");
    within(log.until(|log| log.count(Service::ElevenLabs, "accepted") == 2)).await;
    assert_eq!(speak(&mut session, 1, &["Hola."]).await.failed, None);
    assert_eq!(log.count(Service::ElevenLabs, "accepted"), 2);
}

#[tokio::test]
async fn a_minute_of_sound_waits_for_the_call_and_a_cancelled_turn_is_dropped_at_once() {
    let fakes = fakes(SpeechFault::Burst).await;
    let mut session = open(options(&fakes.elevenlabs.url()));
    say(&session, 1, &["Hola."]).await;
    assert!(matches!(within(session.events.next()).await, Some(SpeechEvent::Audio { .. })));
    ask(&session, SpeechCommand::Cancel { turn: TurnId(1) }).await;
    ask(&session, SpeechCommand::Finish { turn: TurnId(2) }).await;
    let mut late = 0;
    loop {
        match within(session.events.next()).await.unwrap() {
            SpeechEvent::Audio { audio, .. } => late += audio.len(),
            other => break assert_eq!(other, SpeechEvent::Done { turn: TurnId(2) }),
        }
    }
    // What the call's own inbox held: 1 s, and the event that was on its way there.
    assert!(late <= 10_000, "{late}");
}
