//! What goes over the wire: Standard Webhooks, and what an answer means.
//!
//! Spec: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md> (read 2026-11). Pure.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// What a secret begins with, before its base64.
const PREFIX: &str = "whsec_";

/// The bytes that sign, in a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`; `None` where it is none.
pub fn key(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    if key.is_empty() { None } else { Some(key) }
}

/// The header `webhook-signature` of a message.
pub fn signature(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// What an answer to a delivery means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived.
    Taken,
    /// It did not, and may with another try.
    NotNow,
    /// It may have arrived.
    Unclear,
    /// This one will never be taken.
    Never,
    /// Nothing will be taken any more.
    Gone,
}

impl Verdict {
    /// By the status. What is wrong with our address or key (401, 404 …) an operator can mend while the tries last; a redirect is
    /// not followed, since it could carry the message to another host.
    pub const fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Taken,
            // About this very message: form, size, content.
            400 | 405 | 406 | 411 | 413 | 414 | 415 | 422 | 431 => Self::Never,
            410 => Self::Gone,
            // 409: the same key is being worked on (draft-ietf-httpapi-idempotency-key-header).
            409 | 500.. => Self::Unclear,
            _ => Self::NotNow,
        }
    }
}

/// What the target calls a thing that it told us of: the field `id`, as text.
pub fn reference(body: &[u8]) -> Option<String> {
    match serde_json::from_slice::<Value>(body).ok()?.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Whether a target has what we asked for by its marker. An answer must say so clearly, since a wrong guess loses a note or
/// doubles it: 404 or an empty list is no, a body that holds the marker is yes.
pub fn has(status: u16, body: &[u8], marker: &str) -> Option<bool> {
    let holds = || body.windows(marker.len()).any(|part| part == marker.as_bytes());
    match status {
        404 => Some(false),
        200..=299 if holds() => Some(true),
        200..=299 if body.trim_ascii() == b"[]" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        // The example of the reference libraries.
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_told() {
        for secret in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_???"] {
            assert_eq!(key(secret), None, "{secret}");
        }
    }

    #[test]
    fn an_answer_says_whether_it_arrived() {
        let verdicts = [
            (Verdict::Taken, &[200, 201, 202, 204][..]),
            (Verdict::NotNow, &[301, 302, 307, 308, 401, 403, 404, 408, 425, 429]),
            (Verdict::Unclear, &[409, 500, 502, 503, 504]),
            (Verdict::Never, &[400, 413, 415, 422]),
            (Verdict::Gone, &[410]),
        ];
        for (verdict, statuses) in verdicts {
            for status in statuses {
                assert_eq!(Verdict::of(*status), verdict, "{status}");
            }
        }
    }

    #[test]
    fn only_a_clear_answer_tells_whether_the_target_has_it() {
        let cases: [(u16, &str, Option<bool>); 8] = [
            (404, "", Some(false)),
            (200, " []\n", Some(false)),
            (200, r#"[{"ref":"ref:7","id":1}]"#, Some(true)),
            (200, "{}", None),
            (200, r#"[{"ref":"ref:8"}]"#, None),
            (500, "ref:7", None),
            (401, "", None),
            (301, "ref:7", None),
        ];
        for (status, body, has_it) in cases {
            assert_eq!(has(status, body.as_bytes(), "ref:7"), has_it, "{status} {body}");
        }
        assert_eq!(reference(br#"{"id": 17}"#).as_deref(), Some("17"));
        assert_eq!(reference(br#"{"id": "n1"}"#).as_deref(), Some("n1"));
        assert_eq!(reference(b"ok"), None);
    }
}
