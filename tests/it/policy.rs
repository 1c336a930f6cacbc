//! `countersign policy`, as a security lead runs it before anything is in force.

mod again;
mod away;
mod brake;
mod calendar;
mod check;
mod desk;
mod link_level;
mod linking;
mod rehearse;
mod recheck;
mod reload;
mod renew;
mod replay;
mod sign_in;
mod review;
mod step_up;
mod trust;
