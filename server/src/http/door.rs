//! The listening socket: connections in, soft then hard shutdown.

use super::Peer;
use axum::Router;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tower::ServiceExt;

/// Connections kept at the same time; further ones wait in the kernel's queue.
const CONNECTIONS: usize = 4096;
/// For a request's head, and between requests of one connection.
const HEAD: Duration = Duration::from_secs(30);
/// For what is under way when the server is told to stop.
const GRACE: Duration = Duration::from_secs(20);

/// A bound socket.
pub struct Door {
    listener: TcpListener,
}

/// Tells a [`Door`] to close: first softly, and when told again at once.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<u8>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Shutdown {
    /// No new connections; what is under way is finished. The second call cuts that short.
    pub fn stop(&self) {
        self.0.send_modify(|times| *times = times.saturating_add(1));
    }

    async fn told(&self, times: u8) {
        let mut watch = self.0.subscribe();
        // the sender is held by self, so it can't be gone
        let _ = watch.wait_for(|told| *told >= times).await;
    }
}

impl Door {
    /// Takes the address; port 0 takes any.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await? })
    }

    /// The address it has.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until told to stop.
    pub async fn serve(self, routes: Router, shutdown: Shutdown) {
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let accepted = async {
                let place = room.clone().acquire_owned().await;
                (self.listener.accept().await, place)
            };
            let ((connection, peer), place) = tokio::select! {
                (accepted, place) = accepted => match accepted {
                    Ok(connection) => (connection, place),
                    Err(error) => {
                        // out of file descriptors, or the peer was gone: the next may do
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                () = shutdown.told(1) => break,
            };
            let routes = routes.clone();
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                talk(connection, peer, routes, watcher).await;
                drop(place);
            });
        }
        drop(self.listener);
        tokio::select! {
            () = graceful.shutdown() => {}
            () = shutdown.told(2) => tracing::warn!("stopped at once"),
            () = tokio::time::sleep(GRACE) => tracing::warn!("stopped with requests under way"),
        }
    }
}

async fn talk(connection: TcpStream, peer: SocketAddr, routes: Router, watcher: hyper_util::server::graceful::Watcher) {
    // an exchange is one small request and one small answer
    let _ = connection.set_nodelay(true);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        routes.clone().oneshot(request.map(axum::body::Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        // nobody here reads it, and an idle exchange has 400 bytes
        .auto_date_header(false)
        .serve_connection(TokioIo::new(connection), service);
    // a phone that walks off in mid-request is no news
    let _ = watcher.watch(connection).await;
}
