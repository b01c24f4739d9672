//! The frames of a WebSocket (RFC 6455 §5.2), counted as their bytes pass by: the library joins the pieces of a message
//! before anybody sees them, and would take pieces without end.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A message came in more pieces than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message in too many pieces")]
pub struct TooManyPieces;

/// A connection after its upgrade to WebSocket; reading fails with [`TooManyPieces`] where a message has more pieces than
/// allowed.
#[derive(Debug)]
pub struct Pieces<S> {
    inner: S,
    counter: Counter,
}

impl<S> Pieces<S> {
    /// Counts from the first frame on; a message may have `most` pieces.
    pub fn new(inner: S, most: u32) -> Self {
        Self { inner, counter: Counter { most, ..Counter::default() } }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Pieces<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(
            self.counter.pass(read).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
        )
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pieces<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Where in a frame the next byte stands.
#[derive(Debug, Default)]
struct Counter {
    most: u32,
    /// Pieces of the message that is not complete yet.
    pieces: u32,
    /// The head so far: two bytes, the long length, the mask.
    head: [u8; 14],
    have: usize,
    /// What is left of the payload.
    payload: u64,
}

impl Counter {
    fn pass(&mut self, mut bytes: &[u8]) -> Result<(), TooManyPieces> {
        loop {
            let skipped = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
            self.payload -= skipped as u64;
            let Some((next, rest)) = bytes.get(skipped..).and_then(<[u8]>::split_first) else {
                return Ok(());
            };
            bytes = rest;
            if let Some(place) = self.head.get_mut(self.have) {
                *place = *next;
            }
            self.have += 1;
            if let Some(length) = payload_length(self.head.get(..self.have).unwrap_or_default()) {
                (self.have, self.payload) = (0, length);
                self.count(self.head[0])?;
            }
        }
    }

    fn count(&mut self, first: u8) -> Result<(), TooManyPieces> {
        let (is_last, is_control) = (first & 0x80 != 0, first & 0x08 != 0);
        if !is_control {
            self.pieces += 1;
            if self.pieces > self.most {
                return Err(TooManyPieces);
            }
            if is_last {
                self.pieces = 0;
            }
        }
        Ok(())
    }
}

/// The length of the payload, once the head is complete.
fn payload_length(head: &[u8]) -> Option<u64> {
    let (&[_, second], rest) = head.split_first_chunk()?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (length, used) = match second & 0x7F {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 8),
        short => (u64::from(short), 0),
    };
    (rest.len() >= used + mask).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match length {
            0..126 => bytes.push(0x80 + u8::try_from(length).unwrap()),
            126..65_536 => {
                bytes.push(0x80 + 126);
                bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                bytes.push(0x80 + 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend([7; 4]);
        bytes.extend(vec![0; length]);
        bytes
    }

    #[test]
    fn pieces_are_counted_however_the_bytes_are_cut() {
        let whole = [0, 1, 125, 126, 65_535, 65_536].map(|length| frame(0x81, length)).concat();
        let pieces = [frame(0x01, 3), frame(0x00, 200), frame(0x89, 5), frame(0x00, 70_000)].concat();
        for cut in [1, 2, 3, 7, 1_000, usize::MAX] {
            let mut counter = Counter { most: 4, ..Counter::default() };
            for _ in 0..5 {
                for bytes in [&whole[..], &pieces, &frame(0x80, 9)] {
                    assert!(bytes.chunks(cut).all(|bytes| counter.pass(bytes).is_ok()), "{cut}");
                }
            }
            assert!(pieces.chunks(cut).all(|bytes| counter.pass(bytes).is_ok()));
            counter.pass(&frame(0x00, 1)).unwrap();
            assert!(frame(0x80, 0).chunks(cut).any(|bytes| counter.pass(bytes).is_err()), "{cut}");
        }
    }
}
