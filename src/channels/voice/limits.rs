//! What a media socket may do, and how long it may take.

use crate::base::rate::Rate;
use std::time::Duration;

/// The limits of one media socket; tests set minutes to milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the open socket to the start of its stream.
    pub start: Duration,
    /// Silence of the socket after which it is asked for a sign of life.
    pub ping: Duration,
    /// Silence of the socket after which the call is over. A pong alone is no sign of a caller.
    pub idle: Duration,
    /// How long one message may wait for a peer that does not read.
    pub send: Duration,
    /// How long a closing socket waits for the other side's close.
    pub closing: Duration,
    /// The longest text frame, in bytes.
    pub message: usize,
    /// The most pieces of one message; the network sends each message in one.
    pub pieces: u32,
    /// Messages taken. Behind a stall of [`Limits::idle`] all that it held back comes at once: 50 frames of each second and
    /// the echoes of our marks.
    pub messages: Rate,
    /// Pings and pongs taken.
    pub pings: Rate,
    /// Keys taken; more are dropped.
    pub digits: Rate,
    /// The longest gap in the caller's sound that is filled with silence; of a longer one only so much.
    pub gap: Duration,
    /// How long a piece that came early waits for those before it.
    pub reorder: Duration,
    /// The caller's sound that waits here while nobody reads it, because this process stands still or is given no time: what is
    /// older is dropped (reliability J6). What a network held back is heard.
    pub stale: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(5),
            ping: Duration::from_secs(5),
            idle: Duration::from_secs(15),
            send: Duration::from_secs(5),
            closing: Duration::from_secs(1),
            message: 64 * 1024,
            pieces: 100,
            messages: Rate { most: 1_500, within: Duration::from_secs(5) },
            pings: Rate::a_second(50),
            digits: Rate::a_second(32),
            gap: Duration::from_secs(1),
            reorder: Duration::from_millis(60),
            stale: Duration::from_secs(1),
        }
    }
}
