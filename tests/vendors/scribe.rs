//! ElevenLabs' recognition.

use crate::rig::{
    FIRST, Peer, SECOND, Server, burst, event, fixture, flood, http, last, lines, partial, send, stt_spec,
    within,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use centralita::{
    ports::stt::{HearingCommand, SpeechToText as _, SttEvent, SttSession},
    providers::elevenlabs::{Scribe, ScribeOptions},
    testbed::{
        elevenlabs::{ScribeFault, ScribePace},
        fakes::{FakeOptions, Fakes},
        log::Service,
        voice,
    },
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;

fn options(url: &str) -> ScribeOptions {
    let mut options = ScribeOptions::new(url.parse().unwrap(), "el-key".to_owned().into());
    options.line.first_pause = Duration::from_millis(1);
    options.line.longest_pause = Duration::from_millis(4);
    options
}

fn open(url: &str) -> SttSession {
    Scribe::new(options(url)).open(stt_spec())
}

/// A fake that tells partials at once, meets the fault first and is well afterwards.
async fn fakes(fault: ScribeFault) -> Fakes {
    let mut wanted = FakeOptions::default();
    wanted.elevenlabs.scribe.partial_every = Duration::ZERO;
    let fakes = Fakes::start(wanted).await.unwrap();
    fakes.elevenlabs.scribe_faults().next([fault]);
    fakes.elevenlabs.hears([FIRST, SECOND]);
    fakes
}

/// The next final, and what was lost before it.
async fn next_final(session: &mut SttSession) -> (String, Vec<String>) {
    let mut lost = Vec::new();
    loop {
        match event(session).await {
            SttEvent::Final { text, end_of_turn: true } => return (text, lost),
            SttEvent::Lost { fatal: false, reason } => lost.push(reason),
            SttEvent::Ready | SttEvent::Partial { .. } => {}
            other => unreachable!("{other:?}"),
        }
    }
}

/// The sound of the next message.
async fn sound(peer: &mut Peer) -> Vec<u8> {
    let message = peer.json().await;
    let sound = message.get("audio_base_64").and_then(Value::as_str).unwrap();
    let chunk = json!({"message_type": "input_audio_chunk", "audio_base_64": sound, "commit": false,
                       "sample_rate": 8_000});
    assert_eq!(message, chunk);
    STANDARD.decode(sound).unwrap()
}

#[tokio::test]
async fn a_recorded_session_gives_its_words_once_and_its_error_reconnects() {
    let recorded = lines("elevenlabs/stt_realtime.jsonl");
    let server = Server::start().await;
    let mut session = open(&server.url());
    let mut peer = server.upgrade().await;
    for line in &recorded[1..] {
        let message = &line["msg"];
        if line["dir"] == "out" {
            let audio = STANDARD.decode(message["audio_base_64"].as_str().unwrap()).unwrap();
            session.commands.push(HearingCommand::Audio(audio.into()));
            assert_eq!(peer.json().await, *message);
        } else {
            peer.say(&message.to_string()).await;
        }
    }
    let expected = [SttEvent::Ready, partial("hola quería"), last("Hola, quería una cita.", true)];
    for expected in expected {
        assert_eq!(event(&mut session).await, expected);
    }
    let lost = SttEvent::Lost { fatal: false, reason: "rate_limited".to_owned() };
    assert_eq!(event(&mut session).await, lost);
    server.upgrade().await;
}

#[tokio::test]
async fn the_request_has_the_telephone_s_encoding_and_the_caller_s_language() {
    let server = Server::start().await;
    let mut session = open(&server.url());
    let refusal = fixture("elevenlabs/error_401_invalid_api_key.json");
    for fatal in [false, true] {
        let request = server.answer(&http(401, "application/json", &refusal)).await;
        let line = "GET /v1/speech-to-text/realtime?model_id=scribe_v2_realtime&audio_format=ulaw_8000\
                    &commit_strategy=vad&vad_silence_threshold_secs=0.35&include_timestamps=true\
                    &language_code=es HTTP/1.1";
        assert!(request.starts_with(line) && request.contains("xi-api-key: el-key"), "{request}");
        let reason = "HTTP 401 invalid_api_key".to_owned();
        assert_eq!(event(&mut session).await, SttEvent::Lost { fatal, reason });
    }
    assert_eq!(within(session.events.next()).await, None);
}

#[tokio::test]
async fn a_key_that_is_refused_on_the_open_socket_is_not_tried_for_ever() {
    for (name, lasts) in [("auth_error", true), ("quota_exceeded", true), ("resource_exhausted", false)] {
        let fakes = fakes(ScribeFault::Error(name)).await;
        fakes.elevenlabs.scribe_faults().always(ScribeFault::Error(name));
        let mut session = open(&fakes.elevenlabs.url());
        for second in [false, true] {
            let lost = SttEvent::Lost { fatal: second && lasts, reason: name.to_owned() };
            assert_eq!(event(&mut session).await, lost, "never ready before");
        }
        fakes.elevenlabs.scribe_faults().clear();
        if lasts {
            assert_eq!(within(session.events.next()).await, None);
        } else {
            burst(&session);
            assert_eq!(next_final(&mut session).await.0, FIRST);
        }
    }
}

#[tokio::test]
async fn an_utterance_that_breaks_is_heard_once_and_whole() {
    for (fault, told) in [
        (ScribeFault::ErrorMidUtterance("transcriber_error"), "transcriber_error"),
        (ScribeFault::CutMidUtterance, ""),
        (ScribeFault::Refuse(429), "HTTP 429"),
        (ScribeFault::Refuse(503), "HTTP 503"),
    ] {
        let fakes = fakes(fault.clone()).await;
        let mut session = open(&fakes.elevenlabs.url());
        burst(&session);
        let (text, lost) = next_final(&mut session).await;
        assert_eq!((text.as_str(), lost.len()), (FIRST, 1), "{fault:?}");
        assert!(lost[0].contains(told) && !lost[0].contains("el-key"), "{lost:?}");
        burst(&session);
        assert_eq!(next_final(&mut session).await, (SECOND.to_owned(), vec![]), "{fault:?}");
        assert_eq!(fakes.log().details(Service::ElevenLabs, "final"), [FIRST, SECOND]);
    }
}

#[tokio::test]
async fn a_new_connection_hears_exactly_what_no_commit_covered() {
    let server = Server::start().await;
    let mut session = open(&server.url());
    let mut peer = server.upgrade().await;
    for value in 1..=10 {
        send(&session, &[value; 160]);
        assert_eq!(sound(&mut peer).await, [value; 160]);
    }
    let heard =
        r#"{"message_type":"committed_transcript_with_timestamps","text":"Hola.","words":[{"end":0.1}]}"#;
    peer.say(heard).await;
    assert_eq!(event(&mut session).await, last("Hola.", true));
    drop(peer);
    assert!(matches!(event(&mut session).await, SttEvent::Lost { fatal: false, .. }));
    send(&session, &[11; 160]);
    let mut peer = server.upgrade().await;
    for value in 6..=11 {
        assert_eq!(sound(&mut peer).await, [value; 160]);
    }
}

#[tokio::test]
async fn what_was_committed_is_not_heard_again_where_its_times_never_came() {
    let server = Server::start().await;
    let mut session = open(&server.url());
    let mut peer = server.upgrade().await;
    for value in 1..=50 {
        send(&session, &[value; 160]);
        assert_eq!(sound(&mut peer).await, [value; 160]);
    }
    peer.say(r#"{"message_type":"committed_transcript","text":"Hola."}"#).await;
    assert_eq!(event(&mut session).await, last("Hola.", true));
    drop(peer);
    assert!(matches!(event(&mut session).await, SttEvent::Lost { fatal: false, .. }));
    send(&session, &[51; 160]);
    let mut peer = server.upgrade().await;
    // It waits 350 ms behind the last word.
    assert_eq!(sound(&mut peer).await, [33; 80]);
    for value in 34..=51 {
        assert_eq!(sound(&mut peer).await, [value; 160]);
    }
}

#[tokio::test]
async fn a_turn_whose_commit_is_cut_in_the_middle_is_told_once() {
    let fakes = fakes(ScribeFault::CutBetweenCommits).await;
    let mut session = open(&fakes.elevenlabs.url());
    send(&session, &voice::caller(1, 5));
    // So little silence that the fake has read all of it when it commits and cuts.
    send(&session, &[0xFF; 4_000]);
    assert_eq!(next_final(&mut session).await.0, FIRST);
    while event(&mut session).await != SttEvent::Ready {}
    // Words that were heard again would be an utterance of their own.
    send(&session, &[0xFF; 8_000]);
    burst(&session);
    assert_eq!(next_final(&mut session).await.0, SECOND);
    drop(session);
    within(fakes.closed()).await;
    assert_eq!(fakes.log().details(Service::ElevenLabs, "final"), [FIRST, SECOND]);
}

#[tokio::test]
async fn a_commit_is_told_once_whichever_message_comes_first_and_as_often_as_it_was_said() {
    let server = Server::start().await;
    let mut session = open(&server.url());
    let mut peer = server.upgrade().await;
    let plain = |text: &str| json!({"message_type": "committed_transcript", "text": text}).to_string();
    let timed = |text: &str| {
        json!({"message_type": "committed_transcript_with_timestamps", "text": text}).to_string()
    };
    for message in [
        timed("Sí."),
        plain("Sí."),
        plain("Sí."),
        timed("Sí."),
        plain("A las diez."),
        timed("A las 10."),
        plain("No."),
        plain("No."),
        plain("Eso."),
        timed("Eso."),
        plain(""),
    ] {
        peer.say(&message).await;
    }
    for text in ["Sí.", "Sí.", "A las diez.", "No.", "No.", "Eso."] {
        assert_eq!(event(&mut session).await, last(text, true));
    }
    // An empty commit ends a turn only where words were told.
    peer.say(r#"{"message_type":"partial_transcript","text":"eh"}"#).await;
    assert_eq!(event(&mut session).await, partial("eh"));
    peer.say(&plain("")).await;
    assert_eq!(event(&mut session).await, last("", true));
}

#[tokio::test]
async fn a_turn_that_the_call_ends_makes_its_partial_words_final() {
    let mut wanted = FakeOptions::default();
    wanted.elevenlabs.scribe =
        ScribePace { final_after: Duration::from_mins(10), partial_every: Duration::ZERO };
    let fakes = Fakes::start(wanted).await.unwrap();
    fakes.elevenlabs.hears([FIRST]);
    let mut session = open(&fakes.elevenlabs.url());
    session.commands.push(HearingCommand::TurnOver); // nothing was said: nothing to make final
    send(&session, &voice::caller(1, 5));
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    assert!(matches!(event(&mut session).await, SttEvent::Partial { .. }));
    session.commands.push(HearingCommand::Paused);
    session.commands.push(HearingCommand::TurnOver);
    assert_eq!(next_final(&mut session).await, (FIRST.to_owned(), vec![]));
    assert_eq!(fakes.log().count(Service::ElevenLabs, "commit"), 1);
}

#[tokio::test]
async fn a_silent_line_is_kept_open_by_silence_and_a_closed_session_says_goodbye() {
    let server = Server::start().await;
    let mut options = options(&server.url());
    options.line.keep_alive = Duration::from_millis(20);
    let session = Scribe::new(options).open(stt_spec());
    let mut peer = server.upgrade().await;
    for _ in 0..2 {
        assert_eq!(sound(&mut peer).await, [0xFF; 800]);
    }
    drop(session);
    while peer.next().await.is_some() {}

    let fakes = fakes(ScribeFault::None).await;
    let mut session = open(&fakes.elevenlabs.url());
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    drop(session);
    within(fakes.closed()).await;
}

#[tokio::test]
async fn coughs_without_words_are_no_reason_to_leave_a_recogniser_that_says_nothing_of_silence() {
    let server = Server::start().await;
    let mut options = options(&server.url());
    options.line.patience = Duration::from_millis(20);
    options.line.keep_alive = Duration::from_millis(10);
    let session = Scribe::new(options).open(stt_spec());
    let mut peer = server.upgrade().await;
    for _ in 0..6 {
        send(&session, &[0x90; 1_600]);
        send(&session, &[0xFF; 4_800]);
    }
    // Ten signs of life take longer than the patience.
    let mut silences = 0;
    while silences < 10 {
        silences += u32::from(sound(&mut peer).await.len() == 800);
    }
}

#[tokio::test]
async fn strange_messages_do_no_harm_and_a_deaf_recogniser_is_left() {
    let fakes = fakes(ScribeFault::UnknownEvents).await;
    let mut session = open(&fakes.elevenlabs.url());
    burst(&session);
    assert_eq!(next_final(&mut session).await, (FIRST.to_owned(), vec![]));

    fakes.elevenlabs.scribe_faults().next([ScribeFault::Silent]);
    // The silent socket uses up a sentence.
    fakes.elevenlabs.hears([FIRST; 2]);
    let mut options = options(&fakes.elevenlabs.url());
    options.line.patience = Duration::from_millis(200);
    options.line.keep_alive = Duration::from_millis(100);
    let mut session = Scribe::new(options).open(stt_spec());
    send(&session, &voice::caller(1, 8));
    send(&session, &[0xFF; 8_000]);
    let (_, lost) = next_final(&mut session).await;
    assert_eq!(lost, ["no result for 200ms of speech"]);
}

#[tokio::test]
async fn an_endless_text_is_cut_and_cleaned() {
    let fakes = fakes(ScribeFault::HugeText).await;
    let mut session = open(&fakes.elevenlabs.url());
    burst(&session);
    let (text, lost) = next_final(&mut session).await;
    assert!(text.starts_with("una cita") && text.len() <= 4_096 && !text.contains('\0'), "{text}");
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn a_recogniser_that_never_commits_is_asked_and_tells_its_partials_only() {
    let fakes = fakes(ScribeFault::PartialsOnly).await;
    let SttSession { commands, mut events } = open(&fakes.elevenlabs.url());
    for frame in voice::caller(1, 5).chunks(160) {
        commands.push(HearingCommand::Audio(Bytes::copy_from_slice(frame)));
    }
    assert_eq!(within(events.next()).await, Some(SttEvent::Ready));
    assert!(matches!(within(events.next()).await, Some(SttEvent::Partial { .. })));
    commands.push(HearingCommand::TurnOver);
    let log = fakes.log();
    within(log.until(|log| log.count(Service::ElevenLabs, "commit") == 1)).await;
    drop(commands);
    while let Some(event) = within(events.next()).await {
        assert!(matches!(event, SttEvent::Partial { .. }), "{event:?}");
    }
}

#[tokio::test]
async fn a_commit_that_comes_late_and_twice_is_told_as_it_comes_and_the_line_stays() {
    let fakes = fakes(ScribeFault::LateTwice).await;
    let mut session = open(&fakes.elevenlabs.url());
    burst(&session);
    // Whether the second one is news only the call knows, by what it has answered.
    for _ in 0..2 {
        assert_eq!(next_final(&mut session).await, (FIRST.to_owned(), vec![]));
    }
}

#[tokio::test]
async fn a_recogniser_that_stops_reading_is_left() {
    let fakes = fakes(ScribeFault::StopReading).await;
    let mut options = options(&fakes.elevenlabs.url());
    options.line.stalled = Duration::from_millis(50);
    let mut session = Scribe::new(options).open(stt_spec());
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    let lost = flood(&mut session).await;
    let reason = "the recogniser has not read for 50ms".to_owned();
    assert_eq!(lost, SttEvent::Lost { fatal: false, reason });
    assert_eq!(event(&mut session).await, SttEvent::Ready);
}
