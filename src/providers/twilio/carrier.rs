//! Twilio's webhooks as a [`Carrier`].

use super::{
    gather::{gathered, heard_in},
    keyring::Keyring,
    signature::{self, Algorithm},
    twiml::Twiml,
    voice::Voice,
};
use crate::{
    base::{ids::AccountSid, language::Language},
    dialogue::turns::Heard,
    ports::carrier::{
        Answer, Arrival, BadRequest, CallState, Carrier, Denied, Dial, News, Params, Progress, Tongue,
    },
};
use bytes::Bytes;
use http::{HeaderMap, Uri, header, uri::Scheme};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq as _;

const SIGNATURE: &str = "x-twilio-signature";
/// Five retries, of any failure (Twilio's connection overrides; the fragment is not signed).
const INSIST: &str = "#rc=5&rp=all";
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";

/// A public address that no call can reach.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a public address; write it like https://voice.example.com")]
pub struct BadPublicUrl(String);

/// Twilio, as one account's webhooks see it.
#[derive(Clone, Debug)]
pub struct Twilio {
    keys: Keyring,
    account: Option<AccountSid>,
    public: Public,
}

/// The configured public address, taken apart.
#[derive(Clone, Debug)]
struct Public {
    tls: bool,
    host: String,
    port: Option<u16>,
    /// What stands before our own paths, without a slash at its end.
    prefix: String,
}

impl Twilio {
    /// Verifies with the present `keys` against `public_url`; requests for another account than `account` are denied.
    ///
    /// # Errors
    /// [`BadPublicUrl`] when it is not an http(s) address.
    pub fn new(
        keys: impl Into<Keyring>,
        account: Option<AccountSid>,
        public_url: &str,
    ) -> Result<Self, BadPublicUrl> {
        let bad = || BadPublicUrl(public_url.chars().take(80).collect());
        let uri: Uri = public_url.trim().parse().map_err(|_| bad())?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(bad()),
        };
        let authority = uri.authority().ok_or_else(bad)?;
        let public = Public {
            tls,
            host: authority.host().to_owned(),
            port: authority.port_u16(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        };
        Ok(Self { keys: keys.into(), account, public })
    }

    /// Our own address of `path`, for the midst of a call: one whose server is gone asks five times, whatever the failure. That is
    /// how long it waits for a restart.
    fn webhook(&self, path: &str) -> String {
        let url = self.public.url(self.public.http(), self.public.port, path);
        format!("{url}{INSIST}")
    }

    fn verify(
        &self,
        urls: &[String],
        headers: &HeaderMap,
        params: &[(String, String)],
    ) -> Result<(), Denied> {
        let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
        let signature = signature.filter(|signature| !signature.is_empty()).ok_or(Denied::Unsigned)?;
        let settings = headers.get(SETTINGS).map(|value| value.to_str().unwrap_or("algorithm=?"));
        let algorithm = Algorithm::of(settings).ok_or(Denied::Forged)?;
        if signature::is_genuine(&self.keys.keys(), algorithm, signature, urls, params) {
            Ok(())
        } else {
            Err(Denied::Forged)
        }
    }
}

impl Public {
    /// The address of `path` as Twilio may have signed it: Twilio is not consistent about the port.
    fn spellings(&self, scheme: &str, path: &str) -> Vec<String> {
        let usual = if self.tls { 443 } else { 80 };
        let mut ports = vec![self.port, None];
        if self.port.is_none_or(|port| port == usual) {
            ports.push(Some(usual));
        }
        ports.sort_unstable();
        ports.dedup();
        ports.into_iter().map(|port| self.url(scheme, port, path)).collect()
    }

    fn url(&self, scheme: &str, port: Option<u16>, path: &str) -> String {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{}{port}{}{path}", self.host, self.prefix)
    }

    const fn http(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    const fn ws(&self) -> &'static str {
        if self.tls { "wss" } else { "ws" }
    }
}

impl Carrier for Twilio {
    fn verify_form(&self, path_and_query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Params, Denied> {
        let urls = self.public.spellings(self.public.http(), path_and_query);
        let query = path_and_query.split_once('?').map_or("", |(_, query)| query);
        let query = pairs(query.as_bytes());
        let mut params = if body.is_empty() || !is_form(headers) { Vec::new() } else { pairs(body) };
        self.verify(&urls, headers, &params)?;
        if params.is_empty() && !body.is_empty() && !is_hash_of(&query, body) {
            return Err(Denied::Forged);
        }
        params.extend(query);
        let params = Params(params);
        let other =
            |ours: &AccountSid| params.get("AccountSid").is_some_and(|theirs| theirs != ours.as_str());
        if self.account.as_ref().is_some_and(other) { Err(Denied::OtherAccount) } else { Ok(params) }
    }

    fn verify_upgrade(&self, path: &str, headers: &HeaderMap) -> Result<(), Denied> {
        let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
        let mut urls = self.public.spellings(self.public.ws(), path);
        urls.extend(self.public.spellings(self.public.ws(), &format!("{path}/")));
        self.verify(&urls, headers, &[])
    }

    fn arrival(&self, params: &Params) -> Result<Arrival, BadRequest> {
        Ok(Arrival {
            call: id(params, "CallSid")?,
            account: id(params, "AccountSid")?,
            from: params.get("From").unwrap_or_default().to_owned(),
            to: params.get("To").unwrap_or_default().to_owned(),
        })
    }

    fn news(&self, params: &Params) -> Result<News, BadRequest> {
        let call = id(params, "CallSid")?;
        let word = params.get("CallStatus").ok_or_else(|| BadRequest("CallStatus is missing".to_owned()))?;
        let Some(state) = call_state(word) else {
            return Ok(News::Unknown { call, word: word.to_owned() });
        };
        Ok(News::Progress(Progress {
            call,
            state,
            sequence: params.get("SequenceNumber").and_then(|number| number.parse().ok()),
            lasted: params
                .get("CallDuration")
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
        }))
    }

    fn connect(&self, stream_path: &str, parameters: &[(&str, &str)], resume_path: &str) -> Answer {
        let stream = self.public.url(self.public.ws(), self.public.port, stream_path);
        answer(Twiml::begin().connect(&stream, parameters).redirect(&self.webhook(resume_path)))
    }

    fn ask_again(&self, path: &str) -> Answer {
        answer(Twiml::begin().pause().redirect(&self.webhook(path)))
    }

    fn busy(&self) -> Answer {
        answer(Twiml::begin().reject_busy())
    }

    fn goodbye(&self, tag: &str, text: &str) -> Answer {
        answer(Twiml::begin().say(said_in(tag), text).hang_up())
    }

    fn hang_up(&self) -> Answer {
        answer(Twiml::begin().hang_up())
    }

    fn dial(&self, dial: &Dial<'_>) -> Answer {
        let whisper = dial.whisper.map(|path| self.webhook(path));
        let after = self.webhook(dial.after);
        answer(Twiml::begin().dial(dial.number, dial.rings, whisper.as_deref(), &after))
    }

    fn say(&self, tag: &str, text: &str) -> Answer {
        answer(Twiml::begin().say(said_in(tag), text))
    }

    fn was_put_through(&self, params: &Params) -> bool {
        // Who answers and puts down before they are connected has `completed` the call too.
        matches!(params.get("DialCallStatus"), Some("completed" | "answered"))
            && params.get("DialBridged") != Some("false")
    }

    fn listen(&self, tongue: Tongue<'_>, text: &str, silence: Duration, path: &str) -> Answer {
        let action = self.webhook(path);
        answer(Twiml::begin().gather(&action, heard_in(tongue.tag), silence, &Voice::of(tongue), text))
    }

    fn say_and_ask(&self, tongue: Tongue<'_>, text: &str, path: &str) -> Answer {
        answer(Twiml::begin().speak(&Voice::of(tongue), text).redirect(&self.webhook(path)))
    }

    fn say_and_end(&self, tongue: Tongue<'_>, text: &str) -> Answer {
        answer(Twiml::begin().speak(&Voice::of(tongue), text).hang_up())
    }

    fn heard(&self, params: &Params) -> Heard {
        gathered(params)
    }
}

/// The nearest language that `<Say>` speaks; of one that it does not, the caller would hear nothing but an error.
///
/// Spec: <https://www.twilio.com/docs/voice/twiml/say> (read 2026-11).
fn said_in(tag: &str) -> &'static str {
    const SPOKEN: [&str; 7] = ["es-ES", "es-MX", "es-US", "en-US", "en-GB", "en-AU", "en-IN"];
    let nearest = if Language::of_tag(tag) == Some(Language::Es) { "es-MX" } else { "en-US" };
    SPOKEN.into_iter().find(|spoken| spoken.eq_ignore_ascii_case(tag)).unwrap_or(nearest)
}

fn answer(twiml: Twiml) -> Answer {
    Answer { content_type: "text/xml; charset=utf-8", body: twiml.end() }
}

fn id<T: TryFrom<String, Error = crate::base::ids::BadId>>(
    params: &Params,
    name: &str,
) -> Result<T, BadRequest> {
    let value = params.get(name).ok_or_else(|| BadRequest(format!("{name} is missing")))?;
    T::try_from(value.to_owned()).map_err(|error| BadRequest(error.to_string()))
}

fn call_state(name: &str) -> Option<CallState> {
    Some(match name {
        "queued" => CallState::Queued,
        "initiated" => CallState::Initiated,
        "ringing" => CallState::Ringing,
        "in-progress" | "answered" => CallState::InProgress,
        "completed" => CallState::Completed,
        "busy" => CallState::Busy,
        "no-answer" => CallState::NoAnswer,
        "failed" => CallState::Failed,
        "canceled" => CallState::Canceled,
        _ => return None,
    })
}

fn pairs(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).into_owned().collect()
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// A body that is no form is covered by its hash in the signed address, or by nothing at all.
fn is_hash_of(query: &[(String, String)], body: &[u8]) -> bool {
    let hash = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(body)));
    let told = query.iter().find(|(name, _)| name == "bodySHA256");
    told.is_some_and(|(_, told)| told.to_ascii_lowercase().as_bytes().ct_eq(hash.as_bytes()).into())
}
