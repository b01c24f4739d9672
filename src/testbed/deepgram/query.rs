//! Which queries Deepgram takes; anything else is refused as it would be there.

use std::time::Duration;

/// What the fake needs of a live recognition's query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listen {
    pub(super) interim_results: bool,
    pub(super) vad_events: bool,
    pub(super) utterance_end: Option<Duration>,
}

/// Parameters that are taken and change nothing here.
const IGNORED: &[&str] = &[
    "tag",
    "channels",
    "callback",
    "callback_method",
    "detect_entities",
    "diarize",
    "diarize_model",
    "dictation",
    "extra",
    "filler_words",
    "keyterm",
    "keywords",
    "language",
    "mip_opt_out",
    "multichannel",
    "no_delay",
    "numerals",
    "profanity_filter",
    "punctuate",
    "redact",
    "replace",
    "search",
    "smart_format",
    "version",
];

/// What the fake needs of the query of `/v2/listen`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flux {
    /// How sure an eager end of turn is; none is told where it was not asked for.
    pub(super) eager: Option<f64>,
    /// How sure an end of turn is.
    pub(super) end: f64,
    /// The longest silence within a turn.
    pub(super) timeout: Duration,
    /// The languages to be expected.
    pub(super) hints: Vec<String>,
}

impl Flux {
    /// Reads the query of `/v2/listen`; the error is the text that goes to the client.
    pub(super) fn read(pairs: &[(String, String)]) -> Result<Self, String> {
        let mut flux = Self { eager: None, end: 0.7, timeout: Duration::from_secs(5), hints: Vec::new() };
        let (mut model, mut encoding, mut rate) = ("", false, false);
        for (name, value) in pairs {
            match name.as_str() {
                "model" => model = value,
                "encoding" => encoding = one_of(name, value, "mulaw")?,
                "sample_rate" => rate = one_of(name, value, "8000")?,
                "eot_threshold" => flux.end = within(name, value, 0.5)?,
                "eager_eot_threshold" => flux.eager = Some(within(name, value, 0.3)?),
                "eot_timeout_ms" => {
                    let timeout = number(name, value)?;
                    if !(500..=10_000).contains(&timeout) {
                        return Err(format!("`{name}={value}` is not between 500 and 10000"));
                    }
                    flux.timeout = Duration::from_millis(timeout);
                }
                "language_hint" => flux.hints.push(value.clone()),
                "keyterm" | "profanity_filter" | "numerals" | "redact" | "mip_opt_out" | "tag" => {}
                other => return Err(format!("unknown query parameter `{other}`")),
            }
        }
        if !(model.starts_with("flux-") && encoding && rate) {
            return Err("a `model` of Flux, `encoding` and `sample_rate` are needed for raw audio".to_owned());
        }
        if !flux.hints.is_empty() && !model.ends_with("-multi") {
            return Err("`language_hint` needs a model of several languages".to_owned());
        }
        if flux.eager.is_some_and(|eager| eager > flux.end) {
            return Err("`eager_eot_threshold` must not exceed `eot_threshold`".to_owned());
        }
        Ok(flux)
    }
}

impl Listen {
    /// Reads the query of `/v1/listen`; the error is the text that goes to the client.
    pub(super) fn read(pairs: &[(String, String)]) -> Result<Self, String> {
        let mut listen = Self::default();
        let (mut model, mut encoding, mut rate) = (false, false, false);
        for (name, value) in pairs {
            match name.as_str() {
                "model" => model = !value.is_empty(),
                "encoding" => encoding = one_of(name, value, "mulaw")?,
                "sample_rate" => rate = one_of(name, value, "8000")?,
                "interim_results" => listen.interim_results = boolean(name, value)?,
                "vad_events" => listen.vad_events = boolean(name, value)?,
                "endpointing" => {
                    if value != "false" && value != "true" {
                        number(name, value)?;
                    }
                }
                "utterance_end_ms" => {
                    listen.utterance_end = Some(Duration::from_millis(number(name, value)?));
                }
                other if IGNORED.contains(&other) => {}
                other => return Err(format!("unknown query parameter `{other}`")),
            }
        }
        if !(model && encoding && rate) {
            return Err("`model`, `encoding` and `sample_rate` are needed for raw audio".to_owned());
        }
        match listen.utterance_end {
            Some(pause) if pause < Duration::from_secs(1) => {
                Err("`utterance_end_ms` is below 1000".to_owned())
            }
            Some(_) if !listen.interim_results => {
                Err("`utterance_end_ms` needs `interim_results`".to_owned())
            }
            _ => Ok(listen),
        }
    }
}

/// The query of `/v1/speak`: whether the audio is to come without a header. The error goes to the client.
pub(super) fn speak(pairs: &[(String, String)]) -> Result<bool, String> {
    let (mut model, mut encoding, mut rate, mut bare) = (false, false, false, false);
    for (name, value) in pairs {
        match name.as_str() {
            "model" => model = value.starts_with("aura-"),
            "encoding" => encoding = one_of(name, value, "mulaw")?,
            "sample_rate" => rate = one_of(name, value, "8000")?,
            "container" => bare = value == "none",
            "mip_opt_out" | "tag" | "speed" => {}
            other => return Err(format!("unknown query parameter `{other}`")),
        }
    }
    if model && encoding && rate {
        Ok(bare)
    } else {
        Err("this fake speaks only Aura voices in mulaw at 8000 Hz".to_owned())
    }
}

fn one_of(name: &str, value: &str, wanted: &str) -> Result<bool, String> {
    if value == wanted { Ok(true) } else { Err(format!("`{name}={value}`: this fake takes only `{wanted}`")) }
}

fn boolean(name: &str, value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("`{name}={value}` is neither `true` nor `false`"))
}

/// A confidence from `least` to 0.9.
fn within(name: &str, value: &str, least: f64) -> Result<f64, String> {
    let sure = value.parse().ok().filter(|sure| (least..=0.9).contains(sure));
    sure.ok_or_else(|| format!("`{name}={value}` is not between {least} and 0.9"))
}

fn number(name: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("`{name}={value}` is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect()
    }

    #[test]
    fn the_recorded_session_is_taken() {
        let session = include_str!("../../../tests/protocols/deepgram/listen_v1_session.jsonl");
        let first: serde_json::Value = serde_json::from_str(session.lines().next().unwrap()).unwrap();
        let (_, query) = first["msg"].as_str().unwrap().split_once('?').unwrap();
        let listen = Listen::read(&pairs(query)).unwrap();
        assert!(listen.interim_results && listen.vad_events);
        assert_eq!(listen.utterance_end, Some(Duration::from_secs(1)));
    }

    #[test]
    fn the_recorded_session_of_flux_is_taken_and_what_flux_refuses_is_refused() {
        let session = include_str!("../../../tests/protocols/deepgram/flux_v2_session.jsonl");
        let first: serde_json::Value = serde_json::from_str(session.lines().next().unwrap()).unwrap();
        let (_, query) = first["msg"].as_str().unwrap().split_once('?').unwrap();
        let flux = Flux::read(&pairs(query)).unwrap();
        assert_eq!((flux.eager, flux.end, flux.timeout), (Some(0.5), 0.7, Duration::from_secs(5)));
        assert_eq!(flux.hints, ["es", "en"]);
        let good = "model=flux-general-en&encoding=mulaw&sample_rate=8000";
        assert!(Flux::read(&pairs(good)).is_ok());
        for bad in [
            "model=nova-3&encoding=mulaw&sample_rate=8000".to_owned(),
            format!("{good}&language_hint=es"),
            format!("{good}&interim_results=true"),
            format!("{good}&eot_threshold=0.4"),
            format!("{good}&eager_eot_threshold=0.8"),
            format!("{good}&eot_timeout_ms=100"),
        ] {
            assert!(Flux::read(&pairs(&bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_deepgram_refuses_is_refused() {
        let good = "model=nova-3&encoding=mulaw&sample_rate=8000";
        assert!(Listen::read(&pairs(good)).is_ok());
        for bad in [
            "model=nova-3&encoding=linear16&sample_rate=8000".to_owned(),
            "model=nova-3&encoding=mulaw".to_owned(),
            format!("{good}&interim_result=true"),
            format!("{good}&interim_results=yes"),
            format!("{good}&utterance_end_ms=1000"),
            format!("{good}&interim_results=true&utterance_end_ms=500"),
        ] {
            assert!(Listen::read(&pairs(&bad)).is_err(), "{bad}");
        }
    }
}
