//! What an HTTP client may do, and how long it may take.

use crate::base::rate::Rate;
use std::time::Duration;

/// The limits of connections and of what comes on them; tests set seconds to milliseconds.
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
    /// Connections at the same time, media sockets not counted: those have their place by the calls that live. One more
    /// gets 503 and is closed at once.
    pub connections: usize,
    /// So many of them, the last, answer only health checks and the telephone network.
    pub reserved: usize,
    /// Connections of one address (of an IPv6 one: of its /64). One more gets 503 and is closed at once.
    pub per_address: usize,
    /// Whether loopback and private networks are spared where one client would pay for another: proxies and container
    /// networks bring everybody's requests from one address.
    pub spare_near: bool,
    /// Requests of one address that the telephone network did not sign; more get 429 in the place of 403. A request
    /// with a right signature is never limited by it.
    pub unsigned: Rate,
    /// Requests of one address with a wrong key to the API; more get 429 in the place of 401, and no key from there is looked up
    /// any more. The token of the configuration is never limited by it, nor are right keys from near where those are spared:
    /// whoever shares a proxy with a forgotten client would be locked out.
    pub wrong_tokens: Rate,
    /// Requests with one and the same key; more get 429.
    pub api: Rate,
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
            connections: 20_000,
            reserved: 64,
            per_address: 200,
            spare_near: true,
            unsigned: Rate::a_minute(20),
            wrong_tokens: Rate::a_minute(20),
            // 20 a second, 60 at once.
            api: Rate { most: 60, within: Duration::from_secs(3) },
            stopping: Duration::from_secs(10),
        }
    }
}
