//! The listener. It serves each connection itself, so that a fault may close one without an answer.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, State as Shared},
    http::{HeaderValue, header},
    middleware::map_response_with_state,
    response::Response,
    routing::{get, post},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use jiff::fmt::rfc2822;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use crate::{Core, connector, control, login};

const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The connection that a request came by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<Notify>);

impl Line {
    /// Closes the connection; the request is never answered.
    pub(crate) async fn hang_up(&self) -> Infallible {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Serves until it is dropped, and its connections with it.
pub(crate) async fn serve(listener: TcpListener, core: Arc<Core>) {
    let router = Router::new()
        .route("/v1/.well-known/openidconfiguration", get(login::metadata))
        .route("/v1/.well-known/keys", get(login::keys))
        .route("/{tenant}/oauth2/v2.0/token", post(login::token))
        .nest("/_control", control::router())
        .fallback(connector::answer)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(map_response_with_state(core.clone(), dated))
        .with_state(core);
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, router.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// By Microsoft's clock: whoever compares theirs with it reads this.
async fn dated(Shared(core): Shared<Arc<Core>>, mut response: Response) -> Response {
    let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&core.now());
    let date = text.ok().and_then(|text| HeaderValue::try_from(text).ok());
    response.headers_mut().extend(date.map(|date| (header::DATE, date)));
    response
}

async fn converse(stream: TcpStream, router: Router) {
    let line = Line::default();
    let service = TowerToHyperService::new(router.layer(Extension(line.clone())));
    let builder = Builder::new(TokioExecutor::new());
    let io = TokioIo::new(stream);
    let connection = builder.serve_connection_with_upgrades(io, service);
    tokio::select! {
        // What the client did wrong on the line, it knows best itself.
        _ = connection => {}
        () = line.0.notified() => {}
    }
}
