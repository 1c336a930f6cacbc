//! The guard and the client, against listeners on 127.0.0.1.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed step fails the test")]

mod exchange;
mod host;
mod listener;
mod network;
mod rebinding;
mod ssrf;
mod tls;
mod upgrade;
