//! Media Streams from Twilio's side.
//! Spec: <https://www.twilio.com/docs/voice/media-streams/websocket-messages> (read 2026-11).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// What a server sends.
#[derive(Debug, Deserialize)]
pub(super) struct FromServer<'a> {
    #[serde(borrow)]
    pub(super) event: Cow<'a, str>,
    #[serde(borrow, rename = "streamSid")]
    pub(super) stream_sid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) media: Option<Media<'a>>,
    #[serde(borrow)]
    pub(super) mark: Option<Mark<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Media<'a> {
    #[serde(borrow)]
    pub(super) payload: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Mark<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

/// Writes one stream's messages; counts them.
#[derive(Debug)]
pub(super) struct Writer {
    account: String,
    call: String,
    stream: String,
    sequence: u64,
    chunk: u64,
    /// Counters are written as numbers instead of strings.
    pub(super) numbers: bool,
    /// Media are said to be of the track `outbound`.
    pub(super) outbound_track: bool,
}

impl Writer {
    pub(super) fn new(account: &str, call: &str, stream: &str) -> Self {
        let owned = str::to_owned;
        let (account, call, stream) = (owned(account), owned(call), owned(stream));
        Self { account, call, stream, sequence: 0, chunk: 0, numbers: false, outbound_track: false }
    }

    pub(super) fn connected() -> String {
        json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}).to_string()
    }

    fn counter(&self, value: u64) -> Value {
        if self.numbers { value.into() } else { value.to_string().into() }
    }

    fn next(&mut self) -> Value {
        self.sequence += 1;
        self.counter(self.sequence)
    }

    pub(super) fn start(&mut self, parameters: &[(String, String)]) -> String {
        let custom: serde_json::Map<String, Value> =
            parameters.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        json!({
            "event": "start", "sequenceNumber": self.next(), "streamSid": self.stream,
            "start": {
                "accountSid": self.account, "streamSid": self.stream, "callSid": self.call, "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": custom,
            },
        })
        .to_string()
    }

    /// A frame that is counted and never sent.
    pub(super) fn skip(&mut self) {
        self.sequence += 1;
        self.chunk += 1;
    }

    /// A frame of sound; 50 a second and call, so it is written by hand.
    pub(super) fn media(&mut self, audio: &[u8]) -> String {
        let mut payload = String::with_capacity(audio.len().div_ceil(3) * 4);
        STANDARD.encode_string(audio, &mut payload);
        self.media_payload(&payload)
    }

    /// A frame whose payload is already written, rightly or not.
    pub(super) fn media_payload(&mut self, payload: &str) -> String {
        self.sequence += 1;
        self.chunk += 1;
        let quote = if self.numbers { "" } else { "\"" };
        let track = if self.outbound_track { "outbound" } else { "inbound" };
        let (sequence, chunk, timestamp) = (self.sequence, self.chunk, (self.chunk - 1) * 20);
        format!(
            r#"{{"event":"media","sequenceNumber":{quote}{sequence}{quote},"media":{{"track":"{track}","chunk":{quote}{chunk}{quote},"timestamp":{quote}{timestamp}{quote},"payload":"{payload}"}},"streamSid":"{}"}}"#,
            self.stream
        )
    }

    pub(super) fn mark(&mut self, name: &str) -> String {
        json!({"event": "mark", "sequenceNumber": self.next(), "streamSid": self.stream, "mark": {"name": name}})
            .to_string()
    }

    pub(super) fn dtmf(&mut self, digit: char) -> String {
        json!({
            "event": "dtmf", "streamSid": self.stream, "sequenceNumber": self.next(),
            "dtmf": {"track": "inbound_track", "digit": digit.to_string()},
        })
        .to_string()
    }

    pub(super) fn stop(&mut self) -> String {
        json!({
            "event": "stop", "sequenceNumber": self.next(), "streamSid": self.stream,
            "stop": {"accountSid": self.account, "callSid": self.call},
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the writer says must be what the recorded session says, message by message.
    #[test]
    fn the_recorded_session_is_written_as_it_is() {
        let session = include_str!("../../../tests/protocols/twilio/media_stream_session.jsonl");
        let recorded = session.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut writer = Writer::new(
            "AC0123456789abcdef0123456789abcdef",
            "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f",
            "MZ18ad3ab5a668481ce02b83e7395059f0",
        );
        let mut compared = 0;
        for message in recorded.filter(|line| line["dir"] == "in").map(|line| line["msg"].clone()) {
            let text = |path: &str| message.pointer(path).unwrap().as_str().unwrap().to_owned();
            let ours = match message["event"].as_str().unwrap() {
                "connected" => Writer::connected(),
                "start" => {
                    let custom = message.pointer("/start/customParameters").unwrap().as_object().unwrap();
                    let custom: Vec<(String, String)> =
                        custom.iter().map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned())).collect();
                    writer.start(&custom)
                }
                "media" => writer.media(&STANDARD.decode(text("/media/payload")).unwrap()),
                "mark" => writer.mark(&text("/mark/name")),
                "dtmf" => writer.dtmf(text("/dtmf/digit").chars().next().unwrap()),
                "stop" => writer.stop(),
                other => panic!("the session holds `{other}`"),
            };
            assert_eq!(serde_json::from_str::<Value>(&ours).unwrap(), message);
            compared += 1;
        }
        assert!(compared > 10, "the session was read");
    }
}
