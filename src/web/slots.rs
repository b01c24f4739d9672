//! Places for connections: so many in all, so many for an address, and a few that are reserved for what must go on.

use super::{client::Source, limits::HttpLimits};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The places of a server.
#[derive(Debug)]
pub(super) struct Slots {
    limits: HttpLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_source: HashMap<Source, usize>,
}

/// Why a connection gets no place: a stable word for the log and the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSlot(pub(super) &'static str);

/// The place of a connection; dropping gives it back.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    source: Source,
    /// One of the last, for requests that must be answered whatever happens.
    pub(super) is_reserved: bool,
}

impl Slots {
    pub(super) fn new(limits: HttpLimits) -> Arc<Self> {
        Arc::new(Self { limits, open: Mutex::default() })
    }

    pub(super) fn take(self: &Arc<Self>, client: SocketAddr) -> Result<Slot, NoSlot> {
        let limits = &self.limits;
        let source = Source::of(client.ip());
        let mut open = self.lock();
        if open.all >= limits.connections {
            return Err(NoSlot("all"));
        }
        let is_reserved = open.all >= limits.connections.saturating_sub(limits.reserved);
        let of_source = open.by_source.entry(source).or_default();
        if *of_source >= limits.per_address && !(limits.spare_near && source.is_near()) {
            return Err(NoSlot("address"));
        }
        *of_source += 1;
        open.all += 1;
        Ok(Slot { slots: Arc::clone(self), source, is_reserved })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.lock();
        open.all -= 1;
        if let Some(of_source) = open.by_source.get_mut(&self.source) {
            *of_source -= 1;
            if *of_source == 0 {
                open.by_source.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_share_and_gives_it_back() {
        let limits = HttpLimits { connections: 6, reserved: 2, per_address: 3, ..HttpLimits::default() };
        let slots = Slots::new(limits);
        let take = |host: &str| slots.take(SocketAddr::new(host.parse().unwrap(), 1));
        let mut first: Vec<Slot> = (0..3).map(|_| take("2001:db8::1").unwrap()).collect();
        assert_eq!(take("2001:db8::2").err(), Some(NoSlot("address")));
        let near: Vec<Slot> = (0..3).map(|_| take("127.0.0.1").unwrap()).collect();
        assert_eq!([&near[0], &near[1], &near[2]].map(|slot| slot.is_reserved), [false, true, true]);
        assert_eq!(take("203.0.113.9").err(), Some(NoSlot("all")));
        drop(near);
        first.pop();
        first.push(take("2001:db8::2").unwrap());
        drop(first);
        let open = slots.lock();
        assert!(open.all == 0 && open.by_source.is_empty());
    }
}
