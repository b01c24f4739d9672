//! The voices that work piece by piece: Deepgram's and OpenAI's.

use crate::{
    log::Log,
    rig::{Heard, Server, fixture, hear, http, tts_spec, within},
};
use centralita::{
    base::ids::TurnId,
    ports::tts::{SpeechCommand, SpeechEvent, TextToSpeech as _, TtsSession},
    providers::{
        by_piece::Patience,
        deepgram::{self, Speak},
        openai::{Speech, SpeechOptions},
    },
    testbed::{
        fakes::{FakeOptions, Fakes},
        faults::Faults,
        hearing::is_audible,
        log::Service,
        speech::SpeechFault,
    },
};
use futures_util::StreamExt as _;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
enum Vendor {
    Deepgram,
    OpenAi,
}

const BOTH: [Vendor; 2] = [Vendor::Deepgram, Vendor::OpenAi];

impl Vendor {
    fn open_with(self, url: &str, patience: Patience) -> TtsSession {
        let (url, key) = (url.parse().unwrap(), "secret-key".to_owned().into());
        match self {
            Self::Deepgram => {
                let mut options = deepgram::Options::new(url, key);
                options.speak.patience = patience;
                Speak::new(options).unwrap().open(tts_spec())
            }
            Self::OpenAi => {
                let mut options = SpeechOptions::new(url, Some(key), "tts-m".to_owned(), "coral".to_owned());
                options.patience = patience;
                Speech::new(options).unwrap().open(tts_spec())
            }
        }
    }

    fn open(self, url: &str) -> TtsSession {
        self.open_with(url, patience())
    }

    fn open_at(self, fakes: &Fakes) -> TtsSession {
        self.open(&self.url(fakes))
    }

    fn url(self, fakes: &Fakes) -> String {
        match self {
            Self::Deepgram => fakes.deepgram.url(),
            Self::OpenAi => fakes.openai.url(),
        }
    }

    fn faults(self, fakes: &Fakes) -> &Faults<SpeechFault> {
        match self {
            Self::Deepgram => fakes.deepgram.speak_faults(),
            Self::OpenAi => fakes.openai.speech_faults(),
        }
    }

    const fn service(self) -> Service {
        match self {
            Self::Deepgram => Service::Deepgram,
            Self::OpenAi => Service::OpenAi,
        }
    }

    async fn fakes(self, fault: SpeechFault) -> Fakes {
        let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
        self.faults(&fakes).next([fault]);
        fakes
    }
}

fn patience() -> Patience {
    Patience {
        first_byte: Duration::from_secs(20),
        stall: Duration::from_millis(300),
        pause: Duration::from_millis(1),
        ..Patience::default()
    }
}

async fn say(session: &TtsSession, turn: u32, texts: &[&str]) {
    let turn = TurnId(turn);
    for (piece, text) in (0..).zip(texts) {
        let text = (*text).to_owned();
        session.commands.send(SpeechCommand::Say { turn, piece, text }).await.unwrap();
    }
    session.commands.send(SpeechCommand::Finish { turn }).await.unwrap();
}

async fn speak(session: &mut TtsSession, turn: u32, texts: &[&str]) -> Heard {
    say(session, turn, texts).await;
    hear(session, TurnId(turn)).await
}

#[tokio::test]
async fn pieces_sound_in_order_and_each_is_told_complete() {
    for vendor in BOTH {
        let fakes = vendor.fakes(SpeechFault::None).await;
        let mut session = vendor.open_at(&fakes);
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
                SpeechEvent::Failed { reason, .. } => panic!("{vendor:?}: {reason}"),
            }
        }
        assert_eq!(story, ["sound 0", "end 0", "sound 1", "end 1", "sound 2", "end 2"]);
        assert_eq!(fakes.log().count(vendor.service(), "speak"), 3);
    }
}

#[tokio::test]
async fn a_refusal_whose_body_never_comes_is_told_by_its_status() {
    for vendor in BOTH {
        let server = Server::start().await;
        let mut session = vendor.open(&server.url());
        let refusal = b"HTTP/1.1 403 X\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        let (heard, ()) = tokio::join!(speak(&mut session, 1, &["Hola."]), server.answer_and_stall(refusal));
        assert_eq!(heard.failed.as_deref(), Some("HTTP 403"), "{vendor:?}");
    }
}

#[tokio::test]
async fn deepgram_is_asked_for_raw_mu_law() {
    let server = Server::start().await;
    let mut session = Vendor::Deepgram.open(&server.url());
    say(&session, 1, &["Hola."]).await;
    let request = server.answer(&http(200, "audio/mulaw", "\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}")).await;
    let line =
        "POST /v1/speak?model=aura-2-celeste-es&encoding=mulaw&container=none&sample_rate=8000 HTTP/1.1";
    assert!(request.starts_with(line), "{request}");
    assert!(
        request.contains("authorization: Token secret-key") && request.ends_with(r#"{"text":"Hola."}"#),
        "{request}"
    );
    assert_eq!(hear(&mut session, TurnId(1)).await.audio, [0x7F; 5]);
}

#[tokio::test]
async fn openai_is_asked_for_samples_without_a_header() {
    let server = Server::start().await;
    let mut session = Vendor::OpenAi.open(&format!("{}/v1", server.url()));
    say(&session, 1, &["Hola."]).await;
    // Ten milliseconds of silence.
    let request = server.answer(&http(200, "audio/pcm", &"\0".repeat(480))).await;
    assert!(request.starts_with("POST /v1/audio/speech HTTP/1.1"), "{request}");
    let body = r#"{"model":"tts-m","voice":"coral","input":"Hola.","response_format":"pcm"}"#;
    assert!(request.contains("authorization: Bearer secret-key") && request.ends_with(body), "{request}");
    assert_eq!(hear(&mut session, TurnId(1)).await.audio, [0xFF; 80]);
}

#[tokio::test]
async fn openai_s_sound_is_as_long_and_as_loud_at_the_telephone_however_it_is_cut() {
    let mut whole = None;
    for fault in [SpeechFault::None, SpeechFault::OddChunks] {
        let fakes = Vendor::OpenAi.fakes(fault).await;
        let mut session = Vendor::OpenAi.open_at(&fakes);
        let heard = speak(&mut session, 1, &["Catorce letra."]).await;
        // Fourteen characters a second.
        assert_eq!((heard.failed, heard.audio.len()), (None, 8_000));
        assert!(heard.audio.chunks(160).all(is_audible));
        assert_eq!(*whole.get_or_insert_with(|| heard.audio.clone()), heard.audio);
    }
}

#[tokio::test]
async fn openai_s_spent_quota_and_its_forgotten_format_fail_at_once() {
    let quota = fixture("openai/error_429_quota.json");
    for (status, kind, body, told) in [
        (429, "application/json", quota.as_str(), "HTTP 429 insufficient_quota"),
        (200, "audio/mpeg", "whatever", "an MP3 file came"),
        (200, "audio/pcm", "ID3\u{4}\0\0\0\0", "an MP3 file came"),
    ] {
        let server = Server::start().await;
        let mut session = Vendor::OpenAi.open(&server.url());
        say(&session, 1, &["Hola."]).await;
        // A second request would never be answered.
        server.answer(&http(status, kind, body)).await;
        let heard = hear(&mut session, TurnId(1)).await;
        assert!(heard.failed.is_some_and(|reason| reason.starts_with(told)), "{told}");
        assert!(heard.audio.is_empty());
    }
}

#[tokio::test]
async fn a_passing_refusal_is_tried_once_more() {
    for vendor in BOTH {
        for status in [429, 500, 503] {
            let fakes = vendor.fakes(SpeechFault::Refuse(status)).await;
            let heard = speak(&mut vendor.open_at(&fakes), 1, &["Hola."]).await;
            assert!(heard.failed.is_none() && !heard.audio.is_empty(), "{vendor:?} {status}: {heard:?}");
        }
    }
}

#[tokio::test]
async fn a_voice_out_of_reach_fails_at_its_second_try_and_is_named_in_the_log() {
    for vendor in BOTH {
        let server = Server::start().await;
        let url = server.url();
        drop(server);
        Log::begin();
        let heard = speak(&mut vendor.open(&url), 1, &["Hola."]).await;
        assert!(heard.failed.is_some() && heard.audio.is_empty(), "{vendor:?}: {heard:?}");
        assert_eq!(Log::text().matches("code=\"TTS_CONNECT\"").count(), 2, "{vendor:?}");
    }
    assert!(Patience::default().pause <= Duration::from_millis(500));
}

#[tokio::test]
async fn a_failed_turn_fails_once_and_the_next_one_is_spoken() {
    let faults = [
        (SpeechFault::Refuse(401), "HTTP 401"),
        (SpeechFault::StallAfter(Duration::from_millis(300)), "stalled"),
        (SpeechFault::CloseAfter(Duration::from_millis(300)), ""),
        (SpeechFault::WrongFormat, "WAV"),
        (SpeechFault::Garbage, "HTML"),
        (SpeechFault::ZeroBytes, "no sound"),
    ];
    for (vendor, (fault, told)) in BOTH.into_iter().flat_map(|vendor| faults.clone().map(|f| (vendor, f))) {
        let fakes = vendor.fakes(fault.clone()).await;
        Log::begin();
        let mut session = vendor.open_at(&fakes);
        let heard = speak(&mut session, 1, &["Le busco una cita para el martes.", "¿Le parece bien?"]).await;
        let reason = heard.failed.unwrap_or_else(|| panic!("{vendor:?}: {fault:?} did not fail"));
        assert!(reason.contains(told) && !reason.contains("secret-key"), "{vendor:?} {fault:?}: {reason}");
        let is_no_sound = matches!(fault, SpeechFault::WrongFormat | SpeechFault::Garbage);
        if is_no_sound {
            assert!(heard.audio.is_empty(), "a burst of noise");
        }
        assert_eq!(Log::text().contains("code=\"TTS_FORMAT\""), is_no_sound, "{vendor:?} {fault:?}");
        let heard = speak(&mut session, 2, &["Perdón, sigo aquí."]).await;
        assert!(heard.failed.is_none(), "{vendor:?} {fault:?}");
    }
}

#[tokio::test]
async fn a_silent_voice_fails_within_its_patience() {
    for vendor in BOTH {
        let fakes = vendor.fakes(SpeechFault::Silent).await;
        let short = Patience { first_byte: Duration::from_millis(50), ..patience() };
        let mut session = vendor.open_with(&vendor.url(&fakes), short);
        let heard = speak(&mut session, 1, &["Hola."]).await;
        assert!(heard.failed.unwrap().contains("no sound within 50ms"));
    }
}

#[tokio::test]
async fn a_minute_of_sound_waits_for_the_call_and_a_cancelled_turn_is_dropped_at_once() {
    for vendor in BOTH {
        let fakes = vendor.fakes(SpeechFault::Burst).await;
        let mut session = vendor.open_at(&fakes);
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
        assert!(turn == TurnId(2) && late <= 8_000, "{vendor:?}: {late}");
    }
}

#[tokio::test]
async fn odd_chunks_are_one_stream_and_a_dropped_session_leaves_no_request() {
    for vendor in BOTH {
        let fakes = vendor.fakes(SpeechFault::OddChunks).await;
        let mut session = vendor.open_at(&fakes);
        let heard = speak(&mut session, 1, &["Claro que sí."]).await;
        assert_eq!(heard.failed, None);
        assert!(!heard.audio.is_empty());
        vendor.faults(&fakes).next([SpeechFault::Silent]);
        say(&session, 2, &["Hola."]).await;
        within(fakes.log().until(|log| log.count(vendor.service(), "speak") == 2)).await;
        drop(session);
        within(fakes.closed()).await;
    }
}
