//! Twilio: webhook forms, Media Streams sessions, TwiML.

use super::{fixture, fixtures};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use centralita::{
    base::secret::SecretString,
    ports::{
        carrier::{CallState, Carrier, News, Progress, Tongue},
        media::{FromPhone, MediaCodec, MediaError, Oddity, ToPhone},
    },
    providers::twilio::{Keys, MediaStreams, Twilio},
};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

pub(crate) const TOKEN: &str = "12345678901234567890123456789012";
pub(crate) const OURS: &str = "AC0123456789abcdef0123456789abcdef";

pub(crate) fn signed(signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-twilio-signature", HeaderValue::from_str(signature).unwrap());
    headers
        .insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8"));
    headers
}

pub(crate) fn encode(form: &[(String, String)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into_bytes()
}

/// Signs as Twilio does, written from the dossier and not from our own code.
pub(crate) fn sign(url: &str, form: &[(String, String)]) -> String {
    let mut sorted = form.to_vec();
    sorted.sort();
    sorted.dedup();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update((name + &value).as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn keys(tokens: &[&str]) -> Keys {
    Keys { tokens: tokens.iter().map(|token| SecretString::from(*token)).collect(), shared: Vec::new() }
}

pub(crate) fn twilio() -> Twilio {
    Twilio::new(keys(&[TOKEN]), Some(OURS.parse().unwrap()), "https://voice.example.com").unwrap()
}

// === forms ===

fn progress(news: News) -> Progress {
    let News::Progress(progress) = news else { panic!("{news:?}") };
    progress
}

#[test]
fn every_form_of_a_webhook_is_verified_and_read() {
    let names = fixtures("twilio", ".form");
    assert_eq!(names.len(), 27);
    for name in &names {
        let body = fixture(&format!("twilio/{name}"));
        let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let headers = signed(&sign("https://voice.example.com/webhook/voice", &form));
        let params = twilio().verify_form("/webhook/voice", &headers, body.as_bytes()).unwrap();
        assert_eq!(params.0, form, "{name}");
        let arrival = twilio().arrival(&params).unwrap();
        assert_eq!(arrival.call.as_str(), "CA5f1d7c0a93be4d6c8e2f4a6b0c1d2e3f", "{name}");
        let news = twilio().news(&params);
        assert_eq!(news.is_ok(), params.get("CallStatus").is_some(), "{name}");
        if let Some(state) = name.strip_prefix("call_status_").and_then(|rest| rest.split_once('_')) {
            let state = state.1.trim_end_matches(".form");
            let progress = progress(news.unwrap());
            assert_eq!(serde_json::to_value(progress.state).unwrap(), state, "{name}");
            assert!(progress.sequence.is_some(), "{name}");
        }
    }
}

#[test]
fn a_call_and_its_end_are_read_from_their_forms() {
    let read = |name: &str| {
        let body = fixture(&format!("twilio/{name}"));
        let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let headers = signed(&sign("https://voice.example.com/s", &form));
        twilio().verify_form("/s", &headers, body.as_bytes()).unwrap()
    };
    let arrival = twilio().arrival(&read("voice_inbound.form")).unwrap();
    assert_eq!((arrival.from.as_str(), arrival.to.as_str()), ("+34600111222", "+34910123456"));
    let progress = progress(twilio().news(&read("call_status_3_completed.form")).unwrap());
    assert_eq!((progress.state, progress.sequence), (CallState::Completed, Some(3)));
    assert_eq!(progress.lasted.unwrap().as_secs(), 82);
    assert!(progress.state.is_final());
}

// === Media Streams ===

#[derive(Deserialize)]
struct Line {
    dir: String,
    msg: Value,
}

fn session(name: &str) -> Vec<Line> {
    let text = fixture(&format!("twilio/{name}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_session_is_read_and_what_we_send_in_it_is_written_the_same() {
    let mut kinds = BTreeMap::new();
    for name in fixtures("twilio", ".jsonl") {
        if name.starts_with("conversation_relay") {
            continue;
        }
        for Line { dir, msg } in session(&name) {
            let event = msg["event"].as_str().unwrap().to_owned();
            *kinds.entry(format!("{dir} {event}")).or_insert(0) += 1;
            if dir == "in" { read_like(&event, &msg) } else { written_like(&event, &msg) }
        }
    }
    let kinds: Vec<&str> = kinds.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "in connected",
            "in dtmf",
            "in mark",
            "in media",
            "in start",
            "in stop",
            "out clear",
            "out mark",
            "out media"
        ]
    );
}

fn read_like(event: &str, msg: &Value) {
    let mut audio = Vec::new();
    let read = MediaStreams.read(&msg.to_string(), &mut audio).unwrap();
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    match (event, read) {
        ("connected", FromPhone::Connected) | ("stop", FromPhone::Stop) => {}
        ("start", FromPhone::Start(start)) => {
            assert!(start.format.is_phone());
            assert_eq!(start.stream.as_str(), msg["streamSid"]);
            assert_eq!(start.call.as_str(), msg["start"]["callSid"]);
            assert_eq!(start.account.as_str(), msg["start"]["accountSid"]);
            assert_eq!(serde_json::to_value(&start.parameters).unwrap(), msg["start"]["customParameters"]);
        }
        ("media", FromPhone::Media(mark)) => {
            assert_eq!(mark.inbound, msg["media"]["track"] == "inbound");
            assert_eq!(mark.chunk, Some(number(&msg["media"]["chunk"])));
            let at = mark.at.unwrap().as_millis();
            assert_eq!(at, u128::from(number(&msg["media"]["timestamp"])));
            assert_eq!(STANDARD.encode(&audio), msg["media"]["payload"].as_str().unwrap());
            assert_eq!(audio.len(), 160);
        }
        ("dtmf", FromPhone::Dtmf(digit)) => assert_eq!(digit.to_string(), msg["dtmf"]["digit"]),
        ("mark", FromPhone::Mark(name)) => assert_eq!(name, msg["mark"]["name"]),
        (event, read) => panic!("{event} was read as {read:?}"),
    }
}

fn written_like(event: &str, msg: &Value) {
    let stream = msg["streamSid"].as_str().unwrap().parse().unwrap();
    let audio = STANDARD.decode(msg["media"]["payload"].as_str().unwrap_or_default()).unwrap();
    let message = match event {
        "media" => ToPhone::Audio(&audio),
        "mark" => ToPhone::Mark(msg["mark"]["name"].as_str().unwrap()),
        _ => ToPhone::Clear,
    };
    let mut text = String::new();
    MediaStreams.write(&stream, &message, &mut text);
    let written: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(&written, msg);
}

#[test]
fn messages_of_another_protocol_are_unknown_events() {
    for Line { msg, .. } in session("conversation_relay_session.jsonl") {
        let read = MediaStreams.read(&msg.to_string(), &mut Vec::new());
        assert!(
            matches!(read, Ok(FromPhone::Unknown { .. }) | Err(MediaError::Skip(Oddity::NotAMessage))),
            "{msg} was read as {read:?}"
        );
    }
}

// === TwiML ===

/// The elements of a document in order, with their attributes and their text; enough for what Twilio documents.
pub(crate) fn elements(xml: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let unescape = |text: &str| {
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&apos;", "'").replace("&amp;", "&")
    };
    let mut found = Vec::new();
    for tag in xml.split('<').skip(1).filter(|tag| !tag.starts_with(['?', '/', '!'])) {
        let (tag, text) = tag.split_once('>').unwrap();
        let tag = tag.trim_end_matches('/');
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let parts: Vec<&str> = rest.split('"').collect();
        let attributes = parts.chunks_exact(2);
        let attributes =
            attributes.map(|pair| (pair[0].trim().trim_end_matches('=').to_owned(), unescape(pair[1])));
        found.push((name.to_owned(), attributes.collect(), unescape(text.trim())));
    }
    found
}

pub(crate) fn element(
    name: &str,
    attributes: &[(&str, &str)],
    text: &str,
) -> (String, BTreeMap<String, String>, String) {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (name.to_owned(), attributes.collect(), text.to_owned())
}

#[test]
fn the_answer_to_a_call_connects_its_stream_and_asks_again_afterwards() {
    let answer = twilio().connect("/media", &[("token", "a&\"b")], "/webhook/voice/resume");
    assert_eq!(answer.content_type, "text/xml; charset=utf-8");
    assert_eq!(
        elements(&answer.body),
        [
            element("Response", &[], ""),
            element("Connect", &[], ""),
            element("Stream", &[("url", "wss://voice.example.com/media")], ""),
            element("Parameter", &[("name", "token"), ("value", "a&\"b")], ""),
            element(
                "Redirect",
                &[("method", "POST")],
                "https://voice.example.com/webhook/voice/resume#rc=5&rp=all"
            ),
        ]
    );
    let local = Twilio::new(keys(&[]), None, "http://127.0.0.1:9000").unwrap();
    assert!(local.connect("/media", &[], "/r").body.contains("\"ws://127.0.0.1:9000/media\""));
}

#[test]
fn the_other_answers_say_goodbye_reject_and_hang_up() {
    let said = twilio().goodbye("es-MX", "¿Sí? <Adiós>");
    assert_eq!(
        elements(&said.body),
        [
            element("Response", &[], ""),
            element("Say", &[("language", "es-MX")], "¿Sí? <Adiós>"),
            element("Hangup", &[], "")
        ]
    );
    for (tag, nearest) in
        [("es-AR", "es-MX"), ("es", "es-MX"), ("es-es", "es-ES"), ("en-NZ", "en-US"), ("en-GB", "en-GB")]
    {
        let said = elements(&twilio().goodbye(tag, "x").body);
        assert_eq!(said[1], element("Say", &[("language", nearest)], "x"), "{tag}");
    }
    assert_eq!(elements(&twilio().busy().body)[1], element("Reject", &[("reason", "busy")], ""));
    assert_eq!(elements(&twilio().hang_up().body)[1], element("Hangup", &[], ""));
}

#[test]
fn every_element_and_attribute_is_one_that_the_vendors_examples_use() {
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    known.insert("Reject".to_owned(), vec!["reason".to_owned()]);
    for name in fixtures("twilio", ".xml") {
        for (element, attributes, _) in elements(&fixture(&format!("twilio/{name}"))) {
            known.entry(element).or_default().extend(attributes.into_keys());
        }
    }
    known.entry("Hangup".to_owned()).or_default();
    // In no example, but in the reference: https://www.twilio.com/docs/voice/twiml/gather (read 2026-11).
    known.entry("Gather".to_owned()).or_default().push("profanityFilter".to_owned());
    let tongue = Tongue { tag: "es-MX", voice: "" };
    let answers = [
        twilio().connect("/m", &[("a", "b")], "/r"),
        twilio().goodbye("es", "x"),
        twilio().busy(),
        twilio().hang_up(),
        twilio().listen(tongue, "x", Duration::from_secs(5), "/t"),
        twilio().say_and_ask(tongue, "x", "/t"),
        twilio().say_and_end(tongue, "x"),
    ];
    for (element, attributes, _) in answers.iter().flat_map(|answer| elements(&answer.body)) {
        let documented = &known[&element];
        assert!(attributes.keys().all(|name| documented.contains(name)), "{element} {attributes:?}");
    }
}
