//! The accept loop: HTTP/1.1 with a limit on every wait.

use super::{limits::HttpLimits, router::router, state::Web};
use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

/// How long accepting pauses when the system refuses it, mostly because all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The other end of a connection, as an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub(super) SocketAddr);

/// Serves `web` on `listener` until `shutdown`, then lets running requests finish for [`HttpLimits::stopping`].
///
/// Media sockets are not waited for: they belong to their calls. Dropping the future cuts all connections but those.
pub async fn serve(listener: TcpListener, web: Arc<Web>, shutdown: CancellationToken) {
    let limits = web.parts.http.clone();
    let router = router(web);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (stream, address) = accept(&listener) => {
                if connections.len() < limits.connections {
                    let (router, limits, shutdown) = (router.clone(), limits.clone(), shutdown.clone());
                    connections.spawn(Box::pin(converse(stream, address, router, limits, shutdown)));
                } else {
                    tracing::warn!(code = "TOO_MANY_CONNECTIONS", "a connection was refused");
                }
            }
        }
    }
    drop(listener);
    let finished = timeout(limits.stopping, async { while connections.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!(code = "STOPPING", left = connections.len(), "connections were cut");
    }
}

/// The next connection. Cancel-safe.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(code = "ACCEPT", %error, "no connection could be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    limits: HttpLimits,
    shutdown: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection is gone already");
        return;
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Client(address));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}
