//! The simulated phone against a server of a few lines.

use crate::soon;
use axum::{
    Router,
    body::Bytes,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::HeaderMap,
    response::IntoResponse,
    routing::{any, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use centralita::testbed::{
    fakes::{FakeOptions, Fakes},
    phone::{Call, Ended, HangUpStyle, Oddity, Phone, PhoneEvent, PhoneFaults, PhoneOptions},
    voice,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::mpsc::{self, Receiver, Sender},
};
use tokio_util::task::AbortOnDropHandle;

/// What a stand-in server does with its stream.
type Serve = fn(WebSocket, Sender<Value>) -> futures_util::future::BoxFuture<'static, ()>;

struct Server {
    url: String,
    seen: Receiver<Value>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Clone)]
struct Shared {
    address: String,
    tell: Sender<Value>,
    serve: Serve,
    behind: &'static str,
}

async fn voice_hook(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: String,
) -> impl IntoResponse {
    assert!(headers.contains_key("x-twilio-signature"));
    shared.tell.send(json!({"form": body})).await.unwrap();
    let stream = format!("ws://{}/media", shared.address);
    let behind = shared.behind;
    let twiml = format!(
        "<Response><Connect><Stream url=\"{stream}?lost=1\"><Parameter name=\"token\" value=\"t&amp;1\"/></Stream>\
         </Connect>{behind}</Response>"
    );
    ([("content-type", "text/xml")], twiml)
}

async fn media(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> impl IntoResponse {
    assert!(headers.contains_key("x-twilio-signature"));
    upgrade.on_upgrade(move |socket| (shared.serve)(socket, shared.tell.clone()))
}

async fn status(State(shared): State<Arc<Shared>>, body: Bytes) -> &'static str {
    shared.tell.send(json!({"status": String::from_utf8_lossy(&body)})).await.unwrap();
    ""
}

async fn server(serve: Serve, behind: &'static str) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, seen) = mpsc::channel(10_000);
    let url = format!("http://{address}/webhook/voice");
    let shared = Arc::new(Shared { address, tell, serve, behind });
    let router = Router::new()
        .route("/webhook/voice", post(voice_hook))
        .route("/webhook/voice/status", post(status))
        .route("/webhook/voice/resume", post(|| async { "<Response><Say>Adiós.</Say><Hangup/></Response>" }))
        .route("/media", any(media))
        .with_state(shared);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { url, seen, _serving: AbortOnDropHandle::new(serving) }
}

fn options(server: &Server) -> PhoneOptions {
    PhoneOptions {
        webhook: server.url.clone(),
        status_callback: None,
        auth_token: "12345678901234567890123456789012".to_owned().into(),
        from: "+15550100100".to_owned(),
        to: "+15550100200".to_owned(),
        account: "AC0123456789abcdef0123456789abcdef".parse().unwrap(),
        call: "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f".parse().unwrap(),
        calls: None,
        record: true,
        listen: false,
        agent_silent_after: Duration::from_millis(100),
        faults: PhoneFaults::default(),
    }
}

fn dial(options: PhoneOptions) -> Call {
    Phone::new().unwrap().dial(options)
}

/// Tells the test all it receives until the phone goes away.
fn listens(mut socket: WebSocket, tell: Sender<Value>) -> futures_util::future::BoxFuture<'static, ()> {
    Box::pin(async move {
        while let Some(Ok(message)) = socket.recv().await {
            match message {
                Message::Text(text) => {
                    tell.send(serde_json::from_str(&text).unwrap_or_default()).await.unwrap();
                }
                Message::Binary(_) => tell.send(json!({"event": "binary"})).await.unwrap(),
                _ => {}
            }
        }
        tell.send(json!({"event": "gone"})).await.unwrap();
    })
}

/// Says one second with a mark behind it, then answers `clear` to the first loud frame.
fn speaks(mut socket: WebSocket, tell: Sender<Value>) -> futures_util::future::BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut sid = String::new();
        while let Some(Ok(Message::Text(text))) = socket.recv().await {
            let message: Value = serde_json::from_str(&text).unwrap();
            let mut out = Vec::new();
            match message["event"].as_str().unwrap() {
                "start" => {
                    sid = message["streamSid"].as_str().unwrap().to_owned();
                    for second in ["a", "b"] {
                        let payload = STANDARD.encode(voice::agent(0, 8_000));
                        out.push(json!({"event": "media", "streamSid": sid, "media": {"payload": payload}}));
                        out.push(json!({"event": "mark", "streamSid": sid, "mark": {"name": second}}));
                    }
                }
                "media" => {
                    let audio = STANDARD.decode(message["media"]["payload"].as_str().unwrap()).unwrap();
                    if audio.iter().any(|code| *code != 0xFF) {
                        out.push(json!({"event": "clear", "streamSid": sid}));
                    }
                }
                "mark" => tell.send(message).await.unwrap(),
                _ => {}
            }
            for message in out {
                socket.send(Message::text(message.to_string())).await.unwrap();
            }
        }
    })
}

/// Closes the stream as soon as it began.
fn closes(mut socket: WebSocket, _: Sender<Value>) -> futures_util::future::BoxFuture<'static, ()> {
    Box::pin(async move {
        socket.recv().await;
        socket.send(Message::Close(None)).await.unwrap();
        while let Some(Ok(_)) = socket.recv().await {}
    })
}

async fn until(server: &mut Server, event: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    soon(async {
        loop {
            let message = server.seen.recv().await.unwrap();
            let found = message["event"] == event || message.get(event).is_some();
            seen.push(message);
            if found {
                return;
            }
        }
    })
    .await;
    seen
}

#[tokio::test]
async fn a_call_goes_from_the_webhook_to_the_status_callback() {
    let mut server = server(listens, "").await;
    let call = dial(options(&server));
    call.say(voice::agent(0, 1_600)).await;
    call.press('5').await;
    let seen = until(&mut server, "dtmf").await;
    let form = seen[0]["form"].as_str().unwrap();
    assert!(form.contains("CallStatus=ringing") && form.contains("FromCity=&"), "{form}");
    let start = seen.iter().find(|m| m["event"] == "start").unwrap();
    assert_eq!(start["start"]["customParameters"], json!({"token": "t&1"}));
    assert_eq!(start["sequenceNumber"], "1");
    let mut frames = 0;
    while frames < 12 {
        let message = soon(server.seen.recv()).await.unwrap();
        frames += usize::from(message["event"] == "media");
    }
    call.hang_up(HangUpStyle::Stop).await;
    let record = soon(call.end()).await;
    assert_eq!((record.ended, record.status_answer), (Ended::ByCaller, Some(200)));
    assert_eq!(record.measured.utterances, 1);
    until(&mut server, "stop").await;
    let seen = until(&mut server, "status").await;
    assert!(seen.last().unwrap()["status"].as_str().unwrap().contains("CallStatus=completed"));
}

#[tokio::test]
async fn sound_is_played_in_real_time_and_thrown_away_at_clear() {
    let mut server = server(speaks, "").await;
    let mut call = dial(options(&server));
    soon(call.until(|e| matches!(e, PhoneEvent::AgentSpeaks { .. }))).await.unwrap();
    let mark = PhoneEvent::Mark { name: "a".to_owned(), flushed: false };
    soon(call.until(|e| *e == mark)).await.unwrap();
    call.say(voice::agent(0, 800)).await;
    let mark = PhoneEvent::Mark { name: "b".to_owned(), flushed: true };
    soon(call.until(|e| *e == mark)).await.unwrap();
    soon(call.until(|e| *e == PhoneEvent::AgentSilent)).await.unwrap();
    until(&mut server, "mark").await;
    call.hang_up(HangUpStyle::Reset).await;
    let record = soon(call.end()).await;
    let heard = record.heard.iter().filter(|code| **code != 0xFF).count();
    assert!((8_000..16_000).contains(&heard), "{heard} bytes were heard");
    let interruption = record.measured.interruptions[0];
    assert!(interruption.cleared.unwrap() > interruption.first_voiced);
    assert_eq!(record.measured.onsets.len(), 1);
}

#[tokio::test]
async fn the_verbs_behind_a_closed_stream_are_carried_out() {
    let server = server(closes, "<Redirect>/webhook/voice/resume</Redirect>").await;
    let record = soon(dial(options(&server)).end()).await;
    assert_eq!((record.ended, record.network_said), (Ended::ByTwiml, vec!["Adiós.".to_owned()]));
}

#[tokio::test]
async fn a_call_that_is_hung_up_over_rest_ends() {
    let server = server(listens, "").await;
    drop(rustls::crypto::ring::default_provider().install_default());
    let fakes = Fakes::start(FakeOptions::default()).await.unwrap();
    let options = PhoneOptions { calls: Some(fakes.twilio.calls().clone()), ..options(&server) };
    let (account, sid) = (options.account.clone(), options.call.clone());
    let mut call = dial(options);
    soon(call.until(|e| *e == PhoneEvent::StreamStarted)).await.unwrap();
    let url = format!("{}/2010-04-01/Accounts/{account}/Calls/{sid}.json", fakes.twilio.url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).basic_auth(account.as_str(), Some("t")).form(&[("Status", "completed")]);
    assert_eq!(soon(request.send()).await.unwrap().status(), 200);
    assert_eq!(soon(call.end()).await.ended, Ended::ByRest);
}

#[tokio::test]
async fn oddities_reach_the_server_and_a_lost_server_ends_the_call() {
    let mut server = server(listens, "").await;
    let faults = PhoneFaults { numbers: true, ..PhoneFaults::default() };
    let call = dial(PhoneOptions { faults, ..options(&server) });
    for oddity in [
        Oddity::SecondStart,
        Oddity::Binary(vec![0; 10].into()),
        Oddity::BadBase64,
        Oddity::LongFrame(65_536),
        Oddity::Text(r#"{"event":"surprise"}"#.to_owned()),
    ] {
        call.inject(oddity).await;
    }
    let mut seen = until(&mut server, "surprise").await;
    while !seen.iter().any(|m| m["media"]["payload"].as_str().is_some_and(|p| p.len() > 60_000)) {
        seen.extend(until(&mut server, "media").await);
    }
    assert_eq!(seen.iter().filter(|m| m["event"] == "start").count(), 2);
    assert!(seen.iter().any(|m| m["event"] == "binary"));
    assert!(seen.iter().any(|m| m["media"]["payload"] == "%%% not base64 %%%"));
    assert!(seen.iter().filter(|m| m["event"] == "media").all(|m| m["sequenceNumber"].is_number()));
    call.hang_up(HangUpStyle::CloseWithoutStop).await;
    assert_eq!(soon(call.end()).await.ended, Ended::ByCaller);
    let seen = until(&mut server, "gone").await;
    assert!(!seen.iter().any(|m| m["event"] == "stop"));
    drop(server);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_understood_fails_the_call() {
    let mut server = server(listens, "<Say>").await;
    let record = soon(dial(options(&server)).end()).await;
    assert!(matches!(&record.ended, Ended::Failed(why) if why.contains("TwiML")), "{:?}", record.ended);
    let seen = until(&mut server, "status").await;
    assert!(seen.last().unwrap()["status"].as_str().unwrap().contains("CallStatus=failed"));
}
