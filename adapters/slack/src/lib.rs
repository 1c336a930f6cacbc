//! Slack: a payload becomes a `Ballot`, a `Card` becomes Block Kit, and nothing else in the program
//! knows Slack.

mod address;
mod blocks;
mod commands;
mod core;
#[cfg(test)]
mod corpus;
mod dispatch;
mod doctor;
mod door;
#[cfg(test)]
mod emulated;
mod events;
pub mod failure;
#[cfg(test)]
mod fakes;
pub mod install;
mod interactions;
mod kit;
mod limit;
pub mod manifest;
mod modal;
mod moves;
mod news;
pub mod oauth;
mod payload;
mod private;
mod rooms;
mod routes;
#[cfg(test)]
mod samples;
pub mod settings;
pub mod slack;
pub mod socket;
pub mod token;
pub mod usergroups;
mod waiting;
pub mod web;
pub mod who;
mod wire;
