//! Twilio Media Streams, the messages that come in.
//!
//! Spec: <https://www.twilio.com/docs/voice/media-streams/websocket-messages> (read 2026-11). Counters are documented
//! as strings; both spellings, `null` and absence are read, because they have been seen. One flat struct, not an enum
//! tagged by `event`, so that the payload is borrowed from the message and nothing is copied 50 times a second.

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// Any message; `event` says which of the contents is to be there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) event: Text<'a>,
    #[serde(borrow, default)]
    pub(super) stream_sid: Text<'a>,
    #[serde(borrow, default)]
    pub(super) media: Option<Media<'a>>,
    #[serde(borrow, default)]
    pub(super) start: Option<Start<'a>>,
    #[serde(borrow, default)]
    pub(super) dtmf: Option<Dtmf<'a>>,
    #[serde(borrow, default)]
    pub(super) mark: Option<Mark<'a>>,
}

/// `media`: a piece of sound.
#[derive(Debug, Deserialize)]
pub(super) struct Media<'a> {
    /// `inbound` or `outbound`; a bidirectional stream has only the first.
    #[serde(borrow, default)]
    pub(super) track: Text<'a>,
    /// Counts from 1 per track.
    #[serde(default)]
    pub(super) chunk: Number,
    /// Milliseconds since the start of the stream.
    #[serde(default)]
    pub(super) timestamp: Number,
    /// Raw mu-law in base64.
    #[serde(borrow, default)]
    pub(super) payload: Text<'a>,
}

/// `start`: what the stream is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start<'a> {
    #[serde(borrow, default)]
    pub(super) account_sid: Text<'a>,
    #[serde(borrow, default)]
    pub(super) call_sid: Text<'a>,
    #[serde(borrow, default)]
    pub(super) stream_sid: Text<'a>,
    #[serde(borrow, default)]
    pub(super) media_format: Option<MediaFormat<'a>>,
    /// The `<Parameter>`s of our TwiML.
    #[serde(borrow, default)]
    pub(super) custom_parameters: Option<BTreeMap<Text<'a>, Text<'a>>>,
}

/// How the sound is coded.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MediaFormat<'a> {
    #[serde(borrow, default)]
    pub(super) encoding: Text<'a>,
    /// In hertz.
    #[serde(default)]
    pub(super) sample_rate: Number,
    #[serde(default)]
    pub(super) channels: Number,
}

/// `dtmf`: a key was pressed.
#[derive(Debug, Deserialize)]
pub(super) struct Dtmf<'a> {
    #[serde(borrow, default)]
    pub(super) digit: Text<'a>,
}

/// `mark`: a mark came back.
#[derive(Debug, Deserialize)]
pub(super) struct Mark<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
}

/// A text, however it was written: a number is its digits, `null` and anything else is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A counter, however it was written; what is no whole number from 0 up is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Number(pub(super) Option<u64>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyText)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyText).map(|text| Self(text.0.trim().parse().ok()))
    }
}

struct AnyText;

impl<'de> Visitor<'de> for AnyText {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        // `20.0` reads as the counter 20.
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Text::default())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
}
