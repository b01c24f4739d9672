//! Guards a stream that must be raw sound: a file header played as sound is a burst of noise in the caller's ear.

use bytes::Bytes;

/// Longest header that is looked for.
const HEAD: usize = 4;

/// Lets raw audio pass and refuses containers and error texts by their first bytes.
#[derive(Debug, Default)]
pub struct RawAudio {
    head: Vec<u8>,
    judged: bool,
}

/// Something else than raw sound came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} came where raw sound was ordered")]
pub struct WrongFormat(&'static str);

impl RawAudio {
    /// Takes the next bytes of the stream and gives what may be played; the first few bytes are held until judged.
    ///
    /// # Errors
    /// [`WrongFormat`] when the stream begins like a known container.
    pub fn admit(&mut self, bytes: Bytes) -> Result<Bytes, WrongFormat> {
        if self.judged {
            return Ok(bytes);
        }
        if self.head.is_empty() && bytes.len() >= HEAD {
            self.judged = true;
            return judge(&bytes).map(|()| bytes);
        }
        self.head.extend_from_slice(&bytes);
        if self.head.len() < HEAD {
            return Ok(Bytes::new());
        }
        self.judged = true;
        let held = Bytes::from(std::mem::take(&mut self.head));
        judge(&held).map(|()| held)
    }

    /// The stream is over: what was held, if it was shorter than a header.
    pub fn rest(&mut self) -> Bytes {
        self.judged = true;
        Bytes::from(std::mem::take(&mut self.head))
    }
}

fn judge(bytes: &[u8]) -> Result<(), WrongFormat> {
    // MP3 without a tag begins with FF Ex/Fx, which is plain silence in mu-law and a soft sample in linear sound: the content type tells those apart.
    let known: [(&[u8], &'static str); 8] = [
        (b"RIFF", "a WAV file"),
        (b"ID3", "an MP3 file"),
        (b"OggS", "an Ogg file"),
        (b"fLaC", "a FLAC file"),
        (b".snd", "an AU file"),
        (b"FORM", "an AIFF file"),
        (b"{\"", "JSON"),
        (b"<!DO", "HTML"),
    ];
    known.iter().find(|(head, _)| bytes.starts_with(head)).map_or(Ok(()), |(_, name)| Err(WrongFormat(name)))
}

/// Whether a `Content-Type` may be raw sound; an absent or vague one may.
///
/// # Errors
/// [`WrongFormat`] for text, JSON and the compressed formats.
pub fn content_type(value: Option<&str>) -> Result<(), WrongFormat> {
    let kind = value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" | "application/problem+json" => Err(WrongFormat("JSON")),
        "audio/mpeg" | "audio/mp3" => Err(WrongFormat("an MP3 file")),
        "audio/wav" | "audio/x-wav" | "audio/wave" => Err(WrongFormat("a WAV file")),
        "audio/ogg" | "audio/opus" => Err(WrongFormat("an Ogg file")),
        "audio/flac" | "audio/aac" | "audio/mp4" => Err(WrongFormat("compressed audio")),
        kind if kind.starts_with("text/") => Err(WrongFormat("text")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_in_single_bytes_is_refused_before_anything_is_played() {
        let mut guard = RawAudio::default();
        let admitted: Vec<_> =
            b"RIFF\x24".iter().map(|b| guard.admit(Bytes::copy_from_slice(&[*b]))).collect();
        assert_eq!(admitted[..3], [Ok(Bytes::new()), Ok(Bytes::new()), Ok(Bytes::new())]);
        assert_eq!(admitted[3], Err(WrongFormat("a WAV file")));
    }

    #[test]
    fn raw_audio_passes_untouched_even_the_shortest() {
        let mut guard = RawAudio::default();
        assert_eq!(guard.admit(Bytes::from_static(&[0xFF, 0xFB])), Ok(Bytes::new()));
        assert_eq!(guard.rest(), Bytes::from_static(&[0xFF, 0xFB]));
        assert_eq!(guard.admit(Bytes::from_static(b"RIFF")), Ok(Bytes::from_static(b"RIFF")));
    }

    #[test]
    fn content_types_that_cannot_be_raw_are_refused() {
        assert!(
            content_type(Some("audio/mpeg")).is_err() && content_type(Some("application/json; x=1")).is_err()
        );
        assert!(content_type(None).is_ok() && content_type(Some("audio/mulaw")).is_ok());
        assert!(
            content_type(Some("audio/basic")).is_ok()
                && content_type(Some("application/octet-stream")).is_ok()
        );
    }
}
