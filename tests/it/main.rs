//! Stories through the outermost door, on both databases.

#![cfg(test)]

mod audit;
mod authzen;
mod callback;
mod canary;
mod challenge;
mod claims;
mod clocks;
mod credential;
mod database;
mod decide;
mod directory;
mod doctor;
mod held;
mod hydra;
mod init;
mod intake;
mod keycloak;
mod keys;
mod login;
mod metrics;
mod office;
mod oidc_provider;
mod operator;
mod overload;
mod patience;
mod policy;
mod processes;
mod race;
mod receiver;
mod requester;
mod resilience;
mod running;
mod scim;
mod signals;
mod slack;
mod teams;
mod tidy;
mod wire;
