//! Stories through the outermost door, on both databases.

#![cfg(test)]

mod audit;
mod callback;
mod database;
mod decide;
mod intake;
mod office;
mod race;
mod receiver;
mod resilience;
mod tidy;
