//! What a supervisor says to a process that has only just opened its port is heard.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use crate::running::{Running, flushing};

/// So often everything is started: what comes too early hits one instant.
const STARTS: usize = 3;

/// A port that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn write(folder: &Path, address: SocketAddr) -> PathBuf {
    let database = folder.join("it.db");
    flushing(folder, &format!("listen: {address}\ndatabase: \"sqlite:{}\"\n", database.display()))
}

#[test]
fn a_signal_is_heard_from_the_first_connection_on() {
    let folder = tempfile::tempdir().unwrap();
    let (address, database) = (free(), folder.path().join("it.db"));
    let config = write(folder.path(), address);
    for _ in 0..STARTS {
        let running = Running::open(&config, address);
        running.signal("-HUP");
        let log = running.stop();
        assert!(log.contains("stopping"), "{log}");
    }
    let mut beside = database.into_os_string();
    beside.push("-wal");
    assert!(!Path::new(&beside).exists(), "the database was closed");
}
