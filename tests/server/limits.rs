//! Clients that send too much or too slowly.

use super::{
    http::{answer, get, post_signed, raw},
    rig::{CALL, GUARD, Rig, soon},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

#[tokio::test]
async fn a_body_that_is_too_long_gets_413() {
    let rig = Rig::with(|setup| setup.http.body_bytes = 1_000).await;
    let told =
        raw(rig.address, b"POST /webhook/voice HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n").await;
    assert_eq!((told.status, told.error().as_str()), (413, "too_long"));
    let mut chunked =
        b"POST /webhook/voice HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    chunked.extend_from_slice(b"3e9\r\n");
    chunked.extend_from_slice(&[b'x'; 1_001]);
    assert_eq!(raw(rig.address, &chunked).await.status, 413);
    let form = vec![("a".to_owned(), "x".repeat(900))];
    assert_eq!(post_signed(&rig, "/webhook/voice", &form).await.status, 400);
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_gets_408() {
    let rig = Rig::with(|setup| setup.http.body = Duration::from_millis(50)).await;
    let slow =
        raw(rig.address, b"POST /webhook/voice HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\na=").await;
    assert_eq!((slow.status, slow.error().as_str()), (408, "too_slow"));
}

#[tokio::test]
async fn a_head_that_does_not_come_closes_the_connection() {
    let rig = Rig::with(|setup| setup.http.head = Duration::from_millis(50)).await;
    for start in [&b""[..], b"GET /healthz HTTP/1.1\r\nhost:"] {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        stream.write_all(start).await.unwrap();
        let mut rest = Vec::new();
        timeout(GUARD, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_or_has_too_many_fields_gets_431() {
    let rig = Rig::start().await;
    let long = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(64 * 1024));
    assert_eq!(raw(rig.address, long.as_bytes()).await.status, 431);
    let fields = "x: y\r\n".repeat(500);
    let many = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
    assert_eq!(raw(rig.address, many.as_bytes()).await.status, 431);
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed_at_once() {
    let rig = Rig::with(|setup| setup.http.connections = 1).await;
    let mut first = TcpStream::connect(rig.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();
    let refused = answer(&mut TcpStream::connect(rig.address).await.unwrap()).await;
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("retry-after: 5"), "{}", refused.head);
}

/// A connection that has had an answer and stays open.
async fn held<C>(rig: &Rig<C>) -> TcpStream {
    let mut held = TcpStream::connect(rig.address).await.unwrap();
    held.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    soon(held.read_exact(&mut [0])).await.unwrap();
    held
}

#[tokio::test]
async fn an_address_has_no_more_connections_than_its_share_unless_a_proxy_may_stand_there() {
    for (spare_near, status) in [(false, 503), (true, 200)] {
        let rig = Rig::with(|setup| {
            setup.http.per_address = 2;
            setup.http.spare_near = spare_near;
        })
        .await;
        let _held = [held(&rig).await, held(&rig).await];
        let mut next = TcpStream::connect(rig.address).await.unwrap();
        if spare_near {
            next.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        }
        assert_eq!(answer(&mut next).await.status, status);
    }
}

#[tokio::test]
async fn the_last_places_are_for_the_telephone_network_and_for_health() {
    let rig = Rig::with(|setup| {
        setup.http.connections = 3;
        setup.http.reserved = 2;
    })
    .await;
    assert_eq!(get(&rig, "/metrics", &[]).await.status, 404);
    let _held = held(&rig).await;
    for path in ["/api/calls", "/metrics", "/nothing"] {
        let answer = get(&rig, path, &[]).await;
        assert_eq!((answer.status, answer.error().as_str()), (503, "no_room"), "{path}");
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
    }
    for path in ["/health", "/healthz", "/readyz"] {
        assert_eq!(get(&rig, path, &[]).await.status, 200, "{path}");
    }
    rig.announce(CALL).await;
    rig.socket().await;
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let rig = Rig::start().await;
    let preface = raw(rig.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert_eq!((preface.status, preface.head.as_str()), (0, ""), "closed without a word");
    let offer =
        [("connection", "upgrade, http2-settings"), ("upgrade", "h2c"), ("http2-settings", "AAMAAABk")];
    let line = offer.map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{line}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    soon(stream.read_exact(&mut first)).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
}

#[tokio::test]
async fn what_is_not_http_gets_400_and_the_server_goes_on() {
    let rig = Rig::start().await;
    assert_eq!(raw(rig.address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await.status, 400);
    assert_eq!(get(&rig, "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn stopping_waits_for_no_idle_connection() {
    let mut rig = Rig::start().await;
    let mut idle = TcpStream::connect(rig.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).await.unwrap();
    rig.shutdown.cancel();
    timeout(GUARD, rig.server.join_next()).await.unwrap().unwrap().unwrap();
}
