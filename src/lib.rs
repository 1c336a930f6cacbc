//! Countersign: human approval for OAuth scopes and actions.

pub mod domain;
pub mod clock;
pub mod store;
pub mod ledger;
pub mod law;
pub mod refusal;
pub mod service;
pub mod outbox;
pub mod timers;
pub mod app;
pub mod config;
pub mod http;
pub mod adapters;
pub mod server;
pub mod logging;
pub mod cli;
