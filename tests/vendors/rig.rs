//! What the tests share: a guard, fixtures, and servers that do exactly what they are told.

use bytes::Bytes;
use centralita::{
    base::{
        ids::{CallSid, TurnId},
        language::Language,
    },
    ports::{
        stt::{HearingCommand, SttEvent, SttSession, SttSpec},
        tts::{SpeechEvent, TtsSession, TtsSpec},
    },
    testbed::voice,
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

/// Fails the test when `future` takes a minute: far more than any of them needs.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future).await.expect("nothing happened for a minute")
}

/// The text of `tests/protocols/<path>`.
pub(crate) fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/protocols/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The lines of a recorded session.
pub(crate) fn lines(path: &str) -> Vec<Value> {
    fixture(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What callers say, where a test does not care.
pub(crate) const FIRST: &str = "Quiero una cita.";
pub(crate) const SECOND: &str = "Para el martes.";

/// What the recogniser tells next.
pub(crate) async fn event(session: &mut SttSession) -> SttEvent {
    within(session.events.next()).await.expect("the recogniser gave up")
}

pub(crate) fn partial(text: &str) -> SttEvent {
    SttEvent::Partial { text: text.to_owned() }
}

pub(crate) fn last(text: &str, end_of_turn: bool) -> SttEvent {
    SttEvent::Final { text: text.to_owned(), end_of_turn }
}

/// Sound as the telephone sends it, but all at once.
pub(crate) fn send(session: &SttSession, audio: &[u8]) {
    for frame in audio.chunks(160) {
        session.commands.push(HearingCommand::Audio(Bytes::copy_from_slice(frame)));
    }
}

/// Speech and a second of silence.
pub(crate) fn burst(session: &SttSession) {
    send(session, &voice::caller(1, 5));
    send(session, &[0xFF; 8_000]);
}

fn call() -> CallSid {
    "CA00000000000000000000000000000001".parse().unwrap()
}

/// Sends sound that nobody reads, until something is told of it.
pub(crate) async fn flood(session: &mut SttSession) -> SttEvent {
    // Many of them are more than the two sockets' buffers hold, and none is too long for one message.
    let flood = Bytes::from(vec![0xFF; 32 << 10]);
    loop {
        session.commands.push(HearingCommand::Audio(flood.clone()));
        tokio::select! {
            biased;
            event = session.events.next() => break event.unwrap(),
            () = tokio::task::yield_now() => {}
        }
    }
}

pub(crate) fn stt_spec() -> SttSpec {
    SttSpec { call: call(), language: Language::Es, tag: "es-MX".to_owned() }
}

pub(crate) fn tts_spec() -> TtsSpec {
    TtsSpec { call: call(), language: Language::Es, locale: Language::Es.into(), voice: String::new() }
}

/// A turn as it was heard: the sound, its words, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) audio: Vec<u8>,
    pub(crate) words: String,
    pub(crate) pieces: Vec<u32>,
    pub(crate) failed: Option<String>,
    /// How often another voice took over.
    pub(crate) switches: u32,
}

/// Listens until `turn` is done or has failed; sound of another turn fails the test.
pub(crate) async fn hear(session: &mut TtsSession, turn: TurnId) -> Heard {
    let mut heard = Heard::default();
    loop {
        match within(session.events.next()).await.expect("the voice ended") {
            SpeechEvent::Audio { turn: of, piece, audio, text } => {
                assert_eq!(of, turn);
                heard.audio.extend_from_slice(&audio);
                heard.words.push_str(&text.unwrap_or_default());
                if heard.pieces.last() != Some(&piece) {
                    heard.pieces.push(piece);
                }
            }
            SpeechEvent::PieceDone { turn: of, .. } => assert_eq!(of, turn),
            SpeechEvent::Switched { turn: of } => {
                assert_eq!(of, turn);
                heard.switches += 1;
            }
            SpeechEvent::Done { turn: of } => {
                assert_eq!(of, turn);
                return heard;
            }
            SpeechEvent::Failed { turn: of, reason } => {
                assert_eq!(of, turn);
                heard.failed = Some(reason);
                return heard;
            }
        }
    }
}

/// A server on a free port, driven by the test.
pub(crate) struct Server(TcpListener);

/// The server's side of a WebSocket.
pub(crate) struct Peer(WebSocketStream<TcpStream>);

impl Server {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Takes the next connection as a WebSocket.
    pub(crate) async fn upgrade(&self) -> Peer {
        let (stream, _) = within(self.0.accept()).await.unwrap();
        Peer(within(tokio_tungstenite::accept_async(stream)).await.unwrap())
    }

    /// Takes the next connection, reads a request, writes `answer` and closes. Returns the request.
    pub(crate) async fn answer(&self, answer: &[u8]) -> String {
        self.answer_in(answer, answer.len()).await
    }

    /// The same, in parts of `size` bytes.
    pub(crate) async fn answer_in(&self, answer: &[u8], size: usize) -> String {
        let (mut stream, request) = self.read_request().await;
        for part in answer.chunks(size) {
            // The client may leave once it has what it wants.
            if stream.write_all(part).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        stream.shutdown().await.ok();
        request
    }

    /// Takes the next connection, reads a request, writes `answer` and nothing more until the client leaves.
    pub(crate) async fn answer_and_stall(&self, answer: &[u8]) {
        let (mut stream, _) = self.read_request().await;
        stream.write_all(answer).await.unwrap();
        within(stream.read_to_end(&mut Vec::new())).await.ok();
    }

    async fn read_request(&self) -> (TcpStream, String) {
        let (mut stream, _) = within(self.0.accept()).await.unwrap();
        let mut request = Vec::new();
        while !is_whole(&request) {
            let read = within(stream.read_buf(&mut request)).await.unwrap();
            assert_ne!(read, 0, "the client left");
        }
        (stream, String::from_utf8(request).unwrap())
    }
}

/// Whether the head and as much body as it announces are there.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    request.len() >= head.len() + 4 + length
}

/// A whole HTTP answer.
pub(crate) fn http(status: u16, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n");
    format!("{head}connection: close\r\n\r\n{body}").into_bytes()
}

impl Peer {
    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
        self.0.send(Message::Close(Some(frame))).await.unwrap();
        while self.next().await.is_some() {}
    }

    /// The next data message; `None` when the client is gone.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        match within(self.0.next()).await {
            Some(Ok(message)) if message.is_text() || message.is_binary() => Some(message),
            _ => None,
        }
    }

    /// The next message as JSON.
    pub(crate) async fn json(&mut self) -> Value {
        let message = self.next().await.expect("the client left");
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }
}
