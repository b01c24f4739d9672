//! Raw clients at the fakes: the wires, and the faults that are seen on them.

use crate::soon;
use base64::{Engine, engine::general_purpose::STANDARD};
use centralita::testbed::{
    deepgram::{DeepgramOptions, ListenFault},
    elevenlabs::ElevenLabsOptions,
    fakes::{FakeOptions, Fakes},
    log::Service,
    openai::{Answer, LlmFault},
    speech::SpeechFault,
    twilio_rest::RestFault,
    voice,
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const LISTEN: &str = "/v1/listen?model=nova-3&language=es&encoding=mulaw&sample_rate=8000&channels=1\
                      &interim_results=true&utterance_end_ms=1000&vad_events=true";
const MULTI: &str =
    "/v1/text-to-speech/v/multi-stream-input?model_id=eleven_flash_v2_5&output_format=ulaw_8000";

async fn start() -> Fakes {
    start_with(FakeOptions::default()).await
}

async fn start_with(options: FakeOptions) -> Fakes {
    // The provider may be installed by another test already.
    drop(rustls::crypto::ring::default_provider().install_default());
    Fakes::start(options).await.unwrap()
}

async fn connect(url: &str, header: (&'static str, &'static str)) -> Result<Socket, (u16, Value)> {
    let mut request = url.replace("http://", "ws://").into_client_request().unwrap();
    request.headers_mut().insert(header.0, header.1.parse().unwrap());
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            Err((response.status().as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
        }
        Err(other) => panic!("{other}"),
    }
}

async fn listen(fakes: &Fakes) -> Socket {
    let url = format!("{}{LISTEN}", fakes.deepgram.url());
    connect(&url, ("authorization", "Token KEY")).await.unwrap()
}

async fn speak(fakes: &Fakes) -> Socket {
    let url = format!("{}{MULTI}", fakes.elevenlabs.url());
    connect(&url, ("xi-api-key", "KEY")).await.unwrap()
}

async fn send(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message; `Err` with code and reason at a close.
async fn next(socket: &mut Socket) -> Result<Value, (u16, String)> {
    loop {
        match soon(socket.next()).await {
            Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap_or_default()),
            Some(Ok(Message::Close(Some(frame)))) => {
                return Err((frame.code.into(), frame.reason.to_string()));
            }
            Some(Ok(_)) => {}
            _ => return Err((1006, String::new())),
        }
    }
}

/// Sends an utterance at once and the silence after it.
async fn utter(socket: &mut Socket) {
    for frame in 0..40 {
        socket.send(Message::Binary(voice::agent(frame * 160, 160))).await.unwrap();
    }
}

/// The keys at every place.
fn shape(value: &Value, path: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| shape(value, &format!("{path}.{key}"), out)),
        Value::Array(all) => all.iter().take(1).for_each(|value| shape(value, path, out)),
        _ => out.push(path.to_owned()),
    }
}

fn recorded(session: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    session.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["msg"].clone()).find(wanted).unwrap()
}

#[tokio::test]
async fn deepgram_hears_an_utterance_and_says_it_like_the_recorded_session() {
    let fakes = start().await;
    fakes.deepgram.hears(["Hola, quería una cita."]);
    let mut socket = listen(&fakes).await;
    utter(&mut socket).await;
    let mut seen = Vec::new();
    let last = loop {
        let message = next(&mut socket).await.unwrap();
        seen.push(message["type"].as_str().unwrap().to_owned());
        if message["is_final"] == true {
            break message;
        }
    };
    assert_eq!(seen[0], "SpeechStarted");
    assert_eq!(last["speech_final"], true);
    assert_eq!(last["channel"]["alternatives"][0]["transcript"], "Hola, quería una cita.");
    assert_eq!(next(&mut socket).await.unwrap()["type"], "UtteranceEnd");
    let session = include_str!("../protocols/deepgram/listen_v1_session.jsonl");
    let theirs = recorded(session, |m| m["speech_final"] == true);
    let (mut ours, mut expected) = (Vec::new(), Vec::new());
    shape(&last, "", &mut ours);
    shape(&theirs, "", &mut expected);
    expected.retain(|path| !path.contains("language"));
    ours.sort();
    expected.sort();
    assert_eq!(ours, expected);
    send(&mut socket, json!({"type": "CloseStream"})).await;
    let metadata = next(&mut socket).await.unwrap();
    assert_eq!((metadata["type"].as_str(), metadata["duration"].as_f64()), (Some("Metadata"), Some(0.8)));
    assert_eq!(next(&mut socket).await, Err((1000, String::new())));
    drop(socket);
    soon(fakes.closed()).await;
}

#[tokio::test]
async fn deepgram_tells_turns_like_the_recorded_session_of_flux() {
    let fakes = start().await;
    let session = include_str!("../protocols/deepgram/flux_v2_session.jsonl");
    let url: Value = serde_json::from_str(session.lines().next().unwrap()).unwrap();
    let host = fakes.deepgram.url().replace("http", "ws");
    let url = url["msg"].as_str().unwrap().replace("wss://api.deepgram.com", &host);
    let mut socket = connect(&url, ("authorization", "Token KEY")).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap()["type"], "Connected");
    utter(&mut socket).await;
    loop {
        let ours = next(&mut socket).await.unwrap();
        let theirs = recorded(session, |m| m["event"] == ours["event"] && m["languages"].is_array());
        if !ours["transcript"].as_str().unwrap().is_empty() {
            let (mut seen, mut expected) = (Vec::new(), Vec::new());
            shape(&ours, "", &mut seen);
            shape(&theirs, "", &mut expected);
            assert_eq!(seen, expected);
        }
        if ours["event"] == "EndOfTurn" {
            break;
        }
    }
    send(&mut socket, json!({"type": "KeepAlive"})).await;
    assert_eq!(next(&mut socket).await.unwrap()["type"], "Error");
    assert_eq!(next(&mut socket).await.unwrap_err().0, 1008);
}

#[tokio::test]
async fn deepgram_refuses_as_recorded_and_the_second_socket_is_well() {
    let fakes = start().await;
    fakes.deepgram.listen_faults().next([ListenFault::Refuse(429)]);
    let url = format!("{}{LISTEN}", fakes.deepgram.url());
    let frames = include_str!("../protocols/deepgram/listen_v1_close_frames.jsonl");
    let recorded: Vec<Value> = frames.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for (url, key, status) in [
        (url.as_str(), "Token KEY", 429),
        (url.as_str(), "Bearer KEY", 401),
        (&url.replace("mulaw", "linear16"), "Token KEY", 400),
    ] {
        let (got, body) = connect(url, ("authorization", key)).await.unwrap_err();
        assert_eq!(got, status);
        let expected = recorded.iter().find(|line| line["http_upgrade_failure"]["status"] == status).unwrap();
        assert_eq!(body["err_code"], expected["http_upgrade_failure"]["body"]["err_code"]);
    }
    assert!(connect(&url, ("authorization", "Token KEY")).await.is_ok());
}

#[tokio::test]
async fn deepgram_closes_idle_sockets_and_dies_mid_utterance() {
    let deepgram = DeepgramOptions {
        idle: Duration::from_millis(600),
        partial_every: Duration::ZERO,
        ..DeepgramOptions::default()
    };
    let fakes = start_with(FakeOptions { deepgram, ..FakeOptions::default() }).await;
    let mut idle = listen(&fakes).await;
    assert_eq!(next(&mut idle).await, Err((1011, "NET-0001".to_owned())));
    fakes.deepgram.hears(["Primera."]);
    fakes.deepgram.listen_faults().next([ListenFault::CloseMidUtterance]);
    for expected in [Some(1011), None] {
        let mut socket = listen(&fakes).await;
        utter(&mut socket).await;
        let end = loop {
            match next(&mut socket).await {
                Ok(message) if message["is_final"] == true => {
                    // The sentence that was cut is said again.
                    assert_eq!(message["channel"]["alternatives"][0]["transcript"], "Primera.");
                    break None;
                }
                Ok(_) => {}
                Err((code, _)) => break Some(code),
            }
        };
        assert_eq!(end, expected);
    }
}

#[tokio::test]
async fn a_shut_door_refuses_and_breaks_and_opens_again() {
    let fakes = start().await;
    let mut socket = listen(&fakes).await;
    fakes.deepgram.shut().await;
    assert_eq!(next(&mut socket).await.unwrap_err().0, 1006);
    let address = fakes.deepgram.url().replace("http://", "");
    assert!(TcpStream::connect(&address).await.is_err());
    fakes.deepgram.reopen().await;
    drop(listen(&fakes).await);
}

#[tokio::test]
async fn elevenlabs_speaks_in_contexts_as_recorded() {
    let fakes = start().await;
    let mut socket = speak(&fakes).await;
    let session = include_str!("../protocols/elevenlabs/tts_multi_context.jsonl");
    let sent = session.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    for line in sent.filter(|l| l["dir"] == "out").take(3) {
        send(&mut socket, line["msg"].clone()).await;
    }
    let first = next(&mut socket).await.unwrap();
    let recorded = recorded(session, |m| m["audio"].is_string());
    let (mut ours, mut expected) = (Vec::new(), Vec::new());
    shape(&first, "", &mut ours);
    shape(&recorded, "", &mut expected);
    assert_eq!(ours, expected);
    let mut bytes = STANDARD.decode(first["audio"].as_str().unwrap()).unwrap().len();
    send(&mut socket, json!({"context_id": "turn-1", "close_context": true})).await;
    loop {
        let message = next(&mut socket).await.unwrap();
        if message["isFinal"] == true {
            assert_eq!(message, json!({"isFinal": true, "contextId": "turn-1"}));
            break;
        }
        bytes += STANDARD.decode(message["audio"].as_str().unwrap()).unwrap().len();
    }
    assert_eq!(bytes, 22 * 8_000 / 14, "fourteen characters a second");
    send(&mut socket, json!({"close_socket": true})).await;
    assert_eq!(next(&mut socket).await, Err((1000, String::new())));
}

#[tokio::test]
async fn elevenlabs_closes_at_the_sixth_context_and_after_silence() {
    let elevenlabs =
        ElevenLabsOptions { inactivity: Some(Duration::from_millis(300)), ..ElevenLabsOptions::default() };
    let fakes = start_with(FakeOptions { elevenlabs, ..FakeOptions::default() }).await;
    let mut socket = speak(&fakes).await;
    for context in 0..6 {
        send(&mut socket, json!({"text": " ", "context_id": context.to_string()})).await;
    }
    assert_eq!(next(&mut socket).await.unwrap()["error"], "max_active_conversations");
    assert_eq!(next(&mut socket).await.unwrap_err().0, 1008);
    let mut socket = speak(&fakes).await;
    let (code, reason) = next(&mut socket).await.unwrap_err();
    assert!(code == 1008 && reason.starts_with("Have not received a new text input"), "{reason}");
}

#[tokio::test]
async fn voices_over_http_break_as_told() {
    let fakes = start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let deepgram = format!(
        "{}/v1/speak?model=aura-2-celeste-es&encoding=mulaw&sample_rate=8000&container=none",
        fakes.deepgram.url()
    );
    let elevenlabs = format!("{}/v1/text-to-speech/v/stream?output_format=ulaw_8000", fakes.elevenlabs.url());
    let ask = |url: &str| {
        let headers = [("authorization", "Token KEY"), ("xi-api-key", "KEY")];
        let request = client.post(url).json(&json!({"text": "Catorce letra."}));
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)).send()
    };
    for url in [&deepgram, &elevenlabs] {
        let audio = soon(ask(url)).await.unwrap().bytes().await.unwrap();
        assert_eq!(audio.len(), 8_000);
    }
    let wav = soon(ask(&deepgram.replace("&container=none", ""))).await.unwrap().bytes().await.unwrap();
    assert!(wav.starts_with(b"RIFF") && wav.len() == 8_044);
    fakes.deepgram.speak_faults().next([
        SpeechFault::Refuse(503),
        SpeechFault::ZeroBytes,
        SpeechFault::CloseAfter(Duration::from_millis(300)),
    ]);
    assert_eq!(soon(ask(&deepgram)).await.unwrap().status(), 503);
    assert!(soon(ask(&deepgram)).await.unwrap().bytes().await.unwrap().is_empty());
    assert!(soon(ask(&deepgram)).await.unwrap().bytes().await.is_err());
}

#[tokio::test]
async fn openai_answers_by_rule_and_by_queue_and_checks_requests() {
    let fakes = start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    fakes.openai.answer_to("cita", Answer::call("find_slots", json!({"day": "2026-11-24"})));
    fakes.openai.answers([Answer::text("Primero.")]);
    let ask = |messages: Value| {
        let url = format!("{}/chat/completions", fakes.openai.url());
        let body = json!({"model": "m", "stream": true, "messages": messages});
        client.post(url).bearer_auth("KEY").json(&body).send()
    };
    let user = |text: &str| json!([{"role": "system", "content": "s"}, {"role": "user", "content": text}]);
    let text = soon(ask(user("hola"))).await.unwrap().text().await.unwrap();
    assert!(text.contains("Primero.") && text.ends_with("data: [DONE]\n\n"));
    let text = soon(ask(user("Quiero una CITA"))).await.unwrap().text().await.unwrap();
    assert!(text.contains("find_slots") && text.contains("tool_calls"));
    let orphan = json!([{"role": "assistant", "content": null, "tool_calls": [{"id": "call_1"}]},
                        {"role": "user", "content": "hola"}]);
    assert_eq!(soon(ask(orphan)).await.unwrap().status(), 400);
    fakes.openai.faults().next([LlmFault::RetryAfter(Duration::from_secs(30)), LlmFault::CutAfter(2)]);
    let refused = soon(ask(user("hola"))).await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()), (429, &b"30"[..]));
    assert!(soon(ask(user("hola"))).await.unwrap().text().await.is_err());
    // A client that goes away ends the request.
    fakes.openai.faults().next([LlmFault::Endless]);
    let mut endless = soon(ask(user("hola"))).await.unwrap();
    soon(endless.chunk()).await.unwrap();
    drop(endless);
    soon(fakes.closed()).await;
}

#[tokio::test]
async fn twilio_hangs_up_once_and_tells_the_phone() {
    let fakes = start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let account = "AC0123456789abcdef0123456789abcdef";
    let call = "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f";
    let hang_up = |call: &str| {
        let url = format!("{}/2010-04-01/Accounts/{account}/Calls/{call}.json", fakes.twilio.url());
        client.post(url).basic_auth(account, Some("token")).form(&[("Status", "completed")]).send()
    };
    let answer = soon(hang_up(call)).await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 20_404);
    let told = fakes.twilio.calls().announce(&call.parse().unwrap());
    fakes.twilio.faults().next([RestFault::Refuse(500)]);
    assert_eq!(soon(hang_up(call)).await.unwrap().status(), 500);
    assert!(!told.is_cancelled());
    let answer = soon(hang_up(call)).await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "completed");
    soon(told.cancelled()).await;
    let answer = soon(hang_up(call)).await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 21_220);
    assert_eq!(fakes.log().count(Service::Twilio, "update"), 4);
}

#[tokio::test]
async fn elevenlabs_hears_an_utterance_and_says_it_like_the_recorded_session() {
    let fakes = start().await;
    let session = include_str!("../protocols/elevenlabs/stt_realtime.jsonl");
    let recorded: Vec<Value> = session.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let host = fakes.elevenlabs.url().replace("http", "ws");
    let url = recorded[0]["msg"].as_str().unwrap().replace("wss://api.elevenlabs.io", &host);
    let mut socket = connect(&url, ("xi-api-key", "KEY")).await.unwrap();
    // An utterance and the second of silence that commits it.
    let audio = [voice::agent(0, 6_400).as_ref(), &[0xFF; 8_000][..]].concat();
    let mut chunk = recorded.iter().find(|line| line["dir"] == "out").unwrap()["msg"].clone();
    chunk["audio_base_64"] = STANDARD.encode(audio).into();
    send(&mut socket, chunk).await;
    for name in ["session_started", "committed_transcript", "committed_transcript_with_timestamps"] {
        let ours = next(&mut socket).await.unwrap();
        assert_eq!(ours["message_type"], name);
        let theirs = recorded.iter().find(|line| line["msg"]["message_type"] == name).unwrap();
        let (mut seen, mut expected) = (Vec::new(), Vec::new());
        shape(&ours, "", &mut seen);
        shape(&theirs["msg"], "", &mut expected);
        assert_eq!(seen, expected);
    }
}
