//! What a configuration must fulfil beyond its types, and what it is decided from.

use super::{
    Config, LlmProvider, SttProvider, TtsProvider,
    complaint::{Complaint, Origin},
    retention,
};
use crate::{
    base::secret::{ExposeSecret as _, SecretString},
    integrations::webhook::{Settle, wire},
    net::address::BaseUrl,
    storage::state::{LONGEST_LIFE, check_url},
};
use std::{collections::BTreeMap, fmt::Display, ops::RangeInclusive, time::Duration};

/// A receiver that needs longer to show what it got is not to be asked at all.
const LONGEST_LOOK: Duration = Duration::from_hours(1);

/// Drains longer than this are typing mistakes.
const LONGEST_DRAIN: Duration = Duration::from_hours(4);

/// Per cent of the memory that can be a bound.
const MEMORY: RangeInclusive<u64> = 10..=99;

/// What can be a bound of lateness.
const LATE: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(1);

/// Shorter API tokens could be guessed.
const SHORTEST_TOKEN: usize = 16;

struct Rules<'a> {
    config: &'a Config,
    origins: &'a BTreeMap<String, Origin>,
    complaints: Vec<Complaint>,
}

pub(super) fn check(config: &Config, origins: &BTreeMap<String, Origin>) -> Vec<Complaint> {
    let mut rules = Rules { config, origins, complaints: Vec::new() };
    rules.reachable();
    rules.limits();
    rules.keys();
    rules.state();
    rules.notes();
    rules.retention();
    rules.upstreams();
    rules.choices();
    rules.texts();
    rules.complaints
}

impl Rules<'_> {
    fn complain(&mut self, key: &str, what: impl Display, remedy: impl Display) {
        let origin = self.origins.get(key).unwrap_or(&Origin::Default);
        let place = format!("{key} ({origin})");
        self.complaints.push(Complaint { place, what: what.to_string(), remedy: remedy.to_string() });
    }

    fn reachable(&mut self) {
        let (server, twilio) = (&self.config.server, &self.config.twilio);
        if !twilio.can_verify() && server.bind.is_some_and(|bind| !bind.is_loopback()) {
            self.complain(
                "server.bind",
                "without a Twilio auth token anybody who reaches this address could start calls",
                "set TWILIO_AUTH_TOKEN, or listen on 127.0.0.1",
            );
        }
        match &server.public_url {
            None if twilio.can_verify() => self.complain(
                "server.public_url",
                "Twilio signs the address that it calls, so without it every request would be refused",
                "set PUBLIC_URL to the address that Twilio reaches, such as https://voice.example.com",
            ),
            Some(url) if !url.is_loopback() && !url.as_str().starts_with("https://") => self.complain(
                "server.public_url",
                format!("{url} is not encrypted, and Twilio opens media sockets by wss only"),
                "give an https:// address; plain http is for this machine only",
            ),
            _ => {}
        }
    }

    fn limits(&mut self) {
        if self.config.voice.max_calls == 0 {
            self.complain("voice.max_calls", "it is 0, so every call would be refused", "give at least 1");
        }
        let voice = &self.config.voice;
        let (max_memory, max_late) = (voice.max_memory, voice.max_late);
        if max_memory.is_some_and(|percent| !MEMORY.contains(&percent)) {
            let what =
                "an idle server passes less than a tenth, and at all of it the kernel ends the process";
            self.complain("voice.max_memory_percent", what, "give 10 to 99, or 0 for no bound");
        }
        if max_late.is_some_and(|late| !LATE.contains(&late)) {
            let what =
                "timers are a few milliseconds late at rest, and a second late there is no call any more";
            self.complain("voice.max_late_ms", what, "give 10 to 1000 milliseconds, or 0 for no bound");
        }
        if self.config.server.drain > LONGEST_DRAIN {
            self.complain("server.drain_s", "longer than four hours", "give at most 14400 seconds");
        }
        let database = self.config.store.url.as_ref().map(SecretString::expose_secret);
        if database.is_some_and(|url| !url.starts_with("postgres://") && !url.starts_with("postgresql://")) {
            self.complain(
                "store.url",
                "it is not the address of a Postgres database",
                "write it like postgres://user:password@host/name, or leave it empty for SQLite in the data folder",
            );
        }
        let token = self.config.server.api_token.as_ref();
        if token.is_some_and(|token| token.expose_secret().len() < SHORTEST_TOKEN) {
            let what = format!("fewer than {SHORTEST_TOKEN} characters could be guessed");
            self.complain("server.api_token", what, "make one with `openssl rand -hex 24`");
        }
    }

    fn state(&mut self) {
        let state = &self.config.state;
        if state.redis_url.as_ref().is_some_and(|url| check_url(url.expose_secret()).is_err()) {
            self.complain(
                "state.redis_url",
                "not the address of a Redis",
                "write it as redis://user:password@host:6379/0, or with rediss:// where Redis speaks TLS",
            );
        }
        if state.ttl.is_zero() || state.ttl > LONGEST_LIFE {
            self.complain("state.ttl_h", "less than an hour, or more than 31 days", "give 1 to 744 hours");
        }
    }

    fn notes(&mut self) {
        let notes = &self.config.notes;
        if notes.secret.as_ref().is_some_and(|secret| wire::key(secret.expose_secret()).is_none()) {
            let remedy = "write it as whsec_ and base64, such as \"whsec_$(openssl rand -base64 24)\"";
            self.complain("notes.secret", "not a secret of Standard Webhooks", remedy);
        }
        if notes.settle == Settle::Reconcile && notes.find_url.is_none() {
            let remedy = "set NOTES_FIND_URL, or choose \"key\", \"operator\" or \"at_least_once\"";
            self.complain("notes.settle", "\"reconcile\" asks at notes.find_url, which is not set", remedy);
        }
        if notes.find_after.is_zero() || notes.find_after > LONGEST_LOOK {
            let what = "it would be asked before it can know, or more than an hour later";
            self.complain("notes.find_after_s", what, "give 1 to 3600 seconds");
        }
    }

    fn retention(&mut self) {
        let retention = &self.config.retention;
        for (key, time) in [
            ("retention.recordings_days", retention.recordings),
            ("retention.transcripts_days", retention.transcripts),
            ("retention.payloads_days", retention.payloads),
        ] {
            if time.is_some_and(|time| time > retention::LONGEST) {
                self.complain(
                    key,
                    "longer than a hundred years",
                    "give at most 36500 days, or 0 to keep all for ever",
                );
            }
        }
    }

    /// Keys that travel in a header; one that does not fit would be left out, and every call refused.
    fn keys(&mut self) {
        let config = self.config;
        let keys = [
            ("server.api_token", &config.server.api_token),
            ("deepgram.api_key", &config.deepgram.api_key),
            ("openai.api_key", &config.openai.api_key),
            ("openai_fallback.api_key", &config.openai_fallback.api_key),
            ("openai_speech.api_key", &config.openai_speech.api_key),
            ("elevenlabs.api_key", &config.elevenlabs.api_key),
            ("notes.token", &config.notes.token),
        ];
        for (key, secret) in keys {
            let fits =
                |secret: &SecretString| secret.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
            if !secret.as_ref().is_none_or(fits) {
                self.complain(
                    key,
                    "it holds a blank, a line break or another sign that no key has",
                    "copy it again, on one line and without quotation marks around it",
                );
            }
        }
    }

    fn upstreams(&mut self) {
        let config = self.config;
        let upstreams: [(&str, Option<&BaseUrl>); 8] = [
            ("twilio.api_base_url", Some(&config.twilio.api_base_url)),
            ("deepgram.base_url", Some(&config.deepgram.base_url)),
            ("openai.base_url", config.openai.base_url.as_ref()),
            ("openai_fallback.base_url", config.openai_fallback.base_url.as_ref()),
            ("openai_speech.base_url", config.openai_speech.base_url.as_ref()),
            ("elevenlabs.base_url", Some(&config.elevenlabs.base_url)),
            ("notes.url", config.notes.url.as_ref()),
            ("notes.find_url", config.notes.find_url.as_ref()),
        ];
        for (key, url) in upstreams {
            let Some(url) = url else { continue };
            if let Err(refused) = url.permit(config.server.allow_private_upstreams) {
                self.complain(
                    key,
                    refused,
                    "give the vendor's address, or start with --allow-private-upstreams",
                );
            } else if !url.is_loopback()
                && url.as_str().starts_with("http://")
                && !config.server.allow_private_upstreams
            {
                self.complain(
                    key,
                    format!(
                        "{url} is not encrypted, so the key and what callers say could be read on the way"
                    ),
                    "give an https:// address",
                );
            }
        }
    }

    fn choices(&mut self) {
        let config = self.config;
        let choice = &config.providers;
        let keyless = [
            (
                choice.stt.contains(&SttProvider::Deepgram) && config.deepgram.api_key.is_none(),
                "providers.stt",
                "DEEPGRAM_API_KEY",
            ),
            (
                choice.stt.contains(&SttProvider::Elevenlabs) && config.elevenlabs.api_key.is_none(),
                "providers.stt",
                "ELEVENLABS_API_KEY",
            ),
            (
                choice.llm.contains(&LlmProvider::Openai) && !config.openai.is_set(),
                "providers.llm",
                "OPENAI_API_KEY or OPENAI_BASE_URL",
            ),
            (
                choice.llm.contains(&LlmProvider::OpenaiFallback) && !config.openai_fallback.is_set(),
                "providers.llm",
                "OPENAI_FALLBACK_API_KEY or OPENAI_FALLBACK_BASE_URL",
            ),
            (
                choice.tts.contains(&TtsProvider::Elevenlabs) && config.elevenlabs.api_key.is_none(),
                "providers.tts",
                "ELEVENLABS_API_KEY",
            ),
            (
                choice.tts.contains(&TtsProvider::Deepgram) && config.deepgram.api_key.is_none(),
                "providers.tts",
                "DEEPGRAM_API_KEY",
            ),
            (
                choice.tts.contains(&TtsProvider::Openai)
                    && !(config.openai.is_set() || config.openai_speech.is_set()),
                "providers.tts",
                "OPENAI_API_KEY, OPENAI_SPEECH_API_KEY or OPENAI_SPEECH_BASE_URL",
            ),
        ];
        for (wrong, key, variable) in keyless {
            if wrong {
                self.complain(
                    key,
                    format!("chosen, but {variable} is not set"),
                    format!("set {variable}, or choose \"auto\""),
                );
            }
        }
    }

    fn texts(&mut self) {
        let config = self.config;
        let wanted = [
            ("voice.agent", &config.voice.agent),
            ("deepgram.model", &config.deepgram.model),
            ("openai.model", &config.openai.model),
            ("openai_fallback.model", &config.openai_fallback.model),
            ("openai_speech.model", &config.openai_speech.model),
            ("openai_speech.voice", &config.openai_speech.voice),
            ("elevenlabs.model", &config.elevenlabs.model),
            ("elevenlabs.stt_model", &config.elevenlabs.stt_model),
            ("elevenlabs.voice_id", &config.elevenlabs.voice_id),
        ];
        for (key, text) in wanted {
            if text.is_empty() {
                self.complain(key, "empty", "remove the line to get the default");
            }
        }
        if config.twilio.phone_number.as_deref().is_some_and(|number| !is_e164(number)) {
            let remedy = "write it with + and the country code, digits only, such as +5491155550100";
            self.complain("twilio.phone_number", "not an international number", remedy);
        }
        if let Err(error) = tracing_subscriber::EnvFilter::builder().parse(&config.log.filter) {
            self.complain(
                "log.filter",
                error,
                "give a level such as info, or target=level pairs with commas",
            );
        }
    }
}

/// `+`, then 7 to 15 digits, the first not 0 (ITU-T E.164).
pub fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}
