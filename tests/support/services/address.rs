//! Where servers are: URLs, and ports that nobody else takes.

use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs as _};

/// A port of loopback that is ours as long as this lives: no other socket is given it, also while our server is stopped.
///
/// It is bound and does not listen: a connection is refused until somebody listens there, and whoever allows addresses to
/// be used again (`SO_REUSEADDR`, as every server here does) may.
#[derive(Debug)]
pub(crate) struct Port {
    _held: Socket,
    number: u16,
}

impl Port {
    /// A free one, of the system's choice.
    pub(crate) fn reserve() -> Self {
        let held = bound(0);
        let number = held.local_addr().unwrap().as_socket_ipv4().unwrap().port();
        Self { _held: held, number }
    }

    /// Its number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Where that is.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }

    /// Listens there, without blocking.
    pub(super) fn listen(&self) -> TcpListener {
        let socket = bound(self.number);
        socket.listen(128).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.into()
    }
}

fn bound(port: u16) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).unwrap();
    socket
}

/// The parts of `scheme://user@host:port/path`; a user is optional, and so is a path.
pub(super) struct Parts<'a> {
    pub(super) scheme: &'a str,
    pub(super) user: Option<&'a str>,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        Self { scheme, user, host, path }
    }
}

/// The server that a URL with a port names.
pub(crate) fn address_of(url: &str) -> SocketAddr {
    Parts::of(url).host.to_socket_addrs().unwrap().next().unwrap()
}

/// The same URL, at another address: for instance a proxy's.
pub(crate) fn moved_to(address: SocketAddr, url: &str) -> String {
    let Parts { scheme, user, path, .. } = Parts::of(url);
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    format!("{scheme}://{user}{address}/{path}")
}
