//! How long a connection to anything outside may take.

use std::time::Duration;

/// The limit of every connection that we make: name look-up, TCP, TLS and what the protocol greets by, together. A network that
/// drops the first packet answers nothing at all, and the system would try for two minutes (reliability K5).
pub const LIMIT: Duration = Duration::from_secs(2);
