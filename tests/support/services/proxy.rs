//! A bad network: what comes by is refused, held up, delayed or cut.

use super::address::Port;
use socket2::SockRef;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Bytes that are read at once, and pieces that may be on their way in each direction of a connection; then the sender waits.
const PIECE: usize = 16 * 1024;
const PIECES: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Rules {
    stalled: bool,
    to_server: Duration,
    to_client: Duration,
}

#[derive(Debug)]
struct Network {
    server: Mutex<SocketAddr>,
    rules: watch::Sender<Rules>,
    connections: watch::Sender<usize>,
    /// Cancelled when the present connections are cut; then there is a new one.
    alive: Mutex<CancellationToken>,
}

/// The way to a server, on a port of its own. It and its connections end with it.
///
/// It runs in the runtime that made it: a test that blocks its only thread holds it up.
#[derive(Debug)]
pub(crate) struct Proxy {
    network: Arc<Network>,
    port: Port,
    accepting: Option<AbortOnDropHandle<()>>,
}

impl Proxy {
    /// Before the server at this address, and all is well. The server need not run.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let network = Network {
            server: Mutex::new(server),
            rules: watch::channel(Rules::default()).0,
            connections: watch::channel(0).0,
            alive: Mutex::default(),
        };
        let mut proxy = Self { network: Arc::new(network), port: Port::reserve(), accepting: None };
        proxy.accept();
        proxy
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// From the return on new connections are refused. Those that are open go on; see [`Self::cut`].
    pub(crate) async fn refuse(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            // The error says that it was aborted: then the listener is closed.
            drop(accepting.await);
        }
    }

    /// From now on nothing is forwarded in any direction, as if the other side were gone without a word. Connections are
    /// taken, but the server does not learn of them. What was held up goes on its way after [`Self::resume`].
    pub(crate) fn stall(&self) {
        self.network.rules.send_modify(|rules| rules.stalled = true);
    }

    /// Breaks the connections that are open: both sides meet a reset.
    pub(crate) fn cut(&self) {
        std::mem::take(&mut *self.network.alive.lock().unwrap()).cancel();
    }

    /// What arrives from now on is delivered so much later, in order. A round trip takes the sum longer.
    pub(crate) fn delay(&self, to_server: Duration, to_client: Duration) {
        self.network.rules.send_modify(|rules| (rules.to_server, rules.to_client) = (to_server, to_client));
    }

    /// All is well again: connections are taken, nothing is held up or delayed.
    pub(crate) fn resume(&mut self) {
        self.network.rules.send_replace(Rules::default());
        if self.accepting.is_none() {
            self.accept();
        }
    }

    /// New connections go to the server at this address from now on; those that are open stay where they are.
    pub(crate) fn turn_to(&self, server: SocketAddr) {
        *self.network.server.lock().unwrap() = server;
    }

    /// Connections that were taken since the beginning.
    pub(crate) fn connections(&self) -> usize {
        *self.network.connections.borrow()
    }

    /// Waits until so many were taken since the beginning.
    pub(crate) async fn until_connections(&self, number: usize) {
        self.network.connections.subscribe().wait_for(|taken| *taken >= number).await.unwrap();
    }

    fn accept(&mut self) {
        let listener = TcpListener::from_std(self.port.listen()).unwrap();
        let network = Arc::clone(&self.network);
        self.accepting = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let alive = network.alive.lock().unwrap().clone();
                tokio::spawn(forward(client, alive, Arc::clone(&network)));
                network.connections.send_modify(|taken| *taken += 1);
            }
        })));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting = None;
        self.cut();
    }
}

/// One connection, until both sides have ended it, one breaks it, or it is cut.
async fn forward(mut client: TcpStream, alive: CancellationToken, network: Arc<Network>) {
    let connected = alive.run_until_cancelled(connect(&network)).await;
    let Some(Ok(mut server)) = connected else { return reset(&client) };
    let ends = alive.run_until_cancelled(exchange(&mut client, &mut server, &network)).await;
    if !matches!(ends, Some(Ok(()))) {
        reset(&client);
        reset(&server);
    }
}

async fn connect(network: &Network) -> io::Result<TcpStream> {
    flowing(&mut network.rules.subscribe()).await;
    let server = *network.server.lock().unwrap();
    TcpStream::connect(server).await
}

async fn exchange(client: &mut TcpStream, server: &mut TcpStream, network: &Network) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let there = carry(from_client, to_server, network.rules.subscribe(), |rules| rules.to_server);
    let back = carry(from_server, to_client, network.rules.subscribe(), |rules| rules.to_client);
    tokio::try_join!(there, back).map(|_| ())
}

/// The close that follows is a reset.
fn reset(socket: &TcpStream) {
    // An error means that it is broken already.
    drop(SockRef::from(socket).set_linger(Some(Duration::ZERO)));
}

async fn flowing(rules: &mut watch::Receiver<Rules>) {
    // The proxy is gone with its rules, and the connection is being cut.
    drop(rules.wait_for(|rules| !rules.stalled).await.ok());
}

/// One direction, until its end is passed on.
async fn carry(
    mut from: tcp::ReadHalf<'_>,
    mut to: tcp::WriteHalf<'_>,
    mut rules: watch::Receiver<Rules>,
    delay: fn(&Rules) -> Duration,
) -> io::Result<()> {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let mut asked = rules.clone();
    let reads = async move {
        loop {
            let mut piece = vec![0; PIECE];
            let read = from.read(&mut piece).await;
            if read.is_err() {
                // Nor does a reset come through where nothing does.
                flowing(&mut asked).await;
            }
            let length = read?;
            piece.truncate(length);
            let due = Instant::now() + delay(&asked.borrow());
            if sender.send((due, piece)).await.is_err() || length == 0 {
                return Ok(());
            }
        }
    };
    let writes = async move {
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            flowing(&mut rules).await;
            if piece.is_empty() {
                to.shutdown().await?;
            } else {
                to.write_all(&piece).await?;
            }
        }
        Ok(())
    };
    tokio::try_join!(reads, writes).map(|_| ())
}
