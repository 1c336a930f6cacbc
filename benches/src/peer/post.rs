//! The limit of a drain: callbacks in a loop over so many connections, nothing read and nothing
//! written down.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::{failure::Failure, load::approximate, wire::Wire};

/// How fast it went.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Drained {
    pub(crate) per_second: f64,
}

impl Drained {
    pub(crate) fn new(count: u64, elapsed: Duration) -> Self {
        Self { per_second: approximate(count) / elapsed.as_secs_f64() }
    }
}

pub(super) async fn drain(
    to: SocketAddr,
    count: u64,
    connections: usize,
) -> Result<Drained, Failure> {
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..connections {
        workers.spawn(async move {
            let mut wire = Wire::connect(to).await?;
            for number in (0..count).skip(worker).step_by(connections) {
                deliver(&mut wire, to, number).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(Drained::new(count, start.elapsed()))
}

/// One callback, as long as the service's.
pub(super) async fn deliver(wire: &mut Wire, to: SocketAddr, number: u64) -> Result<(), Failure> {
    let padding = "x".repeat(900);
    let body = format!(
        r#"{{"type":"access_request.approved","sequence":1,"task":{{"id":"arq_{number:026}"}},"result":"{padding}"}}"#
    );
    let request = format!(
        "POST /callback HTTP/1.1\r\nhost: {to}\r\ncontent-type: application/json\r\n\
         webhook-id: evt_{number:026}\r\nwebhook-timestamp: 1\r\n\
         webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    match wire.send(request.as_bytes()).await?.status {
        204 => Ok(()),
        other => Err(format!("void: the receiver answered {other}").into()),
    }
}
