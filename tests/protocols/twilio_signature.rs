//! Twilio's signatures: every vector, and every way to break one.

use super::{
    fixture,
    twilio::{OURS, TOKEN, encode, keys, sign, signed, twilio},
};
use centralita::{
    base::secret::SecretString,
    ports::carrier::{Carrier, Denied},
    providers::twilio::{Keys, Twilio},
};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    url: String,
    key: String,
    algorithm: String,
    params: Option<BTreeMap<String, Value>>,
    body: Option<String>,
    signature: String,
    valid: bool,
}

impl Vector {
    fn all() -> Vec<Self> {
        serde_json::from_str(&fixture("twilio/signature_vectors.json")).unwrap()
    }

    fn origin_and_path(&self) -> (String, String) {
        let (scheme, rest) = self.url.split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        (format!("{}://{host}", scheme.replace("ws", "http").replace("httpss", "https")), format!("/{path}"))
    }

    fn keys(&self) -> Keys {
        let key = vec![SecretString::from(self.key.clone())];
        if self.algorithm == "HMAC_SHA256" {
            Keys { tokens: Vec::new(), shared: key }
        } else {
            Keys { tokens: key, shared: Vec::new() }
        }
    }

    fn form(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (name, value) in self.params.iter().flatten() {
            match value {
                Value::Array(values) => {
                    pairs.extend(
                        values.iter().map(|value| (name.clone(), value.as_str().unwrap().to_owned())),
                    );
                }
                value => pairs.push((name.clone(), value.as_str().unwrap().to_owned())),
            }
        }
        pairs
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = signed(&self.signature);
        if self.algorithm == "HMAC_SHA256" {
            let settings = "key=webhooks_sharedkey_01h,algorithm=HMAC_SHA256";
            headers.insert("x-twilio-webhooks-signature-settings", HeaderValue::from_static(settings));
        }
        if self.body.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        headers
    }

    fn body(&self, form: &[(String, String)]) -> Vec<u8> {
        self.body.clone().map_or_else(|| encode(form), String::into_bytes)
    }

    fn verify(
        &self,
        public_url: &str,
        path: &str,
        keys: Keys,
        body: &[u8],
        headers: &HeaderMap,
    ) -> Result<(), Denied> {
        let twilio = Twilio::new(keys, None, public_url).unwrap();
        if self.url.starts_with("wss:") {
            twilio.verify_upgrade(path, headers)
        } else {
            twilio.verify_form(path, headers, body).map(drop)
        }
    }

    fn verify_as_it_is(&self) -> Result<(), Denied> {
        let (origin, path) = self.origin_and_path();
        self.verify(&origin, &path, self.keys(), &self.body(&self.form()), &self.headers())
    }
}

#[test]
fn every_signature_vector_is_judged_as_told() {
    let vectors = Vector::all();
    assert_eq!(vectors.len(), 11);
    for vector in vectors {
        assert_eq!(vector.verify_as_it_is().is_ok(), vector.valid, "{}", vector.name);
    }
}

#[test]
fn no_vector_survives_a_change_of_address_key_signature_or_parameter() {
    for vector in Vector::all().into_iter().filter(|vector| vector.valid) {
        let (origin, path) = vector.origin_and_path();
        let (form, headers) = (vector.form(), vector.headers());
        let body = vector.body(&form);
        let forged = |name: &str, result: Result<(), Denied>| {
            assert_eq!(result, Err(Denied::Forged), "{}: {name}", vector.name);
        };
        forged("host", vector.verify("https://evil.example.com", &path, vector.keys(), &body, &headers));
        let other_path = path.replacen('/', "/x", 1);
        forged("path", vector.verify(&origin, &other_path, vector.keys(), &body, &headers));
        forged("key", vector.verify(&origin, &path, keys(&["another"]), &body, &headers));
        let mut changed = headers.clone();
        let flipped =
            if vector.signature.starts_with('A') { "B" } else { "A" }.to_owned() + &vector.signature[1..];
        changed.insert("x-twilio-signature", flipped.parse().unwrap());
        forged("signature", vector.verify(&origin, &path, vector.keys(), &body, &changed));
        if vector.params.is_some() {
            let mut added = form.clone();
            added.push(("Extra".to_owned(), "1".to_owned()));
            let (_, removed) = form.split_first().unwrap();
            let mut other = form.clone();
            other[0].1.push('x');
            for (name, form) in [("added", &added[..]), ("removed", removed), ("changed", &other[..])] {
                // Of a name that repeats, one of two equal values is the same request.
                let same = vector.name == "form_post_duplicate_key" && name == "removed";
                if !same {
                    forged(name, vector.verify(&origin, &path, vector.keys(), &encode(form), &headers));
                }
            }
            let mut reordered = form.clone();
            reordered.reverse();
            let reordered = vector.verify(&origin, &path, vector.keys(), &encode(&reordered), &headers);
            assert_eq!(reordered, Ok(()), "{}", vector.name);
        }
    }
}

#[test]
fn a_missing_empty_or_endless_signature_is_denied() {
    let mut headers = signed("");
    let deny = |headers: &HeaderMap| twilio().verify_form("/webhook/voice", headers, b"a=b").unwrap_err();
    assert_eq!(deny(&headers), Denied::Unsigned);
    headers.remove("x-twilio-signature");
    assert_eq!(deny(&headers), Denied::Unsigned);
    assert_eq!(deny(&signed(&"A".repeat(1_000_000))), Denied::Forged);
    assert_eq!(deny(&signed("not base64!")), Denied::Forged);
}

#[test]
fn the_port_may_be_signed_or_not() {
    for public_url in
        ["https://voice.example.com", "https://voice.example.com:443", "https://voice.example.com/"]
    {
        let twilio = Twilio::new(keys(&[TOKEN]), None, public_url).unwrap();
        for url in ["https://voice.example.com:443/webhook/voice", "https://voice.example.com/webhook/voice"]
        {
            let headers = signed(&sign(url, &[]));
            assert!(twilio.verify_form("/webhook/voice", &headers, b"").is_ok(), "{public_url} {url}");
        }
        let headers = signed(&sign("https://voice.example.com:8443/webhook/voice", &[]));
        assert!(twilio.verify_form("/webhook/voice", &headers, b"").is_err(), "{public_url}");
    }
}

#[test]
fn the_sockets_address_may_end_with_a_slash_and_has_no_query() {
    for url in [
        "wss://voice.example.com/media",
        "wss://voice.example.com/media/",
        "wss://voice.example.com:443/media",
    ] {
        let headers = signed(&sign(url, &[]));
        for path in ["/media", "/media/", "/media?token=x"] {
            assert_eq!(twilio().verify_upgrade(path, &headers), Ok(()), "{url} {path}");
        }
    }
    let headers = signed(&sign("https://voice.example.com/media", &[]));
    assert_eq!(twilio().verify_upgrade("/media", &headers), Err(Denied::Forged));
}

#[test]
fn a_public_address_may_have_a_path_of_its_own_or_be_plain_http() {
    let twilio = Twilio::new(keys(&[TOKEN]), None, "http://127.0.0.1:8080/phone/").unwrap();
    let headers = signed(&sign("http://127.0.0.1:8080/phone/webhook/voice", &[]));
    assert!(twilio.verify_form("/webhook/voice", &headers, b"").is_ok());
    let headers = signed(&sign("ws://127.0.0.1:8080/phone/media", &[]));
    assert_eq!(twilio.verify_upgrade("/media", &headers), Ok(()));
    assert!(Twilio::new(keys(&[]), None, "wss://voice.example.com").is_err());
    assert!(Twilio::new(keys(&[]), None, "voice.example.com").is_err());
}

#[test]
fn two_tokens_are_accepted_during_a_rotation_and_a_retired_one_is_not() {
    let headers = signed(&sign("https://voice.example.com/webhook/voice", &[]));
    let verify = |tokens: &[&str]| {
        let twilio = Twilio::new(keys(tokens), None, "https://voice.example.com").unwrap();
        twilio.verify_form("/webhook/voice", &headers, b"").is_ok()
    };
    assert!(verify(&["the new one", TOKEN]) && verify(&[TOKEN, "the new one"]));
    assert!(!verify(&["the new one", "the one after"]) && !verify(&[]));
}

#[test]
fn a_well_signed_request_of_another_account_is_denied() {
    let url = "https://voice.example.com/webhook/voice";
    for (account, expected) in [(OURS, true), ("ACffffffffffffffffffffffffffffffff", false)] {
        let form = vec![("AccountSid".to_owned(), account.to_owned())];
        let result = twilio().verify_form("/webhook/voice", &signed(&sign(url, &form)), &encode(&form));
        assert_eq!(result.is_ok(), expected);
        let query = format!("/webhook/voice?AccountSid={account}");
        let headers = signed(&sign(&format!("https://voice.example.com{query}"), &[]));
        assert_eq!(twilio().verify_form(&query, &headers, b"").is_ok(), expected);
    }
}

#[test]
fn a_body_that_the_signature_does_not_cover_is_denied() {
    let mut headers = signed(&sign("https://voice.example.com/webhook/voice", &[]));
    headers.insert("content-type", HeaderValue::from_static("text/plain"));
    let result = twilio().verify_form("/webhook/voice", &headers, b"CallSid=CA1");
    assert_eq!(result, Err(Denied::Forged));
}
