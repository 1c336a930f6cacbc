//! Callbacks over real HTTP to a receiver on 127.0.0.1.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed step fails the test"
)]

mod delivery;
mod failure;
mod receiver;
