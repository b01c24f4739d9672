//! Deepgram's recognition.

use crate::{
    log::Log,
    rig::{FIRST, Server, burst, event, flood, http, last, lines, partial, stt_spec, within},
};
use bytes::Bytes;
use centralita::{
    base::backoff::Backoff,
    ports::stt::{HearingCommand, SpeechToText as _, SttEvent, SttSession},
    providers::deepgram::{Listen, Options},
    testbed::{
        deepgram::ListenFault,
        fakes::{FakeOptions, Fakes},
        log::Service,
    },
};
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

fn options(url: &str) -> Options {
    let mut options = Options::new(url.parse().unwrap(), "dg-key".to_owned().into());
    options.listen.line.first_pause = Duration::from_millis(1);
    options.listen.line.longest_pause = Duration::from_millis(4);
    options
}

fn open(options: Options) -> SttSession {
    Listen::new(options).open(stt_spec())
}

fn eager(text: &str) -> SttEvent {
    SttEvent::EagerEnd { text: text.to_owned() }
}

fn frame(value: u8) -> HearingCommand {
    HearingCommand::Audio(Bytes::from(vec![value; 160]))
}

/// Plays the server's lines of a recording and gives what the call is told.
async fn recorded(path: &str) -> Vec<SttEvent> {
    recorded_by("nova-3", path).await
}

async fn recorded_by(model: &str, path: &str) -> Vec<SttEvent> {
    let server = Server::start().await;
    let mut options = options(&server.url());
    options.listen.model = model.to_owned();
    let mut session = open(options);
    let mut peer = server.upgrade().await;
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    for line in lines(path).iter().filter(|line| line["dir"] == "in" && line["msg"].is_object()) {
        peer.say(&line["msg"].to_string()).await;
    }
    peer.close(1000, "").await;
    let mut told = Vec::new();
    loop {
        match event(&mut session).await {
            SttEvent::Lost { fatal: false, .. } => return told,
            event => told.push(event),
        }
    }
}

#[tokio::test]
async fn a_recorded_session_gives_its_turns_once() {
    let expected = [
        partial("hola quería"),
        last("Hola, quería una cita.", false),
        partial("para el martes"),
        last("para el martes.", true),
    ];
    assert_eq!(recorded("deepgram/listen_v1_session.jsonl").await, expected);
}

#[tokio::test]
async fn flux_tells_its_turns_whole_and_once() {
    let expected = [
        partial("Hola"),
        partial("Hola quería"),
        eager("Hola, quería una cita"),
        SttEvent::Resumed,
        partial("Hola, quería una cita para"),
        eager("Hola, quería una cita para el martes."),
        last("Hola, quería una cita para el martes.", true),
    ];
    assert_eq!(recorded_by("flux-general-multi", "deepgram/flux_v2_session.jsonl").await, expected);
}

#[tokio::test]
async fn on_a_noisy_line_the_utterance_end_closes_the_turn() {
    let expected = [last("Hola, quería una cita.", false), SttEvent::UtteranceEnd];
    assert_eq!(recorded("deepgram/listen_v1_utterance_end_only.jsonl").await, expected);
}

#[tokio::test]
async fn close_codes_reconnect_and_refusals_are_fatal_after_two_tries() {
    for line in lines("deepgram/listen_v1_close_frames.jsonl") {
        let server = Server::start().await;
        let mut session = open(options(&server.url()));
        if let Some(close) = line["close"].as_object() {
            let code = u16::try_from(close["code"].as_u64().unwrap()).unwrap();
            let reason = close["reason"].as_str().unwrap();
            server.upgrade().await.close(code, reason).await;
            assert_eq!(event(&mut session).await, SttEvent::Ready);
            let SttEvent::Lost { fatal: false, reason: told } = event(&mut session).await else {
                panic!("{line}")
            };
            assert!(told.contains(&code.to_string()) && told.contains(reason), "{told}");
            server.upgrade().await;
            assert_eq!(event(&mut session).await, SttEvent::Ready);
            continue;
        }
        let refusal = &line["http_upgrade_failure"];
        let status = u16::try_from(refusal["status"].as_u64().unwrap()).unwrap();
        let answer = http(status, "application/json", &refusal["body"].to_string());
        for second in [false, true] {
            let request = server.answer(&answer).await;
            assert!(request.contains("authorization: Token dg-key"), "{request}");
            let SttEvent::Lost { fatal, reason } = event(&mut session).await else { panic!("{line}") };
            assert_eq!(fatal, second && status != 429);
            assert!(reason.contains(&status.to_string()), "{reason}");
            assert!(reason.contains(refusal["body"]["err_code"].as_str().unwrap()), "{reason}");
            assert!(!reason.contains("dg-key"));
        }
        if status == 429 {
            server.upgrade().await;
            assert_eq!(event(&mut session).await, SttEvent::Ready);
        } else {
            assert_eq!(within(session.events.next()).await, None);
        }
    }
}

#[tokio::test]
async fn who_is_out_of_reach_is_named_in_the_log_and_called_again_after_growing_pauses() {
    let server = Server::start().await;
    let options = options(&server.url());
    drop(server);
    Log::begin();
    let mut session = open(options);
    for _ in 0..4 {
        assert!(matches!(event(&mut session).await, SttEvent::Lost { fatal: false, .. }));
    }
    assert!(Log::text().matches("provider=\"deepgram\" code=\"STT_CONNECT\"").count() >= 4);

    let stated = Options::new("http://127.0.0.1".parse().unwrap(), "dg-key".to_owned().into()).listen.line;
    let pauses = |draw| {
        let mut backoff = Backoff::new(stated.first_pause, stated.longest_pause);
        [(); 5].map(|()| backoff.pause(draw).as_millis())
    };
    assert_eq!((pauses(0.0), pauses(1.0)), ([125, 250, 500, 1_000, 1_000], [250, 500, 1_000, 2_000, 2_000]));
}

#[tokio::test]
async fn flux_is_asked_for_by_its_own_address() {
    for (model, eager, settings) in [
        ("flux-general-multi", Some(0.5), "&eager_eot_threshold=0.5&language_hint=es"),
        ("flux-general-multi", None, "&language_hint=es"),
        ("flux-general-en", None, ""),
    ] {
        let server = Server::start().await;
        let mut options = options(&server.url());
        options.listen.model = model.to_owned();
        options.listen.eager = eager;
        options.listen.keyterms = vec!["cita".to_owned()];
        let _session = open(options);
        let request = server.answer(&http(500, "text/plain", "")).await;
        let query =
            format!("/v2/listen?model={model}&encoding=mulaw&sample_rate=8000{settings}&keyterm=cita");
        assert!(request.starts_with(&format!("GET {query} HTTP/1.1")), "{request}");
    }
}

#[tokio::test]
async fn the_request_has_the_telephone_s_encoding_and_the_caller_s_language() {
    let server = Server::start().await;
    let mut options = options(&server.url());
    options.listen.keyterms = vec!["Fisioclínica".to_owned()];
    let _session = open(options);
    let request = server.answer(&http(500, "text/plain", "")).await;
    let query = "/v1/listen?model=nova-3&language=es-419&encoding=mulaw&sample_rate=8000&channels=1&interim_results=true\
                 &endpointing=300&utterance_end_ms=1000&vad_events=true&smart_format=true&punctuate=true\
                 &keyterm=Fisiocl%C3%ADnica";
    assert!(request.starts_with(&format!("GET {query} HTTP/1.1")), "{request}");
}

#[tokio::test]
async fn a_new_connection_hears_exactly_what_no_final_covered() {
    let server = Server::start().await;
    let mut session = open(options(&server.url()));
    let mut peer = server.upgrade().await;
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    for value in 1..=10 {
        session.commands.push(frame(value));
        assert_eq!(peer.next().await, Some(Message::binary(vec![value; 160])));
    }
    let heard = r#"{"type":"Results","start":0.0,"duration":0.1,"is_final":true,
        "channel":{"alternatives":[{"transcript":"Hola."}]}}"#;
    peer.say(heard).await;
    assert_eq!(event(&mut session).await, last("Hola.", false));
    drop(peer);
    assert!(matches!(event(&mut session).await, SttEvent::Lost { fatal: false, .. }));
    session.commands.push(frame(11));
    let mut peer = server.upgrade().await;
    for value in 6..=11 {
        assert_eq!(peer.next().await, Some(Message::binary(vec![value; 160])));
    }
}

#[tokio::test]
async fn silence_is_kept_alive_and_a_farewell_is_said() {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    let mut options = options(&fakes.deepgram.url());
    options.listen.line.keep_alive = Duration::from_millis(20);
    let session = open(options);
    session.commands.push(frame(0xFF));
    let log = fakes.log();
    within(log.until(|log| log.count(Service::Deepgram, "keep-alive") >= 2)).await;
    drop(session);
    within(log.until(|log| log.count(Service::Deepgram, "close-stream") == 1)).await;
    within(fakes.closed()).await;
}

#[tokio::test]
async fn a_session_that_is_dropped_while_it_connects_leaves_nothing() {
    let server = Server::start().await;
    let session = open(options(&server.url()));
    let mut peer = server.upgrade().await;
    drop(session);
    // The farewell is said only if the drop was noticed after the handshake.
    while let Some(message) = peer.next().await {
        assert_eq!(message, Message::text(r#"{"type":"CloseStream"}"#));
        peer.close(1000, "").await;
    }
}

#[tokio::test]
async fn speech_without_any_result_reconnects_once() {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.deepgram.listen_faults().next([ListenFault::Silent]);
    let mut options = options(&fakes.deepgram.url());
    options.listen.line.patience = Duration::from_millis(200);
    options.listen.line.keep_alive = Duration::from_millis(100);
    // The silent socket uses up a sentence.
    fakes.deepgram.hears([FIRST; 2]);
    let mut session = open(options);
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    burst(&session);
    assert!(matches!(event(&mut session).await, SttEvent::Lost { fatal: false, .. }));
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    assert_eq!(event(&mut session).await, last(FIRST, true));
}

#[tokio::test]
async fn an_utterance_that_breaks_is_heard_once() {
    for fault in [ListenFault::CloseMidUtterance, ListenFault::CutMidUtterance] {
        let mut wanted = FakeOptions::default();
        wanted.deepgram.partial_every = Duration::ZERO;
        let fakes = Fakes::start(wanted).await.unwrap();
        fakes.deepgram.listen_faults().next([fault.clone()]);
        fakes.deepgram.hears([FIRST, "Otra cosa."]);
        let mut session = open(options(&fakes.deepgram.url()));
        burst(&session);
        let mut finals = Vec::new();
        let mut lost = 0;
        while finals.is_empty() {
            match event(&mut session).await {
                SttEvent::Final { text, .. } => finals.push(text),
                SttEvent::Lost { fatal: false, .. } => lost += 1,
                _ => {}
            }
        }
        assert_eq!((finals, lost), (vec![FIRST.to_owned()], 1), "{fault:?}");
    }
}

#[tokio::test]
async fn strange_messages_and_endless_texts_do_no_harm() {
    for fault in [ListenFault::UnknownEvents, ListenFault::HugeText] {
        let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
        fakes.deepgram.listen_faults().always(fault.clone());
        let mut session = open(options(&fakes.deepgram.url()));
        burst(&session);
        loop {
            match event(&mut session).await {
                SttEvent::Final { text, .. } => {
                    assert!(!text.is_empty() && text.len() <= 4_096 && !text.contains('\0'));
                    break;
                }
                SttEvent::Lost { reason, .. } => panic!("{fault:?}: {reason}"),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_recogniser_that_stops_reading_is_left_and_only_the_oldest_audio_is_lost() {
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    fakes.deepgram.listen_faults().next([ListenFault::StopReading]);
    let mut options = options(&fakes.deepgram.url());
    options.listen.line.stalled = Duration::from_millis(50);
    let mut session = open(options);
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    let log = fakes.log();
    session.commands.push(frame(0xFF));
    within(log.until(|log| log.count(Service::Deepgram, "stopped-reading") == 1)).await;
    let lost = flood(&mut session).await;
    let reason = "the recogniser has not read for 50ms".to_owned();
    assert_eq!(lost, SttEvent::Lost { fatal: false, reason });
    assert_eq!(event(&mut session).await, SttEvent::Ready);
}

#[tokio::test]
async fn a_turn_that_the_call_ends_makes_its_partial_words_final() {
    let server = Server::start().await;
    let mut session = open(options(&server.url()));
    let mut peer = server.upgrade().await;
    assert_eq!(event(&mut session).await, SttEvent::Ready);
    session.commands.push(HearingCommand::TurnOver); // nothing was said: nothing to make final
    peer.say(r#"{"type":"Results","channel":{"alternatives":[{"transcript":"sí"}]}}"#).await;
    assert_eq!(event(&mut session).await, partial("sí"));
    session.commands.push(HearingCommand::Paused);
    session.commands.push(HearingCommand::TurnOver);
    assert_eq!(peer.json().await["type"], "Finalize");
    let answer = r#"{"type":"Results","is_final":true,"from_finalize":true,
        "channel":{"alternatives":[{"transcript":"Sí."}]}}"#;
    peer.say(answer).await;
    assert_eq!(event(&mut session).await, last("Sí.", true));
}
