//! The way to build it that comes to mind first: a pool of ten connections, a transaction for each
//! request, an insert for each row. It checks the key and reads the body as the service does, plans
//! nothing and writes less.

use std::{net::SocketAddr, path::Path};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use countersign_json::{gate::Limits, intake};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::SqlitePool;
use tokio::net::TcpListener;

use super::unit::{self, Bodies};
use crate::{failure::Failure, site::API_KEY};

const POOL: u32 = 10;

#[derive(Debug, Clone)]
struct Naive {
    pool: SqlitePool,
    bodies: Bodies,
    key_sha256: [u8; 32],
}

pub(super) async fn serve(listen: SocketAddr, folder: &Path) -> Result<(), Failure> {
    drop(unit::database(folder, "naive.db").await?);
    let pool = unit::pool(folder, "naive.db", POOL).await?;
    let naive = Naive { pool, bodies: Bodies::new(), key_sha256: Sha256::digest(API_KEY).into() };
    let routes = Router::new().route("/access/v1/requests", post(submit)).with_state(naive);
    Ok(axum::serve(TcpListener::bind(listen).await?, routes).await?)
}

async fn submit(
    State(naive): State<Naive>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let proof = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let known = proof.is_some_and(|key| Sha256::digest(key).as_slice() == naive.key_sha256);
    let Some(key) = text("idempotency-key").filter(|_| known) else {
        return (StatusCode::UNAUTHORIZED, String::new());
    };
    if intake::parse::<Value>(&body, &Limits::INTAKE).is_err() {
        return (StatusCode::BAD_REQUEST, String::new());
    }
    match naive.store(key).await {
        Ok(()) => (StatusCode::ACCEPTED, naive.bodies.request),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

impl Naive {
    async fn store(&self, key: &str) -> Result<(), sqlx::Error> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        sqlx::query(unit::KEY).bind(key).execute(&mut *tx).await?;
        let Bodies { request, entry, message } = &self.bodies;
        for (statement, body) in
            [(unit::REQUEST, request), (unit::ENTRY, entry), (unit::MESSAGE, message)]
        {
            sqlx::query(statement).bind(key).bind(body).execute(&mut *tx).await?;
        }
        tx.commit().await
    }
}
