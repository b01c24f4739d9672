//! What a fake voice sends for a text, and when: a plan that the sockets and bodies then follow. Pure.

use super::{log::Visit, voice};
use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use std::time::Duration;
use tokio::time::Instant;

/// What goes wrong with a voice.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum SpeechFault {
    /// Nothing.
    #[default]
    None,
    /// The request or the upgrade is answered by this HTTP status, with the vendor's body.
    Refuse(u16),
    /// Everything is accepted, nothing is ever said.
    Silent,
    /// The first byte comes only after this time.
    SlowFirstByte(Duration),
    /// After so much audio nothing more comes.
    StallAfter(Duration),
    /// The audio begins with the header of a 24 kHz WAV file and is linear.
    WrongFormat,
    /// An HTML page comes instead of audio; on a socket, messages that mean nothing.
    Garbage,
    /// The answer is complete at once and has no audio.
    ZeroBytes,
    /// The audio comes in chunks of 1, 159, 161, 7 and 333 bytes.
    OddChunks,
    /// A minute of audio comes within 200 ms, whatever the text.
    Burst,
    /// The socket is closed (1008, too many contexts) at the first text. HTTP answers 429.
    MaxContexts,
    /// The socket is closed (1008, quota exceeded) after so much audio of a request. HTTP breaks off.
    CloseAfter(Duration),
    /// The socket is no longer read after its first message.
    StopReading,
}

/// How fast a fake voice is.
#[derive(Clone, Copy, Debug)]
pub struct SpeechPace {
    /// From the request to the first byte.
    pub first_byte: Duration,
    /// Characters spoken per second of audio.
    pub chars_per_second: u32,
    /// Seconds of audio generated per second.
    pub speed: f64,
}

impl Default for SpeechPace {
    /// 100 ms to the first byte (design §9), 14 characters per second, ten times faster than real time.
    fn default() -> Self {
        Self { first_byte: Duration::from_millis(100), chars_per_second: 14, speed: 10.0 }
    }
}

/// Characters per chunk of audio: about 200 ms.
const CHUNK_CHARS: usize = 3;

/// A chunk of audio with the characters that it speaks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk {
    /// Time since the request.
    pub(super) after: Duration,
    pub(super) audio: Bytes,
    /// Empty where the chunk does not hold whole characters.
    pub(super) chars: String,
}

/// How a request ends, after its last chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Stalled,
    Broken,
}

/// All that a request for speech leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) chunks: Vec<Chunk>,
    pub(super) end: End,
}

/// How the audio is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Mu-law, 8 kHz.
    MuLaw,
    /// Signed 16-bit samples, little-endian, 24 kHz.
    Linear24k,
}

/// Plans the speech of `text` in mu-law.
pub(super) fn plan(text: &str, pace: SpeechPace, fault: &SpeechFault) -> Plan {
    plan_in(Coding::MuLaw, text, pace, fault)
}

/// Plans the speech of `text`.
pub(super) fn plan_in(coding: Coding, text: &str, pace: SpeechPace, fault: &SpeechFault) -> Plan {
    let spoken = match fault {
        SpeechFault::Burst => "x".repeat(60 * pace.chars_per_second as usize),
        SpeechFault::Silent | SpeechFault::ZeroBytes => String::new(),
        _ => text.trim().to_owned(),
    };
    let first = if let SpeechFault::SlowFirstByte(slow) = fault { *slow } else { pace.first_byte };
    let speed = if *fault == SpeechFault::Burst { 300.0 } else { pace.speed };
    let chars: Vec<char> = spoken.chars().collect();
    let at = |index: usize| index * 8_000 / pace.chars_per_second.max(1) as usize;
    let mut chunks = Vec::new();
    for (i, group) in chars.chunks(CHUNK_CHARS).enumerate() {
        let from = at(i * CHUNK_CHARS);
        let audio = voice::agent(from, at(i * CHUNK_CHARS + group.len()) - from);
        let after = first + Duration::from_secs_f64(from as f64 / 8_000.0 / speed);
        chunks.push(Chunk { after, audio, chars: group.iter().collect() });
    }
    let mut end = End::Complete;
    match fault {
        SpeechFault::StallAfter(limit) => (chunks, end) = (cut(chunks, *limit), End::Stalled),
        SpeechFault::CloseAfter(limit) => (chunks, end) = (cut(chunks, *limit), End::Broken),
        _ => {}
    }
    if coding == Coding::Linear24k && *fault != SpeechFault::WrongFormat {
        for chunk in &mut chunks {
            chunk.audio = linear_24k(&chunk.audio);
        }
    }
    match fault {
        SpeechFault::Silent => end = End::Stalled,
        SpeechFault::OddChunks => chunks = odd(chunks),
        SpeechFault::Garbage => {
            let audio = Bytes::from_static(b"<!DOCTYPE html><html><body>Bad gateway</body></html>");
            chunks = vec![Chunk { after: first, audio, chars: String::new() }];
        }
        SpeechFault::WrongFormat => wrong(&mut chunks),
        _ => {}
    }
    Plan { chunks, end }
}

/// Keeps the first `limit` of audio.
fn cut(chunks: Vec<Chunk>, limit: Duration) -> Vec<Chunk> {
    let mut left = usize::try_from(limit.as_millis()).unwrap_or(usize::MAX).saturating_mul(8);
    let mut kept = Vec::new();
    for mut chunk in chunks {
        if left == 0 {
            break;
        }
        chunk.audio.truncate(left);
        left -= chunk.audio.len();
        kept.push(chunk);
    }
    kept
}

fn odd(chunks: Vec<Chunk>) -> Vec<Chunk> {
    let mut sizes = [1_usize, 159, 161, 7, 333].into_iter().cycle();
    let mut cut = Vec::new();
    for mut chunk in chunks {
        while !chunk.audio.is_empty() {
            let size = sizes.next().unwrap_or(1).min(chunk.audio.len());
            cut.push(Chunk { after: chunk.after, audio: chunk.audio.split_to(size), chars: String::new() });
        }
    }
    cut
}

/// Three times the rate by straight lines between the samples.
fn linear_24k(audio: &[u8]) -> Bytes {
    let mut linear = BytesMut::with_capacity(audio.len() * 6);
    let mut last = 0_i32;
    for next in audio.iter().map(|code| i32::from(super::mulaw::decode(*code))) {
        for third in 1..=3 {
            let sample = last + (next - last) * third / 3;
            linear.put_i16_le(i16::try_from(sample).unwrap_or_default());
        }
        last = next;
    }
    linear.freeze()
}

/// Linear 16-bit samples behind a WAV header for 24 kHz: what a forgotten output format gives.
fn wrong(chunks: &mut [Chunk]) {
    for (i, chunk) in chunks.iter_mut().enumerate() {
        let mut audio = BytesMut::new();
        if i == 0 {
            audio.extend(wav_header(24_000, 1, 16));
        }
        for code in &chunk.audio {
            audio.put_i16_le(super::mulaw::decode(*code));
        }
        chunk.audio = audio.freeze();
        chunk.chars.clear();
    }
}

/// The 44 bytes before the samples of a WAV stream; `format` 1 is linear, 7 is mu-law.
pub(super) fn wav_header(rate: u32, format: u16, bits: u16) -> Bytes {
    let mut header = BytesMut::new();
    header.put_slice(b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0");
    header.put_u16_le(format);
    header.put_u16_le(1);
    header.put_u32_le(rate);
    header.put_u32_le(rate * u32::from(bits) / 8);
    header.put_u16_le(bits / 8);
    header.put_u16_le(bits);
    header.put_slice(b"data\xff\xff\xff\xff");
    header.freeze()
}

/// An HTTP body that follows a plan. It ends the visit when it is sent or dropped.
pub(super) fn body(plan: Plan, visit: Visit) -> Body {
    let asked = Instant::now();
    let state = (plan.chunks.into_iter(), plan.end, visit, false);
    Body::from_stream(stream::unfold(state, move |(mut chunks, end, visit, spoke)| async move {
        let Some(chunk) = chunks.next() else {
            return match end {
                End::Complete => None,
                End::Stalled => std::future::pending().await,
                // hyper breaks the connection when a body fails.
                End::Broken => Some((Err(broken()), (chunks, End::Complete, visit, spoke))),
            };
        };
        tokio::time::sleep_until(asked + chunk.after).await;
        if !spoke {
            visit.note("first-audio", "");
        }
        Some((Ok::<_, std::io::Error>(chunk.audio), (chunks, end, visit, true)))
    }))
}

fn broken() -> std::io::Error {
    std::io::ErrorKind::ConnectionReset.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Claro, le busco hueco.";

    fn bytes(plan: &Plan) -> usize {
        plan.chunks.iter().map(|c| c.audio.len()).sum()
    }

    #[test]
    fn fourteen_characters_last_a_second_and_come_ten_times_faster() {
        let plan = plan("Buenos días, s", SpeechPace::default(), &SpeechFault::None);
        assert_eq!(bytes(&plan), 8_000);
        assert_eq!(plan.chunks[0].after, Duration::from_millis(100));
        assert!(plan.chunks.last().unwrap().after < Duration::from_millis(200));
        let said: String = plan.chunks.iter().map(|c| c.chars.as_str()).collect();
        assert_eq!(said, "Buenos días, s");
    }

    #[test]
    fn each_fault_changes_what_it_names() {
        let well = plan(TEXT, SpeechPace::default(), &SpeechFault::None);
        let of = |fault| plan(TEXT, SpeechPace::default(), &fault);
        let stalled = of(SpeechFault::StallAfter(Duration::from_millis(300)));
        assert_eq!((bytes(&stalled), stalled.end), (2_400, End::Stalled));
        assert_eq!(of(SpeechFault::ZeroBytes), Plan { chunks: vec![], end: End::Complete });
        assert_eq!(of(SpeechFault::Silent).end, End::Stalled);
        let odd = of(SpeechFault::OddChunks);
        assert_eq!(odd.chunks.iter().take(3).map(|c| c.audio.len()).collect::<Vec<_>>(), [1, 159, 161]);
        assert_eq!(bytes(&odd), bytes(&well));
        assert!(of(SpeechFault::WrongFormat).chunks[0].audio.starts_with(b"RIFF"));
        let linear = plan_in(Coding::Linear24k, TEXT, SpeechPace::default(), &SpeechFault::OddChunks);
        assert_eq!((bytes(&linear), linear.chunks[0].audio.len()), (6 * bytes(&well), 1));
        let burst = of(SpeechFault::Burst);
        assert_eq!(bytes(&burst), 480_000);
        assert!(burst.chunks.last().unwrap().after < Duration::from_millis(310));
    }
}
