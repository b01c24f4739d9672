//! An address that drops the first packet of whoever connects: no connection, no refusal, no answer at all.

use socket2::{Domain, Socket, Type};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Connections that the system takes for a listener that accepts none, less one.
const BACKLOG: i32 = 1;

/// A listener of loopback whose queue is full: Linux drops the packets of new connections, as a firewall does that hides a host.
#[derive(Debug)]
pub(crate) struct BlackHole {
    address: SocketAddr,
    _listener: Socket,
    _queue: Vec<Socket>,
}

impl BlackHole {
    pub(crate) fn open() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        listener.listen(BACKLOG).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut queue = Vec::new();
        while queued(address.port()) <= BACKLOG {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            // One that comes too late is dropped like all that follow; it has not been queued.
            if client.connect_timeout(&address.into(), Duration::from_millis(10)).is_ok() {
                queue.push(client);
            }
        }
        Self { address, _listener: listener, _queue: queue }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Connections that wait to be accepted at a port of loopback, as the system counts them.
fn queued(port: u16) -> i32 {
    let place = format!("0100007F:{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    // Number, local address, remote address, state (0A: listening), bytes to send:connections to accept.
    let waiting = table.lines().find_map(|row| {
        let mut columns = row.split_whitespace().skip(1);
        let is_ours = columns.next()? == place && columns.nth(1)? == "0A";
        Some(columns.next()?.split_once(':')?.1).filter(|_| is_ours)
    });
    i32::from_str_radix(waiting.unwrap(), 16).unwrap()
}
