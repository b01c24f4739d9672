//! `X-Twilio-Signature`: an HMAC over the public address and the sorted parameters.
//!
//! Spec: <https://www.twilio.com/docs/usage/webhooks/webhooks-security> (read 2026-11). Pure.

use crate::base::secret::{ExposeSecret, SecretString};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use std::collections::BTreeSet;
use subtle::{Choice, ConstantTimeEq as _};

/// Longer than any signature (44 characters with SHA-256): what is longer is not even decoded.
const LONGEST: usize = 64;

/// What requests may be signed with.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Auth tokens: the primary one, and during a rotation the next.
    pub tokens: Vec<SecretString>,
    /// Secrets of shared keys, for accounts that sign with those.
    pub shared: Vec<SecretString>,
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        let same = |ours: &[SecretString], theirs: &[SecretString]| {
            ours.iter().map(SecretString::expose_secret).eq(theirs.iter().map(SecretString::expose_secret))
        };
        same(&self.tokens, &other.tokens) && same(&self.shared, &other.shared)
    }
}

/// How a request says that it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// The classic way, with the auth token.
    Sha1,
    /// With a shared key; the request says so in `X-Twilio-Webhooks-Signature-Settings`.
    Sha256,
}

impl Algorithm {
    /// Reads the settings header, such as `key=webhooks_sharedkey_01h…,algorithm=HMAC_SHA256`.
    pub(super) fn of(settings: Option<&str>) -> Option<Self> {
        let Some(settings) = settings else { return Some(Self::Sha1) };
        let named = settings.split(',').find_map(|part| part.trim().strip_prefix("algorithm="));
        match named {
            None | Some("HMAC_SHA1") => Some(Self::Sha1),
            Some("HMAC_SHA256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }
}

/// The classic signature of a request, as Twilio would make it.
pub fn sign(token: &SecretString, url: &str, params: &[(String, String)]) -> String {
    STANDARD.encode(code::<Hmac<Sha1>>(token, url, &sorted(params)))
}

/// Twilio sorts by code point, which is the order of UTF-8 bytes, and sends a repeated pair once.
fn sorted(params: &[(String, String)]) -> BTreeSet<(&str, &str)> {
    params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Whether `signature` was made with one of `keys` over one of `urls` and `params`. Takes as long for a wrong signature
/// as for a right one.
pub(super) fn is_genuine(
    keys: &Keys,
    algorithm: Algorithm,
    signature: &str,
    urls: &[String],
    params: &[(String, String)],
) -> bool {
    if signature.len() > LONGEST {
        return false;
    }
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let sorted = sorted(params);
    let keys = match algorithm {
        Algorithm::Sha1 => &keys.tokens,
        Algorithm::Sha256 => &keys.shared,
    };
    let mut found = Choice::from(0);
    for key in keys {
        for url in urls {
            let expected = match algorithm {
                Algorithm::Sha1 => code::<Hmac<Sha1>>(key, url, &sorted),
                Algorithm::Sha256 => code::<Hmac<Sha256>>(key, url, &sorted),
            };
            found |= expected.ct_eq(&signature);
        }
    }
    found.into()
}

fn code<M: Mac + KeyInit>(key: &SecretString, url: &str, params: &BTreeSet<(&str, &str)>) -> Vec<u8> {
    // An HMAC takes a key of any length (RFC 2104 §2).
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key.expose_secret().as_bytes()) else {
        return Vec::new();
    };
    mac.update(url.as_bytes());
    for (name, value) in params {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}
