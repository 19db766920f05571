//! Accepting connections and speaking HTTP on them, with bounds: on how many there are, on how long a client may take to
//! send the head of a request or not take its answer, and with an end that lets running requests finish.
//!
//! `axum::serve` has none of these bounds, so this is hyper's own server under the router.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use crate::http::PeerAddress;

/// Connections at once; further ones wait in the queue of the system. Below the usual limit of 1024 open files.
const MAX_CONNECTIONS: usize = 900;
/// How long a client may take for the head of a request, and may stay idle between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long to leave the system alone when it has no more files or memory for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until the end begins, and then until every running request has been answered. A client that takes nothing of its
/// answer for as long as `idle_timeout` is hung up on.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    idle_timeout: Duration,
    shutdown: &CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    let running = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Some(Ok(place)) = shutdown
        .run_until_cancelled(Arc::clone(&places).acquire_owned())
        .await
    {
        let Some((stream, peer)) = shutdown.run_until_cancelled(accept(&listener)).await else {
            break;
        };
        let routes = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            routes.call(request)
        });
        // Only the socket knows whether an answer gets through: its body is not asked for more meanwhile.
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(idle_timeout));
        let stream = TokioIo::new(Box::pin(stream));
        let connection = running.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                // A client that hung up, was too slow, or does not speak HTTP.
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    // From here on nobody else can connect.
    drop(listener);
    running.shutdown().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, PeerAddress) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole; waiting for more to send only delays them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
                return (stream, PeerAddress(peer.ip()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
