//! The listening socket of a fake: it can be shut (connections are refused and the present ones break) and opened again.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFutureOwned},
    task::AbortOnDropHandle,
};

/// The outside of a door.
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    wanted: watch::Sender<Option<CancellationToken>>,
    present: watch::Receiver<bool>,
    serving: AbortOnDropHandle<()>,
}

impl Door {
    /// Serves `router` on loopback; port 0 takes a free one.
    pub(super) async fn open(port: u16, router: axum::Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (wanted, orders) = watch::channel(Some(CancellationToken::new()));
        let (is_open, present) = watch::channel(true);
        let inside = Inside { address, listener: Some(listener), orders, is_open };
        let serving = tokio::spawn(async move {
            // `axum::serve` never returns without a shutdown signal.
            if let Err(error) = axum::serve(inside, router).await {
                tracing::error!(%error, code = "FAKE_SERVER", "a fake stopped serving");
            }
        });
        Ok(Self { address, wanted, present, serving: AbortOnDropHandle::new(serving) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the return on connections are refused; those that were open are broken.
    pub(super) async fn shut(&self) {
        self.break_connections();
        self.wanted.send_replace(None);
        self.becomes(false).await;
    }

    /// From the return on connections are taken again.
    pub(super) async fn reopen(&self) {
        if self.wanted.borrow().is_none() {
            self.wanted.send_replace(Some(CancellationToken::new()));
        }
        self.becomes(true).await;
    }

    async fn becomes(&self, open: bool) {
        // An error means that the server is gone, which is as shut as it gets.
        drop(self.present.clone().wait_for(|is| *is == open).await.ok());
    }

    fn break_connections(&self) {
        if let Some(present) = self.wanted.borrow().as_ref() {
            present.cancel();
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.break_connections();
        self.serving.abort();
    }
}

/// The side that accepts.
struct Inside {
    address: SocketAddr,
    listener: Option<TcpListener>,
    orders: watch::Receiver<Option<CancellationToken>>,
    is_open: watch::Sender<bool>,
}

impl Inside {
    /// Follows the order that holds; an address that is still taken is tried again at the next order.
    async fn obey(&mut self) -> Option<CancellationToken> {
        let order = self.orders.borrow_and_update().clone();
        if order.is_none() {
            self.listener = None;
        } else if self.listener.is_none() {
            self.listener = TcpListener::bind(self.address).await.ok();
        }
        self.is_open.send_replace(self.listener.is_some());
        order
    }
}

impl axum::serve::Listener for Inside {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            let order = self.obey().await;
            let (Some(token), Some(listener)) = (order, &self.listener) else {
                if self.orders.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                continue;
            };
            tokio::select! {
                changed = self.orders.changed() => if changed.is_err() {
                    std::future::pending::<()>().await;
                },
                accepted = listener.accept() => if let Ok((stream, address)) = accepted
                    && stream.set_nodelay(true).is_ok()
                {
                    let broken = Box::pin(token.cancelled_owned());
                    return (Line { stream, broken }, address);
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A connection that breaks when its door is shut.
pub(super) struct Line {
    stream: TcpStream,
    broken: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        if line.broken.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        ready!(Pin::new(&mut line.stream).poll_read(cx, buf))?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
