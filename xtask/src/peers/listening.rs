//! A peer that listens, for one run: it says so on its standard output, and is stopped when dropped.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use crate::{
    command,
    outcome::{During, Outcome, fail},
};

/// A running peer.
#[derive(Debug)]
pub(super) struct Listening(Child);

impl Listening {
    /// Starts it, and waits until it says that it listens.
    pub(super) fn start(command: &mut Command) -> Outcome<Self> {
        command::show(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut peer = Self(command.spawn().during("start the peer")?);
        let Some(output) = peer.0.stdout.take() else {
            return fail("the peer has no standard output");
        };
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        if !lines.any(|line| line.starts_with("listening")) {
            return fail("the peer ended before it listened");
        }
        // Read on, or it would stop at a full pipe.
        drop(thread::spawn(move || lines.for_each(drop)));
        Ok(peer)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
