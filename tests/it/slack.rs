//! Stories in Slack: a whole service, connected to a Slack that remembers.

mod blueprint;
mod command;
mod decide;
mod grid;
mod groups;
mod install;
mod kill;
mod lost;
mod race;
mod refuse;
mod replay;
mod requester;
mod review;
mod socket;
mod weather;
mod words;
mod workplace;
