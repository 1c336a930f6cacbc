//! Stories in Teams: a whole service, connected to a Teams that remembers.

mod blueprint;
mod both;
mod decide;
mod doctor;
mod door;
mod install;
mod kill;
mod login;
mod race;
mod refuse;
mod replay;
mod requester;
mod review;
mod weather;
mod words;
mod workplace;
