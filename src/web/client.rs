//! Who is at the other end of a connection, and how often they failed.

use crate::{
    base::rate::{Meter, Rate, TooMany},
    net::address::is_near,
};
use axum::http::Extensions;
use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Addresses, or keys, that are counted at the same time, a few hundred bytes each at most. More within a window are
/// forgotten all at once: memory must not grow with a crowd.
const SOURCES_KNOWN: usize = 10_000;

/// The other end of a connection, as an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub(super) SocketAddr);

impl Client {
    /// Whose request it is.
    pub(super) fn of(extensions: &Extensions) -> Self {
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        extensions.get().copied().unwrap_or(Self(nobody))
    }

    pub(super) fn source(self) -> Source {
        Source::of(self.0.ip())
    }
}

/// Who is counted as one: an IPv4 address, or the /64 of an IPv6 one, which a single subscriber gets (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            other => other,
        })
    }

    /// Whether a proxy may stand there, so that it speaks for many.
    pub(super) fn is_near(self) -> bool {
        is_near(self.0)
    }
}

/// Counts what each of many did: addresses what was wrong, keys their requests.
#[derive(Debug)]
pub(super) struct Tally<S = Source> {
    rate: Rate,
    sources: Mutex<HashMap<S, Meter>>,
}

impl<S: Eq + Hash> Tally<S> {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, sources: Mutex::default() }
    }

    /// Counts one more; fails where it was too much.
    pub(super) fn count(&self, now: Instant, source: S) -> Result<(), TooMany> {
        let mut sources = self.lock();
        if sources.len() >= SOURCES_KNOWN && !sources.contains_key(&source) {
            sources.retain(|_, meter| !meter.is_over(self.rate, now));
            if sources.len() >= SOURCES_KNOWN {
                sources.clear();
            }
        }
        sources.entry(source).or_default().count(self.rate, now)
    }

    /// Fails where it was too much already; counts nothing.
    pub(super) fn check(&self, now: Instant, source: &S) -> Result<(), TooMany> {
        self.lock().get(source).map_or(Ok(()), |meter| meter.check(self.rate, now))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<S, Meter>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    #[test]
    fn a_subscriber_is_one_source() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:203.0.113.9"), source("203.0.113.9"));
        assert_ne!(source("203.0.113.9"), source("203.0.113.8"));
        let near = ["127.0.0.1", "::1", "10.0.0.2", "172.17.0.1", "fd00::1", "::ffff:192.168.1.1"];
        assert!(near.into_iter().all(|address| source(address).is_near()));
        assert!(!source("203.0.113.9").is_near() && !source("2001:db8::1").is_near());
    }

    #[test]
    fn the_memory_of_addresses_is_bounded() {
        let (tally, now) = (Tally::new(Rate::a_minute(1)), clock::now());
        for number in 0..25_000 {
            tally.count(now, Source::of(IpAddr::V4(Ipv4Addr::from_bits(number)))).unwrap();
        }
        assert!(tally.lock().len() <= SOURCES_KNOWN);
    }
}
