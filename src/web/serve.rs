//! The accept loop: HTTP/1.1 with a limit on every wait.

use super::{
    client::Client,
    limits::HttpLimits,
    problem::Problem,
    router::{is_vital, router},
    slots::{NoSlot, Slot, Slots},
    state::Web,
};
use crate::{
    base::{
        clock,
        rate::{Meter, Rate},
    },
    telemetry::metrics,
};
use axum::{
    Router,
    http::header,
    response::{IntoResponse as _, Response},
};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
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

/// How long a client may take for a head, for its request and for the next one, where few places are left.
const HURRIED: Duration = Duration::from_secs(1);

/// What the system is asked to hold back for a client that does not read (Linux takes twice as much, for its own part too). For
/// a phone that is 4 s of speech: with [`Limits::send`](crate::channels::voice::limits::Limits) its stall shows within 10 s.
/// By itself the system would take megabytes, minutes of speech that nobody will hear.
const HELD_BACK: usize = 32 * 1024;

/// A crowd must not fill the log.
const REFUSALS_LOGGED: Rate = Rate::a_minute(10);

/// What a client is told that gets no place. It may be lost on the way, because nothing of its request was read.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves `web` on `listener` until `shutdown`, then lets running requests finish for [`HttpLimits::stopping`].
///
/// Media sockets are not waited for: they belong to their calls. Dropping the future cuts all connections but those.
pub async fn serve(listener: TcpListener, web: Arc<Web>, shutdown: CancellationToken) {
    let limits = web.parts.http.clone();
    let router = router(web);
    let slots = Slots::new(limits.clone());
    let mut connections = JoinSet::new();
    let mut refusals = Meter::default();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (stream, address) = accept(&listener) => {
                match slots.take(address) {
                    Ok(slot) => {
                        let (router, limits, shutdown) = (router.clone(), limits.clone(), shutdown.clone());
                        let client = (stream, Client(address), slot);
                        connections.spawn(Box::pin(converse(client, router, limits, shutdown)));
                    }
                    Err(NoSlot(limit)) => {
                        metrics::connection_refused(limit);
                        if refusals.allows(REFUSALS_LOGGED, clock::now()) {
                            let client = address.ip();
                            tracing::warn!(code = "TOO_MANY_CONNECTIONS", %client, limit, "a connection was refused");
                        }
                        stream.try_write(NO_ROOM).ok();
                    }
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
    (stream, client, slot): (TcpStream, Client, Slot),
    router: Router,
    limits: HttpLimits,
    shutdown: CancellationToken,
) {
    let bounded = SockRef::from(&stream).set_send_buffer_size(HELD_BACK);
    if let Err(error) = bounded.and_then(|()| stream.set_nodelay(true)) {
        tracing::debug!(%error, "the connection is gone already");
        return;
    }
    let is_reserved = slot.is_reserved;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(client);
        let mut router = router.clone();
        async move {
            if !is_reserved {
                return router.call(request).await;
            }
            if is_vital(request.uri().path()) {
                let answered = timeout(HURRIED, router.call(request)).await;
                return answered.unwrap_or_else(|_| Ok(closing(Problem::TOO_SLOW)));
            }
            Ok(closing(Problem::NO_ROOM))
        }
    });
    let head = if is_reserved { limits.head.min(HURRIED) } else { limits.head };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
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

/// An answer behind which the connection gives its place back.
fn closing(problem: Problem) -> Response {
    ([(header::CONNECTION, "close")], problem).into_response()
}
