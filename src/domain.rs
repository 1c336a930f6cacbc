//! The pure core: plain values and functions. No async, no I/O, no clock, no database, no chat
//! product; time and ids are arguments.

pub mod id;
pub mod ids;
pub mod renewal;
pub mod actor;
pub mod request;
pub mod review;
pub mod transaction;
pub mod catalogue;
pub mod decimal;
pub mod client;
pub mod right;
pub mod people;
pub mod scim;
pub mod provisioned;
pub mod stand_in;
pub mod link;
pub mod plan;
pub mod vote;
pub mod credential;
pub mod delegation;
pub mod decide;
pub mod matching;
pub mod outcome;
pub mod approval;
pub mod audit;
pub mod binding;
pub mod denial;
pub mod evaluation;
pub mod access;
pub mod button;
pub mod brake;
pub mod calendar;
pub mod card;
pub mod task;

pub mod diagnostic;
pub mod policy;
pub mod yaml;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod laws;
