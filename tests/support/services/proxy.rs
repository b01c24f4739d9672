//! A bad network: what comes by is refused, held up, delayed, late because a part of it was lost, or cut.

use super::address::Port;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use socket2::SockRef;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
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

/// Bytes in a packet of an ordinary network.
const PACKET: usize = 1_460;

/// What a network loses. A connection sends it again, so that this and all behind it is late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Losses {
    /// Of so many packets one.
    pub(crate) one_in: u32,
    /// How late it is at least, and at most.
    pub(crate) again_after: (Duration, Duration),
    /// Which ones; each direction of each connection has its own.
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rules {
    stalled: bool,
    to_server: Duration,
    to_client: Duration,
    losses: Option<Losses>,
}

#[derive(Debug)]
struct Network {
    server: Mutex<SocketAddr>,
    rules: watch::Sender<Rules>,
    connections: watch::Sender<usize>,
    /// Pieces that were late because a part of them was lost.
    lost: AtomicUsize,
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
            lost: AtomicUsize::new(0),
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

    /// From now on packets are lost, in both directions.
    pub(crate) fn lose(&self, losses: Losses) {
        self.network.rules.send_modify(|rules| rules.losses = Some(losses));
    }

    /// How often something was late because a part of it was lost.
    pub(crate) fn lost(&self) -> usize {
        self.network.lost.load(Ordering::Relaxed)
    }

    /// All is well again: connections are taken, nothing is held up, delayed or lost.
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
    let number = *network.connections.borrow() as u64;
    let direction = |stream, delay| Direction { network, stream, delay, rng: None };
    let there = carry(from_client, to_server, direction(2 * number, |rules| rules.to_server));
    let back = carry(from_server, to_client, direction(2 * number + 1, |rules| rules.to_client));
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

struct Direction<'a> {
    network: &'a Network,
    /// Its number among all directions of all connections.
    stream: u64,
    delay: fn(&Rules) -> Duration,
    rng: Option<StdRng>,
}

impl Direction<'_> {
    /// How late so many bytes are that come by now.
    fn lateness(&mut self, length: usize) -> Duration {
        let rules = *self.network.rules.borrow();
        let mut late = (self.delay)(&rules);
        if let Some(Losses { one_in, again_after: (least, most), seed }) = rules.losses {
            let rng = self.rng.get_or_insert_with(|| StdRng::seed_from_u64(seed ^ self.stream));
            let packets = length.div_ceil(PACKET);
            if (0..packets).filter(|_| rng.random_ratio(1, one_in)).count() > 0 {
                late += rng.random_range(least..=most);
                self.network.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        late
    }
}

/// One direction, until its end is passed on.
async fn carry(
    mut from: tcp::ReadHalf<'_>,
    mut to: tcp::WriteHalf<'_>,
    mut direction: Direction<'_>,
) -> io::Result<()> {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let mut rules = direction.network.rules.subscribe();
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
            let due = Instant::now() + direction.lateness(length);
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
