//! The bad network: what it refuses, holds up, delays and cuts.

use super::{
    GUARD,
    services::{Losses, Proxy, moved_to},
};
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

/// A server that sends back what it gets, to its end.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn gets(socket: &mut TcpStream, expected: &[u8]) {
    let mut got = vec![0; expected.len()];
    timeout(GUARD, socket.read_exact(&mut got)).await.unwrap().unwrap();
    assert_eq!(got, expected);
}

async fn round_trip(socket: &mut TcpStream) {
    socket.write_all(b"hola").await.unwrap();
    gets(socket, b"hola").await;
}

async fn ends(socket: &mut TcpStream) -> io::Result<usize> {
    timeout(GUARD, socket.read(&mut [0; 1])).await.unwrap()
}

#[tokio::test]
async fn who_comes_later_may_be_sent_elsewhere() {
    let proxy = Proxy::before(echo().await);
    let mut early = TcpStream::connect(proxy.address()).await.unwrap();
    round_trip(&mut early).await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    proxy.turn_to(other.local_addr().unwrap());
    let _late = TcpStream::connect(proxy.address()).await.unwrap();
    timeout(GUARD, other.accept()).await.unwrap().unwrap();
    round_trip(&mut early).await;
}

#[tokio::test]
async fn a_good_network_passes_on_much_and_the_end_of_it() {
    let proxy = Proxy::before(echo().await);
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    let much: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let (mut from, mut to) = socket.split();
    let sends = async {
        to.write_all(&much).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let (read, ()) =
        timeout(GUARD, async { tokio::join!(from.read_to_end(&mut back), sends) }).await.unwrap();
    assert_eq!(read.unwrap(), much.len());
    assert!(back == much);
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn new_connections_are_refused_and_old_ones_go_on() {
    let mut proxy = Proxy::before(echo().await);
    let mut old = TcpStream::connect(proxy.address()).await.unwrap();
    proxy.until_connections(1).await;
    proxy.refuse().await;
    let refusal = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refusal.kind(), io::ErrorKind::ConnectionRefused);
    round_trip(&mut old).await;
    proxy.resume();
    round_trip(&mut TcpStream::connect(proxy.address()).await.unwrap()).await;
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn what_is_held_up_arrives_when_the_network_is_well() {
    let server = echo().await;
    let (mut proxy, well) = (Proxy::before(server), Proxy::before(server));
    let mut old = TcpStream::connect(proxy.address()).await.unwrap();
    let mut beside = TcpStream::connect(well.address()).await.unwrap();
    round_trip(&mut old).await;
    proxy.stall();
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    old.write_all(b"a").await.unwrap();
    new.write_all(b"b").await.unwrap();
    // What was written after it has come back by the other way.
    round_trip(&mut beside).await;
    round_trip(&mut beside).await;
    for socket in [&old, &new] {
        assert_eq!(socket.try_read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
    proxy.resume();
    gets(&mut old, b"a").await;
    gets(&mut new, b"b").await;
}

#[tokio::test]
async fn a_cut_breaks_what_is_open_also_what_is_held_up_and_nothing_later() {
    let mut proxy = Proxy::before(echo().await);
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    round_trip(&mut open).await;
    proxy.stall();
    let mut held = TcpStream::connect(proxy.address()).await.unwrap();
    proxy.until_connections(2).await;
    proxy.cut();
    for socket in [&mut open, &mut held] {
        assert_eq!(ends(socket).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
    proxy.resume();
    round_trip(&mut TcpStream::connect(proxy.address()).await.unwrap()).await;
}

#[tokio::test]
async fn the_server_too_meets_the_reset_of_a_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap());
    let _client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut inside, _) = listener.accept().await.unwrap();
    proxy.cut();
    assert_eq!(ends(&mut inside).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap());
    drop(listener);
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ends(&mut socket).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn each_direction_takes_its_own_time_until_the_network_is_well() {
    let mut proxy = Proxy::before(echo().await);
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    for (there, back) in [(30, 0), (0, 40), (30, 40)] {
        proxy.delay(Duration::from_millis(there), Duration::from_millis(back));
        let begun = Instant::now();
        round_trip(&mut socket).await;
        assert!(begun.elapsed() >= Duration::from_millis(there + back), "{:?}", begun.elapsed());
    }
    proxy.delay(GUARD * 10, GUARD * 10);
    proxy.resume();
    round_trip(&mut socket).await;
}

#[tokio::test]
async fn what_is_lost_is_late_and_nothing_overtakes_it() {
    let mut proxy = Proxy::before(echo().await);
    let late = Duration::from_millis(30);
    proxy.lose(Losses { one_in: 1, again_after: (late, late), seed: 1 });
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    let begun = Instant::now();
    round_trip(&mut socket).await;
    assert!(begun.elapsed() >= 2 * late, "{:?}", begun.elapsed());
    assert_eq!(proxy.lost(), 2);
    // The first of the two is lost: the second is behind it all the same.
    socket.write_all(b"a").await.unwrap();
    proxy.resume();
    socket.write_all(b"b").await.unwrap();
    gets(&mut socket, b"ab").await;
}

#[test]
fn a_url_moves_with_its_user_and_its_path() {
    let at = "127.0.0.1:7".parse().unwrap();
    assert_eq!(moved_to(at, "postgres://postgres@localhost:5432/x"), "postgres://postgres@127.0.0.1:7/x");
    assert_eq!(moved_to(at, "redis://127.0.0.1:6379"), "redis://127.0.0.1:7/");
}
