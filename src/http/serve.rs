//! Connections: accepted, bounded, and ended in order. What is on them is the router's.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Headers that take longer to arrive are given up.
const HEADER_PATIENCE: Duration = Duration::from_secs(10);

/// How long running answers may take once the service stops.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before accepting again when the system has no more files to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const MAX_CONNECTIONS: usize = 8192;
const MAX_STREAMS: u32 = 128;
const MAX_HEADER_BYTES: u32 = 32 * 1024;

/// Serves until `stop`, then lets what was begun come to its end.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let server = Server::new(router);
    let connections = TaskTracker::new();
    loop {
        let (place, stream) = tokio::select! {
            () = stop.cancelled() => break,
            next = server.next(&listener) => next,
        };
        let connection = server.connection(stream);
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if timeout(STOP_PATIENCE, server.graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were still busy when the service stopped");
    }
}

struct Server {
    router: Router,
    http: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    places: Arc<Semaphore>,
}

impl Server {
    fn new(router: Router) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_PATIENCE);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER_BYTES)
            .keep_alive_interval(Some(Duration::from_secs(30)));
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        Self { router, http, graceful: GracefulShutdown::new(), places }
    }

    /// The next connection, once there is a place for it.
    async fn next(&self, listener: &TcpListener) -> (Option<OwnedSemaphorePermit>, TcpStream) {
        // Nobody closes the semaphore.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        (place, accept(listener).await)
    }

    fn connection(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        let service = TowerToHyperService::new(self.router.clone());
        let http = self.http.clone();
        let watcher = self.graceful.watcher();
        async move {
            let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(error, "a connection broke");
            }
        }
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A reply is written at once, so waiting for more of it gains nothing.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps its delay");
                }
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
