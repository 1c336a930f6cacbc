//! Microsoft Teams: an activity becomes a `Ballot`, a `Card` becomes an Adaptive Card, and nothing
//! else in the program knows Teams.

mod activity;
pub mod adaptive;
mod address;
mod answer;
mod bearer;
mod connector;
mod core;
#[cfg(test)]
mod corpus;
mod dispatch;
mod doctor;
mod door;
mod failure;
#[cfg(test)]
mod fakes;
mod form;
mod jwks;
mod object;
mod pace;
pub mod package;
mod private;
mod registry;
#[cfg(test)]
mod samples;
pub mod settings;
pub mod teams;
mod text;
mod token;
mod waiting;
mod who;
