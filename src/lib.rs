//! Countersign: human approval for OAuth scopes and actions.

pub mod domain;
pub mod clock;
pub mod store;
mod keep_up;
pub mod ledger;
pub mod seal;
pub mod memory;
pub mod signing;
pub mod reseal;
pub mod law;
pub mod refusal;
pub mod service;
pub mod directory;
pub mod outbox;
pub mod timers;
pub mod app;
pub mod desk;
pub mod away;
pub mod linking;
pub mod signals;
pub mod reload;
pub mod config;
pub mod http;
pub mod means;
pub mod adapters;
pub mod server;
pub mod logging;
pub mod cli;

#[cfg(all(feature = "read-first", not(debug_assertions)))]
compile_error!("`read-first` loses decisions on purpose: it is a control for the tests");
