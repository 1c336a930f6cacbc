//! A chat workspace in the browser: a `Chat` adapter like the others, the demo, part of the test
//! harness and the source of the screenshots. Loopback only; needs no account and no internet.

pub mod click;
pub mod clock;
pub mod demo;
pub mod door;
#[cfg(test)]
mod fakes;
pub mod oauth_server;
pub mod page;
pub mod plain;
mod press;
pub mod pulse;
mod render;
#[cfg(test)]
mod samples;
pub mod stage;
pub mod tour;
mod visit;
pub mod visitor;
pub mod weather;
pub mod workspace;
