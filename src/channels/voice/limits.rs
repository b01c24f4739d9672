//! What a media socket may do, and how long it may take.

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
    /// Pings taken within a second.
    pub pings: u32,
    /// Keys taken within a second; more are dropped.
    pub digits: u32,
    /// The longest gap in the caller's sound that is filled with silence; of a longer one only so much.
    pub gap: Duration,
    /// How long a piece that came early waits for those before it.
    pub reorder: Duration,
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
            pings: 50,
            digits: 32,
            gap: Duration::from_secs(1),
            reorder: Duration::from_millis(60),
        }
    }
}
