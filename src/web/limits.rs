//! What an HTTP client may do, and how long it may take.

use std::time::Duration;

/// The limits of one connection; tests set seconds to milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// How long a client may take for a request's head, and how long it may keep an idle connection.
    pub head: Duration,
    /// How long a client may take for a request's body.
    pub body: Duration,
    /// The longest head in bytes; a longer one gets 431.
    pub head_bytes: usize,
    /// The longest body in bytes; a longer one gets 413.
    pub body_bytes: usize,
    /// Connections at the same time, media sockets not counted; one more is closed at once.
    pub connections: usize,
    /// How long requests may go on once the server stops.
    pub stopping: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            head_bytes: 32 * 1024,
            body_bytes: 1_000_000,
            connections: 1_000,
            stopping: Duration::from_secs(10),
        }
    }
}
