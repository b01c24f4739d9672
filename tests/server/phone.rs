//! The telephone network: its signature, its forms, its messages.

use super::rig::{ACCOUNT, CALL, STREAM, TOKEN, soon};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::CloseFrame},
};

pub(crate) struct Phone(pub(crate) WebSocketStream<TcpStream>);

impl Phone {
    pub(crate) async fn say(&mut self, message: &Value) {
        self.send(Message::Text(message.to_string().into())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        soon(self.0.send(message)).await.unwrap();
    }

    /// The next text message.
    pub(crate) async fn hears(&mut self) -> Value {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?} instead of a message"),
            }
        }
    }

    /// The code that the server closes with.
    pub(crate) async fn closed_with(&mut self) -> u16 {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => return code.into(),
                Some(Ok(Message::Close(None))) => return 1005,
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error} instead of a close"),
                None => return 1006,
            }
        }
    }
}

pub(crate) fn sign(url: &str, form: &[(String, String)]) -> String {
    let mut sorted = form.to_vec();
    sorted.sort();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update((name + &value).as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The form that announces a call.
pub(crate) fn arrival(call: &str) -> Vec<(String, String)> {
    arrival_from(call, "+34600111222")
}

pub(crate) fn arrival_from(call: &str, from: &str) -> Vec<(String, String)> {
    let form = include_str!("../protocols/twilio/voice_inbound.form");
    let form = form_urlencoded::parse(form.as_bytes()).into_owned();
    form.map(|(name, value)| match name.as_str() {
        "CallSid" => (name, call.to_owned()),
        "From" => (name, from.to_owned()),
        _ => (name, value),
    })
    .collect()
}

pub(crate) fn call_number(number: u32) -> String {
    format!("CA{number:032x}")
}

pub(crate) fn connected() -> Value {
    json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})
}

pub(crate) fn start(call: &str, token: &str) -> Value {
    json!({"event": "start", "sequenceNumber": "1", "streamSid": STREAM, "start": {
        "accountSid": ACCOUNT, "streamSid": STREAM, "callSid": call, "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": token}}})
}

/// 20 ms of sound, all bytes the chunk's number.
pub(crate) fn media(chunk: u8) -> Value {
    sound(chunk, &[chunk; 160])
}

pub(crate) fn sound(chunk: u8, sound: &[u8]) -> Value {
    let at = (u32::from(chunk) - 1) * 20;
    json!({"event": "media", "sequenceNumber": (chunk + 1).to_string(), "streamSid": STREAM, "media": {
        "track": "inbound", "chunk": chunk.to_string(), "timestamp": at.to_string(),
        "payload": STANDARD.encode(sound)}})
}

pub(crate) fn mark(name: &str) -> Value {
    json!({"event": "mark", "sequenceNumber": "9", "streamSid": STREAM, "mark": {"name": name}})
}

pub(crate) fn dtmf(digit: &str) -> Value {
    json!({"event": "dtmf", "sequenceNumber": "9", "streamSid": STREAM,
        "dtmf": {"track": "inbound_track", "digit": digit}})
}

pub(crate) fn stop() -> Value {
    json!({"event": "stop", "sequenceNumber": "9", "streamSid": STREAM,
        "stop": {"accountSid": ACCOUNT, "callSid": CALL}})
}
