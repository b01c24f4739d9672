//! Twilio Media Streams as a [`MediaCodec`].

use super::wire::{self, Message, Text};
use crate::{
    base::ids::StreamSid,
    ports::media::{FromPhone, MediaCodec, MediaError, MediaFormat, MediaMark, Oddity, StreamStart, ToPhone},
};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::{fmt::Write as _, time::Duration};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// What Twilio sends and wants (RFC 4648 §4).
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// What some libraries that stand in for Twilio send (RFC 4648 §5).
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Twilio's media protocol, version 1.0.0.
#[derive(Clone, Copy, Debug, Default)]
pub struct MediaStreams;

impl MediaCodec for MediaStreams {
    fn read(&self, text: &str, audio: &mut Vec<u8>) -> Result<FromPhone, MediaError> {
        audio.clear();
        let message: Message<'_> =
            serde_json::from_str(text).map_err(|_| MediaError::Skip(Oddity::NotAMessage))?;
        let missing = || MediaError::Skip(Oddity::NoContent);
        Ok(match &*message.event.0 {
            "media" => FromPhone::Media(sound(&message.media.ok_or_else(missing)?, audio)?),
            "mark" => FromPhone::Mark(message.mark.ok_or_else(missing)?.name.0.into_owned()),
            "dtmf" => FromPhone::Dtmf(key(&message.dtmf.ok_or_else(missing)?)?),
            "start" => {
                let start = message.start.ok_or_else(missing)?;
                FromPhone::Start(Box::new(stream_start(start, message.stream_sid)?))
            }
            "connected" => FromPhone::Connected,
            "stop" => FromPhone::Stop,
            other => FromPhone::Unknown { event: other.chars().take(40).collect() },
        })
    }

    /// Twilio warns about any key it does not expect (31951), so each message has exactly the documented ones.
    fn write(&self, stream: &StreamSid, message: &ToPhone<'_>, text: &mut String) {
        text.clear();
        let event = match message {
            ToPhone::Audio(_) => "media",
            ToPhone::Mark(_) => "mark",
            ToPhone::Clear => "clear",
        };
        for part in [r#"{"event":""#, event, r#"","streamSid":""#, stream.as_str(), r#"""#] {
            text.push_str(part);
        }
        match message {
            ToPhone::Audio(audio) => {
                text.push_str(r#","media":{"payload":""#);
                STANDARD.encode_string(audio, text);
                text.push_str(r#""}"#);
            }
            ToPhone::Mark(name) => {
                text.push_str(r#","mark":{"name":""#);
                escape(name, text);
                text.push_str(r#""}"#);
            }
            ToPhone::Clear => {}
        }
        text.push('}');
    }
}

fn sound(media: &wire::Media<'_>, audio: &mut Vec<u8>) -> Result<MediaMark, MediaError> {
    let payload = media.payload.0.as_bytes();
    if STANDARD.decode_vec(payload, audio).is_err() {
        audio.clear();
        if URL_SAFE.decode_vec(payload, audio).is_err() {
            audio.clear();
            return Err(MediaError::Skip(Oddity::BadAudio));
        }
    }
    Ok(MediaMark {
        inbound: !media.track.0.starts_with("outbound"),
        chunk: media.chunk.0,
        at: media.timestamp.0.map(Duration::from_millis),
    })
}

fn key(dtmf: &wire::Dtmf<'_>) -> Result<char, MediaError> {
    let mut keys = dtmf.digit.0.chars();
    match (keys.next().map(|key| key.to_ascii_uppercase()), keys.next()) {
        (Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Ok(key),
        _ => Err(MediaError::Skip(Oddity::NoContent)),
    }
}

fn stream_start(start: wire::Start<'_>, outer: Text<'_>) -> Result<StreamStart, MediaError> {
    let refuse = |error: crate::base::ids::BadId| MediaError::Refuse { reason: error.to_string() };
    let stream = if start.stream_sid.0.is_empty() { outer } else { start.stream_sid };
    let format = start.media_format.unwrap_or_default();
    let encoding = if format.encoding.0.is_empty() { "audio/x-mulaw".into() } else { format.encoding.0 };
    let parameters = start.custom_parameters.unwrap_or_default();
    Ok(StreamStart {
        stream: stream.0.into_owned().try_into().map_err(refuse)?,
        call: start.call_sid.0.into_owned().try_into().map_err(refuse)?,
        account: start.account_sid.0.into_owned().try_into().map_err(refuse)?,
        format: MediaFormat {
            encoding: encoding.into_owned(),
            rate: format.sample_rate.0.unwrap_or(8_000),
            channels: format.channels.0.unwrap_or(1),
        },
        parameters: parameters
            .into_iter()
            .map(|(name, value)| (name.0.into_owned(), value.0.into_owned()))
            .collect(),
    })
}

/// Escapes a JSON string (RFC 8259 §7).
fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            // Control characters lie within the first plane: one unit is enough. Writing to a string can't fail.
            c if c.is_control() => write!(into, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => into.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Result<FromPhone, MediaError>, Vec<u8>) {
        let mut audio = vec![7];
        (MediaStreams.read(text, &mut audio), audio)
    }

    fn media(chunk: u64, at: u64) -> FromPhone {
        FromPhone::Media(MediaMark { inbound: true, chunk: Some(chunk), at: Some(Duration::from_millis(at)) })
    }

    #[test]
    fn counters_are_read_as_text_and_as_numbers() {
        for (chunk, at) in [(r#""3""#, r#""40""#), ("3", "40"), ("3.0", r#"" 40""#)] {
            let text = format!(
                r#"{{"event":"media","media":{{"track":"inbound","chunk":{chunk},"timestamp":{at},"payload":"/w=="}}}}"#
            );
            assert_eq!(read(&text), (Ok(media(3, 40)), vec![255]), "{text}");
        }
    }

    #[test]
    fn missing_and_null_fields_are_tolerated() {
        let unknown = FromPhone::Media(MediaMark { inbound: true, chunk: None, at: None });
        for text in [
            r#"{"event":"media","media":{"payload":"/w"}}"#,
            r#"{"event":"media","sequenceNumber":null,"media":{"track":null,"chunk":null,"timestamp":[],"payload":"\/w==","extra":{}}}"#,
            r#"{"event":"media","media":{"chunk":-1,"timestamp":1.5,"track":true,"payload":"_w=="},"start":null,"mark":null}"#,
        ] {
            assert_eq!(read(text), (Ok(unknown.clone()), vec![255]), "{text}");
        }
    }

    #[test]
    fn both_alphabets_and_any_padding_are_accepted() {
        for payload in ["+/8=", "+/8", "-_8=", "-_8"] {
            let (event, audio) = read(&format!(r#"{{"event":"media","media":{{"payload":"{payload}"}}}}"#));
            assert!(event.is_ok(), "{payload}");
            assert_eq!(audio, [0xFB, 0xFF]);
        }
    }

    #[test]
    fn what_can_not_be_read_is_told_by_its_kind() {
        for (text, oddity) in [
            ("", Oddity::NotAMessage),
            ("null", Oddity::NotAMessage),
            ("5", Oddity::NotAMessage),
            (r#"{"event":"media","media":5}"#, Oddity::NotAMessage),
            (r#"{"event":"media"}"#, Oddity::NoContent),
            (r#"{"event":"start","start":null}"#, Oddity::NoContent),
            (r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#, Oddity::NoContent),
            (r#"{"event":"media","media":{"payload":"!!!!"}}"#, Oddity::BadAudio),
        ] {
            assert_eq!(read(text), (Err(MediaError::Skip(oddity)), vec![]), "{text}");
        }
        assert_eq!(read("{}").0, Ok(FromPhone::Unknown { event: String::new() }));
    }

    #[test]
    fn a_start_with_a_false_identifier_is_refused() {
        let text = r#"{"event":"start","start":{"accountSid":"AC0123456789abcdef0123456789abcdef","callSid":"CA1","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}}"#;
        assert!(matches!(read(text).0, Err(MediaError::Refuse { reason }) if reason.contains("`CA1`")));
    }

    #[test]
    fn a_marks_name_survives_its_escapes() {
        let stream = "MZ18ad3ab5a668481ce02b83e7395059f0".parse().unwrap();
        let mut text = "rest of another".to_owned();
        MediaStreams.write(&stream, &ToPhone::Mark("a\"b\\c\n\u{85}ñ"), &mut text);
        assert_eq!(read(&text).0, Ok(FromPhone::Mark("a\"b\\c\n\u{85}ñ".to_owned())));
    }

    proptest! {
        #[test]
        fn sound_comes_back_as_it_was_sent(sound in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let stream = "MZ18ad3ab5a668481ce02b83e7395059f0".parse().unwrap();
            let mut text = String::new();
            MediaStreams.write(&stream, &ToPhone::Audio(&sound), &mut text);
            let (event, audio) = read(&text);
            prop_assert!(matches!(event, Ok(FromPhone::Media(_))));
            prop_assert_eq!(audio, sound);
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[{}":,a-z0-9\[\]\\ ]{0,80}"#) {
            drop(read(&text));
        }
    }
}
